"""Which characters the bytes of a CSV file are: as Excel writes them on a Chinese desktop, and as others do."""

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO, Final

from app.errors import MalformedRequest
from app.files.row_types import unreadable

_CHUNK_BYTES = 1024 * 1024
_BEGINNING_BYTES = 8
_UTF8: Final = "utf-8"
_GB18030: Final = "gb18030"
# The longer mark first: the shorter is its beginning.
_MARKS: Final = ((codecs.BOM_UTF8, _UTF8), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DECLARED: Final = {
    "utf-8": _UTF8,
    "utf8": _UTF8,
    "gb18030": _GB18030,
    # Both are parts of it, and what is declared as them often is not quite.
    "gbk": _GB18030,
    "gb2312": _GB18030,
}
_OTHER_FILES: Final = (
    (b"PK\x03\x04", "这是压缩包或 XLSX 文件，不是 CSV：请按 XLSX 推送（Content-Type 或扩展名 .xlsx）。"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "这是旧的 XLS 文件，不是 CSV：请在 Excel 或 WPS 中另存为 .xlsx。"),
)
# What a decoder says of a character that the end of the file cuts off.
_CUT_OFF: Final = "文件在一个字符中间结束，可能不完整。"


@dataclass(frozen=True, slots=True)
class CsvText:
    """A file whose every byte decodes in ``encoding``, from ``start`` on, and whose lines are not too long for memory.

    ``doubt`` is a sentence for the case that the encoding was guessed wrongly. ``ends_with_newline`` is ``False`` if
    the last row is not ended: it may have been cut off.
    """

    file: BinaryIO
    encoding: str
    start: int
    doubt: str
    ends_with_newline: bool

    @contextmanager
    def open(self) -> Iterator[io.TextIOWrapper]:
        """Give the text from its beginning, with the line ends as they stand."""
        self.file.seek(self.start)
        text = io.TextIOWrapper(self.file, encoding=self.encoding, newline="")
        try:
            yield text
        finally:
            # The file is the caller's; if it is closed already, there is nothing left to detach from.
            with suppress(ValueError):
                text.detach()


@dataclass(frozen=True, slots=True)
class _Break:
    """Where a decoder gave up: the byte, from 0, and the line, from 1."""

    offset: int
    line: int
    detail: str


def decode_csv(file: BinaryIO, charset: str | None) -> CsvText:
    """Find the encoding of a file, holding to a declared one; raise `MalformedRequest` if it cannot be decoded."""
    file.seek(0)
    beginning = file.read(_BEGINNING_BYTES)
    if not beginning:
        raise unreadable("empty_file", "文件是空的。")
    for signature, told in _OTHER_FILES:
        if beginning.startswith(signature):
            raise unreadable("csv_invalid", told)
    marked = next(((mark, name) for mark, name in _MARKS if beginning.startswith(mark)), None)
    if marked:
        return _as(file, marked[1], len(marked[0]))
    if charset is not None:
        encoding = _DECLARED.get(charset.lower())
        if encoding is None:
            raise unreadable("encoding_invalid", "charset 应为 utf-8、gb18030、gbk 或 gb2312。")
        return _as(file, encoding, 0)
    return _guessed(file)


def _guessed(file: BinaryIO) -> CsvText:
    not_utf8, last = _break(file, _UTF8, 0)
    if not_utf8 is None:
        return CsvText(file, _UTF8, 0, "", last)
    not_gb18030, last = _break(file, _GB18030, 0)
    if not_gb18030 is None:
        doubt = f"文件是按 GB18030 编码读取的；如果它本应是 UTF-8，则{not_utf8.detail}"
        return CsvText(file, _GB18030, 0, doubt, last)
    # The encoding that went further is the more likely one to be meant.
    name, broken = max((("UTF-8", not_utf8), ("GB18030", not_gb18030)), key=lambda one: one[1].offset)
    raise _refusal(name, broken)


def _as(file: BinaryIO, encoding: str, start: int) -> CsvText:
    broken, last = _break(file, encoding, start)
    if broken is not None:
        raise _refusal(encoding.upper(), broken)
    return CsvText(file, encoding, start, "", last)


def _refusal(name: str, broken: _Break) -> MalformedRequest:
    told = f"文件不是有效的 {name} 编码：{broken.detail}请用 UTF-8 或 GB18030（Excel 的 CSV）重新保存。"
    return unreadable("encoding_invalid", told, row=broken.line)


def _break(file: BinaryIO, encoding: str, start: int) -> tuple[_Break | None, bool]:
    """Decode the whole file; return where that fails, and whether the text ends with a line end."""
    file.seek(start)
    decoder = codecs.getincrementaldecoder(encoding)()
    offset, lines, last = start, 1, ""
    while True:
        chunk = file.read(_CHUNK_BYTES)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            # The decoder put the bytes that it had kept back before the chunk.
            offset += error.start - (len(error.object) - len(chunk))
            line = lines + error.object[: error.start].decode(encoding).count("\n")
            where = f"第 {line} 行附近、第 {offset + 1} 个字节起无法解码。"
            return _Break(offset, line, where if chunk else _CUT_OFF), False
        if "\0" in text:
            line = lines + text.count("\n", 0, text.index("\0"))
            told = f"第 {line} 行附近含有 NUL 字符：这不是 CSV 文本，或是没有标记的 UTF-16；请另存为 UTF-8 的 CSV。"
            raise unreadable("csv_invalid", told, row=line)
        if len(chunk) == _CHUNK_BYTES and "\n" not in text and "\r" not in text:
            told = f"第 {lines} 行过长，这不是按行书写的 CSV。"
            raise unreadable("csv_invalid", told, row=lines)
        if not chunk:
            return None, last.endswith(("\n", "\r"))
        offset += len(chunk)
        lines += text.count("\n")
        last = text or last

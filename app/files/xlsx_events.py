"""Reading XML parts as events, without DTDs and with bounds on everything that the parser keeps."""

from collections.abc import Iterator
from typing import IO, Final, Never
from xml.parsers import expat

from app.errors import MalformedRequest
from app.files.row_types import unreadable

CHUNK_BYTES = 64 * 1024
LONGEST_TEXT: Final = 128 * 1024
"""Characters of one cell; spreadsheet programs stop at 32,767."""
# What the parser keeps back until it is complete: a tag with its attributes.
_LONGEST_TAG = 1024 * 1024
_LONGEST_NUMBER = 10


class Damaged(Exception):
    """A part says something that no program writes."""


def whole_number(text: str) -> int:
    """Return the number that a text is; raise `Damaged`."""
    if len(text) > _LONGEST_NUMBER or not (text.isascii() and text.isdecimal()):
        raise Damaged
    return int(text)


def feed(parser: expat.XMLParserType, source: IO[bytes]) -> Iterator[None]:
    """Give a part to the parser, and yield after each chunk."""
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.buffer_text = True
    fed = 0
    while chunk := source.read(CHUNK_BYTES):
        parser.Parse(chunk, False)  # noqa: FBT003 - the parser takes it by position only
        fed += len(chunk)
        if fed - parser.CurrentByteIndex > _LONGEST_TAG:
            raise too_long()
        yield
    parser.Parse(b"", True)  # noqa: FBT003 - as above
    yield


def too_long() -> MalformedRequest:
    """Return the error for a cell or tag that is longer than any program writes."""
    return unreadable("xlsx_invalid", "文件中有一个过长的单元格，任何电子表格程序都不会这样写：请检查文件来源。")


def _refuse_doctype(*_: object) -> Never:
    raise unreadable("xlsx_invalid", "文件中有 DTD，出于安全原因不读取：请在 Excel 或 WPS 中另存为 .xlsx 后再推送。")

"""One JSON operation a line. A line that cannot be read is that row's error; the others are read all the same."""

from collections.abc import Iterator
from typing import BinaryIO

from app.domain import strict_json
from app.domain.strict_json import JsonRefused
from app.errors import FieldError
from app.files.row_types import LONGEST_OPERATION, FileRow, RowSource

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_WHITE_SPACE = b" \t\r\n"


def open_ndjson(file: BinaryIO, *, most_rows: int) -> RowSource:
    """Return the operations of a file, with the numbers of their lines."""
    return RowSource(_rows(file), most_rows=most_rows)


def _rows(file: BinaryIO) -> Iterator[FileRow]:
    file.seek(0)
    number = 0
    while line := file.readline(LONGEST_OPERATION + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if len(line) > LONGEST_OPERATION:
            _skip_line(file, line)
            yield _refused(number, "too_long", f"该行超过 {LONGEST_OPERATION} 个字节。")
        elif content := line.strip(_WHITE_SPACE):
            yield _row(number, content, whole=line.endswith(b"\n"))


def _skip_line(file: BinaryIO, part: bytes) -> None:
    while part and not part.endswith(b"\n"):
        part = file.readline(LONGEST_OPERATION)


def _row(number: int, content: bytes, *, whole: bool) -> FileRow:
    try:
        value = strict_json.only_value(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        return _refused(number, "encoding_invalid", f"该行{strict_json.not_utf8(error.start)}")
    except JsonRefused as error:
        told = error.detail if error.position is None else f"第 {error.position + 1} 列处{error.detail}。"
        cut_off = "" if whole else "这是最后一行，且没有换行符，文件可能不完整，请检查是否传输中断。"
        return _refused(number, "json_invalid", f"该行不是有效的 JSON：{told}{cut_off}")
    return FileRow(number, value)


def _refused(number: int, code: str, detail: str) -> FileRow:
    return FileRow(number, None, errors=(FieldError(None, code, detail, number),))

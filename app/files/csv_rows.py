"""Tables as text: separated by commas, tabs or semicolons, in the encodings that spreadsheet programs write."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import BinaryIO, Final

from app.errors import MalformedRequest
from app.files.cells import Fault
from app.files.csv_text import CsvText, decode_csv
from app.files.headers import MOST_ROWS_ABOVE, Header, find_header, header_missing
from app.files.row_types import RowSource, unreadable
from app.files.tables import NO_FAULTS, RawRow, open_table

_DELIMITERS: Final = (",", "\t", ";")
_HEAD_CHARACTERS = 256 * 1024
# Blank rows above the header do not count as rows above it, so there are a few more to look at.
_HEAD_ROWS = 4 * MOST_ROWS_ABOVE
_CUT_OFF: Final = Fault("row_cut_off", "这是最后一行，列数不足且没有换行符，文件可能不完整：请检查是否传输中断。")


def open_csv(file: BinaryIO, charset: str | None, *, today: date, default_op: str | None, most_rows: int) -> RowSource:
    """Return the operations of a CSV file; ``charset`` is the encoding that it was declared to have."""
    text = decode_csv(file, charset)
    delimiter = find_delimiter(text)
    header = csv_header(text, delimiter)
    rows: Iterator[RawRow] = (
        (number, record, NO_FAULTS) for number, record in records(text, delimiter) if number > header.row
    )
    if not text.ends_with_newline:
        rows = _with_cut_off_last(rows, header)
    return open_table(
        header, rows, today=today, default_op=default_op, most_rows=most_rows, notices=list(header.notices)
    )


def find_delimiter(text: CsvText) -> str:
    """Return the delimiter with which there is a header; raise `MalformedRequest` if there is none."""
    broken_row = None
    for delimiter in _DELIMITERS:
        rows, broken = _head(text, delimiter)
        broken_row = broken_row or broken
        if _has_header(rows):
            return delimiter
    if broken_row is not None:
        raise unreadable("csv_invalid", _broken(broken_row), row=broken_row)
    raise header_missing(text.doubt)


def csv_header(text: CsvText, delimiter: str) -> Header:
    """Return the header; raise `MalformedRequest` with everything that is wrong in it."""
    header = find_header(_head(text, delimiter)[0])
    if header is None:
        raise header_missing(text.doubt)
    return header


def records(text: CsvText, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the records, from the first; their numbers are the row numbers that spreadsheet programs show."""
    number = 0
    with text.open() as opened:
        reader = csv.reader(opened, delimiter=delimiter, strict=True)
        try:
            for number, record in enumerate(reader, start=1):
                yield number, record
        except csv.Error:
            raise unreadable("csv_invalid", _broken(number + 1), row=number + 1) from None


def _head(text: CsvText, delimiter: str) -> tuple[list[tuple[int, list[str]]], int | None]:
    """Return the first records, and the number of the one at which reading breaks."""
    with text.open() as opened:
        head = opened.read(_HEAD_CHARACTERS)
    # What the end of the head cuts off is not looked at: the header would have to be longer than all we take.
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        rows.extend(enumerate(islice(reader, _HEAD_ROWS), start=1))
    except csv.Error:
        return rows, len(rows) + 1
    return rows, None


def _has_header(rows: Sequence[tuple[int, list[str]]]) -> bool:
    try:
        return find_header(rows) is not None
    except MalformedRequest:
        # There is one, and something is wrong with it.
        return True


def _with_cut_off_last(rows: Iterable[RawRow], header: Header) -> Iterator[RawRow]:
    """Yield the rows; the last one is faulty if it lacks a column that is read."""
    last: RawRow | None = None
    for row in rows:
        if last is not None:
            yield last
        last = row
    if last is None:
        return
    number, record, _ = last
    lacking = [i for i in range(len(record), header.width) if header.columns[i] is not None]
    yield number, record, ({lacking[0]: _CUT_OFF} if record and lacking else NO_FAULTS)


def _broken(row: int) -> str:
    return (
        f"从第 {row} 行起无法按 CSV 读取：该行有一个引号没有成对，或引号之后还有其他内容。"
        "单元格内的引号应写两次，并把整个单元格放在引号中。"
    )

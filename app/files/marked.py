"""The clerk's own spreadsheet, given back with what is wrong in it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from app.errors import FieldError, MalformedRequest, UnsupportedMediaType
from app.files.csv_rows import csv_header, find_delimiter, records
from app.files.csv_text import decode_csv
from app.files.headers import Header
from app.files.marked_copy import mark_copy
from app.files.marked_new import Row, write_new
from app.files.marks import marks_by_row
from app.files.rows import CSV, XLSX, parsed_media_type
from app.files.xlsx_cells import CellTexts
from app.files.xlsx_package import Sheet, Workbook, open_workbook, refusing_damage
from app.files.xlsx_rows import candidates, find_sheet, plainly
from app.files.xlsx_sheet import sheet_rows
from app.files.xlsx_strings import Strings, shared_strings

MOST_ROWS_COPIED: Final = 50_000
"""Rows up to which the whole table is given back; of longer ones, the header and the rows with errors."""


def write_marked(source: Path, media_type: str, errors: Sequence[FieldError], target: Path) -> None:
    """Write ``target``, an XLSX file that can be corrected and pushed again; ``source`` is a CSV or an XLSX file.

    Wrong cells are red and commented, and a last column 错误说明 tells each row's errors. An XLSX file keeps its
    formatting unless it is long. Raises `MalformedRequest` if the source cannot be read at all.
    """
    kind, charset = parsed_media_type(media_type)
    if kind not in {CSV, XLSX}:
        raise UnsupportedMediaType("只有 CSV 和 XLSX 表格可以标注错误。")
    with source.open("rb") as file, _for_the_same_eyes(source, target):
        if kind == CSV:
            _mark_csv(file, charset, errors, target)
        else:
            _mark_xlsx(file, errors, target)


@contextmanager
def _for_the_same_eyes(source: Path, target: Path) -> Iterator[None]:
    """Let a new file be born with the modes of the clerk's own, for the same numbers are in both.

    Where it comes to nothing, there is no new file.
    """
    is_new = not target.exists()
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT, source.stat().st_mode & 0o777 | 0o600))
    try:
        yield
    except BaseException:
        if is_new:
            target.unlink()
        raise


def _mark_csv(file: BinaryIO, charset: str | None, errors: Sequence[FieldError], target: Path) -> None:
    text = decode_csv(file, charset)
    delimiter = find_delimiter(text)
    try:
        header_row = csv_header(text, delimiter).row
    except MalformedRequest as refused:
        header_row = _row_told(refused)
    names = next(record for number, record in records(text, delimiter) if number == header_row)
    whole = sum(1 for _ in islice(records(text, delimiter), MOST_ROWS_COPIED + 1)) <= MOST_ROWS_COPIED
    marks = marks_by_row(errors, header_row)
    write_new(target, (header_row, names), records(text, delimiter), marks, whole=whole)


def _mark_xlsx(file: BinaryIO, errors: Sequence[FieldError], target: Path) -> None:
    workbook = open_workbook(file)
    with refusing_damage():
        strings = shared_strings(workbook)
        header: Header | None = None
        try:
            sheet, header = find_sheet(workbook, strings)
            header_row = header.row
        except MalformedRequest as refused:
            sheet, header_row = candidates(workbook)[0], _row_told(refused)
        rows = _texts(workbook, sheet, strings, header)
        names = next((texts for number, texts in _texts(workbook, sheet, strings, None) if number == header_row), [])
        marks = marks_by_row(errors, header_row)
        whole = sum(1 for _ in islice(sheet_rows(workbook, sheet, strings), MOST_ROWS_COPIED + 1)) <= MOST_ROWS_COPIED
        if whole and mark_copy(file, sheet.name, header_row, len(names), marks, target):
            return
        write_new(target, (header_row, names), rows, marks, whole=whole)


def _texts(workbook: Workbook, sheet: Sheet, strings: Strings, header: Header | None) -> Iterator[Row]:
    """Yield the rows of a sheet as texts. What could not be read is empty: as a text, it would look as if it could."""
    reader = CellTexts(header.columns if header else (), epoch=workbook.epoch)
    for number, cells in sheet_rows(workbook, sheet, strings):
        below = header is not None and number > header.row
        yield number, reader.of_row(cells)[0] if below else plainly(cells)


def _row_told(refused: MalformedRequest) -> int:
    return next((error.row for error in refused.errors if error.row is not None), 1)

"""Marking a workbook in place: everything that the clerk made of it stays."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from openpyxl import load_workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.styles import Alignment, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from app.files.columns import ERRORS_HEADER
from app.files.headers import letter
from app.files.marks import ERRORS_WIDTH, MARKER, WRONG_CELL, WRONG_ROW, RowMarks, comment

_UNMARKED: Final = PatternFill()


def mark_copy(
    source: BinaryIO, sheet_name: str, header_row: int, width: int, rows: Mapping[int, RowMarks], target: Path
) -> bool:
    """Write the workbook with the marks in one of its sheets, whose header is ``width`` columns wide.

    Return whether that could be done: some programs write workbooks that openpyxl does not take.
    """
    source.seek(0)
    try:
        with warnings.catch_warnings():
            # What openpyxl does not know (newer kinds of validation, for one) it drops with a warning.
            warnings.simplefilter("ignore")
            # Values, not formulas: they are what was read, and formulas would lose their results.
            book = load_workbook(source, data_only=True)
            sheet = next(one for one in book.worksheets if one.title.strip() == sheet_name)
            _remove_marks(sheet)
            _mark_rows(sheet, header_row, width, rows)
            book.save(target)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return False
    return True


def _mark_rows(sheet: Worksheet, header_row: int, width: int, rows: Mapping[int, RowMarks]) -> None:
    last_marked = max((index for marks in rows.values() for index in marks.by_cell), default=-1)
    errors_column = _errors_column(sheet, header_row, max(width, last_marked + 1))
    for number, marks in rows.items():
        for index, told in marks.by_cell.items():
            _mark(sheet.cell(number, index + 1), told)
        cell = sheet.cell(number, errors_column)
        if number > header_row and isinstance(cell, Cell):
            _tell(cell, marks.told)
        else:
            _mark(sheet.cell(header_row, errors_column), marks.all)


def _remove_marks(sheet: Worksheet) -> None:
    """Take the marks of an earlier time away, which by now may be wrong."""
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell, Cell) and cell.comment is not None and cell.comment.author == MARKER:
                cell.comment = None
                cell.fill = _UNMARKED


def _errors_column(sheet: Worksheet, header_row: int, width: int) -> int:
    """Return the column of the errors, from 1: the one of an earlier time, emptied, or the next that has nothing."""
    earlier = [n for n in range(1, width + 1) if sheet.cell(header_row, n).value == ERRORS_HEADER]
    column = earlier[0] if earlier else width + 1
    while not earlier and any(sheet.cell(number, column).value for number in range(1, sheet.max_row + 1)):
        column += 1
    for number in range(1, sheet.max_row + 1):
        cell = sheet.cell(number, column)
        if earlier and isinstance(cell, Cell):
            cell.value = None
            cell.fill = _UNMARKED
    header = sheet.cell(header_row, column)
    if isinstance(header, Cell):
        header.value = ERRORS_HEADER
    sheet.column_dimensions[letter(column - 1)].width = ERRORS_WIDTH
    return column


def _tell(cell: Cell, told: str) -> None:
    cell.value = told
    # A header that begins with = stands in some details, and is no formula.
    cell.data_type = "s"
    cell.fill = WRONG_ROW
    cell.alignment = Alignment(vertical="top", wrap_text=True)


def _mark(cell: Cell | MergedCell, told: Sequence[str]) -> None:
    cell.fill = WRONG_CELL
    if isinstance(cell, Cell):
        # What the clerk noted there, or the template explains, stands below the errors.
        noted = [cell.comment.text] if cell.comment is not None else []
        cell.comment = comment([*told, *noted])

"""A new spreadsheet with a table and its marks, for tables that are no workbook or too long to be held in memory."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from app.files.columns import ERRORS_HEADER, MARKS, ROW_HEADER
from app.files.headers import letter
from app.files.marks import ERRORS_WIDTH, TEXT_FORMAT, WRONG_CELL, WRONG_ROW, RowMarks, comment, writable
from app.files.xlsx_rows import LIST_SHEET

_WIDTH = 18

Row = tuple[int, Sequence[str]]
"""A row's number and its texts."""


def write_new(target: Path, header: Row, rows: Iterable[Row], marks: Mapping[int, RowMarks], *, whole: bool) -> None:
    """Write a table; ``rows`` are all of it, what stands above the header included.

    With ``whole``, every row stands where it stood. Without, only the header and the rows with errors are written, with
    their numbers in a column 原行号.
    """
    book = Workbook(write_only=True)
    # A streamed sheet has of a sheet what is needed here.
    sheet = cast("Worksheet", book.create_sheet(LIST_SHEET))
    table = _NewTable(sheet, header, marks, whole=whole)
    table.set_widths()
    written = 0
    for number, texts in rows:
        if not whole and number != header[0] and (number < header[0] or number not in marks):
            continue
        for _ in range(written + 1, number if whole else 0):
            sheet.append([])
            written += 1
        sheet.append(table.row(number, texts))
        written += 1
    book.save(target)


class _NewTable:
    """Makes the cells of the table that is written."""

    def __init__(self, sheet: Worksheet, header: Row, marks: Mapping[int, RowMarks], *, whole: bool) -> None:
        self._sheet = sheet
        self._header_row, names = header
        self._marks = marks
        self._whole = whole
        # Cells outside the header are kept too, where something is wrong with them.
        last_marked = max((index for row in marks.values() for index in row.by_cell), default=-1)
        width = max(len(names), last_marked + 1)
        self._kept = [index for index in range(width) if index >= len(names) or names[index].strip() not in MARKS]

    def set_widths(self) -> None:
        """Set the columns' widths, which a streamed sheet needs before its rows."""
        columns = len(self._kept) + (0 if self._whole else 1)
        for index in range(columns):
            self._sheet.column_dimensions[letter(index)].width = _WIDTH
        self._sheet.column_dimensions[letter(columns)].width = ERRORS_WIDTH

    def row(self, number: int, texts: Sequence[str]) -> list[Cell]:
        """Return the cells of a row, its marks included."""
        marks = self._marks.get(number, RowMarks())
        cells: list[Cell] = []
        for index in self._kept:
            cell = self._text(texts[index] if index < len(texts) else "")
            if index in marks.by_cell:
                cell.fill = WRONG_CELL
                cell.comment = comment(marks.by_cell[index])
            cells.append(cell)
        is_header = number == self._header_row
        if not self._whole:
            cells.append(self._text(ROW_HEADER if is_header else str(number)))
        told = self._text(ERRORS_HEADER if is_header else marks.told if number > self._header_row else "")
        if marks.all and is_header:
            told.fill = WRONG_CELL
            told.comment = comment(marks.all)
        elif marks.all:
            told.fill = WRONG_ROW
            told.alignment = Alignment(vertical="top", wrap_text=True)
        cells.append(told)
        if is_header:
            for cell in cells:
                cell.font = Font(bold=True)
        return cells

    def _text(self, text: str) -> Cell:
        cell = WriteOnlyCell(self._sheet, writable(text) or None)
        if text:
            # Whatever it begins with, it is no formula; and a code stays as it is.
            cell.data_type = "s"
        cell.number_format = TEXT_FORMAT
        return cell

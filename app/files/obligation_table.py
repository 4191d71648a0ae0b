"""A table for people to work through, as CSV or XLSX, row by row, whatever its texts begin with."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import IO, Final, Protocol, cast

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from app.files.formulas import harmless_in_csv
from app.files.headers import letter
from app.files.marks import TEXT_FORMAT, writable

Value = str | int | date | Decimal | None
_DATE_FORMAT: Final = "yyyy-mm-dd"
_AMOUNT_FORMAT: Final = "#,##0.00"
_WIDTH, _WIDEST = 16, 40


class TableWriter(Protocol):
    """Writes a table to a file, its header first."""

    def add(self, row: Sequence[Value]) -> None:
        """Write a row."""

    def end(self) -> None:
        """Write what comes last."""


class CsvTable:
    """CSV as RFC 4180 has it, in UTF-8 with a byte order mark, without which Excel takes it for GBK."""

    def __init__(self, target: IO[bytes], header: Sequence[str]) -> None:
        """Write the header."""
        self._text = io.TextIOWrapper(target, "utf-8-sig", newline="", write_through=True)
        self._writer = csv.writer(self._text)
        self._writer.writerow(header)

    def add(self, row: Sequence[Value]) -> None:
        """Write a row."""
        self._writer.writerow([_csv_text(value) for value in row])

    def end(self) -> None:
        """Leave the file to who opened it."""
        self._text.flush()
        self._text.detach()


def _csv_text(value: Value) -> str:
    if value is None:
        return ""
    return harmless_in_csv(value) if isinstance(value, str) else str(value)


class XlsxTable:
    """A workbook with one sheet, written as it comes: only its rows' file grows, not the memory."""

    def __init__(self, target: IO[bytes], title: str, header: Sequence[str], wide: frozenset[str]) -> None:
        """Write the header; columns in ``wide`` hold long texts."""
        self._target = target
        self._book = Workbook(write_only=True)
        # A streamed sheet has of a sheet what is needed here.
        self._sheet = cast("Worksheet", self._book.create_sheet(title))
        self._sheet.freeze_panes = "A2"
        for index, name in enumerate(header):
            self._sheet.column_dimensions[letter(index)].width = _WIDEST if name in wide else _WIDTH
        cells = [self._cell(name) for name in header]
        for cell in cells:
            cell.font = Font(bold=True)
        self._sheet.append(cells)

    def add(self, row: Sequence[Value]) -> None:
        """Write a row."""
        self._sheet.append([self._cell(value) for value in row])

    def end(self) -> None:
        """Put the workbook together."""
        self._book.save(self._target)

    def _cell(self, value: Value) -> Cell:
        if isinstance(value, str):
            cell = WriteOnlyCell(self._sheet, writable(value) or None)
            if value:
                # Whatever it begins with, it is no formula; and a code stays as it is.
                cell.data_type = "s"
            cell.number_format = TEXT_FORMAT
            return cell
        cell = WriteOnlyCell(self._sheet, cast("float | None", value))  # its types lack what it takes: dates, decimals
        if isinstance(value, date):
            cell.number_format = _DATE_FORMAT
        elif isinstance(value, Decimal):
            cell.number_format = _AMOUNT_FORMAT
        return cell

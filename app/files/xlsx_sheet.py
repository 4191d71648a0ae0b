"""The rows of a worksheet, streamed: their raw cells, with the row's number; empty rows are left out."""

import re
from collections.abc import Iterator
from typing import Any, Final, cast
from xml.etree.ElementTree import Element, SubElement

from openpyxl.worksheet._reader import DATA_TAG, FORMULA_TAG, INLINE_STRING, ROW_TAG, VALUE_TAG, WorkSheetParser

from app.files.row_types import unreadable
from app.files.xlsx_cells import CELL_ERROR, NOT_CALCULATED, Number, RawCell
from app.files.xlsx_elements import Damaged, elements, text_of, unescaped
from app.files.xlsx_package import TRUE, Sheet, Workbook
from app.files.xlsx_strings import Strings

RawCells = tuple[int, list[RawCell]]

_MOST_COLUMNS: Final = 16_384
_MOST_ROWS: Final = 1_048_576
_LEADING_ZERO = re.compile("0[0-9]")


def sheet_rows(
    workbook: Workbook, sheet: Sheet, strings: Strings, unseen: set[int] | None = None
) -> Iterator[RawCells]:
    """Yield the rows that have anything in them; ``unseen`` is given the numbers of those that are not shown."""
    with workbook.open(sheet.part) as source:
        # Without the styles of dates, openpyxl leaves numbers as they are.
        parser = _Cells(source, strings, data_only=True)
        before = 0
        for row in elements(source, DATA_TAG, ROW_TAG):
            if len(row) > _MOST_COLUMNS:
                raise Damaged
            number, found = parser.parse_row(cast("Any", row))
            # What openpyxl notes of every row is not needed.
            parser.row_dimensions.clear()
            if not before < number <= _MOST_ROWS:
                raise unreadable("xlsx_invalid", f"工作表中第 {before} 行之后的行号错乱：请在 Excel 中另存后再推送。")
            before = number
            cells = _in_place(found, workbook.date_styles)
            if any(cell != "" for cell in cells):
                if unseen is not None and row.get("hidden") in TRUE:
                    unseen.add(number)
                yield number, cells


class _Cells(WorkSheetParser):
    """How openpyxl reads cells, and what that does not tell: formulas without a value, and numbers that are none.

    It is openpyxl's inner class, because the read-only worksheet leaves out rows whose numbers come again, searches
    sheets without a size to their end, and gives a whole file up for one such number.
    """

    def parse_cell(self, element: Element) -> dict[str, Any]:
        """Return what openpyxl makes of a cell."""
        if element.get("t") == "inlineStr":
            inline = element.find(INLINE_STRING)
            element.set("t", "str")
            SubElement(element, VALUE_TAG).text = "" if inline is None else text_of(inline)
        elif _LEADING_ZERO.match(element.findtext(VALUE_TAG) or ""):
            # No spreadsheet writes a number so; whatever wrote it meant the zeros.
            element.set("t", "str")
        before = self.col_counter
        try:
            cell: dict[str, Any] = super().parse_cell(element)
        except (ValueError, OverflowError):
            if element.get("t") == "s":
                raise
            # A number that is none is wrong with its row, not with the file.
            self.col_counter = before
            element.set("t", "e")
            cell = super().parse_cell(element)
        if cell["value"] is None and element.find(FORMULA_TAG) is not None:
            empty = element.get("t") == "str" and element.find(VALUE_TAG) is not None
            cell["value"] = "" if empty else NOT_CALCULATED
        return cell


def _in_place(found: list[dict[str, Any]], date_styles: frozenset[int]) -> list[RawCell]:
    """Return the cells of a row, each at its place."""
    cells: list[RawCell] = [""] * max((cell["column"] for cell in found), default=0)
    for cell in found:
        value = cell["value"]
        if value is None:
            continue
        if cell["data_type"] == "e":
            value = CELL_ERROR
        elif type(value) is str:
            value = unescaped(value)
        elif type(value) in {int, float}:
            value = Number(value, cell["style_id"] in date_styles)
        elif not isinstance(value, RawCell):
            # A date as text, which few programs write.
            value = str(value)
        cells[cell["column"] - 1] = value
    return cells

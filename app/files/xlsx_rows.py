"""Tables as XLSX files: which sheet is the list, and its rows as texts."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from typing import BinaryIO, Final

from app.files.headers import MOST_ROWS_ABOVE, Header, find_header, header_missing
from app.files.row_types import RowSource, unreadable
from app.files.tables import RawRow, open_table
from app.files.xlsx_cells import CellTexts, RawCell
from app.files.xlsx_merges import filled_down, vertical_merges
from app.files.xlsx_package import Sheet, Workbook, open_workbook, refusing_damage
from app.files.xlsx_sheet import sheet_rows
from app.files.xlsx_strings import Strings, shared_strings

LIST_SHEET: Final = "名单"
EXAMPLE_SHEET: Final = "示例"
EXPLANATION_SHEET: Final = "填写说明"
_NEVER_READ: Final = frozenset({EXAMPLE_SHEET, EXPLANATION_SHEET})


def open_xlsx(file: BinaryIO, *, today: date, default_op: str | None, most_rows: int) -> RowSource:
    """Return the operations of the sheet 名单 or, without one, of the first visible sheet that has a header."""
    workbook = open_workbook(file)
    with refusing_damage():
        strings = shared_strings(workbook)
        sheet, header = find_sheet(workbook, strings)
        merges = vertical_merges(workbook, sheet)
    rows = _rows(workbook, sheet, strings, header, merges)
    return open_table(header, rows, today=today, default_op=default_op, most_rows=most_rows)


def find_sheet(workbook: Workbook, strings: Strings) -> tuple[Sheet, Header]:
    """Return the sheet that is the list, with its header; raise `MalformedRequest` if none has a header."""
    sheets = candidates(workbook)
    for sheet in sheets:
        head = islice(sheet_rows(workbook, sheet, strings), MOST_ROWS_ABOVE + 1)
        header = find_header([(number, plainly(cells)) for number, cells in head])
        if header is not None:
            return sheet, header
    raise header_missing(f"已查找的工作表：{len(sheets)} 个。")


def candidates(workbook: Workbook) -> list[Sheet]:
    """Return the sheets that the list may be in; raise `MalformedRequest` if there are none."""
    named = [sheet for sheet in workbook.sheets if sheet.name == LIST_SHEET]
    visible = [sheet for sheet in workbook.sheets if not sheet.hidden and sheet.name not in _NEVER_READ]
    if not (named or visible):
        raise unreadable("xlsx_invalid", "文件中没有可读取的工作表。")
    return named or visible


def plainly(cells: Sequence[RawCell]) -> list[str]:
    """Return the texts of a row that is no data."""
    return [cell if isinstance(cell, str) else "" for cell in cells]


def _rows(workbook: Workbook, sheet: Sheet, strings: Strings, header: Header, merges: list[int]) -> Iterator[RawRow]:
    texts = CellTexts(header.columns, epoch=workbook.epoch)
    with refusing_damage():
        for number, cells in filled_down(sheet_rows(workbook, sheet, strings), merges):
            if number > header.row:
                yield number, *texts.of_row(cells)

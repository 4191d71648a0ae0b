"""Tables as XLSX files: which sheet is the list, and its rows as texts."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from typing import BinaryIO, Final

from app.errors import MalformedRequest
from app.files.headers import MOST_ROWS_ABOVE, Header, find_header, header_missing, safely_named
from app.files.row_types import Notice, RowSource, rows_named, unreadable
from app.files.tables import RawRow, open_table
from app.files.xlsx_cells import CellTexts, RawCell
from app.files.xlsx_merges import filled_down, vertical_merges
from app.files.xlsx_package import Sheet, Workbook, open_workbook, refusing_damage
from app.files.xlsx_sheet import sheet_rows
from app.files.xlsx_strings import Strings, shared_strings

LIST_SHEET: Final = "名单"
EXAMPLE_SHEET: Final = "示例"
EXPLANATION_SHEET: Final = "填写说明"
_HEAD: Final = MOST_ROWS_ABOVE + 2
_NEVER_READ: Final = frozenset({EXAMPLE_SHEET, EXPLANATION_SHEET})


def open_xlsx(file: BinaryIO, *, today: date, default_op: str | None, most_rows: int) -> RowSource:
    """Return the operations of the sheet 名单 or, without one, of the first visible sheet that has a header."""
    workbook = open_workbook(file)
    with refusing_damage():
        strings = shared_strings(workbook)
        sheet, header = find_sheet(workbook, strings)
        merges = vertical_merges(workbook, sheet)
        notices = [*header.notices, *_sheets_left(workbook, sheet, strings)]
    rows = _rows(workbook, sheet, strings, header, merges, notices)
    return open_table(header, rows, today=today, default_op=default_op, most_rows=most_rows, notices=notices)


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


def _sheets_left(workbook: Workbook, chosen: Sheet, strings: Strings) -> Iterator[Notice]:
    """Tell of the other sheets that look like the list and hold rows: one who filled in two expects both to be read."""
    # Counted as the tabs are that one sees.
    for place, sheet in enumerate((one for one in workbook.sheets if not one.hidden), start=1):
        if sheet == chosen or sheet.name in _NEVER_READ:
            continue
        try:
            with refusing_damage():
                rows = islice(sheet_rows(workbook, sheet, strings), _HEAD)
                head = [(number, plainly(cells)) for number, cells in rows]
            header = find_header(head)
        except MalformedRequest:
            # What is wrong with a sheet that is not read is no reason to refuse the one that is.
            continue
        if header is not None and any(number > header.row and any(map(str.strip, row)) for number, row in head):
            named = safely_named(sheet.name)
            name = f"“{named}”" if named else ""
            read = safely_named(chosen.name) or LIST_SHEET
            told = f"第 {place} 个工作表{name}中也有名单，没有读取：一个文件只读取一个工作表，读取的是“{read}”。"
            yield Notice("sheet_not_read", told)


def _rows(
    workbook: Workbook, sheet: Sheet, strings: Strings, header: Header, merges: list[int], notices: list[Notice]
) -> Iterator[RawRow]:
    texts = CellTexts(header.columns, epoch=workbook.epoch)
    unseen: set[int] = set()
    hidden: list[int] = []
    with refusing_damage():
        for number, cells in filled_down(sheet_rows(workbook, sheet, strings, unseen), merges):
            if number > header.row:
                row, faults = texts.of_row(cells)
                if number in unseen and (faults or any(map(str.strip, row))):
                    hidden.append(number)
                yield number, row, faults
    if hidden:
        notices.append(
            Notice("rows_hidden", f"{rows_named(hidden)}被隐藏或筛选掉，屏幕上看不到，同样会推送；不推送的请删除。")
        )

"""Merged cells: a unit's cells merged over the rows of its persons have their value in the topmost row only."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from openpyxl.utils import column_index_from_string

from app.files.row_types import unreadable
from app.files.xlsx_cells import RawCell
from app.files.xlsx_package import Sheet, Workbook
from app.files.xlsx_sheet import RawCells

_CHUNK_BYTES = 1024 * 1024
_OVERLAP_BYTES = 512
_MOST_MERGES = 500_000
_NAME: Final = b"mergeCell "
_MERGE = re.compile(rb"mergeCell [^<>]{0,200}?ref=[\"']([A-Z]{1,3})([0-9]{1,7}):[A-Z]{1,3}([0-9]{1,7})[\"']")

# A merge is one number, so that many take little memory and sort by their top row.
_BOTTOM_BITS = 24
_COLUMN_BITS = 16


def vertical_merges(workbook: Workbook, sheet: Sheet) -> list[int]:
    """Return the merges of several rows in their order.

    They stand behind the rows, so the sheet is searched for them beforehand; its text is too long to be parsed twice,
    and a tag cannot be mistaken, because a ``<`` in a text is written otherwise.
    """
    merges: set[int] = set()
    kept = b""
    with workbook.open(sheet.part) as source:
        while chunk := source.read(_CHUNK_BYTES):
            if _NAME not in (text := kept + chunk):
                kept = text[-_OVERLAP_BYTES:]
                continue
            for column, top, bottom in _MERGE.findall(text):
                if top != bottom:
                    merges.add(_packed(int(top), int(bottom), column_index_from_string(column.decode()) - 1))
            if len(merges) > _MOST_MERGES:
                raise unreadable("xlsx_invalid", "合并单元格过多：请取消合并，在每一行中写明统一社会信用代码和文号。")
            kept = text[-_OVERLAP_BYTES:]
    return sorted(merges)


def filled_down(rows: Iterable[RawCells], merges: list[int]) -> Iterator[RawCells]:
    """Give the empty cells of a merge the value that is shown there."""
    waiting = iter(merges)
    upcoming = next(waiting, None)
    shown_down_to: dict[int, tuple[int, RawCell]] = {}
    for number, cells in rows:
        while upcoming is not None and _unpacked(upcoming)[0] <= number:
            top, bottom, column = _unpacked(upcoming)
            if top == number and column < len(cells):
                shown_down_to[column] = (bottom, cells[column])
            upcoming = next(waiting, None)
        for column, (bottom, shown) in list(shown_down_to.items()):
            if number > bottom:
                del shown_down_to[column]
            elif column >= len(cells) or cells[column] == "":
                cells.extend([""] * (column + 1 - len(cells)))
                cells[column] = shown
        yield number, cells


def _packed(top: int, bottom: int, column: int) -> int:
    return ((top << _BOTTOM_BITS) | bottom) << _COLUMN_BITS | column


def _unpacked(merge: int) -> tuple[int, int, int]:
    rows, column = divmod(merge, 1 << _COLUMN_BITS)
    top, bottom = divmod(rows, 1 << _BOTTOM_BITS)
    return top, bottom, column

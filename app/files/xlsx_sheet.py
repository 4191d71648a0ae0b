"""The rows of a worksheet, streamed: their raw cells, with the row's number; empty rows are left out."""

from collections.abc import Callable, Iterator
from typing import Final
from xml.parsers import expat

from app.files.headers import letter
from app.files.row_types import unreadable
from app.files.xlsx_cells import CELL_ERROR, NOT_CALCULATED, Number, RawCell
from app.files.xlsx_events import LONGEST_TEXT, Damaged, feed, too_long, whole_number
from app.files.xlsx_package import Sheet, Workbook
from app.files.xlsx_strings import Strings, unescaped

RawCells = tuple[int, list[RawCell]]

MOST_COLUMNS: Final = 16_384
COLUMN_NUMBERS: Final = {letter(index): index for index in range(MOST_COLUMNS)}
_DIGITS: Final = "0123456789"


def sheet_rows(workbook: Workbook, sheet: Sheet, strings: Strings) -> Iterator[RawCells]:
    """Yield the rows that have anything in them."""
    reading = _Reading(strings, workbook.date_styles)
    with workbook.open(sheet.part) as source:
        for _ in feed(reading.parser, source):
            yield from reading.rows
            reading.rows.clear()


class _Reading:
    """The state of reading a sheet: the rows that are complete, and what is read of the next one."""

    def __init__(self, strings: Strings, date_styles: frozenset[str]) -> None:
        self.rows: list[RawCells] = []
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._begin
        self._strings = strings
        self._date_styles = date_styles
        self._number = 0
        self._cells: list[RawCell] = []
        self._filled = False

    def _begin(self, root: str, _: dict[str, str]) -> None:
        """Take the namespace's prefix, which some programs write, from the outermost element."""
        prefix = root[: root.rfind(":") + 1]
        start, end, characters = self._handlers(prefix)
        self.parser.StartElementHandler = start
        self.parser.EndElementHandler = end
        self.parser.CharacterDataHandler = characters

    def _handlers(  # noqa: C901 - one branch for each name of a tag, as short as the most frequent code has to be
        self, prefix: str
    ) -> tuple[Callable[[str, dict[str, str]], None], Callable[[str], None], Callable[[str], None]]:
        """Return what is called for every tag and text. Closures, because that is millions of times."""
        cell, value, text, formula, row, phonetics = (prefix + name for name in ("c", "v", "t", "f", "row", "rPh"))
        index = -1
        attributes: dict[str, str] = {}
        parts: list[str] = []
        length = 0
        collecting = has_value = has_formula = within_phonetics = False

        def start(name: str, given: dict[str, str]) -> None:
            nonlocal index, attributes, length, collecting, has_value, has_formula, within_phonetics
            if name == cell:
                reference = given.get("r")
                index = COLUMN_NUMBERS[reference.rstrip(_DIGITS)] if reference else index + 1
                attributes = given
                parts.clear()
                length = 0
                has_value = has_formula = False
            elif name == value:
                collecting = has_value = True
            elif name == text:
                collecting = not within_phonetics
            elif name == formula:
                has_formula = True
            elif name == row:
                index = -1
                self._begin_row(given)
            elif name == phonetics:
                within_phonetics = True

        def end(name: str) -> None:
            nonlocal collecting, within_phonetics
            if name in {value, text}:
                collecting = False
            elif name == cell:
                if parts or has_formula:
                    calculated = not has_formula or bool(parts) or (has_value and attributes.get("t") == "str")
                    self._put(index, self._cell("".join(parts), attributes) if calculated else NOT_CALCULATED)
            elif name == row:
                self._end_row()
            elif name == phonetics:
                within_phonetics = False

        def characters(data: str) -> None:
            nonlocal length
            if collecting:
                parts.append(data)
                length += len(data)
                if length > LONGEST_TEXT:
                    raise too_long()

        return start, end, characters

    def _begin_row(self, attributes: dict[str, str]) -> None:
        number = attributes.get("r")
        before = self._number
        self._number = whole_number(number) if number else before + 1
        if self._number <= before:
            raise unreadable("xlsx_invalid", f"工作表中第 {before} 行之后的行号错乱：请在 Excel 中另存后再推送。")
        self._cells = []
        self._filled = False

    def _end_row(self) -> None:
        if self._filled:
            self.rows.append((self._number, self._cells))

    def _put(self, index: int, cell: RawCell) -> None:
        cells = self._cells
        if index >= MOST_COLUMNS:
            raise Damaged
        if index == len(cells):
            cells.append(cell)
        else:
            cells.extend([""] * (index + 1 - len(cells)))
            cells[index] = cell
        if cell != "":
            self._filled = True

    def _cell(self, text: str, attributes: dict[str, str]) -> RawCell:
        kind = attributes.get("t", "n")
        if kind == "s":
            return self._strings[whole_number(text)]
        if kind == "n":
            return Number(text, attributes.get("s") in self._date_styles) if text else ""
        if kind == "b":
            return text == "1"
        if kind == "e":
            return CELL_ERROR
        return unescaped(text)

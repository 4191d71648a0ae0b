"""From what an XLSX cell holds to the text that a clerk meant, or to what has become of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.files.cells import DATE_FORMAT, IMPOSSIBLE_DATE, LOST_DIGITS, Fault
from app.files.columns import Column, Kind


@dataclass(frozen=True, slots=True)
class Number:
    """A number, and whether its style shows it as a date."""

    value: float
    as_date: bool


RawCell = str | bool | Number | Fault

CELL_ERROR: Final = Fault("cell_error", "单元格是错误值（如 #N/A、#REF!），请改为实际内容。")
NOT_CALCULATED: Final = Fault(
    "formula_without_value",
    "单元格是公式，且文件中没有保存其结果：请用 Excel 打开后保存一次，或改为“粘贴为数值”。",
)
BECAME_DATE: Final = Fault("cell_is_date", "Excel 已把该内容转成日期，原来的文字已丢失；请把该列设为“文本”后重新填写。")

# Spreadsheet programs keep 15 digits of a number.
_MOST_EXACT = 10**15
_PLAIN_DAY = range(1000_01_01, 9999_12_32)


class CellTexts:
    """Turns the raw cells of a table's rows into texts, each by the kind of its column."""

    def __init__(self, columns: Sequence[Column | None], *, epoch: datetime) -> None:
        """Take the columns, and the day that the workbook counts days from."""
        self._kinds = [None if column is None else column.kind for column in columns]
        self._epoch = epoch

    def of_row(self, raw: Sequence[RawCell]) -> tuple[list[str], Mapping[int, Fault]]:
        """Return the texts, and what is wrong with the cells that have none."""
        texts: list[str] = []
        faults: dict[int, Fault] = {}
        for index, cell in enumerate(raw):
            read = cell if type(cell) is str else self._read(index, cell)
            if isinstance(read, Fault):
                faults[index] = read
                read = ""
            texts.append(read)
        return texts, faults

    def _read(self, index: int, cell: RawCell) -> str | Fault:
        kind = self._kinds[index] if index < len(self._kinds) else None
        if isinstance(cell, bool):
            return "是" if cell else "否"
        if not isinstance(cell, Number):
            return cell
        if kind in {Kind.DATE, Kind.UNTIL}:
            return self._day(cell)
        if kind is not None and cell.as_date:
            return BECAME_DATE
        return _plain(cell.value)

    def _day(self, number: Number) -> str | Fault:
        try:
            days = int(number.value)
            if days in _PLAIN_DAY and not number.as_date:
                # Eight digits are a day as people type it; the serials of days have five.
                return str(days) if number.value == days else DATE_FORMAT
            # Before March 1900, Excel's days are one off; no such day is plausible anyway.
            return (self._epoch + timedelta(days)).date().isoformat()
        except (ValueError, OverflowError):
            return IMPOSSIBLE_DATE


def _plain(number: float) -> str | Fault:
    """Return a number as it was typed; beyond 15 digits that is not known any more."""
    if not abs(number) < _MOST_EXACT:
        return LOST_DIGITS
    return str(int(number)) if number == int(number) else str(number)

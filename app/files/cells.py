"""Reading one cell's text: days, codes, words with a meaning. What cannot be read is a `Fault`, never a guess."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple

from app.files import words

_MOST_REMEMBERED = 20_000


class Fault(NamedTuple):
    """What is wrong with a cell: a stable code, and a Chinese detail that holds nothing of the cell."""

    code: str
    detail: str


LOST_DIGITS: Final = Fault(
    "number_lost_digits",
    "Excel 已把该号码转成数字，末几位已丢失，无法还原；请把该列设为“文本”后重新填写。",
)
DATE_FORMAT: Final = Fault("date_format", "不是日期：请写成 2026-03-01、2026/3/1 或 2026年3月1日 的形式。")
IMPOSSIBLE_DATE: Final = Fault("impossible_date", "日历上没有这一天。")
IMPLAUSIBLE_YEAR: Final = Fault("impossible_date", "日期的年份不合理，请核对。")
NO_FLAG: Final = Fault("not_allowed", "应为“是”或“否”。")

_FULL_WIDTH = str.maketrans("０１２３４５６７８９－／．：", "0123456789-/.:")
_DAY = re.compile(
    r"(?:(?P<y>\d{4})(?:(?P<mark>[-/.])(?P<m>\d{1,2})(?P=mark)(?P<d>\d{1,2})|\s*年\s*(?P<m2>\d{1,2})\s*月\s*(?P<d2>\d{1,2})\s*日?)"
    r"(?:[ T]\s*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?)|(?P<y3>\d{4})(?P<m3>\d{2})(?P<d3>\d{2})",
    re.ASCII,
)
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+[0-9]+")
# Ways in which exports keep a spreadsheet program from making a number of a code.
_KEPT_AS_TEXT = re.compile(r"=\"(?P<code>[^\"]*)\"|'(?P<after>[^']*)")
_BETWEEN_ROLES = re.compile(r"[、,，;；/／|\s]+")

# Before there was a law on work safety to be listed under; Excel's serial of a bare year falls before it, too.
_EARLIEST_YEAR: Final = 1950
_MOST_YEARS_AHEAD: Final = 100


class Days:
    """Reads days in the forms that clerks write. The same few days fill a table, so they are remembered."""

    def __init__(self, today: date) -> None:
        """Take the day that says which years are plausible."""
        self._years = range(_EARLIEST_YEAR, today.year + _MOST_YEARS_AHEAD + 1)
        self._known: dict[str, str | Fault] = {}

    def read(self, text: str) -> str | Fault:
        """Return the day as ``YYYY-MM-DD``."""
        found = self._known.get(text)
        if found is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            found = self._known[text] = self._read(text)
        return found

    def read_until(self, text: str) -> object:
        """Return the day, or `words.FOR_LIFE` itself, or the fault."""
        return words.FOR_LIFE if text in words.FOR_LIFE else self.read(text)

    def _read(self, text: str) -> str | Fault:
        found = _DAY.fullmatch(text.translate(_FULL_WIDTH))
        if found is None:
            return DATE_FORMAT
        year, month, day = (int(part) for part in found.group("y", "m", "d", "m2", "d2", "y3", "m3", "d3") if part)
        try:
            read = date(year, month, day)
        except ValueError:
            return IMPOSSIBLE_DATE
        return read.isoformat() if read.year in self._years else IMPLAUSIBLE_YEAR


def read_code(text: str) -> str | Fault:
    """Return a code as it was meant to be typed; whether it is valid is not looked at."""
    if text.isalnum():
        return text
    if _SCIENTIFIC.fullmatch(text):
        return LOST_DIGITS
    if kept := _KEPT_AS_TEXT.fullmatch(text):
        return kept["code"] or kept["after"] or text
    return text


def read_flag(text: str) -> bool | Fault:
    """Return whether a cell says yes."""
    return words.FLAGS.get(text, NO_FLAG)


class Words:
    """Reads the words of one column with a choice."""

    def __init__(self, column: str) -> None:
        """Take the column's key."""
        self._readings: Mapping[str, str] = words.READINGS[column]
        self._fault = Fault("not_allowed", f"应为以下之一：{words.offered(column)}。")
        self._known: dict[str, list[str] | Fault] = {}

    def read(self, text: str) -> str | Fault:
        """Return the code of a word."""
        return self._readings.get(text) or self._fault

    def read_several(self, text: str) -> list[str] | Fault:
        """Return the codes of several words, each once."""
        found = self._known.get(text)
        if found is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            found = self._known[text] = self._read_several(text)
        return found if isinstance(found, Fault) else found.copy()

    def _read_several(self, text: str) -> list[str] | Fault:
        codes = [self._readings.get(word) for word in _BETWEEN_ROLES.split(text) if word]
        known = [code for code in codes if code is not None]
        return list(dict.fromkeys(known)) if known and len(known) == len(codes) else self._fault

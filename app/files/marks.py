"""What the errors of a push are on its spreadsheet: by row, and by cell."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.utils import column_index_from_string

from app.errors import FieldError

WRONG_CELL: Final = PatternFill("solid", fgColor="FFFF7C80")
WRONG_ROW: Final = PatternFill("solid", fgColor="FFFFE699")
ERRORS_WIDTH: Final = 60
TEXT_FORMAT: Final = "@"
# By this name the marks are found again, on a spreadsheet that is pushed a second time.
MARKER: Final = "liancheng 错误标注"
_LETTERS = re.compile(r"([A-Z]{1,3})(?: |$)")
_COMMENT_WIDTH = 300
_COMMENT_LINE_HEIGHT = 60


@dataclass(slots=True)
class RowMarks:
    """The errors of one row: all of them, and those of each cell by its column from 0."""

    all: list[str] = field(default_factory=list)
    by_cell: dict[int, list[str]] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """All errors as the text of one cell."""
        return "\n".join(self.all)


def marks_by_row(errors: Iterable[FieldError], header_row: int) -> Mapping[int, RowMarks]:
    """Sort the errors; those that belong to no row are told in the header's."""
    rows: dict[int, RowMarks] = {}
    for error in errors:
        marks = rows.setdefault(header_row if error.row is None else error.row, RowMarks())
        place = f"{error.column}：" if error.column else ""
        marks.all.append(f"{place}{error.detail}")
        found = _LETTERS.match(error.column or "")
        if found:
            marks.by_cell.setdefault(column_index_from_string(found[1]) - 1, []).append(error.detail)
    return rows


def comment(told: Sequence[str]) -> Comment:
    """Return the comment on a wrong cell."""
    return Comment("\n".join(told), MARKER, width=_COMMENT_WIDTH, height=_COMMENT_LINE_HEIGHT * (1 + len(told)))


def writable(text: str) -> str:
    """Return a text without the characters that a spreadsheet cannot hold."""
    return ILLEGAL_CHARACTERS_RE.sub("", text)

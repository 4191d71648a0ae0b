"""What every reader of files yields, and how each says that a file cannot be read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.errors import FieldError, MalformedRequest

_MOST_NAMED = 5
LONGEST_OPERATION = 1024 * 1024
"""Bytes of a line, or characters of an element, that one operation may take."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One operation of a file, JSON-shaped and not validated.

    ``number`` is the row as the spreadsheet program numbers it (of a CSV: the record, header rows included), the line
    of an NDJSON file, or which of the operations of a JSON document it is, from 1. ``value`` is ``None`` if the row
    could not be read. With ``errors``, the fields that they name are missing from it: it must not be carried out, and
    a validator's word on the same fields says nothing new. ``columns`` gives the column that a field came from:
    ``persons[0].id_number`` -> ``L 身份号码``; it is empty for JSON. ``person_rows`` holds the row of each of the
    persons of a table's operation.
    """

    number: int
    value: object
    columns: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()
    person_rows: tuple[int, ...] = ()


class Notice(NamedTuple):
    """What whoever pushes a file should know of how it was read: a stable code and a Chinese sentence."""

    code: str
    detail: str


def rows_named(numbers: Sequence[int]) -> str:
    """Return which rows, in Chinese: the first of them, and how many there are where they are more."""
    first = f"第 {'、'.join(map(str, numbers[:_MOST_NAMED]))} 行"
    return first if len(numbers) <= _MOST_NAMED else f"{first}等 {len(numbers)} 行"


class RowSource:
    """The operations of a file, to be iterated once, and what the file says besides.

    Iterating raises :class:`MalformedRequest` if the file turns out to be unreadable further on, to hold more than
    ``most_rows`` operations, or none. ``options`` is everything but the operations in a JSON document. ``notices`` tell
    what was left out knowingly, or taken in though it may not be seen; they are complete once the rows are read.
    """

    def __init__(
        self,
        rows: Iterable[FileRow],
        *,
        most_rows: int,
        options: dict[str, object] | None = None,
        notices: list[Notice] | None = None,
    ) -> None:
        """Take the rows as they will be read."""
        self._rows = self._counted(rows, most_rows)
        self.options = options or {}
        self.notices = [] if notices is None else notices

    def __iter__(self) -> Iterator[FileRow]:
        """Return the rows; there is one pass only."""
        return self._rows

    @staticmethod
    def _counted(rows: Iterable[FileRow], most_rows: int) -> Iterator[FileRow]:
        count = 0
        for count, row in enumerate(rows, start=1):
            if count > most_rows:
                told = f"一次推送最多 {most_rows} 项操作，请分成几个文件推送。"
                raise unreadable("too_many_rows", told, row=row.number)
            yield row
        if count == 0:
            raise unreadable("empty_file", "文件中没有任何一项操作，请检查是否选错了文件。")


def unreadable(code: str, detail: str, *, row: int | None = None, column: str | None = None) -> MalformedRequest:
    """Return the error for a file that cannot be read, for one reason."""
    return MalformedRequest(detail, errors=(FieldError(None, code, detail, row, column),))

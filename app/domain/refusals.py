"""What stands against an operation, gathered so that all of it is told at once."""

from collections.abc import Iterable
from datetime import date
from typing import NoReturn

from app.errors import FieldError


class Refused(Exception):
    """An operation that is not allowed: everything that stands against it. Caught where rows are gathered."""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        """Keep the refusals."""
        super().__init__("refused")
        self.errors = tuple(errors)


class Refusals:
    """What stands against one row, gathered so that all of it is told at once."""

    def __init__(self, row: int | None) -> None:
        """Gather for this row of the push; ``None`` for what a snapshot implies."""
        self._row = row
        self._errors: list[FieldError] = []

    def against(self, field: str | None, code: str, detail: str) -> None:
        """Object to a field, or to the whole with ``None``; ``detail`` is the Chinese sentence."""
        self._errors.append(FieldError(field, code, detail, self._row))

    def day(self, field: str, name: str, on: date, *, first: date | None = None, today: date) -> None:
        """Object to a day in the future, or before ``first``."""
        if on > today:
            self.against(field, "date_in_future", f"{name}不能晚于今天。")
        if first is not None and on < first:
            self.against(field, "date_order", f"{name}不能早于 {first}。")

    def settle(self) -> None:
        """Raise what was gathered, if anything."""
        if self._errors:
            raise Refused(self._errors)

    def refuse(self, field: str | None, code: str, detail: str) -> NoReturn:
        """Object, and raise what was gathered: nothing further can be judged."""
        self.against(field, code, detail)
        raise Refused(self._errors)

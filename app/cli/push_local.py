"""What can be told of a file without the service: every error of every row."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from app.domain.list_rules import ListRules
from app.errors import FieldError
from app.files.rows import open_rows
from app.services.row_reading import read_row

MOST_KEPT = 100_000
"""Errors that are kept to be shown and marked; beyond, they are only counted."""
_ANY_NUMBER_OF_ROWS = 2**31


@dataclass
class Checked:
    """What was found in a file."""

    rows: int = 0
    errors: list[FieldError] = field(default_factory=list)
    errors_total: int = 0
    notices: list[str] = field(default_factory=list)


def check(file: Path, media_type: str, rules: ListRules, today: date) -> Checked:
    """Read a file as the service will; raise :class:`MalformedRequest` if it cannot be read at all."""
    found = Checked()
    with file.open("rb") as opened:
        source = open_rows(opened, media_type, today=today, default_op="list", most_rows=_ANY_NUMBER_OF_ROWS)
        for row in source:
            found.rows += 1
            errors = read_row(row, rules, today).errors
            found.errors_total += len(errors)
            found.errors.extend(errors[: MOST_KEPT - len(found.errors)])
        found.notices = source.notices
    return found

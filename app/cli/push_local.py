"""What can be told of a file without the service: every error of every row."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import typer
from rich.console import Console

from app.cli.push_marking import reject
from app.cli.push_terms import Asked
from app.domain.list_rules import ListRules
from app.domain.moment import Moment
from app.errors import FieldError, InvalidInput, MalformedRequest
from app.files.row_types import Notice
from app.files.rows import open_rows
from app.services.list_rules import load
from app.services.row_reading import read_row
from app.settings import current_settings

MOST_KEPT = 100_000
"""Errors that are kept to be shown and marked; beyond, they are only counted."""
_ANY_NUMBER_OF_ROWS = 2**31
_SHOWN_EVERY = 1000


@dataclass
class Checked:
    """What was found in a file; of the rows, nothing is kept."""

    rows: int = 0
    errors: list[FieldError] = field(default_factory=list)
    errors_total: int = 0
    notices: list[Notice] = field(default_factory=list)

    def note(self, errors: Sequence[FieldError]) -> None:
        """Keep errors as long as there are not too many."""
        self.errors_total += len(errors)
        self.errors.extend(errors[: MOST_KEPT - len(self.errors)])


def check_here(asked: Asked) -> list[Notice]:
    """Check what can be checked without the service, which will check again; end where something is wrong.

    Returns what has been told of how the file was read.
    """
    rules, today = load(current_settings().list_rules_file), Moment.current().today
    console = Console(file=sys.stderr)
    with console.status("本机核对…") as status:
        found = check(asked, rules, today, lambda rows: status.update(f"本机核对…{rows} 项"))
    for notice in found.notices:
        typer.echo(f"注意：{notice.detail}", err=True)
    if found.errors_total:
        reject(asked, found.errors, found.errors_total)
    typer.echo(f"本机核对：{found.rows} 项，未发现错误。", err=True)
    return found.notices


def check(asked: Asked, rules: ListRules, today: date, progress: Callable[[int], None]) -> Checked:
    """Read a file as the service will, to its end or to where it cannot be read any more."""
    found = Checked()
    try:
        with asked.file.open("rb") as opened:
            source = open_rows(opened, asked.media_type, today=today, default_op="list", most_rows=_ANY_NUMBER_OF_ROWS)
            for row in source:
                found.rows += 1
                found.note(read_row(row, rules, today).errors)
                if found.rows % _SHOWN_EVERY == 0:
                    progress(found.rows)
            found.notices = source.notices
    except (MalformedRequest, InvalidInput) as error:
        found.note(error.errors or (FieldError(None, error.code, error.detail),))
    return found

"""What can be told of a file without the service: every error of every row."""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

import typer
from rich.console import Console

from app.cli.push_marking import reject
from app.cli.push_shown import contents_of
from app.cli.push_terms import Asked
from app.domain.list_rules import ListRules
from app.domain.moment import Moment
from app.domain.operations import AddPersonOperation, ListOperation, PersonGiven
from app.errors import FieldError, InvalidInput, MalformedRequest
from app.files.row_types import FileRow, Notice, rows_named
from app.files.rows import open_rows
from app.services.list_rules import load
from app.services.row_reading import read_row
from app.settings import current_settings

MOST_KEPT = 100_000
"""Errors that are kept to be shown and marked; beyond, they are only counted."""
_ANY_NUMBER_OF_ROWS = 2**31
_SHOWN_EVERY = 1000
_MOST_NEW_KEPT = 1000


@dataclass
class Checked:
    """What was found in a file; of the rows, nothing is kept but of the first new listings what is to be shown.

    ``contents`` is that, by row: the service answers of a new listing only that it is new, and a day that was read
    otherwise than it was meant has to be seen before it is confirmed.
    """

    rows: int = 0
    errors: list[FieldError] = field(default_factory=list)
    errors_total: int = 0
    notices: list[Notice] = field(default_factory=list)
    contents: dict[int, str] = field(default_factory=dict)
    rounded: list[int] = field(default_factory=list)

    def note(self, errors: Sequence[FieldError]) -> None:
        """Keep errors as long as there are not too many."""
        self.errors_total += len(errors)
        self.errors.extend(errors[: MOST_KEPT - len(self.errors)])


def check_here(asked: Asked) -> Checked:
    """Check what can be checked without the service, which will check again; end where something is wrong.

    Returns what was found, its notices told.
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
    return found


def check(asked: Asked, rules: ListRules, today: date, progress: Callable[[int], None]) -> Checked:
    """Read a file as the service will, to its end or to where it cannot be read any more."""
    found = Checked()
    try:
        with asked.file.open("rb") as opened:
            source = open_rows(opened, asked.media_type, today=today, default_op="list", most_rows=_ANY_NUMBER_OF_ROWS)
            for row in source:
                found.rows += 1
                read = read_row(row, rules, today)
                found.note(read.errors)
                found.rounded.extend(_rows_perhaps_rounded(row, read.operation))
                if isinstance(read.operation, ListOperation) and len(found.contents) < _MOST_NEW_KEPT:
                    given = isinstance(row.value, dict) and row.value.get("valid_until") is not None
                    found.contents[row.number] = contents_of(read.operation, period_given=given)
                if found.rows % _SHOWN_EVERY == 0:
                    progress(found.rows)
            found.notices = [*source.notices, *_told_of_rounded(found.rounded)]
    except (MalformedRequest, InvalidInput) as error:
        found.note(error.errors or (FieldError(None, error.code, error.detail),))
    return found


def _rows_perhaps_rounded(row: FileRow, operation: object) -> Iterable[int]:
    """Return the rows of the persons whose numbers may be what a spreadsheet left of them."""
    persons: Sequence[PersonGiven] = ()
    if isinstance(operation, ListOperation):
        persons = operation.persons
    elif isinstance(operation, AddPersonOperation):
        persons = (operation.person,)
    rows = row.person_rows or (row.number,) * len(persons)
    return [number for number, person in zip(rows, persons, strict=False) if person.number.may_be_rounded]


def _told_of_rounded(rows: Sequence[int]) -> Iterable[Notice]:
    if rows:
        told = "身份号码末三位都是 0。若号码曾被电子表格当作数字，末几位已经丢失，剩下的可能是别人的号码：请对照原件。"
        yield Notice("number_perhaps_rounded", f"{rows_named(rows)}：{told}")

"""How a push ends: a code for the shell, one JSON object for a script."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import typer


class Outcome(StrEnum):
    """What became of a push."""

    DONE = "done"
    TRIED = "tried"
    """a dry run, nothing kept"""
    FAILED = "failed"
    """not possible; nothing kept"""
    UNKNOWN = "unknown"
    """sent, and no answer: the command in ``repeat`` finds out"""
    REJECTED = "rejected"
    """rows are wrong; nothing kept"""
    DECLINED = "declined"
    AWAITING_APPROVAL = "awaiting_approval"


EXIT_CODES: Mapping[Outcome, int] = {
    Outcome.DONE: 0,
    Outcome.TRIED: 0,
    Outcome.FAILED: 1,
    Outcome.UNKNOWN: 1,
    Outcome.REJECTED: 3,
    Outcome.DECLINED: 4,
    Outcome.AWAITING_APPROVAL: 5,
}
"""2 is wrong usage, which Typer tells."""


class Ended(Exception):
    """A push has ended, well or not; people have been told, and ``told`` is for scripts."""

    def __init__(self, outcome: Outcome, **told: Any) -> None:  # noqa: ANN401 - JSON is any value
        """Keep how it ended."""
        super().__init__(outcome)
        self.outcome = outcome
        self.told = told


def finish(ended: Ended, *, as_json: bool) -> typer.Exit:
    """Print the one JSON object, if it is wanted, and return what ends the command."""
    if as_json:
        typer.echo(json.dumps({"outcome": ended.outcome, **ended.told}, ensure_ascii=False))
    return typer.Exit(EXIT_CODES[ended.outcome])

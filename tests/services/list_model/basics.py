"""What both listings and persons need: refusing, and days that do not count."""

from collections.abc import Iterable
from typing import Any

JSON = dict[str, Any]


class Illegal(Exception):
    """The push must be refused."""


def demand(condition: object) -> None:
    """Refuse the push unless the condition holds."""
    if not condition:
        raise Illegal


def key(one: JSON) -> tuple[str, str]:
    """Return what names a listing, or the row of a `list`, to people."""
    return one["unit"]["uscc"], one["decision_no"]


def within(gaps: Iterable[JSON], on: str) -> bool:
    """Whether the day lies in one of the gaps."""
    return any(gap["from"] <= on < gap["until"] for gap in gaps)


def add_gap(gaps: list[JSON], first: str, until: str) -> None:
    """Add a gap behind the others; two that meet are one."""
    if gaps and gaps[-1]["until"] == first:
        gaps[-1]["until"] = until
    elif first < until:
        gaps.append({"from": first, "until": until})

"""Entity tags (RFC 9110, 8.8.3): what an answer was made from, so that a caller who has it need not get it again."""

import hashlib
from collections.abc import Iterable

from fastapi import Request


def tag_of(made_from: Iterable[object], request: Request, *also: str) -> str:
    """Return the weak tag of an answer: of what it was made from, and of what was asked and for whom (``also``)."""
    asked = hashlib.sha256("\n".join([request.url.query, *also]).encode()).hexdigest()[:16]
    return f'W/"{"-".join(str(one) for one in made_from)}-{asked}"'


def has_already(if_none_match: str | None, tag: str) -> bool:
    """Whether the caller has the answer already (RFC 9110, 13.1.2: a weak comparison)."""
    if if_none_match is None:
        return False
    given = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return "*" in given or tag.removeprefix("W/") in given

"""What the routes that read the list share: entity tags, and a unit's code that stands in the URL."""

import hashlib
from datetime import date

from fastapi import Request

from app.domain.codes import CodeError, looks_like_identity_number, parse_irregular_uscc
from app.errors import IdentityNumberInUrl, InvalidField


def entity_tag(version: int, day: date, request: Request, *made_from: str) -> str:
    """Return the entity tag of an answer: of the version and what else it was made from, and of what was asked.

    What was known earlier is made from the newest version too: who a person is may have been erased since.
    """
    asked = hashlib.sha256("\0".join((request.url.query, *made_from)).encode()).hexdigest()[:16]
    return f'W/"{version}-{day}-{asked}"'


def matches(if_none_match: str | None, tag: str) -> bool:
    """Whether the caller has the answer already (RFC 9110, 13.1.2: a weak comparison)."""
    if if_none_match is None:
        return False
    given = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return "*" in given or tag.removeprefix("W/") in given


def refuse_identity_number(text: object) -> object:
    """Raise :class:`IdentityNumberInUrl` for what is, contains, or was meant to be an identity number."""
    if isinstance(text, str) and looks_like_identity_number(text):
        raise IdentityNumberInUrl("网址中不得出现身份号码。名单只能按单位检索。")
    return text


def unit_code(text: str | None) -> str | None:
    """Read the code of a unit in a URL; it may fail its check character and be listed all the same."""
    if text is None:
        return None
    refuse_identity_number(text)
    try:
        return parse_irregular_uscc(text).value
    except CodeError as error:
        raise InvalidField(error.at("uscc")) from None

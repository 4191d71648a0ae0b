"""A unit's code, and other texts, in a query, where an identity number must not stand."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import StrictStr

from app.domain.codes import CodeError, looks_like_identity_number, parse_irregular_uscc
from app.errors import IdentityNumberInUrl, InvalidField

ONLY_UNITS = "网址中不得出现身份号码。名单只能按单位检索。"


def refuse_identity_number(text: object) -> object:
    """Raise :class:`IdentityNumberInUrl` for what is, contains, or was meant to be an identity number."""
    if isinstance(text, str) and looks_like_identity_number(text):
        raise IdentityNumberInUrl(ONLY_UNITS)
    return text


def uscc_in_url(text: str | None, told: str = ONLY_UNITS) -> str | None:
    """Read the code of a unit; raise :class:`IdentityNumberInUrl`, saying ``told``, for a person's number."""
    if text is None:
        return None
    if looks_like_identity_number(text):
        raise IdentityNumberInUrl(told)
    try:
        return parse_irregular_uscc(text).value
    except CodeError as error:
        raise InvalidField(error.at("uscc")) from None


async def _uscc(
    uscc: Annotated[StrictStr | None, Query(max_length=64, description="统一社会信用代码.")] = None,
) -> str | None:
    """Return the code as it is recorded."""
    return uscc_in_url(uscc)


UsccInQuery = Annotated[str | None, Depends(_uscc)]

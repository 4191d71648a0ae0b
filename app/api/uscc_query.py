"""A unit's code, and other texts, in a query, where an identity number must not stand."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import StrictStr

from app.domain.codes import CodeError, looks_like_identity_number, parse_irregular_uscc
from app.errors import IdentityNumberInUrl, InvalidField


def refuse_identity_number(text: object) -> object:
    """Raise :class:`IdentityNumberInUrl` for what is, contains, or was meant to be an identity number."""
    if isinstance(text, str) and looks_like_identity_number(text):
        raise IdentityNumberInUrl("网址中不得出现身份号码。此处只能按单位检索。")
    return text


async def _uscc(
    uscc: Annotated[StrictStr | None, Query(max_length=64, description="统一社会信用代码.")] = None,
) -> str | None:
    """Return the code as it is recorded; it may fail its check character and be listed all the same."""
    if uscc is None:
        return None
    refuse_identity_number(uscc)
    try:
        return parse_irregular_uscc(uscc).value
    except CodeError as error:
        raise InvalidField(error.at("uscc")) from None


UsccInQuery = Annotated[str | None, Depends(_uscc)]

"""A unit's code in a query, where an identity number must not stand."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import StrictStr

from app.domain.codes import CodeError, looks_like_identity_number, parse_irregular_uscc
from app.errors import IdentityNumberInUrl, InvalidField


async def _uscc(
    uscc: Annotated[StrictStr | None, Query(max_length=64, description="统一社会信用代码.")] = None,
) -> str | None:
    """Return the code as it is recorded; raise :class:`IdentityNumberInUrl` for what may be a person's."""
    if uscc is None:
        return None
    if looks_like_identity_number(uscc):
        raise IdentityNumberInUrl("网址中不得出现身份号码。此处只能按单位检索。")
    try:
        return parse_irregular_uscc(uscc).value
    except CodeError as error:
        raise InvalidField(error.at("uscc")) from None


UsccInQuery = Annotated[str | None, Depends(_uscc)]

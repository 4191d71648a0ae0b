"""How a push is meant, where that is told outside its body."""

import re
from typing import Annotated, Any, Literal

from fastapi import Depends, Header, Query

from app.domain.listing import RemovalReason
from app.errors import FieldError, InvalidField
from app.services.fields import ShortText
from app.services.push_options import NEWEST_VERSION, PushOptions

_ENTITY_TAG = re.compile(r'"([0-9]{1,16})"')


def _said(name: str) -> str | None:
    return PushOptions.model_fields[name].description


async def _outside(
    mode: Annotated[Literal["delta", "snapshot"] | None, Query(description=_said("mode"))] = None,
    expected_list_version: Annotated[
        int | None, Query(ge=0, le=NEWEST_VERSION, description=_said("expected_list_version"))
    ] = None,
    source_document: Annotated[ShortText | None, Query(description=_said("source_document"))] = None,
    removal_reason: Annotated[
        Literal[RemovalReason.REPAIRED, RemovalReason.REVOKED, RemovalReason.CORRECTED] | None,
        Query(description=_said("removal_reason")),
    ] = None,
    confirm_removals: Annotated[
        int | None, Query(ge=0, le=NEWEST_VERSION, description=_said("confirm_removals"))
    ] = None,
    if_match: Annotated[
        str | None,
        Header(description='The list version that the push was prepared against, as `"41"`.', examples=['"41"']),
    ] = None,
) -> dict[str, Any]:
    """Return what was said outside the body, and only that."""
    version = _version_in(if_match)
    if version is not None and expected_list_version not in {None, version}:
        raise InvalidField(FieldError("if-match", "contradictory", "If-Match 与 expected_list_version 不一致。"))
    given = {
        "mode": mode,
        "expected_list_version": expected_list_version if version is None else version,
        "source_document": source_document,
        "removal_reason": removal_reason,
        "confirm_removals": confirm_removals,
    }
    return {name: value for name, value in given.items() if value is not None}


def _version_in(if_match: str | None) -> int | None:
    """Return the list version that an ``If-Match`` header (RFC 9110, 13.1.1) expects; ``*`` expects any."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _ENTITY_TAG.fullmatch(if_match.strip())
    if found is None or int(found.group(1)) > NEWEST_VERSION:
        raise InvalidField(FieldError("if-match", "wrong_type", 'If-Match 应为带引号的名单版本，例如 "41"。'))
    return int(found.group(1))


OptionsInQuery = Annotated[dict[str, Any], Depends(_outside)]

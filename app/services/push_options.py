"""How a push is meant, beside its rows: told in the query, or in a JSON document beside its operations."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError

from app.domain.listing import RemovalReason
from app.errors import FieldError, InvalidField, InvalidInput
from app.services.fields import ShortText, told

# The largest integer that every JSON reader keeps exactly (RFC 7493); too short to repeat an identity number sent here.
NEWEST_VERSION = 2**53 - 1


class PushOptions(BaseModel):
    """How a push is meant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Annotated[
        Literal["delta", "snapshot"],
        Field(description="`delta`: the operations change the list as it is. `snapshot`: the rows are the whole list."),
    ] = "delta"
    expected_list_version: Annotated[
        StrictInt | None,
        Field(
            ge=0,
            le=NEWEST_VERSION,
            description="The version the push was prepared against; if it moved on, 409. `If-Match` says the same.",
        ),
    ] = None
    source_document: Annotated[
        ShortText | None, Field(description="The document that this push carries out, for the record.")
    ] = None
    removal_reason: Annotated[
        Literal[RemovalReason.REPAIRED, RemovalReason.REVOKED, RemovalReason.CORRECTED] | None,
        Field(description="Snapshot: why the listings that it lacks are removed."),
    ] = None
    confirm_removals: Annotated[
        StrictInt | None,
        Field(
            ge=0, le=NEWEST_VERSION, description="Snapshot: how many removals, where their share is above the limit."
        ),
    ] = None


def merged(outside: dict[str, Any], document: dict[str, object]) -> PushOptions:
    """Return the options given outside the body and in a JSON document; raise :class:`InvalidInput` where they clash.

    ``outside`` has been validated already; ``None`` in it is what was not given.
    """
    given = {name: value for name, value in outside.items() if value is not None}
    for name, value in document.items():
        if name in given and given[name] != value:
            detail = f"请求参数与正文中的 {name} 不一致，请只在一处写明。"
            raise InvalidField(FieldError(name, "contradictory", detail))
    try:
        return PushOptions.model_validate({**document, **given})
    except ValidationError as error:
        errors = told(error.errors(include_url=False, include_input=False))
        detail = errors[0].detail if len(errors) == 1 else f"请求有 {len(errors)} 处错误。"
        raise InvalidInput(detail, errors=errors) from None

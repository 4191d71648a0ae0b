"""The wire shapes of a push."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictInt, WithJsonSchema

from app.api.schemas.lookups import NEWEST_VERSION
from app.services.fields import ShortText
from app.services.pushing import PushDone


class PushBody(BaseModel):
    """A batch of operations: all of them or none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Annotated[Literal["delta"], Field(description="`delta`: the operations change the list as it is.")] = "delta"
    expected_list_version: Annotated[
        StrictInt | None,
        Field(
            ge=0,
            le=NEWEST_VERSION,
            description="The version the operations were prepared against; if it moved on, 409.",
        ),
    ] = None
    source_document: Annotated[
        ShortText | None, Field(description="The document that this push carries out, for the record.")
    ] = None
    # Each row is read by itself (app/services/push_rows.py), so that every error of every row is told at once.
    operations: Annotated[
        list[
            Annotated[
                Any,
                WithJsonSchema(
                    {
                        "oneOf": [
                            {"$ref": "#/components/schemas/ListRow"},
                            {"$ref": "#/components/schemas/RemoveRow"},
                        ],
                        "discriminator": {
                            "propertyName": "op",
                            "mapping": {
                                "list": "#/components/schemas/ListRow",
                                "remove": "#/components/schemas/RemoveRow",
                            },
                        },
                    }
                ),
            ]
        ],
        Field(min_length=1),
    ]


class PushedRowOut(BaseModel):
    """What one operation did."""

    row: Annotated[int, Field(description="Which operation, from 1.")]
    op: str
    listing_id: Annotated[UUID | None, Field(description="`null` in a dry run of a `list`: it has no id yet.")]
    revision: int
    uscc: str
    decision_no: str


class PushOut(BaseModel):
    """What a push did, or in a dry run would do."""

    push_id: Annotated[UUID | None, Field(description="`null` in a dry run.")]
    dry_run: bool
    list_version: Annotated[int, Field(description="The version that the push made, or would make.")]
    committed_at: datetime | None
    source_document: str | None
    counts: Annotated[dict[str, int], Field(description="How many operations of each kind.")]
    rows: list[PushedRowOut]

    @classmethod
    def of(cls, done: PushDone) -> "PushOut":
        """Shape what a push did."""
        counts = {"list": 0, "remove": 0}
        for row in done.rows:
            counts[row.op] += 1
        return cls(
            push_id=done.push_id,
            dry_run=done.push_id is None,
            list_version=done.list_version,
            committed_at=done.committed_at,
            source_document=done.source_document,
            counts=counts,
            rows=[
                PushedRowOut(
                    row=row.row,
                    op=row.op,
                    listing_id=row.listing_id,
                    revision=row.revision,
                    uscc=row.uscc,
                    decision_no=row.decision_no,
                )
                for row in done.rows
            ],
        )

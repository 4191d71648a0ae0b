"""The wire shapes of a push."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StrictBool

from app.api.schemas.problems import MOST_ERRORS, FieldProblem
from app.services.push_options import PushOptions
from app.services.push_reports import PushReport, ReportedRow
from app.services.push_rows import ROW_TAGS

_ROW_SCHEMA = {
    "oneOf": [{"$ref": f"#/components/schemas/{model.__name__}"} for model in ROW_TAGS.values()],
    "discriminator": {
        "propertyName": "op",
        "mapping": {tag: f"#/components/schemas/{model.__name__}" for tag, model in ROW_TAGS.items()},
    },
}


def push_body_schema() -> dict[str, Any]:
    """Return the schema of a push as JSON: how it is meant, and its operations.

    No model reads it: each row is read by itself, so that every error of every row is told at once.
    """
    schema = PushOptions.model_json_schema()
    schema["properties"]["operations"] = {"type": "array", "minItems": 1, "items": _ROW_SCHEMA}
    return schema | {"title": "PushBody", "required": ["operations"], "description": "A batch: all of it or nothing."}


class Approval(BaseModel, extra="forbid"):
    """The decision about a push that waits."""

    approve: Annotated[StrictBool, Field(description="`true` carries the push out, `false` refuses it for good.")]


class FieldChangeOut(BaseModel):
    """One field that a change changed."""

    field: Annotated[str, Field(description="Of the listing; of a person `persons[<person_id>].roles`.")]
    before: Any
    after: Any


class PushedRowOut(BaseModel):
    """One change that a push made, or would make."""

    change_no: Annotated[int, Field(description="Its place in the version, from 1.")]
    row: Annotated[int | None, Field(description="Which row asked for it; `null` for a removal a snapshot implies.")]
    op: str
    listing_id: Annotated[UUID | None, Field(description="`null` in a dry run of a `list`: it has no id yet.")]
    revision: int
    uscc: str
    unit_name: str
    decision_no: str
    changes: Annotated[list[FieldChangeOut], Field(description="Field by field; empty for a new listing.")]

    @classmethod
    def of(cls, row: ReportedRow) -> "PushedRowOut":
        """Shape a change."""
        changes = [FieldChangeOut(field=one.field, before=one.before, after=one.after) for one in row.changes]
        return cls(
            change_no=row.change_no,
            row=row.row,
            op=row.op,
            listing_id=row.listing_id,
            revision=row.revision,
            uscc=row.uscc,
            unit_name=row.unit_name,
            decision_no=row.decision_no,
            changes=changes,
        )


class PushOut(BaseModel):
    """What a push did, or in a dry run would do."""

    push_id: Annotated[UUID | None, Field(description="`null` in a dry run.")]
    status: Annotated[
        Literal["committed", "dry_run", "awaiting_approval", "rejected"],
        Field(description="`rejected`: another client refused to approve it."),
    ]
    dry_run: bool
    mode: Annotated[str, Field(description="`delta`, `snapshot`, or `maintenance` (an identity was erased).")]
    list_version: Annotated[int, Field(description="The version that the push made, or would make.")]
    committed_at: datetime | None
    source_document: str | None
    counts: Annotated[
        dict[str, int], Field(description="Changes of each kind; `unchanged`: rows of a snapshot that changed nothing.")
    ]
    rows_total: Annotated[int, Field(description="How many changes there are in all.")]
    rows: Annotated[
        list[PushedRowOut],
        Field(description="The first 1,000 changes; the others by `GET /v1/pushes/{push_id}?after=<change_no>`."),
    ]
    warnings: Annotated[
        list[FieldProblem], Field(description="What was done all the same and should be looked at; told once.")
    ]
    errors: Annotated[
        list[FieldProblem],
        Field(description=f"In a dry run: what would have it refused, the first {MOST_ERRORS}. Otherwise empty."),
    ]
    errors_total: int

    @classmethod
    def of(cls, report: PushReport) -> "PushOut":
        """Shape what a push did."""
        return cls(
            push_id=report.push_id,
            status=report.status,
            dry_run=report.status == "dry_run",
            mode=report.mode,
            list_version=report.list_version,
            committed_at=report.committed_at,
            source_document=report.source_document,
            counts=dict(report.counts),
            rows_total=report.rows_total,
            rows=[PushedRowOut.of(row) for row in report.rows],
            warnings=[FieldProblem.of(one) for one in report.warnings],
            errors=[FieldProblem.of(one) for one in report.errors],
            errors_total=report.errors_total,
        )

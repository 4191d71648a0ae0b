"""What a push did, or would do: read back from what was written, so that every later question gets the same answer."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from app.domain.difference import FieldChange, difference
from app.domain.operations import Op
from app.errors import FieldError
from app.services.push_run import Findings
from app.store import revisions
from app.store.database import Session
from app.store.pushes import StoredPush

Status = Literal["committed", "dry_run", "awaiting_approval", "rejected"]
UNCHANGED = "unchanged"
ROWS_IN_A_REPORT = 1000


@dataclass(frozen=True, slots=True)
class ReportedRow:
    """One change: by which row (``None`` for what a snapshot implied), to which listing, and what differs since."""

    change_no: int
    row: int | None
    op: str
    listing_id: UUID | None
    revision: int
    uscc: str
    unit_name: str
    decision_no: str
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class PushReport:
    """What a push did, or would do. ``errors`` are those of a dry run; a push with errors is refused."""

    push_id: UUID | None
    status: Status
    mode: str
    list_version: int
    committed_at: datetime | None
    source_document: str | None
    counts: Mapping[str, int]
    rows: Sequence[ReportedRow]
    warnings: Sequence[FieldError] = ()
    errors: Sequence[FieldError] = ()
    errors_total: int = 0

    @property
    def rows_total(self) -> int:
        """How many changes there are; ``rows`` may hold fewer."""
        return sum(count for name, count in self.counts.items() if name != UNCHANGED)


def counted(counts: Mapping[str, int], unchanged: int = 0) -> dict[str, int]:
    """Return how many changes there were of each kind, all kinds named."""
    return {op.value: counts.get(op.value, 0) for op in Op} | {UNCHANGED: counts.get(UNCHANGED, unchanged)}


async def of_push(session: Session, push: StoredPush, past: int = 0, limit: int = ROWS_IN_A_REPORT) -> PushReport:
    """Return what a committed push did, from the change after ``past`` on."""
    rows = await rows_of(session, push.list_version, past, limit)
    return PushReport(
        push_id=push.push_id,
        status="committed",
        mode=push.mode,
        list_version=push.list_version,
        committed_at=push.committed_at,
        source_document=push.source_document,
        counts=counted(push.counts),
        rows=rows,
    )


async def rows_of(session: Session, list_version: int, past: int, limit: int) -> list[ReportedRow]:
    """Return the changes of a version after change ``past``, each against the revision before it."""
    made = await revisions.after(session, list_version, past, limit)
    made = [one for one in made if one.list_version == list_version]
    earlier = await revisions.raw_at_revisions(session, [(one.listing_id, one.revision - 1) for one in made])
    return [
        ReportedRow(
            change_no=one.change_no,
            row=one.row,
            op=one.operation,
            listing_id=one.listing_id,
            revision=one.revision,
            uscc=one.state["uscc"],
            unit_name=one.state["unit_name"],
            decision_no=one.state["decision_no"],
            changes=difference(earlier.get((one.listing_id, one.revision - 1)), one.state),
        )
        for one in made
    ]


def as_kept(report: PushReport, findings: Findings) -> dict[str, Any]:
    """Return the answer of a push that waits, to be kept (JSON)."""
    rows = [asdict(row) | {"listing_id": str(row.listing_id) if row.listing_id else None} for row in report.rows]
    return {"counts": dict(report.counts), "rows": rows, "warnings": [asdict(one) for one in findings.warnings]}


def from_kept(kept: Mapping[str, Any], report: PushReport) -> PushReport:
    """Complete a report with the answer that was kept."""
    rows = [
        ReportedRow(
            **row
            | {
                "listing_id": UUID(row["listing_id"]) if row["listing_id"] else None,
                "changes": tuple(FieldChange(**change) for change in row["changes"]),
            }
        )
        for row in kept["rows"]
    ]
    warnings = [FieldError(**one) for one in kept["warnings"]]
    return replace(report, counts=counted(kept["counts"]), rows=rows, warnings=warnings)


def without_new_ids(rows: Sequence[ReportedRow]) -> list[ReportedRow]:
    """Return rows without the ids of listings that were taken back with the run."""
    return [replace(row, listing_id=None) if row.op == Op.LIST else row for row in rows]

"""Reading and adding what departments report; what was reported is never altered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, RowMapping, Uuid, any_, cast, func, insert, select, text
from sqlalchemy.dialects.postgresql import distinct_on

from app.domain.obligations import ReportStatus
from app.store.database import Session, WriteSession
from app.store.tables import enforcement_reports as reports


@dataclass(frozen=True, slots=True)
class StoredReport:
    """One report of one obligation, the ``report_no``-th; ``amount`` is in yuan."""

    report_id: UUID
    obligation_id: UUID
    report_no: int
    department: str
    client_id: UUID
    listing_id: UUID
    person_id: UUID | None
    measure_no: int
    status: ReportStatus
    acted_on: date
    reason: str | None
    amount: Decimal | None
    document_no: str | None
    remark: str | None
    lookup_id: UUID | None
    list_version: int
    reported_at: datetime


_NAMES = tuple(column.name for column in reports.columns)


def report_of(row: RowMapping | Mapping[str, Any]) -> StoredReport:
    """Build a report from a row that has the columns of ``enforcement_reports``."""
    values = {name: row[name] for name in _NAMES}
    return StoredReport(**{**values, "status": ReportStatus(row["status"])})


async def take_turn(session: WriteSession, department: str) -> None:
    """Wait until nobody else adds reports for the department, to the end of the transaction: each has its number."""
    statement = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
    await session.execute(statement, {"name": f"liancheng.enforcement_reports.{department}"})


async def last_of(session: Session, obligation_ids: Iterable[UUID]) -> dict[UUID, StoredReport]:
    """Return the last report of each of these obligations that has one."""
    query = (
        select(reports)
        .ext(distinct_on(reports.c.obligation_id))
        .where(reports.c.obligation_id == any_(cast(list(obligation_ids), ARRAY(Uuid))))
        .order_by(reports.c.obligation_id, reports.c.report_no.desc())
    )
    found = [report_of(row) for row in (await session.execute(query)).mappings()]
    return {one.obligation_id: one for one in found}


async def all_of(session: Session, obligation_id: UUID) -> list[StoredReport]:
    """Return every report of an obligation, the first one first."""
    query = select(reports).where(reports.c.obligation_id == obligation_id).order_by(reports.c.report_no)
    return [report_of(row) for row in (await session.execute(query)).mappings()]


async def add(session: WriteSession, added: Sequence[StoredReport]) -> None:
    """Keep reports."""
    if added:
        await session.execute(insert(reports), [asdict(one) | {"status": one.status.value} for one in added])


async def count(session: Session) -> int:
    """Return how many reports there are; it grows with each."""
    found: int = (await session.execute(select(func.count()).select_from(reports))).scalar_one()
    return found


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """Which reports to show; what is ``None`` does not narrow."""

    departments: frozenset[str]
    obligation_id: UUID | None = None
    listing_id: UUID | None = None
    measure_no: int | None = None
    status: ReportStatus | None = None
    acted_from: date | None = None
    acted_to: date | None = None


async def search(session: Session, chosen: ReportFilter, past: UUID | None, limit: int) -> list[StoredReport]:
    """Return up to ``limit`` reports that the filter lets through, by id, those after ``past``."""
    query = (
        select(reports).where(reports.c.department.in_(chosen.departments)).order_by(reports.c.report_id).limit(limit)
    )
    for name in ("obligation_id", "listing_id", "measure_no", "status"):
        wanted = getattr(chosen, name)
        if wanted is not None:
            query = query.where(reports.c[name] == wanted)
    if chosen.acted_from is not None:
        query = query.where(reports.c.acted_on >= chosen.acted_from)
    if chosen.acted_to is not None:
        query = query.where(reports.c.acted_on <= chosen.acted_to)
    if past is not None:
        query = query.where(reports.c.report_id > past)
    return [report_of(row) for row in (await session.execute(query)).mappings()]

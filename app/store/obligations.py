"""What has to be done, read from the list, its history and the reports: the rule of ``domain/obligations.py`` in SQL.

Measures, departments and periods travel as arrays; the statement works on some thousand listings at a time, so that a
page costs the same whatever the size of the list.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from app.domain.applicability import Yours
from app.domain.enforcement_periods import PeriodSpan
from app.domain.grounds import Ending, EndReason
from app.domain.listing import Role
from app.domain.obligations import Duty, ObligationKey, ObligationState, listing_ids_behind
from app.domain.subjects import SubjectKind
from app.store.database import Session
from app.store.enforcement_reports import StoredReport, report_of
from app.store.listings import ERASED_NAME, ERASED_NUMBER
from app.store.obligations_sql import ITEMS

_FIRST_CHUNK = 500
_CHUNK = 5_000
_UNIT = UUID(int=0)
_UNREPORTED = frozenset({ObligationState.OPEN, ObligationState.TO_LIFT})


@dataclass(frozen=True, slots=True)
class ObligationFilter:
    """Which obligations to show; what is ``None`` does not narrow. States are those on the day ``on``."""

    on: date
    states: tuple[ObligationState, ...] | None = None
    overdue: bool | None = None
    listing_id: UUID | None = None
    uscc: str | None = None
    subject_kind: SubjectKind | None = None
    due_before: date | None = None
    since_from: date | None = None
    only: ObligationKey | None = None


@dataclass(frozen=True, slots=True)
class ObligedPerson:
    """The person that a measure is carried out against, as the listing records them."""

    name: str
    masked_number: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Obligation:
    """One item, with what a clerk needs to know of its listing and subject."""

    key: ObligationKey
    yours: Yours
    state: ObligationState
    since: date
    due_on: date | None
    overdue: bool
    ending: Ending | None
    uscc: str
    unit_name: str
    decision_no: str
    tier: str
    listed_on: date
    valid_until: date
    person: ObligedPerson | None
    last_report: StoredReport | None


async def search(
    session: Session,
    duties: Sequence[Duty],
    spans: Sequence[PeriodSpan],
    chosen: ObligationFilter,
    past: ObligationKey | None,
    limit: int,
) -> list[Obligation]:
    """Return up to ``limit`` of these duties' obligations behind ``past``, by listing, person, measure, department."""
    found: list[Obligation] = []
    if not duties:
        return found
    parameters = statement_parameters(duties, spans, chosen, past)
    async for first, last in _chunks(session, chosen, past):
        bounds = {"from_listing": first, "to_listing": last, "limit": limit - len(found)}
        rows = (await session.execute(ITEMS, parameters | bounds)).mappings()
        found += [_obligation(row) for row in rows]
        if len(found) >= limit:
            break
    return found


_BOUND = text("""
    SELECT listing_id FROM listings
    WHERE listing_id >= :low AND (CAST(:uscc AS text) IS NULL OR uscc = :uscc)
    ORDER BY listing_id OFFSET :size LIMIT 1
""")


async def _chunks(
    session: Session, chosen: ObligationFilter, past: ObligationKey | None
) -> AsyncIterator[tuple[UUID, UUID]]:
    """Yield the first and the last listing id of each part of the list: a small one first, for it may be enough."""
    only = chosen.only.listing_id if chosen.only is not None else chosen.listing_id
    low = past.listing_id if past is not None else _UNIT
    if only is not None:
        if only >= low:
            yield only, only
        return
    size = _FIRST_CHUNK
    while True:
        bound = {"low": low, "uscc": chosen.uscc, "size": size}
        following: UUID | None = (await session.execute(_BOUND, bound)).scalar_one_or_none()
        if following is None:
            yield low, UUID(int=2**128 - 1)
            return
        yield low, UUID(int=following.int - 1)
        low, size = following, _CHUNK


def statement_parameters(
    duties: Sequence[Duty], spans: Sequence[PeriodSpan], chosen: ObligationFilter, past: ObligationKey | None
) -> dict[str, Any]:
    """Return everything that the statement is told, but for its part of the list."""
    kind, only = chosen.subject_kind, chosen.only
    return {
        "duty_departments": [one.department for one in duties],
        "duty_measures": [one.measure_no for one in duties],
        "duty_yours": [one.yours.value for one in duties],
        "duty_on_unit": [one.on_unit for one in duties],
        "duty_on_persons": [one.on_persons for one in duties],
        "duty_outlives": [one.outlives for one in duties],
        "period_measures": [one.measure_no for one in spans],
        "period_firsts": [one.first for one in spans],
        "period_lasts": [one.last for one in spans],
        "period_days": [one.days for one in spans],
        "on": chosen.on,
        "uscc": chosen.uscc,
        "units": kind is not SubjectKind.PERSON,
        "persons": kind is not SubjectKind.UNIT,
        "states": [one.value for one in chosen.states] if chosen.states is not None else None,
        "overdue": chosen.overdue,
        "ended": _ended(chosen),
        "only_reported": chosen.states is not None and not _UNREPORTED.intersection(chosen.states),
        "due_before": chosen.due_before,
        "since_from": chosen.since_from,
        "unit": _UNIT,
        "only_person": (only.person_id or _UNIT) if only is not None else None,
        "past_listing": past.listing_id if past is not None else None,
        "past_person": (past.person_id or _UNIT) if past is not None else None,
        "past_measure": past.measure_no if past is not None else None,
        "past_department": past.department if past is not None else None,
    }


def _ended(chosen: ObligationFilter) -> bool | None:
    """Whether only what has ended (``True``) or only what has not (``False``) can be among what is asked for."""
    if chosen.overdue:
        return False
    if chosen.states is None or ObligationState.NOT_APPLICABLE in chosen.states:
        return None
    lifted = {ObligationState.TO_LIFT, ObligationState.LIFTED}
    found = {state in lifted for state in chosen.states}
    return found.pop() if len(found) == 1 else None


def _obligation(row: RowMapping) -> Obligation:
    key = ObligationKey(row["department"], row["listing_id"], row["person_id"], row["measure_no"])
    person = None
    if row["person_id"] is not None:
        roles = tuple(Role(role) for role in row["roles"])
        person = ObligedPerson(row["person_name"] or ERASED_NAME, row["masked_number"] or ERASED_NUMBER, roles)
    return Obligation(
        key=key,
        yours=Yours(row["yours"]),
        state=ObligationState(row["item_state"]),
        since=row["since_on"],
        due_on=row["due_on"],
        overdue=row["is_overdue"],
        ending=Ending(row["ground_over"], EndReason(row["ground_reason"])) if row["ground_over"] is not None else None,
        uscc=row["uscc"],
        unit_name=row["unit_name"],
        decision_no=row["decision_no"],
        tier=row["tier"],
        listed_on=row["listed_on"],
        valid_until=row["valid_until"],
        person=person,
        last_report=report_of(row) if row["report_id"] is not None else None,
    )


_BEHIND = text("""
    SELECT wanted.n, listing_id, person_id
    FROM unnest(CAST(:lows AS uuid[]), CAST(:highs AS uuid[])) WITH ORDINALITY AS wanted (low, high, n)
        JOIN listings ON listing_id BETWEEN low AND high LEFT JOIN related_persons USING (listing_id)
""")


async def keys_of(
    session: Session, obligation_ids: Sequence[UUID], duties: Sequence[Duty]
) -> dict[UUID, ObligationKey]:
    """Return which of these duties, against whom, the ids are of; those that are of none are left out."""
    wanted = set(obligation_ids)
    ranges = {listing_ids_behind(one) for one in wanted}
    bounds = {"lows": [low for low, _ in ranges], "highs": [high for _, high in ranges]}
    subjects: set[tuple[UUID, UUID | None]] = set()
    for row in await session.execute(_BEHIND, bounds):
        subjects |= {(row.listing_id, None), (row.listing_id, row.person_id)}
    keys = (
        ObligationKey(duty.department, listing_id, person_id, duty.measure_no)
        for listing_id, person_id in subjects
        for duty in duties
        if (duty.on_unit if person_id is None else duty.on_persons)
    )
    return {key.obligation_id: key for key in keys if key.obligation_id in wanted}

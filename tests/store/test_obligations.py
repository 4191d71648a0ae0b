"""The statement and the domain say the same of what has to be done, since when, until when, and how far it is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.domain.applicability import Yours
from app.domain.enforcement_periods import EnforcementPeriod, EnforcementPeriods
from app.domain.grounds import Recorded, ground, known
from app.domain.identity import BlindIndex, SealedNumber
from app.domain.listing import Entry, Listing, PositionBan, RelatedPerson
from app.domain.obligations import (
    Duty,
    LastReport,
    ObligationKey,
    ObligationState,
    Progress,
    ReportStatus,
    overdue,
    progress,
)
from app.domain.operations import Op
from app.store import enforcement_reports, obligations, persons
from app.store.database import Database, WriteSession
from app.store.enforcement_reports import StoredReport
from app.store.listings import write
from app.store.obligations import Obligation, ObligationFilter
from app.store.persons import StoredPerson
from tests.store.test_lookups import DAYS, START, listing_and_person

CUSTOMS, REGISTRAR = "清远海关", "市市场监督管理局"
DUTIES = (
    Duty(CUSTOMS, 16, Yours.NAMED, on_unit=True, on_persons=False, outlives=False),
    Duty(CUSTOMS, 1, Yours.OPEN_CLASS, on_unit=True, on_persons=True, outlives=False),
    Duty(REGISTRAR, 9, Yours.NAMED, on_unit=True, on_persons=True, outlives=True),
)
_versions = count(1)
NEARBY = st.integers(-2, 12).map(lambda n: START + timedelta(days=n))
BANS = st.builds(PositionBan, st.none() | NEARBY, st.none() | NEARBY)


@dataclass(frozen=True)
class Case:
    """A listing with one person, how it came to be so, and what was reported of it."""

    listing: Listing
    person: RelatedPerson
    history: tuple[Recorded, ...]
    reports: tuple[tuple[Duty, bool, ReportStatus, date], ...]


@st.composite
def history_of(draw: st.DrawFn, person_id: UUID) -> tuple[Recorded, ...]:
    """Draw revisions of a listing as far as they matter: persons come, go and are banned by the operations that can."""
    ops = draw(st.lists(st.sampled_from([op for op in Op if op is not Op.LIST]), max_size=6))
    days = sorted(draw(st.lists(NEARBY, min_size=len(ops) + 1, max_size=len(ops) + 1)))
    changed = {Op.ADD_PERSON, Op.CORRECT, Op.BAN}
    there, ban = Op.ADD_PERSON not in ops or draw(st.booleans()), draw(st.none() | BANS)
    found = []
    for op, day in zip([Op.LIST, *ops], days, strict=True):
        if op is Op.END_PERSON:
            there = False
        if op in {Op.ADD_PERSON, Op.CORRECT}:
            there = op is Op.ADD_PERSON or draw(st.booleans())
        if op in changed:
            ban = draw(st.none() | BANS)
        bans = {person_id: ban} if ban is not None else {}
        found.append(Recorded(next(_versions), day, op, frozenset({person_id} if there else ()), bans))
    return tuple(found)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a case."""
    listing, person = draw(listing_and_person())
    told = st.tuples(st.sampled_from(DUTIES), st.booleans(), st.sampled_from(ReportStatus), NEARBY)
    return Case(
        listing, person, draw(history_of(person.person_id)), tuple(draw(st.lists(told, max_size=5, unique_by=id)))
    )


PERIODS = st.builds(
    lambda own, other, turn: EnforcementPeriods(
        "sha256:test",
        (
            EnforcementPeriod(None, other, START, None, None),
            EnforcementPeriod(16, own, START - timedelta(days=1), turn, None),
            EnforcementPeriod(16, own + 2, turn + timedelta(days=2), None, None),
        ),
    ),
    st.integers(1, 5),
    st.integers(1, 5),
    NEARBY,
)


async def keep(session: WriteSession, case: Case, client_id: UUID) -> None:
    """Write a case as pushes and reports would have left it."""
    listing, person = case.listing, case.person
    index, sealed = BlindIndex("k", person.person_id.bytes * 2), SealedNumber("k", b"x")
    await persons.add(session, [StoredPerson(person.person_id, person.name, index, sealed, "**", None, None)])
    await write(session, [Entry(listing, (person,))])
    seen: set[UUID] = set()
    for number, one in enumerate(case.history, start=1):
        # The day is the city's: eight hours before it is the day before in UTC.
        moment = datetime.combine(one.on, time(0, 30), UTC) - timedelta(hours=8)
        push = {"push": uuid4(), "version": one.list_version, "client": client_id, "moment": moment, "key": uuid4().hex}
        await session.execute(
            text("""
                INSERT INTO pushes (push_id, list_version, client_id, idempotency_key, body_fingerprint,
                    fingerprint_key_id, committed_at, mode, counts, head)
                VALUES (:push, :version, :client, :key, '', '', :moment, 'delta', '{}', '')
            """),
            push,
        )
        row = {
            "listing": listing.listing_id,
            "revision": number,
            "op": one.op.value,
            "state": json.dumps(state(one, seen)),
        }
        await session.execute(
            text("""
                INSERT INTO listing_revisions (listing_id, revision, push_id, list_version, change_no, operation,
                    detail, state, hash)
                VALUES (:listing, :revision, :push, :version, 1, :op, '{}', CAST(:state AS jsonb), '')
            """),
            {"push": push["push"], "version": one.list_version} | row,
        )
    await enforcement_reports.add(session, reports_of(case, client_id))


def state(one: Recorded, seen: set[UUID]) -> dict[str, Any]:
    """Return what a revision's state says of its persons: nobody who was ``seen`` in it is ever left out again."""
    seen |= set(one.there) | set(one.bans)
    return {"persons": [person_state(one, person_id) for person_id in seen]}


def person_state(one: Recorded, person_id: UUID) -> dict[str, Any]:
    """Return a person of a revision's state."""
    ban = one.bans.get(person_id)
    return {
        "person_id": str(person_id),
        "ended_on": None if person_id in one.there else START.isoformat(),
        "ban_since": ban.since.isoformat() if ban and ban.since else None,
        "ban_until": ban.until.isoformat() if ban and ban.until else None,
        "ban_for_life": ban is not None and ban.until is None,
    }


def reports_of(case: Case, client_id: UUID) -> list[StoredReport]:
    """Return a case's reports, numbered for each obligation."""
    numbers: dict[UUID, int] = {}
    found = []
    for duty, of_person, status, acted_on in case.reports:
        key = key_of(duty, case, of_person=of_person)
        numbers[key.obligation_id] = numbers.get(key.obligation_id, 0) + 1
        found.append(
            StoredReport(
                report_id=uuid4(),
                obligation_id=key.obligation_id,
                report_no=numbers[key.obligation_id],
                department=key.department,
                client_id=client_id,
                listing_id=key.listing_id,
                person_id=key.person_id,
                measure_no=key.measure_no,
                status=status,
                acted_on=acted_on,
                reason="虚构",
                amount=None,
                document_no=None,
                remark=None,
                lookup_id=None,
                list_version=1,
                reported_at=datetime.now(UTC),
            )
        )
    return found


def key_of(duty: Duty, case: Case, *, of_person: bool) -> ObligationKey:
    """Return the key of a duty against the case's person or its unit."""
    person_id = case.person.person_id if of_person else None
    return ObligationKey(duty.department, case.listing.listing_id, person_id, duty.measure_no)


def by_rule(case: Case, duty: Duty, on: date, *, of_person: bool) -> Progress | None:
    """Say by the domain alone how far an obligation is."""
    who = case.person if of_person else None
    found = ground(case.listing, who, outlives=duty.outlives, on=on)
    by_ban = found is not None and found.ending is None and not case.listing.lists(who, on)
    told = [
        LastReport(status, acted_on)
        for reported, person_too, status, acted_on in case.reports
        if reported == duty and person_too is of_person and acted_on <= on
    ]
    since = known(case.history, who.person_id if who else None, by_ban=by_ban, on=on)
    return progress(found, since, told[-1] if told else None)


def expected(drawn: Sequence[Case], periods: EnforcementPeriods, on: date) -> dict[ObligationKey, tuple[Any, ...]]:
    """Say by the domain alone what is to be found."""
    found = {}
    for case in drawn:
        for duty in DUTIES:
            for of_person in (False, True):
                if not (duty.on_persons if of_person else duty.on_unit):
                    continue
                one = by_rule(case, duty, on, of_person=of_person)
                if one is not None:
                    due_on = periods.due_on(duty.measure_no, one.since)
                    key = key_of(duty, case, of_person=of_person)
                    found[key] = (one.state, one.since, one.ending, due_on, overdue(one.state, due_on, on))
    return found


def as_found(items: Sequence[Obligation]) -> Mapping[ObligationKey, tuple[Any, ...]]:
    """Return what the statement says of each."""
    return {one.key: (one.state, one.since, one.ending, one.due_on, one.overdue) for one in items}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    drawn=st.lists(cases(), min_size=1, max_size=4),
    periods=PERIODS,
    on=DAYS,
    states=st.sets(st.sampled_from(ObligationState), min_size=1, max_size=2),
)
async def test_what_the_statement_finds_is_what_the_rule_says_at_once_by_pages_and_by_state(
    database: Database,
    owner: Database,
    drawn: list[Case],
    periods: EnforcementPeriods,
    on: date,
    states: set[ObligationState],
) -> None:
    async with owner.writing() as session:
        await session.execute(
            text("TRUNCATE listings, related_persons, listing_revisions, enforcement_reports, pushes CASCADE")
        )
    spans = periods.spans([1, 9, 16])
    chosen = ObligationFilter(on)
    async with database.writing() as session:
        client_id = uuid4()
        named = {"id": client_id, "name": client_id.hex}
        await session.execute(text("INSERT INTO clients (client_id, name, department) VALUES (:id, :name, '')"), named)
        for case in drawn:
            await keep(session, case, client_id)
        whole = await obligations.search(session, DUTIES, spans, chosen, None, 1000)
        paged: list[Obligation] = []
        while page := await obligations.search(session, DUTIES, spans, chosen, paged[-1].key if paged else None, 7):
            paged += page
        ids = [one.key.obligation_id for one in whole]
        assert await obligations.keys_of(session, ids, DUTIES) == {one.key.obligation_id: one.key for one in whole}
        in_states = ObligationFilter(on, states=tuple(states))
        assert await obligations.search(session, DUTIES, spans, in_states, None, 1000) == [
            one for one in whole if one.state in states
        ]
        late = ObligationFilter(on, overdue=True)
        assert await obligations.search(session, DUTIES, spans, late, None, 1000) == [
            one for one in whole if one.overdue
        ]
    assert paged == whole
    assert len({one.key for one in whole}) == len(whole)
    assert as_found(whole) == expected(drawn, periods, on)


@given(drawn=listing_and_person(), on=DAYS, outlives=st.booleans())
def test_a_ground_holds_exactly_while_a_lookup_says_so(
    drawn: tuple[Listing, RelatedPerson], on: date, *, outlives: bool
) -> None:
    listing, person = drawn
    for who in (None, person):
        found = ground(listing, who, outlives=outlives, on=on)
        held = found is not None and found.ending is None
        assert held == (listing.concerns(who, on) if outlives else listing.lists(who, on))
        if found is not None and found.ending is not None:
            assert found.ending.on <= on

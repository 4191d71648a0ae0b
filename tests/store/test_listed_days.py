"""The days that SQL counts in a kept state are those that the domain says of a listing, day by day."""

import json
from datetime import date, timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.domain.listing import (
    Entry,
    ListedUnit,
    Listing,
    PersonEnd,
    PersonEndReason,
    PositionBan,
    RelatedPerson,
    Removal,
    RemovalReason,
    Role,
    Span,
)
from app.store.database import Database
from app.store.listed_days import banned_days, person_days, unit_days
from app.store.states import state_of

FIRST = date(2026, 1, 1)
DAYS = 40
days = st.integers(0, DAYS).map(lambda n: FIRST + timedelta(days=n))
spans = st.lists(st.tuples(days, st.integers(1, 9)), max_size=2).map(
    lambda found: tuple(Span(first, first + timedelta(days=length)) for first, length in found)
)
bans = st.builds(PositionBan, until=st.none() | days, since=st.none() | days)
people = st.builds(
    RelatedPerson,
    person_id=st.just(UUID(int=1)),
    name=st.just("虚构"),
    masked_number=st.just("*"),
    roles=st.just((Role.OTHER,)),
    position_ban=st.none() | bans,
    since=st.none() | days,
    end=st.none() | st.builds(PersonEnd, on=days, reason=st.sampled_from(PersonEndReason)),
    absences=spans,
)
listings = st.builds(
    Listing,
    listing_id=st.just(UUID(int=2)),
    revision=st.just(1),
    unit=st.just(ListedUnit("1", "示例", ())),
    decision_no=st.just("1"),
    decided_by=st.just("1"),
    conduct=st.just("1"),
    tier=st.just("1"),
    listed_on=days,
    valid_until=days,
    removal=st.none() | st.builds(Removal, on=days, reason=st.sampled_from(RemovalReason), decision_no=st.none()),
    suspensions=spans,
)
QUERY = f"""
    SELECT day, unit_days @> day, listed @> day, banned @> day FROM (
        SELECT {unit_days("s")} AS unit_days, {person_days("s", "p")} AS listed, {banned_days("s", "p")} AS banned
        FROM (SELECT CAST(:state AS jsonb) AS s) AS kept CROSS JOIN LATERAL jsonb_array_elements(s -> 'persons') AS p
    ) AS counted CROSS JOIN generate_series(CAST(:first AS date), CAST(:last AS date), interval '1 day') AS g (at)
        CROSS JOIN LATERAL (SELECT at::date) AS d (day)
"""


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(listings, people)
async def test_every_day_is_in_or_out_as_the_domain_says(
    database: Database, listing: Listing, person: RelatedPerson
) -> None:
    state = state_of(Entry(listing, (person,)))
    parameters = {"state": json.dumps(state), "first": FIRST, "last": FIRST + timedelta(days=DAYS + 15)}
    async with database.reading() as session:
        rows = (await session.execute(text(QUERY), parameters)).all()
    assert len(rows) == DAYS + 16
    for day, unit, listed, banned in rows:
        assert unit == listing.in_force(day), day
        assert listed == listing.lists(person, day), day
        assert banned == listing.ban_in_force(person, day), day


async def test_a_state_of_the_first_release_is_read_too(database: Database) -> None:
    state = {
        "listed_on": "2026-01-05",
        "valid_until": "2026-01-20",
        "removed_on": None,
        "removal_reason": None,
        "persons": [{"person_id": str(UUID(int=1)), "roles": [], "ban_until": "2026-01-25", "ban_for_life": False}],
    }
    parameters = {"state": json.dumps(state), "first": FIRST, "last": FIRST + timedelta(days=DAYS)}
    async with database.reading() as session:
        rows = (await session.execute(text(QUERY), parameters)).all()
    assert [day.day for day, unit, *_ in rows if unit] == list(range(5, 21))
    assert [day.day for day, _, listed, _ in rows if listed] == list(range(5, 21))
    assert [day.day for day, *_, banned in rows if banned] == list(range(5, 26))

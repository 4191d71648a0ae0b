"""What the statement lets through is what the rules let through, whatever the listings and whatever the filter."""

from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from app.domain.listing import Entry, ListedUnit, Listing, ListingState, Removal, RemovalReason, Span
from app.domain.synthetic import synthetic_uscc
from app.store import listing_search, listings
from app.store.database import Database
from app.store.listing_search import ListingFilter

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(12)]
# What means something to LIKE, to a pattern or to an array's text, next to what contains it.
NAMES = [
    "甲",
    "甲%",
    "甲_乙",
    "甲\\乙",
    "甲/乙",
    "100%甲",
    "A甲",
    "a甲",
    "{甲}",
    "甲,乙",
    '甲"乙',
    "NULL",
    "甲·乙",
    "甲'乙",
]
TIERS, CODES = ["严重失信主体", "黑名单"], [None, "YJ11-06-4", "AJ49-01"]


def listing(random: Random, n: int) -> Listing:
    """Return a listing that could be, of a dozen days and few names, so that filters hit something."""
    listed_on, valid_until = sorted(random.choices(DAYS, k=2))
    later = [day for day in DAYS if day >= listed_on]
    spans: tuple[Span, ...] = ()
    if random.random() < 0.5:
        first, until = sorted(random.choices(later, k=2))
        spans = (Span(first, until),) if first < until else ()
    after = [day for day in later if not spans or day >= spans[-1].until]
    removal = Removal(random.choice(after), random.choice(list(RemovalReason)), None) if random.random() < 0.4 else None
    return Listing(
        listing_id=uuid7(),
        revision=1,
        unit=ListedUnit(synthetic_uscc(n % 7), random.choice(NAMES), tuple(random.sample(NAMES, random.randrange(3)))),
        decision_no=f"虚构列〔2026〕{n}号",
        decided_by=random.choice(NAMES),
        conduct=random.choice(NAMES),
        tier=random.choice(TIERS),
        listed_on=listed_on,
        valid_until=valid_until,
        removal=removal,
        conduct_code=random.choice(CODES),
        suspensions=spans,
        list_version=1,
    )


@pytest.fixture
async def recorded(database: Database) -> tuple[Database, list[Listing]]:
    """Record a hundred listings."""
    made = [listing(Random(n), n) for n in range(100)]  # noqa: S311 - the same ones each time
    async with database.writing() as session:
        await listings.write(session, [Entry(one, ()) for one in made])
    return database, sorted(made, key=lambda one: one.listing_id)


DAY, TEXT = st.sampled_from(DAYS), st.sampled_from([*NAMES, "%", "_", "\\", "乙", '"'])
FIELDS = {
    "state": st.sampled_from(ListingState),
    "tier": st.sampled_from(TIERS),
    "conduct": TEXT,
    "conduct_code": st.sampled_from(CODES),
    "decided_by": TEXT,
    "uscc": st.integers(0, 7).map(synthetic_uscc),
    "name": TEXT,
    "listed_from": DAY,
    "listed_to": DAY,
    "valid_from": DAY,
    "valid_to": DAY,
}
# A few at a time, for all of them together let nothing through.
NARROWED = st.lists(st.sampled_from(sorted(FIELDS)), max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: FIELDS[name] for name in names})
)
ON = st.sampled_from([FIRST - timedelta(days=1), *DAYS, DAYS[-1] + timedelta(days=1)])


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(on=ON, narrowed=NARROWED, limit=st.integers(1, 30))
async def test_pages_hold_exactly_what_the_filter_lets_through_in_order(
    recorded: tuple[Database, list[Listing]], on: date, narrowed: dict[str, Any], limit: int
) -> None:
    database, made = recorded
    chosen = ListingFilter(on, **narrowed)
    expected = [one.listing_id for one in made if chosen.lets_through(one)]
    found: list[UUID] = []
    past: UUID | None = None
    async with database.reading() as session:
        while True:
            page = await listing_search.search(session, chosen, past, limit)
            found += [entry.listing.listing_id for entry in page.entries]
            past = page.next
            if past is None:
                break
            assert len(page.entries) == limit
    assert found == expected


@pytest.mark.parametrize("state", ListingState)
async def test_every_state_is_met_on_some_day(recorded: tuple[Database, list[Listing]], state: ListingState) -> None:
    """What the test above goes through, so that it cannot become empty unseen."""
    _, made = recorded
    days = [day for day in DAYS if any(one.state(day) is state for one in made)]
    assert len(days) >= 5

"""The statement and the domain say the same of what is in force."""

from datetime import date, timedelta
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.identity import BlindIndex, SealedNumber
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
from app.domain.moment import Moment
from app.services.access import NamedKey, Scope, named_key
from app.store import persons
from app.store.database import Database
from app.store.listings import write
from app.store.lookups import CallTerms, Question, Serving, find_and_record
from app.store.persons import StoredPerson
from tests.support import make_key

START = date(2026, 1, 10)
SERVING = Serving("sha256:test", ("k",))
DAYS = st.integers(-3, 12).map(lambda n: START + timedelta(days=n))


def question(
    key: NamedKey | None, on: date, *, uscc: str | None = None, blind_indexes: tuple[BlindIndex, ...] = ()
) -> Question:
    """Ask about a unit, or about whoever has one of these indexes."""
    assert key is not None
    terms = CallTerms(
        key.key_id, key.digest, "测试", on, "summary", 0, only_if_listed=False, scene=None, scenes_version=None
    )
    mask = None if uscc else "**"
    return Question(uuid4(), Moment.current().now, "r", terms, uscc, blind_indexes=blind_indexes, masked_number=mask)


@st.composite
def listing_and_person(draw: st.DrawFn) -> tuple[Listing, RelatedPerson]:
    """Draw a listing around START and one person of it, in every state they can be in."""
    valid_until = draw(st.integers(0, 8).map(lambda n: START + timedelta(days=n)))
    removal = draw(
        st.none()
        | st.builds(
            Removal,
            st.integers(0, 10).map(lambda n: START + timedelta(days=n)),
            st.sampled_from(RemovalReason),
            st.none(),
        )
    )
    around = st.integers(0, 10).map(lambda n: START + timedelta(n))
    ban = draw(st.none() | st.builds(PositionBan, st.none() | around, st.none() | around))
    # Bounds that differ, in order: spans that neither meet nor touch, as the domain makes them.
    bounds = st.lists(st.integers(-1, 12), max_size=4, unique=True).map(sorted)
    spans = bounds.map(
        lambda drawn: tuple(
            Span(START + timedelta(first), START + timedelta(until))
            for first, until in zip(drawn[::2], drawn[1::2], strict=False)
        )
    )
    listing = Listing(
        uuid4(),
        1,
        ListedUnit(uuid4().hex, "示例", ()),
        uuid4().hex,
        "甲",
        "乙",
        "丙",
        START,
        valid_until,
        removal,
        suspensions=draw(spans),
        list_version=1,
    )
    end = draw(st.none() | st.builds(PersonEnd, around, st.sampled_from(PersonEndReason)))
    since = draw(st.none() | around)
    return listing, RelatedPerson(
        uuid4(), uuid4().hex, "**", (Role.OTHER,), ban, since=since, end=end, absences=draw(spans)
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(listing_and_person(), min_size=1, max_size=5), on=DAYS)
async def test_what_the_statement_finds_is_what_the_domain_says_is_in_force(
    database: Database, pairs: list[tuple[Listing, RelatedPerson]], on: date
) -> None:
    key = named_key(await make_key(database, Scope.LOOKUP))
    async with database.writing() as session:
        asked = []
        for listing, person in pairs:
            index = BlindIndex("k", person.person_id.bytes * 2)
            sealed = SealedNumber("k", b"x")
            await persons.add(session, [StoredPerson(person.person_id, person.name, index, sealed, "**", None, None)])
            await write(session, [Entry(listing, (person,))])
            asked += [
                question(key, on, uscc=listing.unit.uscc),
                question(key, on, blind_indexes=(index,)),
            ]
        found = await find_and_record(session, asked, SERVING)
    expected = [
        [listing.listing_id] if listing.concerns(who, on) else [] for listing, person in pairs for who in (None, person)
    ]
    assert [[hit.listing.listing_id for hit in hits] for _, _, _, hits in found] == expected
    assert [(hit.listing, hit.person) for _, _, _, hits in found for hit in hits] == [
        (listing, who) for listing, person in pairs for who in (None, person) if listing.concerns(who, on)
    ]


TERMS = st.lists(listing_and_person(), min_size=2, max_size=4)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=TERMS, on=DAYS)
async def test_a_number_with_several_names_in_several_listings_is_found_wherever_it_concerns(
    database: Database, pairs: list[tuple[Listing, RelatedPerson]], on: date
) -> None:
    """Everybody drawn has one number, and stands in all the listings."""
    index = BlindIndex("k", uuid4().bytes * 2)
    people = [person for _, person in pairs]
    key = named_key(await make_key(database, Scope.LOOKUP))
    async with database.writing() as session:
        stored = [
            StoredPerson(one.person_id, one.name, index, SealedNumber("k", b"x"), "**", None, None) for one in people
        ]
        await persons.add(session, stored)
        await write(session, [Entry(listing, tuple(people)) for listing, _ in pairs])
        (reply,) = await find_and_record(session, [question(key, on, blind_indexes=(index,))], SERVING)
    expected = {
        (listing.listing_id, person.person_id)
        for listing, _ in pairs
        for person in people
        if listing.concerns(person, on)
    }
    told = [(hit.listing.listing_id, hit.person.person_id) for hit in reply.hits if hit.person]
    assert (set(told), len(reply.hits)) == (expected, len(expected))

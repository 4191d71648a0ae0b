"""The statement and the domain say the same of what is in force."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from app.domain.identity import BlindIndex, SealedNumber
from app.domain.listing import ListedUnit, Listing, PositionBan, RelatedPerson, Removal, RemovalReason, Role
from app.domain.moment import Moment
from app.domain.subjects import SubjectKind
from app.store import persons
from app.store.database import Database
from app.store.lookups import AskedSubject, Asking, find_and_record
from app.store.persons import StoredPerson
from app.store.tables import listings, related_persons

START = date(2026, 1, 10)
DAYS = st.integers(-3, 12).map(lambda n: START + timedelta(days=n))


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
    ban = draw(st.none() | st.builds(PositionBan, st.none() | st.integers(0, 10).map(lambda n: START + timedelta(n))))
    listing = Listing(
        uuid4(), 1, ListedUnit(uuid4().hex, "示例", ()), uuid4().hex, "甲", "乙", "丙", START, valid_until, removal
    )
    return listing, RelatedPerson(uuid4(), uuid4().hex, "**", (Role.OTHER,), ban)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(listing_and_person(), min_size=1, max_size=5), on=DAYS)
async def test_what_the_statement_finds_is_what_the_domain_says_is_in_force(
    database: Database, pairs: list[tuple[Listing, RelatedPerson]], on: date
) -> None:
    moment = Moment.current()
    asking = Asking(moment.now, "r", uuid4(), "k", "清远海关", "测试", on, "summary", 0, "sha256:test", ("k",))
    async with database.writing() as session:
        asked = []
        for listing, person in pairs:
            index = BlindIndex("k", person.person_id.bytes * 2)
            await session.execute(insert(listings).values(_listing_row(listing)))
            sealed = SealedNumber("k", b"x")
            await persons.add(session, [StoredPerson(person.person_id, person.name, index, sealed, "**")])
            await session.execute(insert(related_persons).values(_related_row(listing, person)))
            asked += [
                AskedSubject(uuid4(), SubjectKind.UNIT, listing.unit.uscc, (), None, None),
                AskedSubject(uuid4(), SubjectKind.PERSON, None, (index,), "**", None),
            ]
        found = await find_and_record(session, asked, asking)
    expected = [
        [listing.listing_id] if listing.concerns(who, on) else [] for listing, person in pairs for who in (None, person)
    ]
    assert [[hit.listing.listing_id for hit in hits] for hits in found.hits] == expected
    assert [hit.listing for hits in found.hits for hit in hits] == [
        listing for listing, person in pairs for who in (None, person) if listing.concerns(who, on)
    ]


def _listing_row(listing: Listing) -> dict[str, Any]:
    removal = listing.removal
    return {
        "listing_id": listing.listing_id,
        "uscc": listing.unit.uscc,
        "unit_name": listing.unit.name,
        "decision_no": listing.decision_no,
        "decided_by": listing.decided_by,
        "conduct": listing.conduct,
        "tier": listing.tier,
        "listed_on": listing.listed_on,
        "valid_until": listing.valid_until,
        "removed_on": removal.on if removal else None,
        "removal_reason": removal.reason.value if removal else None,
        "revision": 1,
    }


def _related_row(listing: Listing, person: RelatedPerson) -> dict[str, Any]:
    ban = person.position_ban
    return {
        "listing_id": listing.listing_id,
        "person_id": person.person_id,
        "roles": ["other"],
        "ban_until": ban.until if ban else None,
        "ban_for_life": ban is not None and ban.until is None,
    }

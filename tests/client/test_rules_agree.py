"""The client's rules of what is in force are those of the service, on any day of any listing."""

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.domain.listing import (
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
from app.domain.objections import Objection, ObjectionDecision, ObjectionOutcome
from liancheng.client import ban_in_force, listing_in_force, open_objections, person_concerned
from liancheng.client import types as told_as
from liancheng.client.types import FeedListing, FeedPerson, Gap
from tests.client.shapes import feed_listing, feed_person

# Few days, so that boundaries meet.
DAYS = st.integers(0, 12).map(lambda n: date(2026, 3, 1) + timedelta(days=n))
SPANS = st.lists(st.builds(Span, DAYS, DAYS), max_size=2).map(tuple)
DECISIONS = st.builds(ObjectionDecision, st.sampled_from(ObjectionOutcome), DAYS, st.none())
OBJECTIONS = st.lists(
    st.builds(Objection, st.just(""), DAYS, st.just(""), st.none(), st.none() | DECISIONS), max_size=2
).map(tuple)
LISTINGS = st.builds(
    Listing,
    listing_id=st.just(UUID(int=1)),
    revision=st.just(1),
    unit=st.just(ListedUnit("", "", ())),
    decision_no=st.just(""),
    decided_by=st.just(""),
    conduct=st.just(""),
    tier=st.just(""),
    listed_on=DAYS,
    valid_until=DAYS,
    removal=st.none() | st.builds(Removal, DAYS, st.sampled_from(RemovalReason), st.none()),
    suspensions=SPANS,
    conduct_code=st.none(),
    facts=st.none(),
    basis=st.none(),
    published_until=st.none(),
    nonconforming_reason=st.none(),
    objections=OBJECTIONS,
    list_version=st.just(1),
)
PERSONS = st.builds(
    RelatedPerson,
    person_id=st.just(UUID(int=1)),
    name=st.just(""),
    masked_number=st.just(""),
    roles=st.just((Role.OTHER,)),
    position_ban=st.none() | st.builds(PositionBan, st.none() | DAYS, st.none() | DAYS),
    since=st.none() | DAYS,
    end=st.none() | st.builds(PersonEnd, DAYS, st.sampled_from(PersonEndReason)),
    absences=SPANS,
    commitment=st.none(),
    erased=st.just(False),  # noqa: FBT003 - a field's value
)


def written(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def gaps(spans: tuple[Span, ...]) -> list[Gap]:
    return [{"from": span.first.isoformat(), "until": span.until.isoformat()} for span in spans]


def on_the_wire(listing: Listing) -> FeedListing:
    removal = listing.removal
    return feed_listing(
        listed_on=listing.listed_on.isoformat(),
        valid_until=listing.valid_until.isoformat(),
        removal={"removed_on": removal.on.isoformat(), "reason": removal.reason.value, "decision_no": None}
        if removal
        else None,
        suspensions=gaps(listing.suspensions),
        objections=[objection_on_the_wire(one) for one in listing.objections],
    )


def objection_on_the_wire(one: Objection) -> told_as.Objection:
    return {
        "objection_no": one.objection_no,
        "filed_on": one.filed_on.isoformat(),
        "matter": one.matter,
        "filed_by_person": None,
        "outcome": one.decision.outcome.value if one.decision else None,
        "decided_on": one.decision.on.isoformat() if one.decision else None,
        "decision_document": None,
    }


def person_on_the_wire(person: RelatedPerson) -> FeedPerson:
    ban, end = person.position_ban, person.end
    return feed_person(
        since=written(person.since),
        ended_on=end.on.isoformat() if end else None,
        end_reason=end.reason.value if end else None,
        position_ban={"since": written(ban.since), "until": written(ban.until), "for_life": ban.until is None}
        if ban
        else None,
        absences=gaps(person.absences),
    )


@given(LISTINGS, PERSONS, DAYS)
def test_the_client_judges_as_the_service_does(listing: Listing, person: RelatedPerson, on: date) -> None:
    listing_told, person_told = on_the_wire(listing), person_on_the_wire(person)
    assert listing_in_force(listing_told, on) == listing.in_force(on)
    assert ban_in_force(listing_told, person_told, on) == listing.ban_in_force(person, on)
    assert len(open_objections(listing_told, on)) == len(listing.open_objections(on))
    assert person_concerned(listing_told, person_told, on) == listing.concerns(person, on)

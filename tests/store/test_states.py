"""What is spelt out of a listing is the canonical JSON of everything that a revision keeps of it."""

from datetime import date
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.domain import chain
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
from app.domain.objections import Objection, ObjectionDecision, ObjectionOutcome
from app.store.revisions import NewRevision, Revision
from app.store.states import spelt, state_of

# Quotes, line ends, the first and last plane, separators that JavaScript minds, a mark of direction.
TEXTS = st.text(st.sampled_from('甲a"\\\n\r\t/\x7f\u2028\u202e\ufeff𠮷<'), max_size=5)
DAYS = st.dates(date(1950, 1, 1), date(2100, 1, 1))
IDS = st.integers(0, 2**128 - 1).map(lambda number: UUID(int=number))
SPANS = st.lists(st.builds(Span, DAYS, DAYS), max_size=2).map(tuple)
BANS = st.builds(PositionBan, st.none() | DAYS, st.none() | DAYS)
DECISIONS = st.builds(ObjectionDecision, st.sampled_from(ObjectionOutcome), DAYS, st.none() | TEXTS)
OBJECTIONS = st.builds(Objection, TEXTS, DAYS, TEXTS, st.none() | IDS, st.none() | DECISIONS)
PERSONS = st.builds(
    RelatedPerson,
    IDS,
    TEXTS,
    TEXTS,
    st.lists(st.sampled_from(Role), min_size=1, max_size=2).map(tuple),
    st.none() | BANS,
    since=st.none() | DAYS,
    end=st.none() | st.builds(PersonEnd, DAYS, st.sampled_from(PersonEndReason)),
    absences=SPANS,
    commitment=st.none() | TEXTS,
    erased=st.booleans(),
)
LISTINGS = st.builds(
    Listing,
    IDS,
    st.integers(1, 9),
    st.builds(ListedUnit, TEXTS, TEXTS, st.lists(TEXTS, max_size=2).map(tuple)),
    *[TEXTS] * 4,
    DAYS,
    DAYS,
    st.none() | st.builds(Removal, DAYS, st.sampled_from(RemovalReason), st.none() | TEXTS),
    conduct_code=st.none() | TEXTS,
    facts=st.none() | TEXTS,
    basis=st.none() | TEXTS,
    published_until=st.none() | DAYS,
    nonconforming_reason=st.none() | TEXTS,
    suspensions=SPANS,
    objections=st.lists(OBJECTIONS, max_size=2).map(tuple),
)
ENTRIES = st.builds(
    Entry, LISTINGS, st.lists(PERSONS, max_size=3, unique_by=lambda person: person.person_id).map(tuple)
)


def iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def pairs(spans: tuple[Span, ...]) -> list[list[str]]:
    return [[span.first.isoformat(), span.until.isoformat()] for span in spans]


def expected_person(person: RelatedPerson) -> dict[str, Any]:
    ban, end = person.position_ban, person.end
    return {
        "person_id": str(person.person_id),
        "commitment": person.commitment,
        "erased": person.erased,
        "roles": [role.value for role in person.roles],
        "since": iso(person.since),
        "ended_on": iso(end.on) if end else None,
        "end_reason": end.reason.value if end else None,
        "absences": pairs(person.absences),
        "ban_since": iso(ban.since) if ban else None,
        "ban_until": iso(ban.until) if ban else None,
        "ban_for_life": ban is not None and ban.until is None,
    }


def expected_objection(objection: Objection) -> dict[str, Any]:
    decision = objection.decision
    return {
        "objection_no": objection.objection_no,
        "filed_on": objection.filed_on.isoformat(),
        "matter": objection.matter,
        "filed_by_person": str(objection.filed_by_person) if objection.filed_by_person else None,
        "outcome": decision.outcome.value if decision else None,
        "decided_on": iso(decision.on) if decision else None,
        "decision_document": decision.document if decision else None,
    }


def expected_state(entry: Entry) -> dict[str, Any]:
    listing, removal = entry.listing, entry.listing.removal
    texts = ("decision_no", "decided_by", "conduct", "conduct_code", "tier", "facts", "basis", "nonconforming_reason")
    days = ("listed_on", "valid_until", "published_until")
    return {
        **{name: getattr(listing, name) for name in texts},
        **{name: iso(getattr(listing, name)) for name in days},
        "listing_id": str(listing.listing_id),
        "uscc": listing.unit.uscc,
        "unit_name": listing.unit.name,
        "former_names": list(listing.unit.former_names),
        "removed_on": iso(removal.on) if removal else None,
        "removal_reason": removal.reason.value if removal else None,
        "removal_decision_no": removal.decision_no if removal else None,
        "suspensions": pairs(listing.suspensions),
        "objections": [expected_objection(one) for one in listing.objections],
        "persons": [expected_person(one) for one in sorted(entry.persons, key=lambda one: one.person_id)],
    }


@given(ENTRIES)
def test_a_state_is_spelt_as_the_chain_spells_everything(entry: Entry) -> None:
    assert spelt(entry) == chain.spelt(expected_state(entry))
    assert state_of(entry) == expected_state(entry)


@given(ENTRIES, st.none() | st.integers(1, 10**6), st.dictionaries(st.sampled_from(["reason", "document"]), TEXTS))
def test_a_new_revision_is_hashed_as_it_will_be_when_it_is_verified(
    entry: Entry, row: int | None, detail: dict[str, str]
) -> None:
    ids = (entry.listing.listing_id, entry.listing.revision, UUID(int=1), 7, 3)
    new = NewRevision(*ids, row, "correct", chain.spelt(detail), spelt(entry))
    kept = Revision(*ids, row, "correct", detail, expected_state(entry), b"")
    assert new.canonical_record() == chain.canonical(kept.record())

"""Persons come, leave, come back and are banned: what the listing is afterwards, and what stands against it."""

from dataclasses import replace
from datetime import date
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.listing import Entry, PersonEnd, PersonEndReason, PositionBan, RelatedPerson, Role, Span
from app.domain.operations import (
    AddPersonOperation,
    BanOperation,
    EndPersonOperation,
    Operation,
    PersonGiven,
    PersonNamed,
)
from app.domain.synthetic import synthetic_resident_id
from app.domain.transitions import decide
from tests.domain.deciding import (
    DAY,
    FIRST,
    LAST,
    TODAY,
    Register,
    Told,
    against,
    entry,
    key,
    number,
    person,
    recorded,
    recorded_as,
    told,
)


def adding(given_person: PersonGiven) -> AddPersonOperation:
    return AddPersonOperation(1, key(), given_person)


def ending(named: PersonNamed, on: date = TODAY, reason: str = "left") -> EndPersonOperation:
    return EndPersonOperation(1, key(), named, on, PersonEndReason(reason))


def banning(named: PersonNamed, ban: PositionBan) -> BanOperation:
    return BanOperation(1, key(), named, ban)


def only(after: Entry) -> RelatedPerson:
    (one,) = after.persons
    return one


def test_who_is_added_stands_after_those_who_are_there_as_the_row_gives_them() -> None:
    register = Register()
    there = recorded_as(person(1), register)
    given_person = person(2, Role.SAFETY_LEAD, ban=PositionBan(LAST, FIRST), since=FIRST + DAY)
    after = decide(adding(given_person), entry(there), register, TODAY)
    assert after.persons == (there, recorded_as(given_person, register))


@pytest.mark.parametrize(
    ("given_person", "expected"),
    [
        (person(since=TODAY), []),
        (person(since=TODAY + DAY), [(1, "person.since", "date_in_future")]),
        (person(1, Role.OTHER, Role.OTHER), [(1, "person.roles", "duplicate_role")]),
        (person(ban=PositionBan(None, TODAY + DAY)), [(1, "person.position_ban.since", "date_in_future")]),
        (person(ban=PositionBan(FIRST - DAY)), [(1, "person.position_ban.until", "date_order")]),
        (person(ban=PositionBan(FIRST)), []),
        (person(ban=PositionBan(TODAY - DAY, TODAY)), [(1, "person.position_ban.until", "date_order")]),
    ],
)
def test_whoever_is_added_keeps_to_what_holds_for_persons_of_a_new_listing(
    given_person: PersonGiven, expected: list[Told]
) -> None:
    assert told(adding(given_person), entry()) == expected


@pytest.mark.parametrize("name", ["虚构", "虚构乙"])
def test_nobody_is_added_who_is_there_under_whichever_name(name: str) -> None:
    register = Register()
    before = entry(recorded_as(person(1), register))
    (error,) = against(adding(person(1, name=name)), before, register)
    assert (error.row, error.field, error.code) == (1, "person.id_number", "person_already_recorded")
    assert "人员离任（end_person）" in error.detail
    assert synthetic_resident_id(1)[-4:] not in error.detail


def test_who_has_left_comes_under_another_name_as_another_identity_of_the_number() -> None:
    register = Register()
    gone = recorded_as(person(1), register, ended_on=TODAY - DAY)
    after = decide(adding(person(1, name="虚构乙")), entry(gone), register, TODAY)
    assert after.persons == (gone, recorded_as(person(1, name="虚构乙"), register))
    ended = decide(ending(number(1)), after, register, TODAY)
    assert [one.end for one in ended.persons] == [gone.end, PersonEnd(TODAY, PersonEndReason.LEFT)]


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (None, [(1, "person.since", "date_order")]),
        (FIRST + 9 * DAY, [(1, "person.since", "date_order")]),
        (FIRST + 10 * DAY, []),
        (FIRST + 30 * DAY, []),
    ],
)
def test_who_comes_back_says_since_when_and_not_before_they_left(since: date | None, expected: list[Told]) -> None:
    register = Register()
    before = entry(recorded_as(person(1), register, ended_on=FIRST + 10 * DAY))
    assert told(adding(person(1, since=since)), before, register) == expected


@given(terms=st.lists(st.integers(0, 20), min_size=2, max_size=8), first=st.none() | st.integers(0, 20))
def test_whoever_comes_and_goes_answers_for_the_unit_on_exactly_the_days_of_their_terms(
    terms: list[int], first: int | None
) -> None:
    """The lengths of terms and absences in turn; each term but the last ends."""
    register = Register()
    since = FIRST + first * DAY if first is not None else None
    now, begun, expected = decide(adding(person(since=since)), entry(), register, TODAY), since or FIRST, set[date]()
    for length, away in zip(terms[::2], terms[1::2], strict=False):
        ended_on = begun + length * DAY
        expected |= {begun + n * DAY for n in range(length)}
        now = decide(ending(number(), ended_on), now, register, TODAY)
        begun = ended_on + away * DAY
        now = decide(adding(person(since=begun)), now, register, TODAY)
    expected |= {begun + n * DAY for n in range(400)}
    listing, who = now.listing, only(now)
    on = [FIRST + n * DAY for n in range(365)]
    assert {day for day in on if listing.lists(who, day)} == expected & set(on)
    absences = who.absences
    assert all(one.until < other.first for one, other in pairwise(absences))


def test_who_comes_back_has_the_new_roles_and_keeps_their_ban_unless_given_another() -> None:
    register = Register()
    gone = recorded_as(person(1, ban=PositionBan(LAST)), register, ended_on=FIRST + DAY)
    same_day = person(1, Role.OTHER, since=FIRST + DAY)
    back = only(decide(adding(same_day), entry(gone), register, TODAY))
    assert back == replace(gone, roles=(Role.OTHER,), end=None)
    other_ban = replace(same_day, position_ban=PositionBan(None))
    assert only(decide(adding(other_ban), entry(gone), register, TODAY)).position_ban == PositionBan(None)


def test_of_who_never_was_nothing_is_left_once_they_come() -> None:
    register = Register()
    mistaken = recorded_as(person(1, ban=PositionBan(None), since=FIRST), register, ended_on=TODAY, reason="corrected")
    mistaken = replace(mistaken, absences=(Span(FIRST, FIRST + DAY),))
    come = person(1, Role.OTHER)
    assert only(decide(adding(come), entry(mistaken), register, TODAY)) == recorded_as(come, register)


@pytest.mark.parametrize("by_id", [True, False])
@pytest.mark.parametrize("reason", PersonEndReason)
def test_an_end_changes_the_one_who_is_named_in_this_one_way(reason: str, *, by_id: bool) -> None:
    register = Register()
    one, other = recorded_as(person(1), register), recorded_as(person(2), register)
    named: PersonNamed = one.person_id if by_id else number(1)
    after = decide(ending(named, reason=reason), entry(one, other), register, TODAY)
    assert after.persons == (replace(one, end=PersonEnd(TODAY, PersonEndReason(reason))), other)
    assert after.listing == replace(recorded(), revision=2)


@pytest.mark.parametrize(
    ("since", "on", "expected"),
    [
        (None, FIRST, []),
        (None, FIRST - DAY, [(1, "ended_on", "date_order")]),
        (FIRST + 5 * DAY, FIRST + 5 * DAY, []),
        (FIRST + 5 * DAY, FIRST + 4 * DAY, [(1, "ended_on", "date_order")]),
        (FIRST - 5 * DAY, FIRST - DAY, [(1, "ended_on", "date_order")]),
        (None, TODAY + DAY, [(1, "ended_on", "date_in_future")]),
    ],
)
def test_a_person_leaves_between_their_coming_and_today(since: date | None, on: date, expected: list[Told]) -> None:
    register = Register()
    before = entry(recorded_as(person(since=since), register))
    assert told(ending(number(), on), before, register) == expected


@pytest.mark.parametrize(("day", "wrong"), [(1, True), (8, True), (9, False)])
def test_a_person_leaves_no_sooner_than_they_last_came_back(day: int, wrong: bool) -> None:  # noqa: FBT001 - the expected answer
    register = Register()
    back = replace(recorded_as(person(), register), absences=(Span(FIRST + DAY, FIRST + 9 * DAY),))
    expected = [(1, "ended_on", "date_order")] if wrong else []
    assert told(ending(number(), FIRST + day * DAY), entry(back), register) == expected


@pytest.mark.parametrize("reason", PersonEndReason)
def test_a_person_ends_once(reason: str) -> None:
    register = Register()
    gone = recorded_as(person(), register, ended_on=FIRST + DAY, reason=reason)
    assert told(ending(number()), entry(gone), register) == [(1, "id_number", "person_already_ended")]
    assert told(ending(gone.person_id), entry(gone), register) == [(1, "person_id", "person_already_ended")]


@pytest.mark.parametrize("operation", [ending(number(5)), banning(number(5), PositionBan(None))])
def test_who_does_not_stand_in_the_listing_cannot_be_named_by_number(operation: Operation) -> None:
    register = Register()
    before = entry(recorded_as(person(1), register))
    assert told(operation, before, register) == [(1, "id_number", "person_not_found")]
    register.identity(person(5))
    assert told(operation, before, register) == [(1, "id_number", "person_not_found")], "known from elsewhere"


def test_of_a_number_with_several_names_the_one_who_is_there_or_the_only_one_who_left_is_meant() -> None:
    register = Register()
    ban = PositionBan(None)

    def standing(*ends: str | None) -> Entry:
        names = enumerate(zip(("甲", "乙", "丙"), ends, strict=False))
        return entry(
            *(
                recorded_as(person(name=f"虚构{name}"), register, FIRST + n * DAY if end else None, end or "left")
                for n, (name, end) in names
            )
        )

    def banned(before: Entry) -> list[str]:
        return [one.name for one in decide(banning(number(), ban), before, register, TODAY).persons if one.position_ban]

    assert banned(standing("left", None)) == ["虚构乙"]
    assert banned(standing("corrected", "left")) == ["虚构乙"]
    assert banned(standing("corrected", "left", None)) == ["虚构丙"]
    both = standing("left", "left", "corrected")
    assert told(banning(number(), ban), both, register) == [(1, "id_number", "person_ambiguous")]
    # In whichever order they stand, the id says who.
    named = banning(both.persons[1].person_id, ban)
    assert [bool(one.position_ban) for one in decide(named, both, register, TODAY).persons] == [False, True, False]


@pytest.mark.parametrize("operation", [ending(UUID(int=1000)), banning(UUID(int=1000), PositionBan(None))])
def test_who_is_not_there_or_was_erased_cannot_be_named_by_id(operation: Operation) -> None:
    register = Register()
    erased = replace(recorded_as(person(1), register), erased=True)
    assert erased.person_id == UUID(int=1000)
    assert told(operation, entry(erased), register) == [(1, "person_id", "person_not_found")]
    assert told(operation, entry(), register) == [(1, "person_id", "person_not_found")]
    assert told(operation, entry(replace(erased, erased=False)), register) == []


@pytest.mark.parametrize("ended", [None, "left"])
@pytest.mark.parametrize("earlier", [None, PositionBan(LAST)])
def test_a_ban_takes_the_place_of_an_earlier_one_also_for_who_has_left(
    ended: str | None, earlier: PositionBan | None
) -> None:
    register = Register()
    who = recorded_as(person(ban=earlier), register, ended_on=TODAY if ended else None)
    ban = PositionBan(LAST + DAY, FIRST + DAY)
    assert only(decide(banning(number(), ban), entry(who), register, TODAY)) == replace(who, position_ban=ban)


def test_no_ban_is_laid_on_who_never_was() -> None:
    register = Register()
    mistaken = recorded_as(person(), register, ended_on=TODAY, reason="corrected")
    assert told(banning(number(), PositionBan(None)), entry(mistaken), register) == [
        (1, "id_number", "person_already_ended")
    ]


@pytest.mark.parametrize(
    ("ban", "expected"),
    [
        (PositionBan(None), []),
        (PositionBan(None, FIRST), []),
        (PositionBan(None, FIRST - DAY), [(1, "position_ban.since", "date_order")]),
        (PositionBan(None, TODAY), []),
        (PositionBan(None, TODAY + DAY), [(1, "position_ban.since", "date_in_future")]),
        (PositionBan(FIRST), []),
        (PositionBan(FIRST - DAY), [(1, "position_ban.until", "date_order")]),
        (PositionBan(TODAY, TODAY), []),
        (PositionBan(TODAY - DAY, TODAY), [(1, "position_ban.until", "date_order")]),
        (
            PositionBan(TODAY, TODAY + DAY),
            [(1, "position_ban.since", "date_in_future"), (1, "position_ban.until", "date_order")],
        ),
    ],
)
def test_a_ban_begins_with_the_listing_or_later_and_ends_no_sooner_than_it_begins(
    ban: PositionBan, expected: list[Told]
) -> None:
    register = Register()
    before = entry(recorded_as(person(), register))
    assert told(banning(number(), ban), before, register) == expected


def test_no_objection_about_a_person_and_no_operation_shows_their_number() -> None:
    register = Register()
    gone = recorded_as(person(1), register, ended_on=FIRST)
    for operation in (ending(number(1)), adding(person(1)), ending(number(2)), banning(number(2), PositionBan(None))):
        (error,) = against(operation, entry(gone), register)
        for n in (1, 2):
            assert synthetic_resident_id(n) not in repr(error) + repr(operation)

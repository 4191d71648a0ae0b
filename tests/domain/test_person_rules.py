"""What stands against the persons of a listing, and a recorded set of them brought to a given one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.listing import PersonEnd, PersonEndReason, PositionBan, RelatedPerson, Role, Span
from app.domain.operations import PersonGiven
from app.domain.person_rules import knows_since, left_and_came_back, refusals_of_persons, with_persons
from app.domain.synthetic import synthetic_resident_id
from tests.domain.deciding import DAY, FIRST, LAST, TODAY, Register, entry, person, recorded_as


def refusals(*persons: PersonGiven) -> list[tuple[str, str]]:
    return [(field, code) for field, code, _ in refusals_of_persons(persons, FIRST, TODAY)]


def brought(
    register: Register, recorded: Sequence[RelatedPerson], wanted: Sequence[PersonGiven], today: date = TODAY
) -> tuple[RelatedPerson, ...]:
    """Return the recorded persons brought to those who are wanted."""
    given_persons = [recorded_as(one, register) for one in wanted]
    return with_persons(recorded, given_persons, [register.ids_of(one.number) for one in wanted], today)


def left(one: RelatedPerson, on: date = TODAY) -> RelatedPerson:
    return replace(one, end=PersonEnd(on, PersonEndReason.LEFT))


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (person(2, since=TODAY), []),
        (person(2, since=FIRST - 900 * DAY), []),
        (person(2, since=TODAY + DAY), [("persons[1].since", "date_in_future")]),
        (person(2, Role.OTHER, Role.PRINCIPAL), []),
        (person(2, Role.OTHER, Role.OTHER), [("persons[1].roles", "duplicate_role")]),
        (person(2, ban=PositionBan(None, TODAY)), []),
        (person(2, ban=PositionBan(None, TODAY + DAY)), [("persons[1].position_ban.since", "date_in_future")]),
        (person(2, ban=PositionBan(FIRST)), []),
        (person(2, ban=PositionBan(FIRST - DAY)), [("persons[1].position_ban.until", "date_order")]),
        (person(2, ban=PositionBan(FIRST - DAY, FIRST - DAY)), []),
        (person(2, ban=PositionBan(FIRST, FIRST + DAY)), [("persons[1].position_ban.until", "date_order")]),
        (person(1), [("persons[1].id_number", "duplicate_person")]),
        (person(1, name="虚构乙"), [("persons[1].id_number", "duplicate_person")]),
    ],
)
def test_what_is_wrong_with_a_person_is_told_at_their_own_field(
    wrong: PersonGiven, expected: list[tuple[str, str]]
) -> None:
    assert refusals(person(1), wrong) == expected


def test_everything_that_is_wrong_is_told_and_a_repeated_number_by_the_first_one_that_has_it() -> None:
    worst = person(1, Role.OTHER, Role.OTHER, since=TODAY + DAY, ban=PositionBan(TODAY, TODAY + DAY))
    assert refusals(person(2), person(1), worst, person(2)) == [
        ("persons[2].id_number", "duplicate_person"),
        ("persons[2].roles", "duplicate_role"),
        ("persons[2].since", "date_in_future"),
        ("persons[2].position_ban.since", "date_in_future"),
        ("persons[2].position_ban.until", "date_order"),
        ("persons[3].id_number", "duplicate_person"),
    ]
    details = [detail for _, _, detail in refusals_of_persons([person(2), person(1), worst], FIRST, TODAY)]
    assert "第 2 名" in details[0]
    assert not any(synthetic_resident_id(n)[-4:] in detail for n in (1, 2) for detail in details)


def test_who_is_given_again_keeps_what_a_whole_list_does_not_tell() -> None:
    register = Register()
    since = recorded_as(person(1, since=FIRST + DAY), register)
    away = replace(since, absences=(Span(FIRST + 2 * DAY, FIRST + 3 * DAY),))
    given_again = person(1, Role.OTHER, ban=PositionBan(LAST))
    expected = replace(away, roles=(Role.OTHER,), position_ban=PositionBan(LAST))
    assert brought(register, [away], [given_again]) == (expected,)
    assert brought(register, [since], [replace(given_again, since=FIRST + 5 * DAY)]) == (
        replace(expected, since=FIRST + 5 * DAY, absences=()),
    )


@pytest.mark.parametrize(
    ("told", "since", "absences"),
    [
        # Before they had ever left, it is their first day.
        (1, 1, [(10, 20), (30, 40)]),
        (9, 9, [(10, 20), (30, 40)]),
        # From then on it is the day on which they were back, and the time before it stays.
        (10, 5, [(30, 40)]),
        (15, 5, [(10, 15), (30, 40)]),
        (25, 5, [(10, 25), (30, 40)]),
        (29, 5, [(10, 29), (30, 40)]),
        (30, 5, [(10, 20)]),
        (35, 5, [(10, 20), (30, 35)]),
        (60, 5, [(10, 20), (30, 60)]),
        # These are known.
        (5, 5, [(10, 20), (30, 40)]),
        (20, 5, [(10, 20), (30, 40)]),
        (40, 5, [(10, 20), (30, 40)]),
    ],
)
def test_a_first_day_that_is_told_never_takes_the_time_before_an_absence(
    told: int, since: int, absences: list[tuple[int, int]]
) -> None:
    def spans(pairs: list[tuple[int, int]]) -> tuple[Span, ...]:
        return tuple(Span(FIRST + first * DAY, FIRST + until * DAY) for first, until in pairs)

    register = Register()
    recorded = recorded_as(person(1, since=FIRST + 5 * DAY), register)
    recorded = replace(recorded, absences=spans([(10, 20), (30, 40)]))
    wanted = [person(1, since=FIRST + told * DAY)]
    once = brought(register, [recorded], wanted)
    assert once == (replace(recorded, since=FIRST + since * DAY, absences=spans(absences)),)
    if told not in {10, 30}:  # nothing but the history knows a return without an absence: see the snapshots' test
        assert brought(register, once, wanted) == once


def test_who_is_not_given_any_more_has_left_today_and_who_had_ended_stays_ended() -> None:
    register = Register()
    there = recorded_as(person(1), register)
    gone = recorded_as(person(2), register, ended_on=FIRST + DAY)
    mistaken = recorded_as(person(3), register, ended_on=FIRST + DAY, reason="corrected")
    assert brought(register, [there, gone, mistaken], []) == (left(there), gone, mistaken)


def test_who_was_erased_cannot_be_given_and_is_left_as_they_are() -> None:
    register = Register()
    erased = replace(recorded_as(person(1), register), erased=True)
    assert brought(register, [erased], [person(2)]) == (erased, recorded_as(person(2), register))


@pytest.mark.parametrize(("ended_on", "away"), [(TODAY - 9 * DAY, True), (TODAY, False)])
def test_who_had_left_and_is_given_again_was_away_until_today(ended_on: date, away: bool) -> None:  # noqa: FBT001 - the expected answer
    register = Register()
    gone = recorded_as(person(1), register, ended_on=ended_on)
    (back,) = brought(register, [gone], [person(1)])
    assert back == replace(gone, end=None, absences=(Span(ended_on, TODAY),) if away else ())


def test_who_comes_back_on_a_day_that_is_told_keeps_their_earlier_time() -> None:
    register = Register()
    gone = recorded_as(person(1, since=FIRST), register, ended_on=FIRST + 5 * DAY)
    returned = person(1, since=FIRST + 9 * DAY)
    back = brought(register, [gone], [returned])
    expected = replace(gone, end=None, absences=(Span(FIRST + 5 * DAY, FIRST + 9 * DAY),))
    assert back == (expected,)
    # The same list again changes nothing, whichever of the two days it tells.
    assert brought(register, back, [returned]) == back
    assert brought(register, back, [person(1, since=FIRST)]) == back
    assert knows_since(expected, FIRST + 9 * DAY)
    assert not knows_since(expected, FIRST + 8 * DAY)


@pytest.mark.parametrize("until", [FIRST + 5 * DAY, FIRST + 2 * DAY])
def test_who_comes_back_on_the_day_on_which_they_left_was_never_away(until: date) -> None:
    register = Register()
    gone = recorded_as(person(1, since=FIRST), register, ended_on=FIRST + 5 * DAY)
    gone = replace(gone, absences=(Span(FIRST + DAY, until),))
    back = brought(register, [gone], [person(1, since=FIRST + 5 * DAY)])
    assert back == (replace(gone, end=None),)


def test_the_history_knows_who_left_and_was_back_on_the_same_day() -> None:
    day = FIRST + 5 * DAY
    left_then, corrected = PersonEnd(day, PersonEndReason.LEFT), PersonEnd(day, PersonEndReason.CORRECTED)
    there = recorded_as(person(1), Register())
    away = replace(there, absences=(Span(day, day + DAY),))
    assert left_and_came_back(there, day, [left_then, PersonEnd(TODAY, PersonEndReason.LEFT)])
    assert not left_and_came_back(there, day + DAY, [left_then])
    assert not left_and_came_back(there, day, [])
    assert not left_and_came_back(away, day, [left_then]), "that they were back at once is news"
    assert not left_and_came_back(left(there, day), day, [left_then]), "they are not back yet"
    assert left_and_came_back(left(there, day + DAY), day, [left_then])
    # What was held of them before it turned out that they never had been in it is no part of it.
    assert not left_and_came_back(there, day, [left_then, corrected])
    assert left_and_came_back(there, day, [corrected, left_then])


def test_a_first_day_before_the_end_is_the_one_of_their_first_time() -> None:
    register = Register()
    gone = recorded_as(person(1, since=FIRST), register, ended_on=FIRST + 5 * DAY)
    (back,) = brought(register, [gone], [person(1, since=FIRST + DAY)])
    assert back == replace(gone, since=FIRST + DAY, end=None, absences=(Span(FIRST + 5 * DAY, TODAY),))


def test_of_who_never_was_nothing_is_left_once_they_are_given() -> None:
    register = Register()
    mistaken = recorded_as(person(1, ban=PositionBan(None), since=FIRST), register, ended_on=FIRST, reason="corrected")
    mistaken = replace(mistaken, absences=(Span(FIRST, FIRST + DAY),))
    assert brought(register, [mistaken], [person(1, Role.OTHER)]) == (recorded_as(person(1, Role.OTHER), register),)


def test_the_same_number_under_another_name_has_left_and_come() -> None:
    register = Register()
    before = recorded_as(person(1), register)
    renamed = person(1, name="虚构乙")
    after = brought(register, [before], [renamed])
    assert after == (left(before), recorded_as(renamed, register))
    tomorrow = brought(register, after, [person(1)], TODAY + DAY)
    assert [one.end for one in tomorrow] == [None, PersonEnd(TODAY + DAY, PersonEndReason.LEFT)]
    assert tomorrow[0].absences == (Span(TODAY, TODAY + DAY),)


def test_who_had_left_under_another_name_keeps_the_day_on_which_they_left() -> None:
    register = Register()
    gone = recorded_as(person(1), register, ended_on=FIRST + DAY)
    renamed = person(1, name="虚构乙")
    assert brought(register, [gone], [renamed]) == (gone, recorded_as(renamed, register))


GIVEN = st.builds(
    person,
    st.integers(1, 4),
    st.sampled_from(Role),
    name=st.sampled_from(["虚构", "虚构乙"]),
    ban=st.none() | st.just(PositionBan(None)),
    since=st.none() | st.just(FIRST),
)
SETS = st.lists(GIVEN, max_size=4, unique_by=lambda one: one.number)


@given(sets=st.lists(SETS, min_size=1, max_size=5))
def test_after_any_sets_of_persons_exactly_the_last_given_are_there_and_nobody_is_lost(
    sets: list[list[PersonGiven]],
) -> None:
    register, ever = Register(), dict[tuple[str, str], PositionBan | None]()
    now: tuple[RelatedPerson, ...] = ()
    for n, wanted in enumerate(sets):
        now = brought(register, now, wanted, TODAY + n * DAY)
        # Of a ban that was once given nothing is said by who does not give it again.
        ever |= {key: one.position_ban or ever.get(key) for one in wanted for key in [(one.number.masked, one.name)]}
    there = [one for one in now if one.end is None]
    last = [(o.name, o.number.masked, o.roles, ever[o.number.masked, o.name]) for o in sets[-1]]
    key = str
    assert sorted(((o.name, o.masked_number, o.roles, o.position_ban) for o in there), key=key) == sorted(last, key=key)
    assert {(one.masked_number, one.name) for one in now} == ever.keys()
    assert len({one.person_id for one in now}) == len(now)


@given(before=SETS, wanted=SETS)
def test_bringing_persons_to_the_same_set_twice_is_bringing_them_once(
    before: list[PersonGiven], wanted: list[PersonGiven]
) -> None:
    register = Register()
    once = brought(register, [recorded_as(one, register) for one in before], wanted)
    assert brought(register, once, wanted) == once


@given(before=SETS, wanted=SETS)
def test_whoever_is_given_answers_today_and_whoever_is_not_does_not(
    before: list[PersonGiven], wanted: list[PersonGiven]
) -> None:
    register = Register()
    after = entry(*brought(register, [recorded_as(one, register) for one in before], wanted))
    numbers = {one.number.masked: one.name for one in wanted}
    for one in after.persons:
        assert after.listing.lists(one, TODAY) is (numbers.get(one.masked_number) == one.name)

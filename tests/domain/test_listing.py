"""What a listing and a position ban are on each day around their boundaries."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.listing import (
    Entry,
    ListedUnit,
    Listing,
    ListingState,
    PersonEnd,
    PersonEndReason,
    PositionBan,
    RelatedPerson,
    Removal,
    RemovalReason,
    Role,
    Span,
)

DAY = timedelta(days=1)
FIRST, LAST = date(2026, 3, 1), date(2029, 2, 28)
REMOVED = date(2027, 6, 15)
NOT_YET, IN_FORCE, EXPIRED, GONE = ListingState


def listing(removed_on: date | None = None, reason: RemovalReason = RemovalReason.REPAIRED) -> Listing:
    return Listing(
        listing_id=UUID(int=1),
        revision=1,
        unit=ListedUnit("91441800PDY000012K", "示例（虚构）有限公司", ()),
        decision_no="虚构列〔2026〕1号",
        decided_by="清远市应急管理局（测试）",
        conduct="虚构行为",
        tier="严重失信主体",
        listed_on=FIRST,
        valid_until=LAST,
        removal=Removal(removed_on, reason, None) if removed_on else None,
    )


def person(ban: PositionBan | None = None) -> RelatedPerson:
    return RelatedPerson(UUID(int=2), "虚构", "44**************02", (Role.PRINCIPAL,), ban)


@pytest.mark.parametrize(
    ("on", "state"),
    [
        (date.min, NOT_YET),
        (FIRST - DAY, NOT_YET),
        (FIRST, IN_FORCE),
        (FIRST + DAY, IN_FORCE),
        (LAST - DAY, IN_FORCE),
        (LAST, IN_FORCE),
        (LAST + DAY, EXPIRED),
        (date.max, EXPIRED),
    ],
)
def test_a_listing_is_in_force_from_its_first_to_its_last_day(on: date, state: ListingState) -> None:
    assert listing().state(on) is state
    assert listing().in_force(on) is (state is IN_FORCE)


@pytest.mark.parametrize("reason", RemovalReason)
@pytest.mark.parametrize(
    ("removed_on", "on", "state"),
    [
        (REMOVED, FIRST - DAY, NOT_YET),
        (REMOVED, FIRST, IN_FORCE),
        (REMOVED, REMOVED - DAY, IN_FORCE),
        (REMOVED, REMOVED, GONE),
        (REMOVED, REMOVED + DAY, GONE),
        (REMOVED, LAST + DAY, GONE),
        # Removed on the day it was listed, it never was in force, and before that it was not yet.
        (FIRST, FIRST - DAY, NOT_YET),
        (FIRST, FIRST, GONE),
        # Removed on its last day, it lacks that day; after its period, it was over already.
        (LAST, LAST - DAY, IN_FORCE),
        (LAST, LAST, GONE),
        (LAST + DAY, LAST, IN_FORCE),
        (LAST + DAY, LAST + DAY, GONE),
        (LAST + 9 * DAY, LAST + DAY, EXPIRED),
        (LAST + 9 * DAY, LAST + 8 * DAY, EXPIRED),
        (LAST + 9 * DAY, LAST + 9 * DAY, GONE),
    ],
)
def test_a_removed_listing_is_not_in_force_on_the_day_of_removal(
    removed_on: date, on: date, state: ListingState, reason: RemovalReason
) -> None:
    """Whatever the reason: a decision that was taken back was in force until it was."""
    assert listing(removed_on, reason).state(on) is state


def test_a_listing_of_one_day_is_in_force_on_that_day_only() -> None:
    one_day = Listing(**{name: getattr(listing(), name) for name in Listing.__slots__} | {"valid_until": FIRST})
    states = [one_day.state(FIRST + offset * DAY) for offset in (-1, 0, 1)]
    assert states == [NOT_YET, IN_FORCE, EXPIRED]


BAN_END = LAST + 730 * DAY


@pytest.mark.parametrize(
    ("until", "on", "held"),
    [
        (BAN_END, FIRST - DAY, False),
        (BAN_END, FIRST, True),
        (BAN_END, LAST + DAY, True),
        (BAN_END, BAN_END, True),
        (BAN_END, BAN_END + DAY, False),
        (None, FIRST - DAY, False),
        (None, FIRST, True),
        (None, date.max, True),
        # A ban may also end before the listing does.
        (FIRST, FIRST, True),
        (FIRST, FIRST + DAY, False),
    ],
)
def test_a_position_ban_holds_from_the_listing_to_its_own_last_day(until: date | None, on: date, held: bool) -> None:  # noqa: FBT001 - the expected answer
    assert listing().ban_in_force(person(PositionBan(until)), on) is held


@pytest.mark.parametrize("until", [BAN_END, None], ids=["until a day", "for life"])
@pytest.mark.parametrize(
    ("reason", "outlives"),
    [
        (RemovalReason.REPAIRED, True),
        (RemovalReason.EXPIRED, True),
        (RemovalReason.REVOKED, False),
        (RemovalReason.CORRECTED, False),
    ],
)
def test_a_ban_outlives_the_listing_unless_what_it_rests_on_is_gone(
    reason: RemovalReason,
    outlives: bool,  # noqa: FBT001 - the expected answer
    until: date | None,
) -> None:
    ended, banned = listing(REMOVED, reason), person(PositionBan(until))
    assert ended.ban_in_force(banned, REMOVED - DAY)
    assert ended.ban_in_force(banned, REMOVED) is outlives
    assert ended.ban_in_force(banned, REMOVED + DAY) is outlives
    assert ended.concerns(banned, REMOVED) is outlives
    assert not ended.concerns(person(), REMOVED)
    assert not ended.concerns(None, REMOVED)


def test_who_is_not_banned_never_is() -> None:
    assert not any(listing().ban_in_force(person(), on) for on in (FIRST - DAY, FIRST, LAST, LAST + DAY))


@given(
    on=st.dates(FIRST - 5 * DAY, BAN_END + 5 * DAY),
    removed_on=st.none() | st.dates(FIRST, BAN_END),
    reason=st.sampled_from(RemovalReason),
    ban=st.none() | st.builds(PositionBan, st.none() | st.dates(FIRST, BAN_END)),
)
def test_a_person_is_found_whenever_the_unit_is_and_longer_only_for_a_ban(
    on: date, removed_on: date | None, reason: RemovalReason, ban: PositionBan | None
) -> None:
    one, who = listing(removed_on, reason), person(ban)
    assert one.concerns(None, on) is one.in_force(on) is (one.state(on) is IN_FORCE)
    if one.in_force(on):
        assert one.concerns(who, on)
    if one.concerns(who, on) and not one.in_force(on):
        assert ban is not None
        assert one.state(on) in {EXPIRED, GONE}
    if one.state(on) is NOT_YET:
        assert not one.concerns(who, on)


@pytest.mark.parametrize(
    ("on", "covered"), [(FIRST - DAY, False), (FIRST, True), (FIRST + DAY, True), (FIRST + 2 * DAY, False)]
)
def test_a_span_covers_its_first_day_and_not_the_one_it_goes_up_to(on: date, covered: bool) -> None:  # noqa: FBT001 - the expected answer
    assert Span(FIRST, FIRST + 2 * DAY).covers(on) is covered


@given(steps=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=6))
def test_spans_put_one_after_another_cover_the_same_days_and_never_touch(steps: list[tuple[int, int]]) -> None:
    spans: tuple[Span, ...] = ()
    days, at = set[date](), FIRST
    for away, length in steps:
        first, until = at + away * DAY, at + (away + length) * DAY
        spans, at = Span(first, until).after(spans), until
        days |= {first + n * DAY for n in range(length)}
    around = [FIRST + n * DAY for n in range(-1, 60)]
    assert {on for on in around if any(span.covers(on) for span in spans)} == days
    assert all(span.first < span.until for span in spans)
    assert all(one.until < other.first for one, other in pairwise(spans))


SUSPENDED = replace(listing(), suspensions=(Span(REMOVED, REMOVED + 9 * DAY),))


@pytest.mark.parametrize(
    ("on", "state"),
    [
        (REMOVED - DAY, IN_FORCE),
        (REMOVED, GONE),
        (REMOVED + 8 * DAY, GONE),
        (REMOVED + 9 * DAY, IN_FORCE),
        (LAST, IN_FORCE),
        (LAST + DAY, EXPIRED),
        (FIRST - DAY, NOT_YET),
    ],
)
def test_a_suspended_listing_is_removed_from_its_removal_up_to_its_restoring(on: date, state: ListingState) -> None:
    assert SUSPENDED.state(on) is state
    assert SUSPENDED.lists(person(), on) is SUSPENDED.lists(None, on) is (state is IN_FORCE)


def test_a_ban_holds_while_the_listing_is_suspended() -> None:
    banned = person(PositionBan(None))
    assert SUSPENDED.ban_in_force(banned, REMOVED)
    assert SUSPENDED.concerns(banned, REMOVED)
    assert not SUSPENDED.lists(banned, REMOVED)


@pytest.mark.parametrize(
    ("since", "on", "held"),
    [
        (REMOVED, REMOVED - DAY, False),
        (REMOVED, REMOVED, True),
        # A ban that is older than the listing begins with it.
        (FIRST - 9 * DAY, FIRST - DAY, False),
        (FIRST - 9 * DAY, FIRST, True),
    ],
)
def test_a_ban_holds_from_its_own_first_day_and_not_before_the_listing(since: date, on: date, held: bool) -> None:  # noqa: FBT001 - the expected answer
    assert listing().ban_in_force(person(PositionBan(None, since)), on) is held


SINCE, ENDED = FIRST + 30 * DAY, FIRST + 60 * DAY
AWAY = Span(FIRST + 40 * DAY, FIRST + 50 * DAY)
LEFT, CORRECTED = (PersonEnd(ENDED, reason) for reason in PersonEndReason)
TERM = replace(person(), since=SINCE, end=LEFT, absences=(AWAY,))


@pytest.mark.parametrize(
    ("on", "answers"),
    [
        (FIRST, False),
        (SINCE - DAY, False),
        (SINCE, True),
        (AWAY.first - DAY, True),
        (AWAY.first, False),
        (AWAY.until - DAY, False),
        (AWAY.until, True),
        (ENDED - DAY, True),
        (ENDED, False),
        (LAST, False),
    ],
)
def test_a_person_answers_for_the_unit_during_their_terms(on: date, answers: bool) -> None:  # noqa: FBT001 - the expected answer
    assert TERM.answers_for_unit(on) is answers
    assert listing().lists(TERM, on) is answers
    assert listing().concerns(TERM, on) is answers
    assert listing().lists(None, on), "the unit is listed all the while"


def test_whoever_never_left_answers_as_long_as_the_listing_is_in_force() -> None:
    earlier = replace(person(), since=FIRST - 100 * DAY)
    for who in (person(), earlier):
        assert [listing().lists(who, on) for on in (FIRST - DAY, FIRST, LAST, LAST + DAY)] == [False, True, True, False]


def test_who_has_left_is_still_banned_and_who_never_was_is_not() -> None:
    banned = replace(TERM, position_ban=PositionBan(None))
    mistaken = replace(banned, end=CORRECTED)
    for on in (FIRST, SINCE, AWAY.first, ENDED, LAST + DAY):
        assert listing().ban_in_force(banned, on)
        assert listing().concerns(banned, on)
        assert not mistaken.answers_for_unit(on)
        assert not listing().concerns(mistaken, on)


@given(
    on=st.dates(FIRST - 3 * DAY, FIRST + 70 * DAY),
    since=st.none() | st.dates(FIRST - 3 * DAY, FIRST + 30 * DAY),
    end=st.none() | st.builds(PersonEnd, st.dates(FIRST, FIRST + 60 * DAY), st.sampled_from(PersonEndReason)),
    suspended=st.lists(st.builds(Span, st.just(AWAY.first), st.just(AWAY.until)), max_size=1),
)
def test_a_person_is_never_listed_on_a_day_on_which_the_unit_is_not(
    on: date, since: date | None, end: PersonEnd | None, suspended: list[Span]
) -> None:
    who = replace(person(), since=since, end=end)
    one = replace(listing(), suspensions=tuple(suspended))
    assert one.lists(who, on) is (one.lists(None, on) and who.answers_for_unit(on))
    assert one.concerns(who, on) is one.lists(who, on), "without a ban, there is nothing else"


def test_of_a_number_with_two_names_the_one_who_has_not_left_is_meant() -> None:
    gone, there = TERM, replace(person(), person_id=UUID(int=3), name="虚构乙")
    ids = frozenset({gone.person_id, there.person_id})
    assert Entry(listing(), (gone, there)).person(ids) is there
    assert Entry(listing(), (there, gone)).person(ids) is there
    assert Entry(listing(), (gone, there)).person(frozenset({gone.person_id})) is gone
    assert Entry(listing(), (gone, there)).person(frozenset({UUID(int=4)})) is None
    assert Entry(listing(), (gone,)).person(frozenset()) is None

"""What a listing and a position ban are on each day around their boundaries."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.listing import (
    ListedUnit,
    Listing,
    ListingState,
    PositionBan,
    RelatedPerson,
    Removal,
    RemovalReason,
    Role,
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

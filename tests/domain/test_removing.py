"""A listing is removed and restored: on which days it is in force afterwards, and what stands against it."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.listing import Listing, PositionBan, Removal, RemovalReason, Span
from app.domain.operations import RemoveOperation, RestoreOperation, RestoreReason
from app.domain.transitions import decide
from tests.domain.deciding import (
    DAY,
    FIRST,
    LAST,
    TODAY,
    Register,
    Told,
    against,
    days,
    entry,
    key,
    person,
    recorded,
    recorded_as,
    removal_of,
    told,
    with_listing,
)

LATER = LAST + 500 * DAY
"""A day on which everything below lies in the past."""


def restoring(on: date, reason: str = "repair_revoked", valid_until: date | None = None) -> RestoreOperation:
    return RestoreOperation(1, key(), on, RestoreReason(reason), valid_until=valid_until)


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (FIRST, []),
        (TODAY, []),
        (FIRST - DAY, [(1, "removed_on", "date_order")]),
        (TODAY + DAY, [(1, "removed_on", "date_in_future")]),
    ],
)
def test_a_removal_is_between_the_listing_and_today(on: date, expected: list[Told]) -> None:
    assert told(removal_of(key(), on=on), entry()) == expected


@pytest.mark.parametrize(("on", "wrong"), [(LAST - DAY, True), (LAST, True), (LAST + DAY, False)])
def test_a_period_is_over_only_after_its_last_day(on: date, wrong: bool) -> None:  # noqa: FBT001 - the expected answer
    expected = [(1, "reason", "not_yet_expired")] if wrong else []
    later = LAST + 10 * DAY
    assert told(removal_of(key(), on=on, reason="expired"), entry(), today=later) == expected
    for reason in ("repaired", "revoked", "corrected"):
        assert told(removal_of(key(), on=on, reason=reason), entry(), today=later) == []


def test_everything_that_is_wrong_with_a_removal_is_told_at_once() -> None:
    assert told(removal_of(key(), row=8, on=FIRST - DAY, reason="expired"), entry()) == [
        (8, "removed_on", "date_order"),
        (8, "reason", "not_yet_expired"),
    ]


@pytest.mark.parametrize("reason", RemovalReason)
def test_a_removed_listing_says_when_why_and_by_which_decision(reason: RemovalReason) -> None:
    asked = RemoveOperation(1, key(), LAST + DAY, reason, "虚构移〔2026〕1号")
    after = decide(asked, entry(), Register(), LATER).listing
    assert after.removal == Removal(LAST + DAY, reason, "虚构移〔2026〕1号")
    assert days(after.in_force) == days(recorded().in_force)


def test_what_was_restored_cannot_have_been_removed_before_it_was() -> None:
    before = entry(listing=replace(recorded(), suspensions=(Span(FIRST + DAY, FIRST + 9 * DAY),)))
    assert told(removal_of(key(), on=FIRST + 8 * DAY), before) == [(1, "removed_on", "date_order")]
    again = decide(removal_of(key(), on=FIRST + 9 * DAY), before, Register(), TODAY)
    assert not any(again.listing.in_force(FIRST + n * DAY) for n in range(1, 300)), "it was not in force in between"
    assert again.listing.in_force(FIRST)


@given(gone=st.integers(0, 200), back=st.integers(0, 200), on=st.integers(-10, 400))
def test_a_restored_listing_is_in_force_as_before_but_for_the_days_between(gone: int, back: int, on: int) -> None:
    removed_on, day = FIRST + gone * DAY, FIRST + on * DAY
    restored_on = removed_on + back * DAY
    before = entry(listing=recorded(removed_on=removed_on))
    if restored_on > LAST:
        assert told(restoring(restored_on), before, today=LATER) == [(1, "valid_until", "period_over")]
        return
    after = decide(restoring(restored_on), before, Register(), LATER).listing
    assert after.in_force(day) == (recorded().in_force(day) and not removed_on <= day < restored_on)


@given(gone=st.integers(0, 500), reason=st.sampled_from(RemovalReason), mistaken=st.booleans())
def test_a_listing_removed_and_restored_on_one_day_is_in_force_on_every_day_as_before(
    gone: int,
    reason: RemovalReason,
    mistaken: bool,  # noqa: FBT001 - drawn
) -> None:
    removed_on = FIRST + gone * DAY
    removal = removal_of(key(), on=removed_on, reason=reason)
    if reason is RemovalReason.EXPIRED and removed_on <= LAST:
        assert told(removal, entry(), today=LATER) == [(1, "reason", "not_yet_expired")]
        return
    removed = decide(removal, entry(), Register(), LATER)
    operation = restoring(removed_on, "recorded_by_mistake" if mistaken else "repair_revoked")
    if not mistaken and (reason is not RemovalReason.REPAIRED or removed_on > LAST):
        assert told(operation, removed, today=LATER) != []
        return
    after = decide(operation, removed, Register(), LATER).listing
    assert replace(after, revision=1) == recorded()
    assert days(after.state, last=520) == days(recorded().state, last=520)


@given(cuts=st.lists(st.integers(0, 25), min_size=1, max_size=6))
def test_however_often_it_is_removed_and_restored_it_lacks_exactly_the_days_between(cuts: list[int]) -> None:
    before, missing, at = entry(), set[date](), FIRST
    for first, length in zip(cuts[::2], cuts[1::2], strict=False):
        removed_on, restored_on = at + first * DAY, at + (first + length) * DAY
        missing |= {removed_on + n * DAY for n in range(length)}
        before = decide(removal_of(key(), on=removed_on), before, Register(), LATER)
        before = decide(restoring(restored_on), before, Register(), LATER)
        at = restored_on
    listing = before.listing
    assert {FIRST + n * DAY for n in range(365) if not listing.in_force(FIRST + n * DAY)} == missing
    spans = listing.suspensions
    assert all(one.until < other.first for one, other in pairwise(spans)), "what touches is one"
    assert all(span.first < span.until for span in spans)


@pytest.mark.parametrize(("reason", "sentence"), [("expired", "期满"), ("revoked", "决定撤销"), ("corrected", "更正")])
def test_only_a_repair_can_be_revoked(reason: str, sentence: str) -> None:
    before = entry(listing=recorded(removed_on=TODAY, reason=reason))
    (error,) = against(restoring(TODAY), before)
    assert (error.row, error.field, error.code) == (1, "reason", "not_repaired")
    assert sentence in error.detail


@pytest.mark.parametrize("reason", RemovalReason)
def test_a_removal_that_never_was_leaves_no_gap_whatever_its_reason(reason: RemovalReason) -> None:
    before = entry(listing=recorded(removed_on=TODAY - DAY, reason=reason))
    undone = restoring(TODAY - DAY, "recorded_by_mistake")
    after = decide(undone, before, Register(), TODAY).listing
    assert (after.removal, after.suspensions, after.valid_until) == (None, (), LAST)
    for other in (TODAY - 2 * DAY, TODAY):
        assert (1, "restored_on", "date_order") in told(replace(undone, restored_on=other), before)


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (TODAY - 9 * DAY, [(1, "restored_on", "date_order")]),
        (TODAY - 8 * DAY, []),
        (TODAY, []),
        (TODAY + DAY, [(1, "restored_on", "date_in_future")]),
    ],
)
def test_a_listing_is_restored_between_its_removal_and_today(on: date, expected: list[Told]) -> None:
    assert told(restoring(on), entry(listing=recorded(removed_on=TODAY - 8 * DAY))) == expected


@pytest.mark.parametrize(
    ("valid_until", "expected"),
    [
        (None, [(1, "valid_until", "period_over")]),
        (LAST + 9 * DAY, [(1, "valid_until", "period_over")]),
        (LAST + 10 * DAY, []),
        (FIRST - DAY, [(1, "valid_until", "period_over"), (1, "valid_until", "date_order")]),
    ],
)
def test_what_is_restored_after_its_period_needs_a_new_last_day(valid_until: date | None, expected: list[Told]) -> None:
    on = LAST + 10 * DAY
    operation = restoring(on, valid_until=valid_until)
    before = entry(listing=recorded(removed_on=FIRST + DAY))
    assert told(operation, before, today=on) == expected
    if not expected:
        after = decide(operation, before, Register(), on).listing
        assert [after.in_force(on + n * DAY) for n in (-1, 0, 1)] == [False, True, False]


def test_a_new_last_day_before_the_restoring_is_not_told_as_a_period_that_is_over() -> None:
    before = entry(listing=recorded(removed_on=TODAY - DAY))
    (error,) = against(restoring(TODAY, valid_until=TODAY - DAY), before)
    assert (error.field, error.code) == ("valid_until", "period_over")
    assert str(TODAY) in error.detail
    assert str(LAST) not in error.detail, "the period of the listing itself is not over"


def test_a_mistaken_removal_is_taken_back_even_after_the_period_and_no_period_ends_before_it_begins() -> None:
    before = entry(listing=recorded(removed_on=LAST + DAY, reason="expired"))
    undone = restoring(LAST + DAY, "recorded_by_mistake")
    assert replace(decide(undone, before, Register(), LATER).listing, revision=1) == recorded()
    impossible = replace(undone, valid_until=FIRST - DAY)
    assert told(impossible, before, today=LATER) == [(1, "valid_until", "date_order")]


@pytest.mark.parametrize(("reason", "holds"), [("repaired", True), ("revoked", False)])
def test_a_ban_is_back_with_the_listing_that_it_rests_on(reason: str, holds: bool) -> None:  # noqa: FBT001 - the expected answer
    banned = recorded_as(person(1, ban=PositionBan(None)), Register())
    before = entry(banned, listing=recorded(removed_on=TODAY, reason=reason))
    assert before.listing.ban_in_force(banned, TODAY) is holds
    after = decide(restoring(TODAY, "recorded_by_mistake"), before, Register(), TODAY)
    assert after.listing.ban_in_force(banned, TODAY)


def test_a_removed_listing_keeps_the_suspensions_it_had() -> None:
    gap = Span(FIRST + DAY, FIRST + 5 * DAY)
    before = with_listing(entry(listing=recorded(removed_on=FIRST + 20 * DAY)), suspensions=(gap,))
    after: Listing = decide(restoring(FIRST + 25 * DAY), before, Register(), TODAY).listing
    assert after.suspensions == (gap, Span(FIRST + 20 * DAY, FIRST + 25 * DAY))

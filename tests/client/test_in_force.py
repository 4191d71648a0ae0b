"""What a listing of the feed means on each day around its boundaries, for its unit and for each of its persons."""

from datetime import date, timedelta
from typing import Any

import pytest

from liancheng.client import ban_in_force, listing_in_force, person_concerned
from tests.client.shapes import ban, feed_listing, feed_person

DAY = timedelta(days=1)
FIRST, LAST = date(2026, 3, 1), date(2029, 2, 28)
GONE = date(2027, 6, 15)


def removal(reason: str = "repaired") -> dict[str, Any]:
    return {"removed_on": GONE.isoformat(), "reason": reason, "decision_no": None}


def in_force(on: date, **changed: Any) -> bool:
    return listing_in_force(feed_listing(**changed), on)


def concerned(on: date, *, listing: dict[str, Any] | None = None, **changed: Any) -> bool:
    return person_concerned(feed_listing(**listing or {}), feed_person(**changed), on)


@pytest.mark.parametrize(
    ("on", "expected"),
    [(date.min, False), (FIRST - DAY, False), (FIRST, True), (LAST, True), (LAST + DAY, False), (date.max, False)],
)
def test_a_listing_is_in_force_from_its_first_to_its_last_day(on: date, expected: bool) -> None:  # noqa: FBT001
    assert in_force(on) is expected


@pytest.mark.parametrize("reason", ["repaired", "expired", "revoked", "corrected"])
def test_a_removed_listing_is_not_in_force_from_the_day_of_removal(reason: str) -> None:
    assert in_force(GONE - DAY, removal=removal(reason))
    assert not in_force(GONE, removal=removal(reason))
    assert not in_force(LAST, removal=removal(reason))


def test_a_restored_listing_was_not_in_force_while_it_was_removed_and_is_again() -> None:
    gaps = [{"from": "2026-05-01", "until": "2026-06-01"}, {"from": "2026-08-01", "until": "2026-08-02"}]
    days = ["2026-04-30", "2026-05-01", "2026-05-31", "2026-06-01", "2026-07-31", "2026-08-01", "2026-08-02"]
    told = [in_force(date.fromisoformat(day), suspensions=gaps) for day in days]
    assert told == [True, False, False, True, True, False, True]


def test_a_person_is_concerned_while_the_listing_is_in_force() -> None:
    assert [concerned(on) for on in (FIRST - DAY, FIRST, LAST, LAST + DAY)] == [False, True, True, False]
    assert not concerned(GONE, listing={"removal": removal()})


def test_a_person_who_came_later_is_concerned_from_then() -> None:
    assert not concerned(GONE - DAY, since=GONE.isoformat())
    assert concerned(GONE, since=GONE.isoformat())


def test_a_person_who_was_there_before_the_listing_is_concerned_from_the_listing() -> None:
    assert not concerned(FIRST - DAY, since="2020-01-01")
    assert concerned(FIRST, since="2020-01-01")


def test_a_person_who_left_is_concerned_to_the_day_before() -> None:
    left: dict[str, Any] = {"ended_on": GONE.isoformat(), "end_reason": "left"}
    assert concerned(GONE - DAY, **left)
    assert not concerned(GONE, **left)


def test_a_person_recorded_by_mistake_is_concerned_on_no_day() -> None:
    wrong: dict[str, Any] = {"ended_on": GONE.isoformat(), "end_reason": "corrected", "position_ban": ban()}
    assert not any(concerned(on, **wrong) for on in (FIRST, GONE - DAY, GONE, LAST))


def test_a_ban_outlives_the_period_the_repair_and_the_leaving() -> None:
    banned = {"position_ban": ban(until="2030-01-31"), "ended_on": GONE.isoformat(), "end_reason": "left"}
    for listing in ({}, {"removal": removal("repaired")}, {"removal": removal("expired")}):
        assert concerned(date(2030, 1, 31), listing=listing, **banned)
        assert not concerned(date(2030, 2, 1), listing=listing, **banned)


@pytest.mark.parametrize("reason", ["revoked", "corrected"])
def test_a_ban_ends_with_a_decision_that_was_taken_back_or_a_mistake(reason: str) -> None:
    banned = {"position_ban": ban()}
    assert concerned(GONE - DAY, listing={"removal": removal(reason)}, **banned)
    assert not concerned(GONE, listing={"removal": removal(reason)}, **banned)


def test_a_ban_for_life_has_no_end() -> None:
    assert concerned(date.max, position_ban=ban())


def test_a_ban_without_a_last_day_is_for_life_though_it_does_not_say_so() -> None:
    assert concerned(date.max, position_ban=ban() | {"for_life": False})


def test_a_ban_begins_on_its_day_and_not_before_the_listing() -> None:
    listing, later = feed_listing(), feed_person(position_ban=ban(since=GONE.isoformat()))
    assert [ban_in_force(listing, later, on) for on in (FIRST, GONE - DAY, GONE)] == [False, False, True]
    earlier = feed_person(position_ban=ban(since="2020-01-01"))
    assert [ban_in_force(listing, earlier, on) for on in (FIRST - DAY, FIRST)] == [False, True]


def test_a_ban_holds_while_the_listing_is_suspended() -> None:
    listing = {"suspensions": [{"from": FIRST.isoformat(), "until": LAST.isoformat()}]}
    assert not concerned(GONE, listing=listing)
    assert concerned(GONE, listing=listing, position_ban=ban())

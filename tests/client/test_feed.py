"""Cursors, and the check that changes follow on each other."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liancheng.client import BrokenFeed
from liancheng.client.feed import Order, page_of, position
from liancheng.client.plans import Reply
from tests.client.shapes import change, page


def page_reply(*changes: Any, **fields: Any) -> Reply:
    return Reply(200, {}, json.dumps(page(*changes, **fields)).encode())


def test_cursors_are_ordered_by_version_and_number_and_a_whole_version_comes_last() -> None:
    cursors = ["0", "1.1", "1.2", "1.10", "1", "2.1", "2", "10.1"]
    assert sorted(cursors, key=position) == cursors


@pytest.mark.parametrize("wrong", ["", "a", "1.", ".1", "-1", "1.1.1", " 1", "１", "1" * 30])
def test_what_is_no_cursor_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        position(wrong)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=2, max_size=6))
def test_an_order_takes_what_increases_strictly_and_nothing_else(places: list[tuple[int, int]]) -> None:
    increasing = all(before < after for before, after in itertools.pairwise(places))
    order = Order("0")
    taken = 0
    try:
        for version, number in places:
            order.take(change(f"{version}.{number}"))
            taken += 1
    except BrokenFeed:
        assert not increasing
    else:
        assert increasing
    assert order.cursor == "{}.{}".format(*places[taken - 1])


def test_a_change_has_the_cursor_of_its_event() -> None:
    with pytest.raises(BrokenFeed):
        Order("0").take(change("1.1"), "1.2")


@pytest.mark.parametrize("wrong", [None, [], {}, {"cursor": "1.1"}, {"cursor": 1, "listing": {}}, {"listing": {}}])
def test_what_is_no_change_breaks_the_feed(wrong: Any) -> None:
    with pytest.raises(BrokenFeed):
        Order("0").take(wrong)


def test_a_page_ends_at_its_last_change_or_with_the_version_of_it() -> None:
    for cursor in ("2.2", "2", "3"):
        assert page_of(page_reply(change("2.1"), change("2.2"), cursor=cursor), "1")["cursor"] == cursor
    assert page_of(page_reply(cursor="1"), "1")["changes"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        page_reply(change("1.1"), cursor="1"),
        page_reply(change("2.2"), change("2.2"), cursor="2"),
        page_reply(change("2.2"), change("2.1"), cursor="2"),
        page_reply(change("2.2"), cursor="2.1"),
        page_reply(cursor="0"),
        page_reply(cursor="1", more=True),
    ],
    ids=["before", "twice", "back", "ends-early", "goes-back", "stands-still"],
)
def test_a_page_that_does_not_follow_on_is_refused(wrong: Reply) -> None:
    with pytest.raises(BrokenFeed):
        page_of(wrong, "1")

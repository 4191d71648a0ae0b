"""What the client asks with: each request as it goes out, and what never goes into a URL."""

import json
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.synthetic import RESIDENT_ID_CAPACITY, USCC_CAPACITY, synthetic_resident_id, synthetic_uscc
from liancheng.client import requests
from liancheng.client.requests import Request, may_hold_identity_number

NUMBER = synthetic_resident_id(7)
CODE = synthetic_uscc(7)


def body(request: Request) -> object:
    assert isinstance(request.content, bytes)
    return json.loads(request.content)


def test_a_lookup_says_what_it_was_told_and_nothing_else() -> None:
    request = requests.look_up(NUMBER, purpose="测试", on=date(2026, 3, 1), known_at=datetime(2026, 3, 2, tzinfo=UTC))
    assert (request.method, request.path, request.query) == ("POST", "/v1/lookups", {})
    assert body(request) == {
        "code": NUMBER,
        "purpose": "测试",
        "on": "2026-03-01",
        "known_at": "2026-03-02T00:00:00+00:00",
    }
    assert body(requests.look_up(CODE)) == {"code": CODE}
    assert body(requests.look_up(CODE, scene="land")) == {"code": CODE, "scene": "land"}


def test_a_batch_keeps_the_order_of_its_items() -> None:
    request = requests.look_up_batch([{"code": CODE}, {"code": NUMBER, "reference": "r"}], view="mine")
    assert body(request) == {"items": [{"code": CODE}, {"code": NUMBER, "reference": "r"}], "view": "mine"}


def test_the_terms_of_a_push_are_query_parameters_without_the_defaults() -> None:
    terms = requests.push_query(
        mode="snapshot", dry_run=True, expected_list_version=0, source_document="虚构文〔2026〕1号", confirm_removals=3
    )
    assert terms == {
        "mode": "snapshot",
        "dry_run": "true",
        "expected_list_version": "0",
        "source_document": "虚构文〔2026〕1号",
        "confirm_removals": "3",
    }
    assert requests.push_query(mode="delta", dry_run=False, removal_reason=None) == {}


def test_reading_asks_by_url() -> None:
    assert requests.read_push("p", after=1000).query == {"after": "1000"}
    assert requests.listing("a/b", on="2026-03-01").path == "/v1/listings/a%2Fb"
    assert requests.history("i").path == "/v1/listings/i/history"
    assert requests.listings(after="c", state="in_force", listed_from=date(2026, 1, 1)).query == {
        "state": "in_force",
        "listed_from": "2026-01-01",
        "after": "c",
    }
    assert requests.snapshot(at=41, after="i", silence=9).query == {"at": "41", "after": "i"}
    assert requests.chain().path == "/v1/chain"
    assert requests.scenes().path == "/v1/scenes"
    assert requests.chain(41).path == "/v1/chain/41"


def test_a_stream_is_asked_for_behind_the_cursor_both_ways() -> None:
    request = requests.change_stream("41.3", silence=9)
    assert request.query == {"after": "41.3"}
    assert request.headers["Last-Event-ID"] == "41.3"
    assert request.headers["Accept"] == "text/event-stream"


def test_a_long_poll_has_the_patience_for_its_wait_on_top() -> None:
    assert requests.changes("41", wait=30, patience=10).read_timeout == 40


@pytest.mark.parametrize("written", [NUMBER, NUMBER.lower(), f"虚构{NUMBER[:6]} {NUMBER[6:14]}-{NUMBER[14:]}号"])
def test_an_identity_number_never_goes_into_a_url(written: str) -> None:
    for ask in (
        lambda: requests.listings(name=written),
        lambda: requests.listings(uscc=written),
        lambda: requests.listing(written),
        lambda: requests.read_push(written),
        lambda: requests.push_query(source_document=written),
    ):
        with pytest.raises(ValueError, match="identity number") as told:
            ask()
        assert NUMBER[6:14] not in str(told.value)


@given(st.integers(0, RESIDENT_ID_CAPACITY - 1))
def test_every_identity_number_is_known_as_one(n: int) -> None:
    assert may_hold_identity_number(synthetic_resident_id(n))


@given(st.integers(0, USCC_CAPACITY - 1))
def test_no_code_of_a_unit_is_taken_for_an_identity_number(n: int) -> None:
    assert not may_hold_identity_number(synthetic_uscc(n))


@given(st.uuids())
def test_no_id_that_a_machine_made_is_taken_for_an_identity_number(made: UUID) -> None:
    assert not may_hold_identity_number(str(made))
    assert not may_hold_identity_number("42236b4f-5866-4009-8278-273cdef1981e")


@pytest.mark.parametrize("old", ["441800700103001", "441800 700103 001", "证号441800700103001"])
def test_an_old_number_of_15_digits_is_known_as_one(old: str) -> None:
    assert may_hold_identity_number(old)


@pytest.mark.parametrize("plain", ["虚构列〔2026〕1号", "2026-11-24-001", "20261124-1530-0001", "123456789012345678"])
def test_numbers_of_other_kinds_may_stand_in_a_url(plain: str) -> None:
    assert not may_hold_identity_number(plain)


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        requests.look_up(CODE, known_at=datetime(2026, 3, 2))  # noqa: DTZ001 - that is the mistake


def test_a_request_does_not_show_what_it_holds() -> None:
    shown = repr(requests.look_up(NUMBER, purpose="测试"))
    assert NUMBER not in shown
    assert "/v1/lookups" in shown

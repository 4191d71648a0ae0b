"""When something is repeated, how long it waits, and when it gives up."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liancheng.client import Retries, Undetermined, Unreachable
from liancheng.client.plans import Broken, Reply, Send, Sleep, exchange
from liancheng.client.requests import chain

REQUEST = chain()


@given(st.integers(1, 2000), st.floats(0, 1, exclude_max=True))
def test_a_wait_grows_from_the_first_and_never_exceeds_the_longest(failures: int, drawn: float) -> None:
    retries = Retries(first=0.2, longest=5)
    wait = retries.back_off(failures, draw=lambda: drawn)
    assert 0 <= wait <= 5
    assert wait == drawn * min(5, 0.2 * 2 ** min(failures - 1, 32))


def test_attempts_are_bounded() -> None:
    retries = Retries(attempts=3, seconds=1000)
    waits = [retries.delay(failures, elapsed=0, retry_after=None) for failures in (1, 2, 3)]
    assert [wait is not None for wait in waits] == [True, True, False]


def test_the_time_is_bounded_with_the_wait_that_is_still_to_come() -> None:
    retries = Retries(attempts=9, seconds=10, first=4, longest=4)
    assert retries.delay(1, elapsed=6, retry_after=None, draw=lambda: 1) == 4
    assert retries.delay(1, elapsed=6.1, retry_after=None, draw=lambda: 1) is None
    assert retries.delay(1, elapsed=0, retry_after=11) is None


def test_retry_after_is_waited_out_and_the_random_time_comes_on_top() -> None:
    assert Retries(first=0.2).delay(1, elapsed=0, retry_after=3, draw=lambda: 0.5) == pytest.approx(3.1)


def test_random_times_differ() -> None:
    drawn = [Retries(first=5).back_off(1) for _ in range(20)]
    assert any(before != after for before, after in pairwise(drawn))


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"seconds": -1}, {"first": -1}])
def test_what_cannot_be_meant_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="attempts"):
        Retries(**wrong)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "Tue, 24 Nov 2026 00:00:09 GMT", "date": "Tue, 24 Nov 2026 00:00:05 GMT"}, 4),
        ({"retry-after": "Tue, 24 Nov 2026 00:00:01 GMT", "date": "Tue, 24 Nov 2026 00:00:05 GMT"}, 0),
        ({"retry-after": "Tue, 24 Nov 2026 00:00:09 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date_by_the_clock_of_the_answer(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert Reply(503, headers).retry_after == seconds


@pytest.mark.parametrize("passing", [Broken("ConnectError"), *(Reply(status) for status in (429, 502, 503, 504))])
def test_an_exchange_goes_on_while_it_may_pass_and_ends_with_an_answer(passing: Broken | Reply) -> None:
    plan = exchange(REQUEST, Retries(first=0.5), lambda: 0.0)
    assert next(plan) == Send(REQUEST)
    waits = plan.send(passing)
    assert isinstance(waits, Sleep)
    assert 0 <= waits.seconds <= 0.5
    assert plan.send(None) == Send(REQUEST)
    with pytest.raises(StopIteration) as end:
        plan.send(Reply(200))
    assert end.value.value == Reply(200)


@pytest.mark.parametrize("status", [200, 201, 302, 400, 401, 404, 409, 422, 500])
def test_an_answer_that_stays_the_same_is_not_asked_for_again(status: int) -> None:
    plan = exchange(REQUEST, Retries(), lambda: 0.0)
    next(plan)
    with pytest.raises(StopIteration) as end:
        plan.send(Reply(status))
    assert end.value.value == Reply(status)


def test_an_exchange_without_an_answer_ends_undetermined() -> None:
    plan = exchange(REQUEST, Retries(attempts=1), lambda: 0.0)
    next(plan)
    with pytest.raises(Undetermined) as told:
        plan.send(Broken("ReadTimeout", silent=True))
    assert isinstance(told.value, Unreachable)
    assert "ReadTimeout" in str(told.value)

"""When a nudge is told again, and what it says."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from app.domain.webhooks import LONGEST_WAIT, RetryTerms, next_attempt, payload

TERMS = RetryTerms(timedelta(seconds=10), timedelta(days=1), timedelta(days=5))
START = datetime(2026, 11, 23, 2, 10, 57, tzinfo=UTC)
END = START + TERMS.give_up_after


def attempts(first: datetime = START) -> list[datetime]:
    """Return the moments of all attempts at a delivery that always fails at once."""
    made = [first]
    while (again := next_attempt(TERMS, END, made[-1], None)) is not None:
        made.append(again)
    return made


def test_attempts_become_rarer_over_a_day_and_the_last_is_made_when_it_is_over() -> None:
    made = attempts()
    assert made[-1] == END
    assert 12 <= len(made) <= 30
    waits = [later - earlier for earlier, later in pairwise(made)]
    assert timedelta(seconds=8) <= waits[0] <= timedelta(seconds=12)
    assert max(waits) <= LONGEST_WAIT * 1.2
    for before, wait in zip(made[2:-2], waits[2:-1], strict=False):
        tried = before - START
        assert min(tried, LONGEST_WAIT) * 0.8 <= wait <= min(tried, LONGEST_WAIT) * 1.2


def test_receivers_that_failed_together_are_not_tried_together() -> None:
    assert len({next_attempt(TERMS, END, START, None) for _ in range(20)}) > 10


def test_a_receiver_may_ask_for_a_longer_wait_within_bounds_and_not_for_a_shorter_one() -> None:
    asked = timedelta(minutes=20)
    assert next_attempt(TERMS, END, START, asked) == START + asked
    assert next_attempt(TERMS, END, START, timedelta(days=900)) == START + LONGEST_WAIT
    soon = next_attempt(TERMS, END, START, timedelta(0))
    assert soon is not None
    assert soon >= START + timedelta(seconds=8)
    near_the_end = END - timedelta(seconds=1)
    assert next_attempt(TERMS, END, near_the_end, asked) == END
    assert next_attempt(TERMS, END, END, asked) is None


def test_a_nudge_is_made_of_versions_and_a_count() -> None:
    webhook_id = UUID("0199f2a0-7a10-7c31-9f52-3d4e5f607182")
    body = payload("list.changed", webhook_id, START, from_version=41, to_version=43, changes=17)
    assert json.loads(body) == {
        "type": "list.changed",
        "timestamp": "2026-11-23T02:10:57Z",
        "data": {"webhook_id": str(webhook_id), "from_version": 41, "to_version": 43, "changes": 17},
    }
    assert body == payload("list.changed", webhook_id, START, from_version=41, to_version=43, changes=17)

"""The plan of reading a snapshot: every listing as it is at one version of the list, continued where it is cut off."""

from http import HTTPStatus
from typing import Any

from liancheng.client import answers, requests
from liancheng.client.calls import Calls
from liancheng.client.errors import PASSING, BrokenFeed, MalformedAnswer, SnapshotIncomplete
from liancheng.client.plans import Emit, End, Line, Open, Outcome, Plan, Read, Reply, Sleep, whole
from liancheng.client.types import SnapshotHead


class _Reading:
    """How far a snapshot has been read."""

    def __init__(self, calls: Calls, at: int | None, after: str | None) -> None:
        self.calls = calls
        self.at = at
        self.after = after
        self.head: SnapshotHead | None = None
        self.count = 0
        """listings since the beginning"""
        self.count_here = 0
        """listings in this answer"""

    def take_head(self, line: dict[str, Any]) -> SnapshotHead | None:
        """Take the first line of an answer; return the head if it is the first answer."""
        if line.get("type") != "snapshot" or not isinstance(line.get("list_version"), int):
            raise MalformedAnswer("the answer is not a snapshot")
        head = SnapshotHead(
            list_version=line["list_version"], cursor=str(line.get("cursor")), head=str(line.get("head"))
        )
        if (self.at is not None and head["list_version"] != self.at) or (self.head is not None and head != self.head):
            raise BrokenFeed("the snapshot went on at another version of the list")
        first, self.head, self.at, self.count_here = self.head is None, head, head["list_version"], 0
        self.calls.seen.note(head["list_version"])
        return head if first else None

    def take_listing(self, line: dict[str, Any]) -> dict[str, Any]:
        """Return the listing of a line, checked to come after the last."""
        listing = line.get("listing")
        listing_id = listing.get("listing_id") if isinstance(listing, dict) else None
        if not isinstance(listing, dict) or not isinstance(listing_id, str):
            raise MalformedAnswer("a line of the snapshot is not what the service sends")
        if self.after is not None and listing_id <= self.after:
            raise BrokenFeed("a listing of the snapshot came again or out of order")
        self.after = listing_id
        self.count += 1
        self.count_here += 1
        return listing

    def take_end(self, line: dict[str, Any]) -> None:
        """Check the last line: its count is that of the answer it ends, or of the whole snapshot."""
        if line.get("count") not in {self.count_here, self.count}:
            raise SnapshotIncomplete("the snapshot does not hold as many listings as it says")


def snapshot(calls: Calls, at: int | None = None, after: str | None = None) -> Plan[None]:
    """Emit the head, then each listing in the order of their ids, then ``None`` where all are certainly there."""
    state = _Reading(calls, at, after)
    started, failures = calls.clock(), 0
    while True:
        had = state.count
        outcome = yield Open(requests.snapshot(at=state.at, after=state.after, silence=calls.stream_silence), "lines")
        if isinstance(outcome, Reply) and outcome.status == HTTPStatus.OK:
            outcome = yield from _lines(state)
            if outcome is None:
                return
        elif isinstance(outcome, Reply) and outcome.status not in PASSING:
            raise answers.refusal(outcome)
        if state.count > had:
            started, failures = calls.clock(), 0
        failures += 1
        retry_after = outcome.retry_after if isinstance(outcome, Reply) else None
        delay = calls.retries.delay(failures, elapsed=calls.clock() - started, retry_after=retry_after)
        if delay is None:
            raise _given_up(state, outcome)
        yield Sleep(delay)


def _given_up(state: _Reading, outcome: Outcome) -> Exception:
    if state.head is not None:
        return SnapshotIncomplete(f"the snapshot broke off after {state.count} listings and could not be continued")
    return answers.refusal(whole(outcome))


def _lines(state: _Reading) -> Plan[Outcome]:
    """Emit what an answer holds; return ``None`` after its last line, else how it was cut off."""
    begun = False
    while True:
        outcome = yield Read()
        if isinstance(outcome, Line):
            line = answers.parsed(outcome.data)
        else:
            # What stands after the last end of a line is the last line, or the half of one that a cut has left.
            line = answers.parsed(outcome.rest) if isinstance(outcome, End) else None
            if line is None:
                return outcome
        if not isinstance(line, dict):
            raise MalformedAnswer("a line of the snapshot is not what the service sends")
        if not begun:
            begun = True
            head = state.take_head(line)
            if head is not None:
                yield Emit(head)
        elif line.get("type") == "end":
            state.take_end(line)
            # Without it, a reader who tries again after an error would take the exhausted plan for the end.
            yield Emit(None)
            return None
        elif line.get("type") == "listing":
            yield Emit(state.take_listing(line))
        if isinstance(outcome, End):
            return outcome

"""The plan of following the changes for ever: as events while that works, by long polling where it does not."""

from collections.abc import Callable
from http import HTTPStatus

from liancheng.client import answers, requests
from liancheng.client.calls import Calls
from liancheng.client.errors import Undetermined
from liancheng.client.feed import Order, page_of
from liancheng.client.plans import Broken, Emit, Event, Open, Outcome, Plan, Read, Reply, Send, Sleep, unreachable
from liancheng.client.retries import FOLLOWING

POLL_SECONDS = 30
"""How long the service may hold a long poll back."""

OnTrouble = Callable[[Undetermined], None]
"""Called with each error that following goes on from; it may raise to end it."""

_EVENT_STREAM = "text/event-stream"
# The service sends a comment when it has nothing to say. Where not even that arrives, something in between holds the
# stream back; once may be chance.
_SILENT_STREAMS = 2
# A stream that lived so long was a good one: the service may close streams when it likes.
_GOOD_SECONDS = 10.0


class _Following:
    """Where following stands, and what went wrong of late."""

    def __init__(self, calls: Calls, after: str, on_trouble: OnTrouble | None) -> None:
        self.calls = calls
        self.order = Order(after)
        self.failures = 0
        self.silent = 0
        self._on_trouble = on_trouble

    def trouble(self, outcome: Outcome) -> Plan[None]:
        """Wait after something that may pass; raise what will not (4xx, and what is no answer of the service)."""
        self.failures += 1
        asked_to_wait = 0.0
        if isinstance(outcome, Reply):
            if outcome.status != HTTPStatus.TOO_MANY_REQUESTS and outcome.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise answers.refusal(outcome)
            asked_to_wait = outcome.retry_after or 0.0
        if self._on_trouble is not None and isinstance(outcome, Reply | Broken):
            error = answers.refusal(outcome) if isinstance(outcome, Reply) else unreachable(outcome)
            if isinstance(error, Undetermined):
                self._on_trouble(error)
        yield Sleep(asked_to_wait + FOLLOWING.back_off(self.failures))

    def well(self) -> None:
        """Forget what went wrong."""
        self.failures = self.silent = 0


def follow(calls: Calls, after: str, on_trouble: OnTrouble | None = None) -> Plan[None]:
    """Emit every change after the cursor, once and in order; it ends only by an error that will not pass."""
    state = _Following(calls, after, on_trouble)
    while state.silent < _SILENT_STREAMS:
        outcome = yield Open(requests.change_stream(state.order.cursor, silence=calls.stream_silence), "events")
        if isinstance(outcome, Reply) and _cannot_stream(outcome):
            break
        if isinstance(outcome, Reply) and outcome.status == HTTPStatus.OK:
            opened = calls.clock()
            outcome = yield from _events(state)
            if calls.clock() - opened >= _GOOD_SECONDS and not (isinstance(outcome, Broken) and outcome.silent):
                state.well()
        if isinstance(outcome, Broken) and outcome.silent:
            state.silent += 1
        yield from state.trouble(outcome)
    yield from _poll(state)


def _cannot_stream(reply: Reply) -> bool:
    return reply.status == HTTPStatus.NOT_ACCEPTABLE or (
        reply.status == HTTPStatus.OK and reply.media_type != _EVENT_STREAM
    )


def _events(state: _Following) -> Plan[Outcome]:
    """Emit what a stream brings; return how it ended."""
    while True:
        outcome = yield Read()
        if not isinstance(outcome, Event):
            return outcome
        # Others, and the empty ones that comments leave behind, are not for us.
        if outcome.name != "change" or not outcome.data:
            continue
        change = state.order.take(answers.parsed(outcome.data), outcome.id)
        state.well()
        state.calls.seen.note(change["list_version"])
        yield Emit(change)


def _poll(state: _Following) -> Plan[None]:
    while True:
        cursor = state.order.cursor
        request = requests.changes(cursor, wait=POLL_SECONDS, patience=state.calls.timeout)
        outcome = yield Send(request)
        if not isinstance(outcome, Reply) or outcome.status != HTTPStatus.OK:
            yield from state.trouble(outcome)
            continue
        page = page_of(outcome, cursor)
        state.well()
        for change in page["changes"]:
            state.order.take(change)
            yield Emit(change)
        state.order.move(page["cursor"])
        state.calls.seen.note(page["list_version"])

"""What the client does, without doing it: a *plan* yields steps and is told what came of each.

A plan is a generator. It knows when to send what, when to wait, and what an answer means, and does no input or output
itself; `sync` and `aio` carry plans out. So everything that is hard to get right stands once, and a test can walk
through a plan by hand::

    plan = exchange(request, Retries(), clock)
    assert next(plan) == Send(request)
    assert isinstance(plan.send(Broken("ConnectTimeout")), Sleep)
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Literal, TypeVar

from liancheng.client.errors import PASSING, SourceChanged, Unreachable
from liancheng.client.requests import Request
from liancheng.client.retries import Retries

Clock = Callable[[], float]
"""Seconds that only grow."""


@dataclass(frozen=True, slots=True)
class Send:
    """Make a request and read the whole answer: `Reply`, or `Broken`."""

    request: Request


@dataclass(frozen=True, slots=True)
class Open:
    """Make a request whose answer is read bit by bit: `Reply`, without its body if it is a 200, or `Broken`."""

    request: Request
    reads: Literal["lines", "events"]


@dataclass(frozen=True, slots=True)
class Read:
    """Read on in what was opened: `Line` or `Event`, `End` where it ends, `Broken` where it breaks."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait: ``None`` comes back."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Emit:
    """Hand something to the caller: ``None`` comes back when they ask for the next."""

    item: object


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    @property
    def media_type(self) -> str:
        """The type of the body, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def retry_after(self) -> float | None:
        """Seconds after which the service asks us to come back."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            return float(value)
        try:
            # A date counts from the answer's own: the clocks of two machines differ.
            between = parsedate_to_datetime(value) - parsedate_to_datetime(self.headers.get("date", ""))
        except (TypeError, ValueError):
            return None
        return max(0.0, between.total_seconds())


@dataclass(frozen=True, slots=True)
class Broken:
    """There was no answer, or it broke off; ``kind`` is the name of the HTTP library's error, nothing of its text."""

    kind: str
    silent: bool = False
    """nothing at all came for as long as we wait"""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an answer, without its end."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    id: str
    name: str
    data: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class End:
    """The answer has ended; ``rest`` is what came after the last end of a line."""

    rest: bytes = field(default=b"", repr=False)


Step = Send | Open | Read | Sleep | Emit
Outcome = Reply | Broken | Line | Event | End | SourceChanged | None
"""What came of a step; `SourceChanged` is of a `Send` whose file is not what it was."""
T = TypeVar("T")
Plan = Generator[Step, Outcome, T]


def exchange(request: Request, retries: Retries, clock: Clock) -> Plan[Reply]:
    """Make a request that is safe to repeat, until there is an answer that would not be another one the next time.

    The last answer comes back even if it is one of those; without any answer it raises `Unreachable`.
    """
    started, failures = clock(), 0
    while True:
        outcome = yield Send(request)
        if isinstance(outcome, Reply) and outcome.status not in PASSING:
            return outcome
        if isinstance(outcome, SourceChanged):
            raise outcome
        failures += 1
        retry_after = outcome.retry_after if isinstance(outcome, Reply) else None
        delay = retries.delay(failures, elapsed=clock() - started, retry_after=retry_after)
        if delay is None:
            return whole(outcome)
        yield Sleep(delay)


def once(request: Request) -> Plan[Reply]:
    """Make a request that must not be repeated."""
    return whole((yield Send(request)))


def whole(outcome: Outcome) -> Reply:
    """Return the reply, or raise `Unreachable` if there is none."""
    if isinstance(outcome, Reply):
        return outcome
    raise unreachable(outcome)


def unreachable(outcome: Outcome) -> Unreachable:
    """Say that there was no answer, and in which way."""
    kind = outcome.kind if isinstance(outcome, Broken) else "no answer"
    return Unreachable(f"the service did not answer ({kind}): nothing is known")

"""What every run of the generator has in common: its connections, what is under way on them, and counting."""

import asyncio
import time
from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.errors import Misconfigured
from app.workload.connection import Answer, Connection
from app.workload.figures import Measured, Tally
from app.workload.mix import Request
from app.workload.target import Target

_OK = 200
LOOK_EVERY = 0.02
_CONNECT_SECONDS = 10.0
_AFTER_INTERRUPT = 2.0

GaveUp = Literal["timeout", "interrupted", "unanswered"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is asked, and for how long, in seconds. ``rate`` is requests a second, ``None`` a closed loop."""

    rate: float | None
    connections: int = 32
    warm_up: float = 1.0
    duration: float = 10.0
    count: int | None = None
    timeout: float = 10.0


@dataclass(slots=True)
class Pending:
    """A request that is due or under way: since when, and whether it counts or is of the warm-up."""

    request: Request
    due: float
    counts: bool
    again: bool = False


class Run:
    """What both loops have in common: the connections, and counting."""

    def __init__(self, target: Target, requests: Sequence[Request], plan: Plan) -> None:
        """Prepare; nothing is connected yet."""
        self._target = target
        self._requests = requests
        self._plan = plan
        self._sent = 0
        # In turn, so that each process behind the address gets its part, and none of them lies idle until it is closed.
        self._idle: deque[Connection] = deque()
        self._connections: set[Connection] = set()
        self._under_way: dict[Connection, Pending] = {}
        self._waiting: deque[Pending] = deque()
        self._reopening: set[asyncio.Task[None]] = set()
        self._kinds: dict[str, Tally] = {}
        self._late = array("d")
        self._resent = 0
        self._counted = 0
        self._ending = False
        self._start = self._last = 0.0

    async def go(self, interrupt: asyncio.Event) -> Measured:
        """Connect, send, and wait until everything has ended."""
        await self._connect()
        self._start = self._last = time.perf_counter()
        self._begin()
        while not self._done() and not interrupt.is_set():
            self._give_up_old()
            await asyncio.sleep(LOOK_EVERY)
        interrupted = interrupt.is_set() and not self._done()
        self._ending = True
        if interrupted:
            await self._let_end()
        self._end()
        return Measured(self._seconds(interrupted=interrupted), self._kinds, self._late, self._resent, interrupted)

    def close(self) -> None:
        """Drop every connection."""
        self._ending = True
        self._under_way.clear()
        for connection in list(self._connections):
            connection.abort()
        for task in self._reopening:
            task.cancel()

    def _begin(self) -> None:
        raise NotImplementedError

    def _done(self) -> bool:
        raise NotImplementedError

    def _next(self) -> Pending | None:
        raise NotImplementedError

    def _end(self) -> None:
        """Do what is left to do when nothing more is sent."""

    def _seconds(self, *, interrupted: bool) -> float:
        raise NotImplementedError

    async def _connect(self) -> None:
        made = [Connection(self._answered, self._lost) for _ in range(self._plan.connections)]
        self._connections.update(made)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await asyncio.gather(*(one.open(self._target) for one in made))
        except OSError as error:
            raise Misconfigured(f"连接不上 {self._target.host}：{str(error) or '超时'}") from None
        self._idle.extend(made)

    def _request(self) -> Request:
        self._sent += 1
        return self._requests[(self._sent - 1) % len(self._requests)]

    def _send(self) -> None:
        """Give every idle connection something to do, as long as there is something."""
        while self._idle and not self._ending:
            pending = self._next()
            if pending is None:
                return
            connection = self._idle.popleft()
            self._under_way[connection] = pending
            connection.ask(pending.request.raw)

    def _answered(self, connection: Connection, answer: Answer) -> None:
        pending = self._under_way.pop(connection, None)
        if pending is not None:
            self._count(pending, answer)
        if connection.lasting:
            self._idle.append(connection)
        self._send()

    def _count(self, pending: Pending, answer: Answer) -> None:
        now = time.perf_counter()
        tally = self._tally(pending, now)
        if tally is None:
            return
        if answer.status != _OK:
            tally.errors[answer.refusal()] += 1
            return
        listed, not_listed = answer.verdicts(self._target, pending.request.codes)
        if listed + not_listed == 0:
            tally.errors["no_verdict"] += 1
            return
        tally.taken.append(now - pending.due)
        tally.answered += 1
        tally.listed += listed
        tally.not_listed += not_listed
        tally.undetermined += pending.request.codes - listed - not_listed

    def _tally(self, pending: Pending, now: float) -> Tally | None:
        """Return where a request that has ended now is counted, if it is."""
        if not pending.counts:
            return None
        self._last = now
        self._counted += 1
        return self._kinds.setdefault(pending.request.kind, Tally())

    def _lost(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        pending = self._under_way.pop(connection, None)
        if pending is not None:
            self._after_loss(connection, pending)
        if not self._ending:
            task = asyncio.get_running_loop().create_task(self._reopen())
            self._reopening.add(task)
            task.add_done_callback(self._reopening.discard)

    def _after_loss(self, connection: Connection, pending: Pending) -> None:
        if connection.used and not connection.received and not pending.again and not self._ending:
            # The server closed a connection that had been idle, as it may: the request goes out again, once.
            pending.again = True
            self._resent += 1
            self._waiting.appendleft(pending)
        elif (tally := self._tally(pending, time.perf_counter())) is not None:
            tally.errors["connection_lost"] += 1

    async def _reopen(self) -> None:
        connection = Connection(self._answered, self._lost)
        while not self._ending:
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await connection.open(self._target)
            except OSError:
                await asyncio.sleep(LOOK_EVERY * 5)
                continue
            self._connections.add(connection)
            self._idle.append(connection)
            self._send()
            return

    def _give_up_old(self) -> None:
        oldest = time.perf_counter() - self._plan.timeout
        while self._waiting and self._waiting[0].due < oldest:
            self._give_up(self._waiting.popleft(), "timeout")
        for connection in [one for one, pending in self._under_way.items() if pending.due < oldest]:
            self._give_up(self._under_way.pop(connection), "timeout")
            connection.abort()

    def _give_up(self, pending: Pending, kind: GaveUp, at: float | None = None) -> None:
        now = at or time.perf_counter()
        tally = self._tally(pending, now)
        if tally is not None:
            tally.errors[kind] += 1
            tally.taken.append(now - pending.due)

    async def _let_end(self) -> None:
        until = time.perf_counter() + min(self._plan.timeout, _AFTER_INTERRUPT)
        while self._under_way and time.perf_counter() < until:  # noqa: ASYNC110 - as in go
            await asyncio.sleep(LOOK_EVERY)
        for pending in [*self._waiting, *self._under_way.values()]:
            self._give_up(pending, "interrupted")

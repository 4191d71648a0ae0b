"""Sending requests and measuring what becomes of them.

By a rate, the loop is open: requests are due by the clock, whatever the service does, and each is measured from when it
was due. A service that stalls for a second thus has a second's worth of slow answers, not one (the mistake that is
known as coordinated omission). Without a rate the loop is closed: each connection asks again as soon as it is answered,
which shows the most that the service can do, and says less about how long callers wait.
"""

import asyncio
import gc
import math
import time
from collections.abc import Sequence

from app.workload.connection import Answer, Connection
from app.workload.figures import Measured, Tally
from app.workload.mix import Request
from app.workload.pacer import Pacer
from app.workload.run import LOOK_EVERY, Pending, Plan, Run
from app.workload.target import Target


async def measure(
    target: Target, requests: Sequence[Request], plan: Plan, interrupt: asyncio.Event | None = None
) -> Measured:
    """Send the requests, round and round, as planned; raise :class:`Misconfigured` where nobody answers at all.

    When ``interrupt`` is set, nothing more is sent, and what was measured so far comes back.
    """
    run = (_Closed if plan.rate is None else _Open)(target, requests, plan)
    collecting = gc.isenabled()
    gc.disable()
    try:
        return await run.go(interrupt or asyncio.Event())
    finally:
        run.close()
        if collecting:
            gc.enable()


class _Open(Run):
    """Requests are due by the clock. What finds no free connection waits, and its time runs."""

    def __init__(self, target: Target, requests: Sequence[Request], plan: Plan) -> None:
        super().__init__(target, requests, plan)
        self._rate = plan.rate or 1.0
        self._warming = math.ceil(self._rate * plan.warm_up)
        most = max(1, round(self._rate * plan.duration))
        self._wanted = most if plan.count is None else min(most, plan.count)
        self._arrived = 0
        self._pacer: Pacer | None = None

    def close(self) -> None:
        super().close()
        if self._pacer is not None:
            self._pacer.stop()

    def _begin(self) -> None:
        self._pacer = Pacer(self._arrive, self._due)
        self._pacer.start()

    def _due(self) -> float | None:
        if self._ending or self._arrived >= self._warming + self._wanted:
            return None
        return self._start + self._arrived / self._rate

    def _arrive(self) -> None:
        now = time.perf_counter()
        while (due := self._due()) is not None and due <= now:
            counts = self._arrived >= self._warming
            self._waiting.append(Pending(self._request(), due, counts))
            if counts:
                self._late.append(now - due)
            self._arrived += 1
        self._send()

    def _next(self) -> Pending | None:
        return self._waiting.popleft() if self._waiting else None

    def _answered(self, connection: Connection, answer: Answer) -> None:
        super()._answered(connection, answer)
        # A busy loop is not left waiting for the pacer to be let in.
        self._arrive()

    def _done(self) -> bool:
        return self._due() is None and not self._waiting and not self._under_way

    def _seconds(self, *, interrupted: bool) -> float:
        counted_from = self._start + self._warming / self._rate
        if interrupted:
            return max(time.perf_counter() - counted_from, 1 / self._rate)
        return max(self._wanted / self._rate, self._last - counted_from)


class _Closed(Run):
    """Each connection asks again as soon as it is answered. What ends between the warm-up and the end counts."""

    def _begin(self) -> None:
        self._send()

    @property
    def _counted_from(self) -> float:
        return self._start + self._plan.warm_up

    @property
    def _until(self) -> float:
        return self._counted_from + self._plan.duration

    def _next(self) -> Pending | None:
        if self._waiting:
            return self._waiting.popleft()
        return None if self._done() else Pending(self._request(), time.perf_counter(), counts=True)

    def _end(self) -> None:
        """Count those that were under way the whole time: a service that stands still has not gone unnoticed."""
        if time.perf_counter() < self._until:
            return
        for pending in self._under_way.values():
            if pending.due <= self._counted_from + LOOK_EVERY:
                self._give_up(pending, "unanswered", self._until)

    def _tally(self, pending: Pending, now: float) -> Tally | None:
        if not self._counted_from <= now <= self._until or self._counted == self._plan.count:
            return None
        return super()._tally(pending, now)

    def _done(self) -> bool:
        return time.perf_counter() > self._until or self._counted == self._plan.count

    def _seconds(self, *, interrupted: bool) -> float:
        ended = time.perf_counter() if interrupted else self._last
        whole = self._counted != self._plan.count and not interrupted
        return self._plan.duration if whole else max(ended - self._counted_from, LOOK_EVERY)

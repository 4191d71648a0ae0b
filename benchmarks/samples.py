"""What was measured, kept by round, so that only what was measured in turn is compared."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import uvloop

from app.workload.load import measure
from app.workload.mix import Request
from app.workload.run import Plan
from app.workload.target import Target

WARM_UP = 0.3
_LONG = 30.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One short measurement: answers and codes a second, milliseconds, and the generator's share of one core."""

    per_second: float
    codes_per_second: float
    p50: float
    p99: float
    generator: float = 0.0


Measure = Callable[[int, float], Sample]
"""Measure with so many connections for so many seconds."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several rounds, with the least and the most."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Take the values of all rounds."""
        return cls(statistics.median(values), min(values), max(values))


def saturated(
    target: Target, requests: Sequence[Request], connections: int, seconds: float, *, verdict: str | None = None
) -> Sample:
    """Measure in a closed loop; an answer that is none, or another than ``verdict``, ends the benchmark."""
    busy = time.process_time()
    began = time.perf_counter()
    plan = Plan(None, connections, WARM_UP, seconds, timeout=30)
    found = uvloop.run(measure(target, requests, plan))
    share = (time.process_time() - busy) / (time.perf_counter() - began)
    whole = found.whole
    if not whole.answered and not set(whole.errors) - {"unanswered"} and seconds < _LONG:
        # An answer takes longer than the measurement: give it the time.
        return saturated(target, requests, connections, seconds * 3, verdict=verdict)
    latency = found.as_json()["latency_ms"]
    wrong = {"listed": whole.not_listed, "not_listed": whole.listed}.get(verdict or "", 0)
    if wrong or whole.undetermined or not whole.answered or latency is None or set(whole.errors) - {"unanswered"}:
        raise SystemExit(f"{target.host} does not answer as it should: {found.as_json()}")
    codes = (whole.listed + whole.not_listed) / found.seconds
    return Sample(found.per_second, codes, latency["p50"], latency["p99"], share)


def ratios(ours: Sequence[Sample], theirs: Sequence[Sample]) -> Spread:
    """Return the ratio of rates, round by round."""
    return Spread.of([a.per_second / b.per_second for a, b in zip(ours, theirs, strict=True)])

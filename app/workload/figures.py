"""What a run has counted, and the figures that come of it."""

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_QUANTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0))


@dataclass(slots=True)
class Tally:
    """Counts of one kind of request, or of all. Times are in seconds.

    ``taken`` holds every request that was answered, and every one that was given up: what it had waited by then. So a
    service that falls silent has no better percentiles for it. What was refused at once stands in ``errors`` alone.
    """

    taken: "array[float]" = field(default_factory=lambda: array("d"))
    answered: int = 0
    listed: int = 0
    not_listed: int = 0
    undetermined: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        """How many requests have ended, however they did."""
        return self.answered + self.errors.total()


@dataclass(frozen=True, slots=True)
class Measured:
    """A whole run: ``seconds`` it went on, without the warm-up; ``late`` is how far the generator itself was behind."""

    seconds: float
    kinds: dict[str, Tally]
    late: "array[float]"
    resent: int
    interrupted: bool

    @property
    def whole(self) -> Tally:
        """Return the sum over all kinds of request."""
        total = Tally()
        for tally in self.kinds.values():
            total.taken.extend(tally.taken)
            total.answered += tally.answered
            total.listed += tally.listed
            total.not_listed += tally.not_listed
            total.undetermined += tally.undetermined
            total.errors.update(tally.errors)
        return total

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.whole.answered / self.seconds

    def as_json(self) -> dict[str, Any]:
        """Return everything, times in milliseconds."""
        return {
            "seconds": round(self.seconds, 3),
            "interrupted": self.interrupted,
            "generator_late_ms": milliseconds(self.late),
            "resent": self.resent,
            **_shown(self.whole, self.seconds),
            "kinds": {name: _shown(tally, self.seconds) for name, tally in self.kinds.items() if tally.requests},
        }


def _shown(tally: Tally, seconds: float) -> dict[str, Any]:
    return {
        "requests": tally.requests,
        "answered": tally.answered,
        "per_second": round(tally.answered / seconds, 1),
        "codes_per_second": round((tally.listed + tally.not_listed) / seconds, 1),
        "verdicts": {
            "listed": tally.listed,
            "not_listed": tally.not_listed,
            "undetermined": tally.undetermined,
        },
        "errors": dict(tally.errors),
        "latency_ms": milliseconds(tally.taken),
    }


def milliseconds(taken: Sequence[float]) -> dict[str, float] | None:
    """Return the quantiles in milliseconds, each a value that occurred; ``None`` where there is nothing."""
    ordered = sorted(taken)
    if not ordered:
        return None
    return {name: round(quantile(ordered, share) * 1000, 3) for name, share in _QUANTILES}


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the ordered values does not exceed."""
    rank = -int(-share * len(ordered) // 1)
    return ordered[max(rank, 1) - 1]

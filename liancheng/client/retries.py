"""How often something safe to repeat is repeated, and how long to wait in between. Pure: the clock is the caller's."""

import random
from collections.abc import Callable
from dataclasses import dataclass

Draw = Callable[[], float]
"""Returns a number from 0 up to 1."""

at_random: Draw = random.SystemRandom().random


@dataclass(frozen=True, slots=True)
class Retries:
    """At most so many attempts (the first is one of them), the last beginning within so many seconds of the first.

    Before the n-th repeat it waits a random time up to ``first * 2**(n-1)`` seconds, at most ``longest`` ("full
    jitter": clients that failed together do not come back together). Where the service says Retry-After, it waits
    that long and the random time on top. ``Retries(attempts=1)`` never repeats.
    """

    attempts: int = 4
    seconds: float = 30.0
    first: float = 0.2
    longest: float = 5.0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.attempts < 1 or min(self.seconds, self.first, self.longest) < 0:
            raise ValueError("attempts is at least 1, and no time is negative")

    def delay(
        self, failures: int, *, elapsed: float, retry_after: float | None, draw: Draw = at_random
    ) -> float | None:
        """Return how long to wait after so many failures, ``elapsed`` seconds from the beginning; ``None``: give up."""
        if failures >= self.attempts:
            return None
        delay = self.back_off(failures, draw=draw) + (retry_after or 0.0)
        return delay if elapsed + delay <= self.seconds else None

    def back_off(self, failures: int, *, draw: Draw = at_random) -> float:
        """Return a random time that grows with the failures (from 1)."""
        # Beyond 2**32 it is ``longest`` in any case; a float would overflow after a thousand failures.
        return draw() * min(self.longest, self.first * 2.0 ** min(failures - 1, 32))


PUSH_RETRIES = Retries(attempts=6, seconds=1800.0, first=0.5, longest=30.0)
"""A push may take minutes, and is worth waiting for."""

FOLLOWING = Retries(first=0.5, longest=30.0)
"""Following the changes never gives up, so only its waiting counts."""

"""Within how many days a measure is to be carried out: data (``data/enforcement.yaml``), each with its dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class EnforcementPeriod:
    """A period in calendar days, for one measure or (``None``) for all that have none of their own."""

    measure_no: int | None
    days: int
    in_force_from: date
    in_force_until: date | None
    note: str | None

    def in_force(self, on: date) -> bool:
        """Whether it is in force on the day, its first and last included."""
        return self.in_force_from <= on and (self.in_force_until is None or on <= self.in_force_until)


@dataclass(frozen=True, slots=True)
class PeriodSpan:
    """How many days hold for a measure, for obligations that arise from ``first`` to ``last`` (``None``: open)."""

    measure_no: int
    first: date
    last: date | None
    days: int


@dataclass(frozen=True, slots=True)
class EnforcementPeriods:
    """Everything in the file; ``version`` is ``sha256:`` and the digest of its bytes."""

    version: str
    periods: tuple[EnforcementPeriod, ...]

    def days(self, measure_no: int, since: date) -> int | None:
        """Return the days of an obligation that arose on ``since``; ``None`` where no period was in force then."""
        in_force = [one for one in self.periods if one.in_force(since) and one.measure_no in {measure_no, None}]
        # The measure's own comes before everybody's.
        return next((one.days for one in sorted(in_force, key=lambda one: one.measure_no is None)), None)

    def due_on(self, measure_no: int, since: date) -> date | None:
        """Return the last day that is in time; that on which it arose is not counted (民法典 第二百零一条)."""
        days = self.days(measure_no, since)
        if days is None:
            return None
        return since + min(timedelta(days=days), date.max - since)

    def spans(self, measure_nos: Sequence[int]) -> tuple[PeriodSpan, ...]:
        """Return the same as :meth:`days`, written out for each measure by the days between which nothing changes."""
        found = []
        for measure_no in measure_nos:
            own = [one for one in self.periods if one.measure_no in {measure_no, None}]
            ends = {one.in_force_until + _DAY for one in own if one.in_force_until is not None}
            turns = sorted({one.in_force_from for one in own} | ends)
            for index, first in enumerate(turns):
                days = self.days(measure_no, first)
                last = turns[index + 1] - _DAY if index + 1 < len(turns) else None
                if days is not None:
                    found.append(PeriodSpan(measure_no, first, last, days))
        return tuple(found)

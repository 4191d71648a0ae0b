"""Did it work: the figures of a period, for a department's own eyes or for the whole city's."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.domain.districts import Districts
from app.domain.effect import (
    LONGEST_PERIOD,
    TOTAL,
    Dimension,
    Effect,
    Figures,
    Grouping,
    Key,
)
from app.domain.enforcement_periods import EnforcementPeriods
from app.domain.moment import CITY, Moment
from app.errors import FieldError, InvalidField
from app.files.effect_book import Names
from app.services.audit_reading import FIRST_DAY
from app.services.obligations import ObligationService
from app.store import effect, pushes
from app.store.database import Session
from app.store.effect import Asked

MOST_GROUPS = 10_000
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """The days of a summary, both included."""

    first: date
    last: date

    def check(self, today: date) -> None:
        """Raise :class:`InvalidField` for days that are no period of the past, or too many."""
        if self.last > today:
            raise InvalidField(FieldError("to", "date_in_future", "截止日（to）不能晚于今天。"))
        if self.first > self.last:
            raise InvalidField(FieldError("from", "date_order", "起始日（from）不能晚于截止日（to）。"))
        if (self.last - self.first).days >= LONGEST_PERIOD:
            told = f"一次最多统计 {LONGEST_PERIOD} 天，请缩短期间。"
            raise InvalidField(FieldError("from", "period_too_long", told))
        if self.first < FIRST_DAY:
            raise InvalidField(FieldError("from", "out_of_range", f"起始日（from）不能早于 {FIRST_DAY}。"))

    def months(self) -> list[str]:
        """Return the months that it touches, as ``2026-03``."""
        days = [self.first + _DAY * n for n in range((self.last - self.first).days + 1)]
        return list(dict.fromkeys(f"{day:%Y-%m}" for day in days))


class EffectService:
    """Makes effect summaries."""

    def __init__(self, obligations: ObligationService, periods: EnforcementPeriods, districts: Districts) -> None:
        """Take what the figures are made by."""
        self._obligations = obligations
        self._periods = periods
        self.names = Names({one.no: one.title for one in obligations.catalogue.measures}, districts.names)

    async def summary(
        self,
        session: Session,
        departments: Collection[str],
        period: Period,
        groupings: Collection[Grouping],
        moment: Moment,
    ) -> Effect:
        """Return the figures of a period, as they are known now; raise :class:`InvalidField` for a bad period."""
        period.check(moment.today)
        # In the memo's order.
        shown = tuple(one.name for one in self._obligations.catalogue.departments if one.name in departments)
        due = self._obligations.duties_of(frozenset(shown))
        spans = self._periods.spans(sorted({one.measure_no for one in due}))
        asked = Asked(shown, period.first, period.last, _start(period.first), _start(period.last + _DAY))
        read = await effect.read(session, due, spans, asked, {TOTAL, *groupings})
        if any(len(groups) > MOST_GROUPS for groups in read.values()):
            told = f"组合超过 {MOST_GROUPS} 个。请减少 by 的维度，或缩短期间。"
            raise InvalidField(FieldError("by", "too_many_groups", told))
        return Effect(
            period.first,
            period.last,
            moment.now,
            await pushes.current_version(session),
            shown,
            await effect.listed(session, period.first, period.last),
            {one: self._complete(one, groups, period, shown) for one, groups in read.items()},
        )

    def _complete(
        self, grouping: Grouping, groups: Mapping[Key, Figures], period: Period, departments: Sequence[str]
    ) -> Mapping[Key, Figures]:
        """Put groups into their order, and those in which there was nothing among them where all of them are known."""
        known: list[Key] = []
        if grouping == TOTAL:
            known = [Key()]
        elif grouping == {Dimension.DEPARTMENT}:
            known = [Key(department=one) for one in departments]
        elif grouping == {Dimension.MEASURE}:
            due = self._obligations.duties_of(frozenset(departments))
            known = [Key(measure_no=no) for no in sorted({one.measure_no for one in due})]
        elif grouping == {Dimension.MONTH}:
            known = [Key(month=one) for one in period.months()]
        places = {name: place for place, name in enumerate(departments)}
        keys = sorted({*known, *groups}, key=lambda key: _order(key, places))
        return {key: groups.get(key, Figures.nothing(grouping)) for key in keys}


def _order(key: Key, departments: Mapping[str, int]) -> tuple[int, int, str, str]:
    return (departments.get(key.department or "", -1), key.measure_no or 0, key.district or "", key.month or "")


def _start(day: date) -> datetime:
    """Return the moment at which a day begins in the city."""
    return datetime.combine(day, time(), CITY)

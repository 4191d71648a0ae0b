"""The rules of the list that change with the law: tiers and their periods, codes of conduct, publication periods.

They are data (``data/list_rules.yaml``), each with the days on which it is in force; a listing is judged by the rules
of the day on which it was made. Only what a rule forbids is an error: a period may always be shorter than the longest.
"""

import unicodedata
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, date, timedelta
from functools import cached_property, lru_cache
from typing import TypeVar

from app.domain.catalogue import Confidence
from app.domain.listing import RemovalReason
from app.errors import FieldError

_DAY = timedelta(days=1)
_MONTHS = 12


@lru_cache(maxsize=1024)
def folded(text: str) -> str:
    """Return the text without what people write differently: full and half width, spaces, upper and lower case."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time in calendar years and months, at least one month in all."""

    years: int = 0
    months: int = 0

    @property
    def in_months(self) -> int:
        """The whole length in months."""
        return self.years * _MONTHS + self.months

    def over_on(self, first: date) -> date:
        """Return the day after the period that begins with ``first``, at most the last day there is (9999-12-31).

        That is the corresponding day of its last month; where the month is too short for one, the period takes in the
        last day of that month (民法典 第二百零二条), so the day after is the first of the next.
        """
        return _over_on(self.in_months, first)

    def last_day(self, first: date) -> date:
        """Return the last day of the period that begins with ``first``: 2026-03-01 and three years, 2029-02-28."""
        return self.over_on(first) - _DAY

    def __str__(self) -> str:
        """Say it in Chinese: ``3年``, ``12个月``, ``1年6个月``."""
        return (f"{self.years}年" if self.years else "") + (f"{self.months}个月" if self.months else "")


@lru_cache(maxsize=4096)
def _over_on(months: int, first: date) -> date:
    # A list has many rows and few days.
    year, month = divmod(first.year * _MONTHS + first.month - 1 + months, _MONTHS)
    if year > MAXYEAR:
        return date.max
    length = monthrange(year, month + 1)[1]
    if first.day > length:
        return date(year, month + 1, length) + _DAY
    return date(year, month + 1, first.day)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule stands; ``article`` is ``None`` where it was not verified."""

    title: str
    number: str | None
    article: str | None

    @property
    def document(self) -> str:
        """Name the document in Chinese: ``《…办法》（…令第11号）``."""
        return f"《{self.title}》" + (f"（{self.number}）" if self.number else "")

    def __str__(self) -> str:
        """Cite it in Chinese: ``《…办法》（…令第11号）第六条``."""
        return self.document + (self.article or "")


# Not slots: the folded names are worked out once, and a push asks for them row by row.
@dataclass(frozen=True)
class Rule:
    """What every entry has: how it is called, when it is in force (``None``: open), and how well that is known."""

    code: str
    name: str
    aliases: tuple[str, ...]
    in_force_from: date
    in_force_until: date | None
    source: Source
    confidence: Confidence
    note: str | None

    def in_force(self, on: date) -> bool:
        """Whether the rule is in force on the day, its first and last included."""
        return self.in_force_from <= on and (self.in_force_until is None or on <= self.in_force_until)

    @cached_property
    def folded_code(self) -> str:
        """The code as :func:`folded` has it."""
        return folded(self.code)

    @cached_property
    def folded_names(self) -> frozenset[str]:
        """Code, name and aliases as :func:`folded` has them."""
        return frozenset(folded(one) for one in (self.code, self.name, *self.aliases))


@dataclass(frozen=True, slots=True)
class Repair:
    """When a listing may be ended before its period: ``after`` this much of it, or within its ``last_days``."""

    after: Period | None
    last_days: int | None


@dataclass(frozen=True)
class Tier(Rule):
    """A tier (等级) of the list: how long a listing lasts at most, and when it may be repaired."""

    longest: Period
    repair: Repair | None
    restored_after_fraud: bool
    """Whether a removal that was obtained by fraud is revoked and the listing restored."""

    def last_day(self, listed_on: date) -> date:
        """Return the last day on which a listing of this tier can be in force."""
        return self.longest.last_day(listed_on)

    def earliest_repair(self, listed_on: date) -> date | None:
        """Return the first day on which such a listing may be repaired; ``None`` if no rule says."""
        if self.repair is None:
            return None
        if self.repair.after is not None:
            return self.repair.after.over_on(listed_on)
        over = self.longest.over_on(listed_on)
        return over - timedelta(days=min(self.repair.last_days or 0, (over - listed_on).days))

    @property
    def repair_rule(self) -> str:
        """Say in Chinese when it may be repaired; empty if no rule says."""
        if self.repair is None:
            return ""
        return f"列入满{self.repair.after}" if self.repair.after else f"期满前{self.repair.last_days}日之内"


@dataclass(frozen=True)
class Conduct(Rule):
    """A kind of conduct (失信行为) that leads to listing; its name is a summary, never the words of the law."""


@dataclass(frozen=True)
class PublicationPeriod(Rule):
    """How long a class of information may be published (公示), counted from the day of the decision behind it."""

    shortest: Period | None
    longest: Period

    def last_day(self, decided_on: date) -> date:
        """Return the last day on which it may be published."""
        return self.longest.last_day(decided_on)


_AnyRule = TypeVar("_AnyRule", bound=Rule)


@dataclass(frozen=True, slots=True)
class ListRules:
    """Everything in the file; ``version`` is ``sha256:`` and the digest of its bytes."""

    version: str
    tiers: tuple[Tier, ...]
    conducts: tuple[Conduct, ...]
    publication_periods: tuple[PublicationPeriod, ...]

    def tier(self, text: str, on: date) -> Tier | None:
        """Return the tier of this code, name or alias that is in force on the day."""
        wanted = folded(text)
        return next((one for one in self.tiers if wanted in one.folded_names and one.in_force(on)), None)

    def last_day(self, tier_text: str, listed_on: date) -> date:
        """Return the last day that a listing of this tier can be in force; its first where there is no such tier."""
        tier = self.tier(tier_text, listed_on)
        return tier.last_day(listed_on) if tier is not None else listed_on

    def tier_names(self, on: date) -> tuple[str, ...]:
        """Return the names of the tiers that are in force on the day, in the file's order."""
        return tuple(one.name for one in _in_force(self.tiers, on))

    def conduct(self, code: str, on: date) -> Conduct | None:
        """Return the conduct of this code that is in force on the day."""
        wanted = folded(code)
        return next((one for one in self.conducts if wanted == one.folded_code and one.in_force(on)), None)

    def check(
        self, tier_text: str, conduct_code: str | None, listed_on: date, valid_until: date | None
    ) -> tuple[FieldError, ...]:
        """Return what the rules of the day of listing forbid, without a row; empty if nothing."""
        errors: list[FieldError] = []
        tier = self.tier(tier_text, listed_on)
        if tier is None:
            told = f"在列入日期（{listed_on}）没有这个等级。当日的等级：{_listed(self.tier_names(listed_on))}。"
            errors.append(FieldError("tier", "unknown_tier", told))
        if conduct_code is not None and self.conduct(conduct_code, listed_on) is None:
            codes = [one.code for one in _in_force(self.conducts, listed_on)]
            told = f"在列入日期（{listed_on}）没有这个行为代码。当日的代码：{_listed(codes)}。"
            errors.append(FieldError("conduct_code", "unknown_conduct", told))
        # Whoever does not count the first day (民法典 第二百零一条) is a day later, and not wrong.
        if tier is not None and valid_until is not None and valid_until > tier.longest.over_on(listed_on):
            told = (
                f"{tier.name}自列入日期（{listed_on}）起最长{tier.longest}，"
                f"有效期截止日应为 {tier.last_day(listed_on)}（不计首日的，为其次日；依据{tier.source.document}）。"
            )
            errors.append(FieldError("valid_until", "period_too_long", told))
        return tuple(errors)

    def warnings_for_removal(
        self, tier_text: str, listed_on: date, removed_on: date, reason: RemovalReason
    ) -> tuple[FieldError, ...]:
        """Return what is unusual about a removal, without a row; it is told and not refused."""
        tier = self.tier(tier_text, listed_on)
        earliest = tier.earliest_repair(listed_on) if tier is not None else None
        if reason is not RemovalReason.REPAIRED or tier is None or earliest is None or removed_on >= earliest:
            return ()
        told = (
            f"该等级最早可于 {earliest} 修复（{tier.repair_rule}，依据{tier.source.document}）；"
            "移出日期早于此日，请核对移出日期与移出原因。"
        )
        return (FieldError("removed_on", "repair_early", told),)


def _in_force(rules: Sequence[_AnyRule], on: date) -> list[_AnyRule]:
    return [one for one in rules if one.in_force(on)]


def _listed(names: Sequence[str]) -> str:
    return "、".join(names) or "（无）"

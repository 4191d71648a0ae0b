"""Unusual use: clients that look up many persons who are not listed, more than they did before or than others do.

Most persons that a department asks about are not listed, and that is as it should be. What stands out is how many:
so the share alone says nothing, and a client is held against its own past and against the others. No person is named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from app.domain.moment import Moment
from app.services.audit_reading import Period, Reader, record
from app.settings import Settings
from app.store import audit_use
from app.store.audit_use import ClientUse
from app.store.database import WriteSession


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on use is unusual: different persons not listed, their share of all, and how many times as before."""

    persons: int
    share: float
    times: float


def thresholds(settings: Settings) -> Thresholds:
    """Return the installation's thresholds."""
    return Thresholds(settings.unusual_persons, settings.unusual_share, settings.unusual_times)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a client's use stands out; ``detail`` is Chinese and holds the figures."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class JudgedUse:
    """A client's use, what the others' median is, and why it stands out; without reasons, it does not."""

    use: ClientUse
    not_listed_share: float | None
    others_median: float | None
    reasons: tuple[Reason, ...]


def judged(uses: Sequence[ClientUse], thresholds: Thresholds) -> list[JudgedUse]:
    """Judge each client's use beside its own past and the others', those that stand out first."""
    found = []
    for use in uses:
        others = [one.persons_not_listed for one in uses if one is not use and one.persons]
        typical = median(others) if others else None
        share = use.persons_not_listed / use.persons if use.persons else None
        found.append(JudgedUse(use, share, typical, tuple(_reasons(use, share, typical, thresholds))))
    return sorted(found, key=lambda one: (not one.reasons, -one.use.persons_not_listed, one.use.client))


def _reasons(use: ClientUse, share: float | None, typical: float | None, thresholds: Thresholds) -> list[Reason]:
    count, before = use.persons_not_listed, use.persons_not_listed_before
    if count < thresholds.persons or share is None or share < thresholds.share:
        return []
    reasons = []
    if count >= thresholds.times * before:
        told = f"查询不在名单上的人员 {count} 人，此前同样长的时间内为 {before} 人，达到 {thresholds.times:g} 倍。"
        reasons.append(Reason("above_own_past", told))
    if typical is not None and count >= thresholds.times * typical:
        told = f"查询不在名单上的人员 {count} 人，其他客户端的中位数为 {typical:g} 人，达到 {thresholds.times:g} 倍。"
        reasons.append(Reason("above_others", told))
    return reasons


class UnusualUseService:
    """Reports unusual use, with one set of thresholds."""

    def __init__(self, thresholds: Thresholds) -> None:
        """Judge by these thresholds."""
        self.thresholds = thresholds

    async def report(self, session: WriteSession, reader: Reader, period: Period, moment: Moment) -> list[JudgedUse]:
        """Return the judged use of every client that asked anything in the period, and record that it was read."""
        found = judged(await audit_use.by_client(session, *period.moments), self.thresholds)
        filters = {"since": period.since.isoformat(), "until": period.until.isoformat()}
        await record(session, reader, "unusual", filters, moment, len(found))
        return found

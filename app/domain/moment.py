"""The moment of a call: asked once at the edge and passed on, so that one call cannot straddle midnight."""

from datetime import UTC, date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

CITY = ZoneInfo("Asia/Shanghai")


class Moment(NamedTuple):
    """A point in time (UTC) and the day that it is in the city."""

    now: datetime
    today: date

    @classmethod
    def at(cls, now: datetime) -> "Moment":
        """Return the moment of a point in time."""
        return cls(now.astimezone(UTC), now.astimezone(CITY).date())

    @classmethod
    def current(cls) -> "Moment":
        """Ask the clock."""
        now = datetime.now(UTC)
        return cls(now, now.astimezone(CITY).date())

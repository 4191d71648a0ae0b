"""Alerts: what a department should know because of what it was told, or did, before the list changed.

An alert is derived, never stored; its id names the event that it is made from, so that the same event has the same id
whenever it is asked for. Each department has its own alerts, and acknowledges its own.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

_ID = re.compile(
    r"(?P<kind>[a-z_]+)\.(?P<listing>[0-9a-f-]{36})\.(?P<version>[1-9][0-9]{0,14})"
    r"\.(?P<subject>unit|[0-9a-f-]{36})(?:\.(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2}))?"
)


class AlertKind(StrEnum):
    """What happened after the department had asked or acted."""

    CLEARED_THEN_LISTED = "cleared_then_listed"
    """it was told "not listed", and then a listing of the subject became known"""
    ACTED_THEN_ENDED = "acted_then_ended"
    """it carried a measure out, and then the subject's listing ended"""
    ACTED_THEN_RETURNED = "acted_then_returned"
    """it carried a measure out, and then the subject's listing came back"""


@dataclass(frozen=True, slots=True)
class AlertId:
    """The event behind an alert: what happened to which listing, by which version, for its unit or one of its persons.

    ``day`` is given where a listing ended by itself: no version of the list says so.
    """

    kind: AlertKind
    listing_id: UUID
    list_version: int
    person_id: UUID | None
    day: date | None

    @classmethod
    def parse(cls, text: str) -> "AlertId | None":
        """Read an id as an alert carries it; ``None`` for anything else."""
        found = _ID.fullmatch(text)
        if found is None:
            return None
        subject, day = found["subject"], found["day"]
        try:
            return cls(
                AlertKind(found["kind"]),
                UUID(found["listing"]),
                int(found["version"]),
                None if subject == "unit" else UUID(subject),
                date.fromisoformat(day) if day else None,
            )
        except ValueError:
            return None

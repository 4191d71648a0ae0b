"""Alerts as they follow from the audit, the history and the reports, and the acknowledgements of those seen."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from app.domain.alerts import AlertKind
from app.store.alert_statements import PAGE
from app.store.database import Session, WriteSession
from app.store.tables import alert_acknowledgements, list_state

LONGEST_IN_FLIGHT = timedelta(days=1)
"""Longer ago than this before a cursor was taken, no change is looked at again for lookups that came to light later."""
_ALL = "~"
"""Behind every id."""
_PAGE = text(PAGE)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the order of alerts: behind this alert of this change of this version."""

    list_version: int = 0
    change_no: int = 0
    alert_id: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What had come to light when a department last looked: the list's version, and which transactions had ended."""

    list_version: int
    at: datetime
    on: date
    snapshot: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts of a department; what is ``None`` does not narrow. ``window`` is how long a lookup is remembered."""

    department: str
    window: timedelta
    ban_measures: Sequence[int]
    today: date
    kind: AlertKind | None = None
    acknowledged: bool | None = None
    since: datetime | None = None
    seen: Seen | None = None
    alert_id: str | None = None
    listing_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """That an alert was seen: by which client, when, with which note."""

    client: str
    at: datetime
    note: str | None


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """One alert: the event, and the newest of the lookups or reports that make it the department's affair."""

    alert_id: str
    kind: AlertKind
    listing_id: UUID
    person_id: UUID | None
    list_version: int
    change_no: int
    happened_at: datetime
    ended_on: date | None
    entries_total: int
    entries: tuple[Mapping[str, Any], ...]
    acknowledgement: Acknowledgement | None

    @property
    def place(self) -> Place:
        """The place behind this alert."""
        return Place(self.list_version, self.change_no, self.alert_id)


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Alerts in their order, and where to go on; ``None`` at the end."""

    alerts: list[StoredAlert]
    next: Place | None


async def page(session: Session, wanted: Wanted, past: Place, limit: int, scanned: int) -> AlertPage:
    """Return up to ``limit`` alerts behind a place, from at most ``scanned`` changes of the list.

    So it may return fewer, or none, and still have a next place.
    """
    parameters = {
        "department": wanted.department,
        "window": wanted.window,
        "ban_measures": list(wanted.ban_measures),
        "today": wanted.today,
        "kind": wanted.kind,
        "acknowledged": wanted.acknowledged,
        "since": wanted.since,
        "committed_from": _committed_from(wanted),
        "alert_id": wanted.alert_id,
        "listing": wanted.listing_id,
        "seen": wanted.seen.snapshot if wanted.seen else None,
        "seen_version": wanted.seen.list_version if wanted.seen else None,
        "seen_on": wanted.seen.on if wanted.seen else None,
        "past_version": past.list_version,
        "past_change": past.change_no,
        "past_id": past.alert_id,
        "scanned": scanned,
        "most": limit + 1,
    }
    rows = (await session.execute(_PAGE, parameters)).mappings().all()
    found = [_alert(row) for row in rows if row["alert_id"] is not None]
    if len(found) > limit:
        return AlertPage(found[:limit], found[limit - 1].place)
    more = rows[0]["scanned"] == scanned
    return AlertPage(found, Place(rows[0]["scanned_version"], rows[0]["scanned_change"], _ALL) if more else None)


def _committed_from(wanted: Wanted) -> datetime | None:
    moments = [wanted.since, wanted.seen.at - LONGEST_IN_FLIGHT if wanted.seen else None]
    return max((one for one in moments if one is not None), default=None)


def _alert(row: RowMapping) -> StoredAlert:
    acknowledged_at = row["acknowledged_at"]
    return StoredAlert(
        alert_id=row["alert_id"],
        kind=AlertKind(row["kind"]),
        listing_id=row["listing_id"],
        person_id=row["person_id"],
        list_version=row["list_version"],
        change_no=row["change_no"],
        happened_at=row["happened_at"],
        ended_on=row["event_day"] if row["kind"] == AlertKind.ACTED_THEN_ENDED else None,
        entries_total=row["entries"],
        entries=tuple(json.loads(one) if isinstance(one, str) else one for one in row["entry"]),
        acknowledgement=Acknowledgement(row["acknowledged_by"], acknowledged_at, row["note"])
        if acknowledged_at
        else None,
    )


async def seen_now(session: Session, at: datetime, on: date) -> Seen:
    """Return what this session sees."""
    query = select(list_state.c.list_version, text("pg_current_snapshot()::text"))
    version, snapshot = (await session.execute(query)).one()
    return Seen(version, at, on, snapshot)


async def acknowledge(
    session: WriteSession,
    department: str,
    alert: StoredAlert,
    *,
    client_id: UUID,
    key_id: str,
    at: datetime,
    note: str | None,
) -> None:
    """Keep that an alert was seen with what it has now; who was first with that stays."""
    values = {
        "department": department,
        "alert_id": alert.alert_id,
        "entries": alert.entries_total,
        "client_id": client_id,
        "key_id": key_id,
        "acknowledged_at": at,
        "note": note,
    }
    await session.execute(upsert(alert_acknowledgements).values(values).on_conflict_do_nothing())

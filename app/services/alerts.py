"""You cleared this company yesterday: what a department should know of subjects it asked about, or acted upon, before.

Alerts are derived when they are asked for. A cursor says what the department's last look could see, down to which
transactions had ended, so that a lookup whose record came to light late is told next time, and nothing is told twice.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from app.domain.alerts import AlertId, AlertKind
from app.domain.applicability import Grounds, Yours, applicable, whose
from app.domain.catalogue import Catalogue
from app.domain.listing import Listing, ListingState, RelatedPerson
from app.domain.moment import Moment
from app.domain.subjects import SubjectKind
from app.errors import FieldError, InvalidField, ListVersionNotReached, NotFound
from app.services.access import Caller
from app.store import alerts as store
from app.store import listings
from app.store.alerts import Place, Seen, StoredAlert, Wanted
from app.store.database import ReadSession, Session, WriteSession

_CHANGES_IN_A_LOOK = 2000
_LOOKS = 10
_CURSOR = re.compile(r"([0-9]{1,15})~([0-9]{1,11})~([0-9]{1,19}):([0-9]{1,19}):((?:[0-9]{1,19})(?:,[0-9]{1,19})*)?")
_PLACE = re.compile(r"([0-9]{1,15})\.([0-9]{1,9})\.([a-z_.0-9-]*~?)")
_LAST_XID = 2**63 - 1
_LONGEST_SNAPSHOT = 1000
LONGEST_CURSOR = 1500
"""In characters, of a cursor and of a place in front of one."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which alerts a department asks for; what is ``None`` does not narrow."""

    kind: AlertKind | None = None
    acknowledged: bool | None = None
    since: datetime | None = None
    cursor: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class OwnMeasure:
    """A measure that now applies to the subject and is, or may be, the department's."""

    no: int
    yours: Yours


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert with the listing as it is now; ``person`` where the subject is one of its persons."""

    stored: StoredAlert
    listing: Listing
    state: ListingState
    person: RelatedPerson | None
    measures: tuple[OwnMeasure, ...]


@dataclass(frozen=True, slots=True)
class Alerts:
    """A page: alerts in the order of the list's versions, where the next page begins, and the cursor for next time."""

    alerts: list[Alert]
    next: str | None
    cursor: str


class AlertService:
    """Tells departments their alerts, with one catalogue."""

    def __init__(self, catalogue: Catalogue, window_days: int) -> None:
        """Remember lookups for so many days."""
        self._catalogue = catalogue
        self._window = timedelta(days=window_days)
        self._ban_measures = [measure.no for measure in catalogue.measures if measure.position_ban]

    async def page(self, session: ReadSession, caller: Caller, choice: Choice, moment: Moment, limit: int) -> Alerts:
        """Return a page of the caller's department's alerts.

        Raises :class:`InvalidField` for a cursor or place that is none of ours, :class:`ListVersionNotReached` for one
        that has seen more than this database holds.
        """
        now = await store.seen_now(session, moment.now, moment.today)
        wanted = replace(
            self._wanted(caller, moment),
            kind=choice.kind,
            acknowledged=choice.acknowledged,
            since=choice.since,
            seen=_seen(choice.cursor, now) if choice.cursor is not None else None,
        )
        # The cursor of the first page is that of all: what comes to light between two pages is told next time.
        past, first = _placed(choice.after, now) if choice.after is not None else (Place(), now)
        found: list[StoredAlert] = []
        place: Place | None = past
        for _ in range(_LOOKS):
            if place is None or len(found) == limit:
                break
            part = await store.page(session, wanted, place, limit - len(found), _CHANGES_IN_A_LOOK)
            found += part.alerts
            place = part.next
        told = await self._told(session, caller, found, moment)
        return Alerts(told, _written_place(place, first) if place else None, _written(first))

    async def acknowledge(
        self, session: WriteSession, caller: Caller, alert_id: str, note: str | None, moment: Moment
    ) -> Alert:
        """Keep that the department has seen an alert, once; return it. Raise :class:`NotFound` if it has no such."""
        found = await self._one(session, caller, alert_id, moment)
        if found.acknowledgement is None:
            await store.acknowledge(
                session,
                caller.department,
                found,
                client_id=caller.client_id,
                key_id=caller.key_id,
                at=moment.now,
                note=note,
            )
            found = await self._one(session, caller, alert_id, moment)
        return (await self._told(session, caller, [found], moment))[0]

    async def _one(self, session: Session, caller: Caller, alert_id: str, moment: Moment) -> StoredAlert:
        named = AlertId.parse(alert_id)
        if named is not None:
            wanted = replace(self._wanted(caller, moment), alert_id=alert_id, listing_id=named.listing_id)
            found = (await store.page(session, wanted, Place(named.list_version), 1, _CHANGES_IN_A_LOOK)).alerts
            if found:
                return found[0]
        raise NotFound("本部门没有这条提醒。")

    def _wanted(self, caller: Caller, moment: Moment) -> Wanted:
        return Wanted(caller.department, self._window, self._ban_measures, moment.today)

    async def _told(
        self, session: Session, caller: Caller, found: Sequence[StoredAlert], moment: Moment
    ) -> list[Alert]:
        entries = await listings.named(session, {one.listing_id for one in found}) if found else {}
        told = []
        for one in found:
            entry = entries[one.listing_id]
            person = entry.person(frozenset({one.person_id})) if one.person_id else None
            measures = self._measures(caller.department, entry.listing, person, moment)
            told.append(Alert(one, entry.listing, entry.listing.state(moment.today), person, measures))
        return told

    def _measures(
        self, department: str, listing: Listing, person: RelatedPerson | None, moment: Moment
    ) -> tuple[OwnMeasure, ...]:
        banned = person is not None and listing.ban_in_force(person, moment.today)
        grounds = Grounds(listed=listing.lists(person, moment.today), banned=banned)
        kind = SubjectKind.UNIT if person is None else SubjectKind.PERSON
        applied = (one.measure for one in applicable(self._catalogue, kind, grounds))
        own = (OwnMeasure(measure.no, whose(measure, department)) for measure in applied)
        return tuple(one for one in own if one.yours is not Yours.NO)


def _written(seen: Seen) -> str:
    snapshot = seen.snapshot
    if len(snapshot) > _LONGEST_SNAPSHOT:
        # So many transactions were under way that they fill a URL: all since the first of them counts as not seen.
        first = snapshot.split(":")[0]
        snapshot = f"{first}:{first}:"
    return f"{seen.list_version}~{int(seen.at.timestamp())}~{snapshot}"


def _seen(text: str, now: Seen, field: str = "cursor") -> Seen:
    """Read a cursor; what has seen more than there is comes from another database, or from before it was restored."""
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise _none_of_ours(field)
    version, seconds, first, last, running = found.groups()
    xids = [int(xid) for xid in (first, *(running.split(",") if running else ()))]
    if xids != sorted(xids) or not 0 < xids[0] <= int(last) <= _LAST_XID or (running and xids[-1] >= int(last)):
        raise _none_of_ours(field)
    newest = int(now.snapshot.split(":")[1])
    if int(version) > now.list_version or int(last) > newest or int(seconds) > now.at.timestamp() + 86_400:
        raise ListVersionNotReached(
            "游标比本库现有的数据更新：数据库可能曾被恢复到较早的状态。请不带游标重新读取全部提醒。"
        )
    at = Moment.at(datetime.fromtimestamp(int(seconds), UTC))
    return Seen(int(version), at.now, at.today, text.rpartition("~")[2])


def _written_place(place: Place, first: Seen) -> str:
    return f"{place.list_version}.{place.change_no}.{place.alert_id}@{_written(first)}"


def _placed(text: str, now: Seen) -> tuple[Place, Seen]:
    place, _, cursor = text.partition("@")
    found = _PLACE.fullmatch(place)
    if found is None:
        raise _none_of_ours("after")
    return Place(int(found[1]), int(found[2]), found[3]), _seen(cursor, now, "after")


def _none_of_ours(field: str) -> InvalidField:
    return InvalidField(FieldError(field, "cursor_invalid", "应为上一次所得的 cursor 或 next，原样给出。"))

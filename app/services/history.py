"""What happened to one listing: what it was on a day, as known at a moment, and every change with who made it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.difference import FieldChange, difference
from app.domain.listing import Entry
from app.domain.moment import Moment
from app.errors import FieldError, InvalidField, NotFound
from app.store import clients, listings, pushes, revisions
from app.store.database import Session
from app.store.pushes import StoredPush
from app.store.revisions import Revision

_NO_SUCH_LISTING = "没有这条列入记录。"


@dataclass(frozen=True, slots=True)
class HistoricRevision:
    """One change of a listing: what it changed, and who pushed and who approved it."""

    revision: Revision
    push: StoredPush
    pushed_by: str
    approved_by: str | None
    changes: tuple[FieldChange, ...]


async def known_version(session: Session, known_at: datetime | None, moment: Moment) -> int | None:
    """Return the version that was known at a moment, ``None`` for now; raise :class:`InvalidField` for the future."""
    if known_at is None:
        return None
    if known_at > moment.now:
        raise InvalidField(FieldError("known_at", "date_in_future", "获知时点（known_at）不能晚于现在。"))
    return await revisions.version_known_at(session, known_at)


async def listing_at(session: Session, listing_id: UUID, version: int | None) -> Entry:
    """Return a listing as it is, or as it was at a version; raise :class:`NotFound` if it was not there."""
    if version is None:
        found = (await listings.named(session, [listing_id])).get(listing_id)
    else:
        entries = await revisions.entries_from(session, await revisions.some_at_version(session, version, [listing_id]))
        found = entries[0] if entries else None
    if found is None:
        raise NotFound(_NO_SUCH_LISTING)
    return found


async def of_listing(session: Session, listing_id: UUID) -> Sequence[HistoricRevision]:
    """Return every change of a listing, the first first; raise :class:`NotFound` if there is none."""
    made = await revisions.of_listing(session, listing_id)
    if not made:
        raise NotFound(_NO_SUCH_LISTING)
    by_version = await pushes.at_versions(session, [one.list_version for one in made])
    names = {one.client_id: one.name for one in await clients.all_clients(session)}
    found = []
    before = None
    for one in made:
        push = by_version[one.list_version]
        approved_by = names[push.approved_by] if push.approved_by else None
        changes = difference(before, one.state)
        found.append(HistoricRevision(one, push, names[push.client_id], approved_by, changes))
        before = one.state
    return found

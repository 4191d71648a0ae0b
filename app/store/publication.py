"""What the public sees of the list on a day. The day is a parameter of every statement; no verdict is kept anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, and_, case, cast, func, literal, select, tuple_

from app.domain.chain import GENESIS
from app.domain.listing import Entry, ListingState
from app.domain.publication import is_public
from app.store.database import Session
from app.store.listing_search import ListingFilter, ListingPage
from app.store.listings import listing_of, persons_of
from app.store.tables import list_state, listings, pushes

_CITY = "Asia/Shanghai"
Happened = Literal["published", "changed", "withdrawn"]


@dataclass(frozen=True, slots=True)
class PublicState:
    """What everything public is made from: the list's version, the chain's head there, and when it was committed."""

    list_version: int
    head: bytes
    committed_at: datetime | None


async def state(session: Session) -> PublicState:
    """Return the newest version."""
    query = select(list_state.c.list_version, pushes.c.head, pushes.c.committed_at).outerjoin(
        pushes, pushes.c.list_version == list_state.c.list_version
    )
    version, head, committed_at = (await session.execute(query)).one()
    return PublicState(version, head or GENESIS, committed_at)


@dataclass(frozen=True, slots=True)
class PublicFilter:
    """Which of the published listings to show; what is ``None`` does not narrow. ``name`` is part of any name."""

    on: date
    name: str | None = None
    uscc: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions on ``listings``: :func:`is_public` in SQL, and what narrows."""
        in_force = ListingFilter(self.on, ListingState.IN_FORCE, name=self.name, uscc=self.uscc).conditions()
        return [*in_force, _last_public_day() >= self.on]


def _last_public_day() -> ColumnElement[date]:
    column = listings.c
    return func.least(column.valid_until, column.published_until)


async def search(session: Session, chosen: PublicFilter, past: UUID | None, limit: int) -> ListingPage:
    """Return published listings, the newest recorded first, those before ``past``, with all their persons."""
    query = select(listings).where(*chosen.conditions()).order_by(listings.c.listing_id.desc()).limit(limit + 1)
    if past is not None:
        query = query.where(listings.c.listing_id < past)
    found = [listing_of(row) for row in (await session.execute(query)).mappings()]
    people = await persons_of(session, [one.listing_id for one in found[:limit]]) if found else {}
    entries = [Entry(one, people.get(one.listing_id, ())) for one in found[:limit]]
    return ListingPage(entries, entries[-1].listing.listing_id if len(found) > limit else None)


@dataclass(frozen=True, slots=True, order=True)
class FeedPlace:
    """A place in the feed, which goes from the newest to the oldest: behind this moment and listing."""

    updated: datetime
    listing_id: UUID


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """The last thing that happened to one listing, for the public.

    ``entry`` is ``None`` once it is withdrawn: whoever makes the feed is not even told whose it was.
    """

    place: FeedPlace
    happened: Happened
    entry: Entry | None


async def feed(session: Session, on: date, behind: FeedPlace | None, limit: int) -> Sequence[FeedEntry]:
    """Return listings by when the public last learnt something new of them, the newest first, those behind a place.

    A period that is over by itself has no revision; the listing was withdrawn at that midnight.
    """
    column = listings.c
    over = _last_public_day() + literal(1)
    midnight = func.timezone(_CITY, cast(over, DateTime))
    ended = and_(column.removed_on.is_(None), over <= on)
    updated = case((ended, func.greatest(pushes.c.committed_at, midnight)), else_=pushes.c.committed_at)
    query = (
        select(listings, updated.label("updated"))
        .join(pushes, pushes.c.list_version == column.list_version)
        .order_by(updated.desc(), column.listing_id.desc())
        .limit(limit)
    )
    if behind is not None:
        query = query.where(tuple_(updated, column.listing_id) < tuple_(behind.updated, behind.listing_id))
    rows = (await session.execute(query)).mappings().all()
    shown = [one.listing_id for one in map(listing_of, rows) if is_public(one, on)]
    people = await persons_of(session, shown) if shown else {}
    found = []
    for row in rows:
        listing = listing_of(row)
        place = FeedPlace(row["updated"], listing.listing_id)
        if listing.listing_id not in shown:
            found.append(FeedEntry(place, "withdrawn", None))
            continue
        happened: Happened = "published" if listing.revision == 1 else "changed"
        found.append(FeedEntry(place, happened, Entry(listing, people.get(listing.listing_id, ()))))
    return found

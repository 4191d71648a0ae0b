"""Searching the list, page by page: as it is, or as it was known at an earlier version."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal, not_, or_, select, text

from app.domain.listing import Entry, Listing, ListingState
from app.store import revisions
from app.store.database import Session
from app.store.listings import listing_of, persons_of
from app.store.tables import listings

_PAGES_OF_HISTORY = 20
_HISTORY_PAGE = 500


@dataclass(frozen=True, slots=True)
class ListingFilter:
    """Which listings to show; what is ``None`` does not narrow. ``state`` is that on the day ``on``."""

    on: date
    state: ListingState | None = None
    tier: str | None = None
    conduct: str | None = None
    conduct_code: str | None = None
    decided_by: str | None = None
    uscc: str | None = None
    name: str | None = None
    listed_from: date | None = None
    listed_to: date | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    def lets_through(self, listing: Listing) -> bool:
        """Whether a listing is to be shown: the same in Python as :meth:`conditions` in SQL."""
        names = (listing.unit.name, *listing.unit.former_names)
        return (
            (self.state is None or listing.state(self.on) is self.state)
            and self.tier in {None, listing.tier}
            and (self.conduct is None or self.conduct in listing.conduct)
            and self.conduct_code in {None, listing.conduct_code}
            and self.decided_by in {None, listing.decided_by}
            and self.uscc in {None, listing.unit.uscc}
            and (self.name is None or any(self.name in one for one in names))
            and (self.listed_from is None or self.listed_from <= listing.listed_on)
            and (self.listed_to is None or listing.listed_on <= self.listed_to)
            and (self.valid_from is None or self.valid_from <= listing.valid_until)
            and (self.valid_to is None or listing.valid_until <= self.valid_to)
        )

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions on ``listings``."""
        column = listings.c
        found: list[ColumnElement[bool]] = []
        for name in ("tier", "conduct_code", "decided_by", "uscc"):
            wanted = getattr(self, name)
            if wanted is not None:
                found.append(column[name] == wanted)
        if self.conduct is not None:
            found.append(column.conduct.contains(self.conduct, autoescape=True))
        if self.name is not None:
            formerly = func.array_to_string(column.former_names, "\n")
            wanted_name = self.name
            found.append(
                or_(
                    column.unit_name.contains(wanted_name, autoescape=True),
                    formerly.contains(wanted_name, autoescape=True),
                )
            )
        if self.listed_from is not None:
            found.append(column.listed_on >= self.listed_from)
        if self.listed_to is not None:
            found.append(column.listed_on <= self.listed_to)
        if self.valid_from is not None:
            found.append(column.valid_until >= self.valid_from)
        if self.valid_to is not None:
            found.append(column.valid_until <= self.valid_to)
        if self.state is not None:
            found.append(_in_state(self.state, self.on))
        return found


def _in_state(state: ListingState, on: date) -> ColumnElement[bool]:
    column = listings.c
    begun = column.listed_on <= on
    suspended = text("suspensions @> CAST(:suspended_on AS date)").bindparams(suspended_on=on)
    removed = or_(and_(column.removed_on.is_not(None), column.removed_on <= on), suspended)
    match state:
        case ListingState.NOT_YET:
            return column.listed_on > on
        case ListingState.REMOVED:
            return and_(begun, removed)
        case ListingState.EXPIRED:
            return and_(begun, not_(func.coalesce(removed, literal(False))), column.valid_until < on)  # noqa: FBT003
        case ListingState.IN_FORCE:
            return and_(begun, not_(func.coalesce(removed, literal(False))), column.valid_until >= on)  # noqa: FBT003


@dataclass(frozen=True, slots=True)
class ListingPage:
    """Listings by id, and the id to go on behind; ``None`` at the end."""

    entries: Sequence[Entry]
    next: UUID | None


async def search(session: Session, chosen: ListingFilter, past: UUID | None, limit: int) -> ListingPage:
    """Return the listings, as they are, that the filter lets through, those after ``past``."""
    query = select(listings).where(*chosen.conditions()).order_by(listings.c.listing_id).limit(limit + 1)
    if past is not None:
        query = query.where(listings.c.listing_id > past)
    found = [listing_of(row) for row in (await session.execute(query)).mappings()]
    people = await persons_of(session, [one.listing_id for one in found[:limit]]) if found else {}
    entries = [Entry(one, people.get(one.listing_id, ())) for one in found[:limit]]
    return ListingPage(entries, entries[-1].listing.listing_id if len(found) > limit else None)


async def search_as_known(
    session: Session, chosen: ListingFilter, version: int, past: UUID | None, limit: int
) -> ListingPage:
    """Return the listings, as they were at a version, that the filter lets through.

    History is not indexed for searching: so much of it is read, and a page may hold fewer listings than asked for, or
    none, and still have a next one.
    """
    entries: list[Entry] = []
    for _ in range(_PAGES_OF_HISTORY):
        page = await revisions.page_at_version(session, version, past, _HISTORY_PAGE)
        for entry in await revisions.entries_from(session, page):
            past = entry.listing.listing_id
            if chosen.lets_through(entry.listing):
                entries.append(entry)
                if len(entries) == limit:
                    return ListingPage(entries, past)
        if len(page) < _HISTORY_PAGE:
            return ListingPage(entries, None)
    return ListingPage(entries, past)

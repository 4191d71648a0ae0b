"""What the listings are now: reading them, and writing them as they are after a change."""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ARRAY, RowMapping, Text, any_, bindparam, cast, func, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.dialects.postgresql import insert as upsert

from app.domain.listing import (
    Entry,
    ListedUnit,
    Listing,
    PersonEnd,
    PersonEndReason,
    PositionBan,
    RelatedPerson,
    Removal,
    RemovalReason,
    Role,
    Span,
)
from app.domain.operations import Target
from app.store.bulk import copy_in, fetch
from app.store.database import Session, WriteSession, collisions_told
from app.store.objections import objections_of, spelt_objections
from app.store.tables import listings, related_persons

# So many are made of rows at once; more are made in a thread.
_FEW = 100

LISTING_COLUMNS = tuple(column.name for column in listings.columns)
RELATED_COLUMNS = tuple(column.name for column in related_persons.columns)


def listing_of(row: "RowMapping | Mapping[str, Any] | asyncpg.Record") -> Listing:
    """Build a listing from a row that has the columns of ``listings``."""
    removal = None
    if row["removed_on"] is not None:
        removal = Removal(row["removed_on"], RemovalReason(row["removal_reason"]), row["removal_decision_no"])
    return Listing(
        listing_id=row["listing_id"],
        revision=row["revision"],
        unit=ListedUnit(row["uscc"], row["unit_name"], tuple(row["former_names"])),
        decision_no=row["decision_no"],
        decided_by=row["decided_by"],
        conduct=row["conduct"],
        tier=row["tier"],
        listed_on=row["listed_on"],
        valid_until=row["valid_until"],
        removal=removal,
        conduct_code=row["conduct_code"],
        facts=row["facts"],
        basis=row["basis"],
        published_until=row["published_until"],
        nonconforming_reason=row["nonconforming_reason"],
        suspensions=spans_of(row["suspensions"]),
        objections=objections_of(row["objections"]),
        list_version=row["list_version"],
    )


def person_of(row: "RowMapping | Mapping[str, Any] | asyncpg.Record") -> RelatedPerson:
    """Build a related person from ``related_persons`` joined with ``persons`` (its name as ``person_name``)."""
    banned = row["ban_for_life"] or row["ban_until"] is not None
    ended = row["ended_on"] is not None
    erased = row["person_name"] is None
    return RelatedPerson(
        person_id=row["person_id"],
        name=ERASED_NAME if erased else row["person_name"],
        masked_number=ERASED_NUMBER if erased else row["masked_number"],
        roles=tuple(Role(role) for role in row["roles"]),
        position_ban=PositionBan(row["ban_until"], row["ban_since"]) if banned else None,
        since=row["since"],
        end=PersonEnd(row["ended_on"], PersonEndReason(row["end_reason"])) if ended else None,
        absences=spans_of(row["absences"]),
        commitment=row["commitment"],
        erased=erased,
    )


ERASED_NAME = "（身份已删除）"
ERASED_NUMBER = "******************"


def spans_of(multirange: Iterable[Any]) -> tuple[Span, ...]:
    """Return a multirange of days as spans."""
    return tuple(Span(one.lower, one.upper) for one in multirange)


# Columns by name: a later release may add one while the statement is kept prepared, and it must still fit.
LISTING_SELECTED = ", ".join(f"listings.{name}" for name in LISTING_COLUMNS)
_RELATED = ", ".join(f"related_persons.{name}" for name in RELATED_COLUMNS)
_BY_KEY = f"""
    SELECT {LISTING_SELECTED} FROM unnest($1::text[], $2::text[]) AS wanted (uscc, decision_no)
    JOIN listings ON listings.uscc = wanted.uscc AND listings.decision_no = wanted.decision_no
"""  # noqa: S608 - our own words
_BY_ID = f"SELECT {LISTING_SELECTED} FROM listings WHERE listing_id = ANY ($1::uuid[])"  # noqa: S608 - our own words
_PERSONS_OF = f"""
    SELECT {_RELATED}, persons.name AS person_name, persons.masked_number, persons.commitment
    FROM related_persons JOIN persons USING (person_id)
    WHERE related_persons.listing_id = ANY ($1::uuid[]) ORDER BY related_persons.person_id
"""  # noqa: S608 - our own words


async def named(session: Session, targets: Iterable[Target]) -> dict[Target, Entry]:
    """Return the listings that exist among the named ones, each under its decision key and under its id."""
    ids, usccs, decision_nos = [], [], []
    for target in targets:
        if isinstance(target, UUID):
            ids.append(target)
        else:
            usccs.append(target[0])
            decision_nos.append(target[1])
    rows = await fetch(session, _BY_KEY, usccs, decision_nos) if usccs else []
    rows += await fetch(session, _BY_ID, ids) if ids else []
    found: dict[Target, Entry] = {}
    for entry in await _entries(session, rows):
        found[entry.listing.listing_id] = entry
        found[entry.listing.unit.uscc, entry.listing.decision_no] = entry
    return found


async def count(session: Session) -> int:
    """Return how many listings there are, ended ones too."""
    found: int = (await session.execute(select(func.count()).select_from(listings))).scalar_one()
    return found


async def of_units(session: Session, usccs: Sequence[str]) -> list[Entry]:
    """Return all listings of these units that have not been removed."""
    query = select(listings).where(listings.c.uscc == any_(cast(list(usccs), ARRAY(Text))))
    rows = (await session.execute(query.where(listings.c.removed_on.is_(None)))).mappings().all()
    return await _entries(session, rows)


async def _entries(session: Session, rows: "Sequence[RowMapping | asyncpg.Record]") -> list[Entry]:
    if not rows:
        return []
    related = await fetch(session, _PERSONS_OF, [row["listing_id"] for row in rows])

    def built() -> list[Entry]:
        people = _by_listing(related)
        return [Entry(listing_of(row), people.get(row["listing_id"], ())) for row in rows]

    # Of a part of a push there are a thousand, which lookups should not wait for.
    return built() if len(rows) <= _FEW else await asyncio.to_thread(built)


async def persons_of(session: Session, listing_ids: Sequence[UUID]) -> dict[UUID, tuple[RelatedPerson, ...]]:
    """Return the persons recorded in each of these listings, by id."""
    return _by_listing(await fetch(session, _PERSONS_OF, list(listing_ids)))


def _by_listing(related: "Sequence[asyncpg.Record]") -> dict[UUID, tuple[RelatedPerson, ...]]:
    found: dict[UUID, list[RelatedPerson]] = {}
    for row in related:
        found.setdefault(row["listing_id"], []).append(person_of(row))
    return {listing_id: tuple(persons) for listing_id, persons in found.items()}


async def write(session: WriteSession, entries: Sequence[Entry]) -> None:
    """Write what the listings are now, after these changes of them in their order.

    Those that are there already come first: a listing may be moved off a key that another then takes. What is new is
    written once, as the last of its changes left it.
    """
    new = {entry.listing.listing_id: entry for entry in entries if entry.listing.revision == 1}
    altered = []
    for entry in entries:
        if entry.listing.listing_id in new:
            new[entry.listing.listing_id] = entry
        else:
            altered.append(entry)
    if altered:
        await _alter(session, altered)
    await copy_in(session, listings, LISTING_COLUMNS, [_listing_values(entry.listing) for entry in new.values()])
    related = [_related_values(entry.listing.listing_id, person) for entry in new.values() for person in entry.persons]
    await copy_in(session, related_persons, RELATED_COLUMNS, related)


async def _alter(session: WriteSession, altered: Sequence[Entry]) -> None:
    columns = LISTING_COLUMNS[1:]
    statement = (
        update(listings)
        .where(listings.c.listing_id == bindparam("altered_id"), listings.c.revision == bindparam("altered_revision"))
        .values({column: bindparam(f"new_{column}") for column in columns})
    )
    rows = []
    for entry in altered:
        named_values = {f"new_{name}": value for name, value in _typed(columns, _listing_values(entry.listing)[1:])}
        identified = {"altered_id": entry.listing.listing_id, "altered_revision": entry.listing.revision - 1}
        rows.append(named_values | identified)
    async with collisions_told():
        await session.execute(statement, rows)
    related = [
        dict(_typed(RELATED_COLUMNS, _related_values(entry.listing.listing_id, person)))
        for entry in altered
        for person in entry.persons
    ]
    if related:
        added = upsert(related_persons)
        changed = {name: added.excluded[name] for name in RELATED_COLUMNS if name not in {"listing_id", "person_id"}}
        await session.execute(added.on_conflict_do_update(constraint="pk_related_persons", set_=changed), related)


def _typed(columns: Sequence[str], values: Sequence[Any]) -> Iterable[tuple[str, Any]]:
    """Pair columns with values, multiranges and JSON as SQLAlchemy has them."""
    for column, value in zip(columns, values, strict=True):
        if column in {"suspensions", "absences"}:
            yield column, [Range(one.lower, one.upper) for one in value]
        elif column == "objections":
            yield column, json.loads(value)
        else:
            yield column, value


def _ranges(spans: Iterable[Span]) -> list["asyncpg.Range[date]"]:
    return [asyncpg.Range(span.first, span.until) for span in spans]


def _listing_values(listing: Listing) -> tuple[Any, ...]:
    """Return the values of ``LISTING_COLUMNS``."""
    removal = listing.removal
    return (
        listing.listing_id,
        listing.unit.uscc,
        listing.unit.name,
        list(listing.unit.former_names),
        listing.decision_no,
        listing.decided_by,
        listing.conduct,
        listing.tier,
        listing.listed_on,
        listing.valid_until,
        removal.on if removal else None,
        removal.reason.value if removal else None,
        removal.decision_no if removal else None,
        listing.revision,
        listing.conduct_code,
        listing.facts,
        listing.basis,
        listing.published_until,
        listing.nonconforming_reason,
        _ranges(listing.suspensions),
        listing.list_version,
        spelt_objections(listing.objections),
    )


def _related_values(listing_id: UUID, person: RelatedPerson) -> tuple[Any, ...]:
    """Return the values of ``RELATED_COLUMNS``."""
    ban, end = person.position_ban, person.end
    return (
        listing_id,
        person.person_id,
        [role.value for role in person.roles],
        ban.until if ban else None,
        ban is not None and ban.until is None,
        ban.since if ban else None,
        person.since,
        end.on if end else None,
        end.reason.value if end else None,
        _ranges(person.absences),
    )

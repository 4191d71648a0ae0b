"""Reading and writing listings: what they are now, and the revision that each change adds."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, RowMapping, Text, Uuid, and_, any_, bindparam, cast, func, insert, select, update

from app.domain.listing import ListedUnit, Listing, PositionBan, RelatedPerson, Removal, RemovalReason, Role
from app.domain.operations import Target
from app.store.database import Session, WriteSession
from app.store.tables import changes, listing_revisions, listings, persons, related_persons


@dataclass(frozen=True, slots=True)
class Change:
    """One listing as it is after one row of a push: a revision to keep and a change to tell."""

    row: int
    operation: str
    listing: Listing
    persons: tuple[RelatedPerson, ...]


def listing_of(row: RowMapping | Mapping[str, Any]) -> Listing:
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
    )


def person_of(row: RowMapping | Mapping[str, Any]) -> RelatedPerson:
    """Build a related person from ``related_persons`` joined with ``persons`` (its name as ``person_name``)."""
    banned = row["ban_for_life"] or row["ban_until"] is not None
    return RelatedPerson(
        person_id=row["person_id"],
        name=row["person_name"],
        masked_number=row["masked_number"],
        roles=tuple(Role(role) for role in row["roles"]),
        position_ban=PositionBan(row["ban_until"]) if banned else None,
    )


async def named(session: Session, targets: Iterable[Target]) -> dict[Target, Listing]:
    """Return the listings that exist among the named ones, each under its decision key and under its id."""
    ids, usccs, decision_nos = [], [], []
    for target in targets:
        if isinstance(target, UUID):
            ids.append(target)
        else:
            usccs.append(target[0])
            decision_nos.append(target[1])
    # Two arrays rather than a parameter per target, of which PostgreSQL takes 32,767.
    keys = (
        func.unnest(cast(usccs, ARRAY(Text)), cast(decision_nos, ARRAY(Text)))
        .table_valued("uscc", "decision_no")
        .render_derived()
    )
    by_key = select(listings).join(
        keys, and_(listings.c.uscc == keys.c.uscc, listings.c.decision_no == keys.c.decision_no)
    )
    by_id = select(listings).where(listings.c.listing_id == any_(cast(ids, ARRAY(Uuid))))
    found: dict[Target, Listing] = {}
    for row in (await session.execute(by_key.union(by_id))).mappings():
        listing = listing_of(row)
        found[listing.listing_id] = listing
        found[listing.unit.uscc, listing.decision_no] = listing
    return found


async def persons_of(session: Session, listing_ids: Sequence[UUID]) -> dict[UUID, tuple[RelatedPerson, ...]]:
    """Return the persons recorded in each of these listings, in a stable order."""
    query = (
        select(related_persons, persons.c.name.label("person_name"), persons.c.masked_number)
        .join(persons)
        .where(related_persons.c.listing_id == any_(cast(list(listing_ids), ARRAY(Uuid))))
        .order_by(related_persons.c.person_id)
    )
    found: dict[UUID, list[RelatedPerson]] = {}
    for row in (await session.execute(query)).mappings():
        found.setdefault(row["listing_id"], []).append(person_of(row))
    return {listing_id: tuple(related) for listing_id, related in found.items()}


async def record(
    session: WriteSession, recorded: Sequence[Change], *, push_id: UUID, list_version: int, at: datetime
) -> None:
    """Write what the listings are now, and in the same breath the revision and the change of each."""
    added = [change for change in recorded if change.listing.revision == 1]
    if added:
        await session.execute(insert(listings), [_listing_row(change.listing) for change in added])
        related = [_related_row(change.listing.listing_id, p) for change in added for p in change.persons]
        if related:
            await session.execute(insert(related_persons), related)
    altered = [change.listing for change in recorded if change.listing.revision > 1]
    if altered:
        statement = update(listings).where(
            listings.c.listing_id == bindparam("altered_id"), listings.c.revision == bindparam("altered_revision")
        )
        rows = [
            _listing_row(listing) | {"altered_id": listing.listing_id, "altered_revision": listing.revision - 1}
            for listing in altered
        ]
        await session.execute(statement, rows)
    revisions = [
        {
            "listing_id": change.listing.listing_id,
            "revision": change.listing.revision,
            "push_id": push_id,
            "list_version": list_version,
            "operation": change.operation,
            "recorded_at": at,
            "state": state_of(change.listing, change.persons),
        }
        for change in recorded
    ]
    await session.execute(insert(listing_revisions), revisions)
    told = [
        {
            "list_version": list_version,
            "change_no": change.row,
            "listing_id": change.listing.listing_id,
            "revision": change.listing.revision,
            "operation": change.operation,
        }
        for change in recorded
    ]
    await session.execute(insert(changes), told)


def _listing_row(listing: Listing) -> dict[str, Any]:
    removal = listing.removal
    return {
        "listing_id": listing.listing_id,
        "uscc": listing.unit.uscc,
        "unit_name": listing.unit.name,
        "former_names": list(listing.unit.former_names),
        "decision_no": listing.decision_no,
        "decided_by": listing.decided_by,
        "conduct": listing.conduct,
        "tier": listing.tier,
        "listed_on": listing.listed_on,
        "valid_until": listing.valid_until,
        "removed_on": removal.on if removal else None,
        "removal_reason": removal.reason.value if removal else None,
        "removal_decision_no": removal.decision_no if removal else None,
        "revision": listing.revision,
    }


def _related_row(listing_id: UUID, person: RelatedPerson) -> dict[str, Any]:
    ban = person.position_ban
    return {
        "listing_id": listing_id,
        "person_id": person.person_id,
        "roles": [role.value for role in person.roles],
        "ban_until": ban.until if ban else None,
        "ban_for_life": ban is not None and ban.until is None,
    }


def state_of(listing: Listing, related: Sequence[RelatedPerson]) -> dict[str, Any]:
    """Return a listing whole, as its revision keeps it (JSON): persons by id only, days as ISO 8601."""
    state = _listing_row(listing)
    del state["revision"]
    state["persons"] = [_related_row(listing.listing_id, person) for person in related]
    for person in state["persons"]:
        del person["listing_id"]
        person["person_id"] = str(person["person_id"])
    plain = json.dumps(state, default=str, ensure_ascii=False)
    loaded: dict[str, Any] = json.loads(plain)
    return loaded


def from_state(state: Mapping[str, Any], revision: int) -> Listing:
    """Read a listing back from its revision."""
    days = ("listed_on", "valid_until", "removed_on")
    typed = {day: date.fromisoformat(state[day]) if state[day] else None for day in days}
    return listing_of({**state, **typed, "listing_id": UUID(state["listing_id"]), "revision": revision})


async def at_revisions(
    session: Session, wanted: Sequence[tuple[UUID, int]]
) -> dict[UUID, tuple[Listing, dict[UUID, RelatedPerson]]]:
    """Return listings as they were at the given revisions, each with its persons by id."""
    keys = (
        func.unnest(
            cast([listing_id for listing_id, _ in wanted], ARRAY(Uuid)),
            cast([revision for _, revision in wanted], ARRAY(Integer)),
        )
        .table_valued("listing_id", "revision")
        .render_derived()
    )
    query = select(listing_revisions).join(
        keys,
        and_(listing_revisions.c.listing_id == keys.c.listing_id, listing_revisions.c.revision == keys.c.revision),
    )
    rows = (await session.execute(query)).mappings().all()
    person_ids = {UUID(related["person_id"]) for row in rows for related in row["state"]["persons"]}
    known = select(persons.c.person_id, persons.c.name.label("person_name"), persons.c.masked_number).where(
        persons.c.person_id == any_(cast(list(person_ids), ARRAY(Uuid)))
    )
    names = {row["person_id"]: row for row in (await session.execute(known)).mappings()}
    found = {}
    for row in rows:
        related = {}
        for kept in row["state"]["persons"]:
            person_id = UUID(kept["person_id"])
            until = date.fromisoformat(kept["ban_until"]) if kept["ban_until"] else None
            related[person_id] = person_of({**kept, **names[person_id], "ban_until": until})
        found[row["listing_id"]] = (from_state(row["state"], row["revision"]), related)
    return found

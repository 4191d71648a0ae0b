"""The history: every listing whole after every change, and reading it back as of any version.

A revision is never altered, so the list as it was at a version is there for ever; a consistent copy needs no long
transaction, and "what did we know then" is a reading like any other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Select, Uuid, and_, any_, cast, func, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from app.domain.listing import Entry, Listing, PersonEnd, PersonEndReason, RelatedPerson
from app.store.bulk import copy_in, fetch
from app.store.database import Session, WriteSession
from app.store.listings import listing_of, person_of
from app.store.tables import listing_revisions, persons, pushes

_COLUMNS = (
    "listing_id",
    "revision",
    "push_id",
    "list_version",
    "change_no",
    "row_no",
    "operation",
    "detail",
    "state",
    "hash",
)


@dataclass(frozen=True, slots=True)
class Revision:
    """One change of one listing, as it is kept: ``state`` is the listing after it, ``link`` its place in the chain."""

    listing_id: UUID
    revision: int
    push_id: UUID
    list_version: int
    change_no: int
    row: int | None
    operation: str
    detail: Mapping[str, Any]
    state: Mapping[str, Any]
    link: bytes

    def record(self) -> dict[str, Any]:
        """Return what is hashed of it."""
        return {
            "list_version": self.list_version,
            "change_no": self.change_no,
            "row": self.row,
            "op": self.operation,
            "listing_id": str(self.listing_id),
            "revision": self.revision,
            "detail": self.detail,
            "state": self.state,
        }


class NewRevision(NamedTuple):
    """A change that is about to be kept: a row of the table, JSON spelt as the chain hashes it."""

    listing_id: UUID
    revision: int
    push_id: UUID
    list_version: int
    change_no: int
    row: int | None
    operation: str
    detail: str
    state: str
    link: bytes = b""

    def canonical_record(self) -> bytes:
        """Return the canonical spelling of :meth:`Revision.record`."""
        row = "null" if self.row is None else self.row
        return (
            f'{{"change_no":{self.change_no},"detail":{self.detail},"list_version":{self.list_version},'
            f'"listing_id":"{self.listing_id}","op":"{self.operation}","revision":{self.revision},"row":{row},'
            f'"state":{self.state}}}'
        ).encode()


async def add(session: WriteSession, added: Sequence[NewRevision]) -> None:
    """Keep revisions."""
    await copy_in(session, listing_revisions, _COLUMNS, added)


@dataclass(frozen=True, slots=True)
class _Span:
    lower: date
    upper: date


def _read_spans(pairs: Iterable[Sequence[str]]) -> list[_Span]:
    return [_Span(date.fromisoformat(first), date.fromisoformat(until)) for first, until in pairs]


def _day(kept: str | None) -> date | None:
    return date.fromisoformat(kept) if kept else None


def listing_from(state: Mapping[str, Any], revision: int, list_version: int) -> Listing:
    """Read a listing back from its revision; what earlier releases did not keep was not there."""
    days = {name: _day(state.get(name)) for name in ("listed_on", "valid_until", "removed_on", "published_until")}
    absent = dict.fromkeys(("conduct_code", "facts", "basis", "nonconforming_reason"))
    typed = {
        "listing_id": UUID(state["listing_id"]),
        "revision": revision,
        "list_version": list_version,
        "suspensions": _read_spans(state.get("suspensions", ())),
    }
    return listing_of({"objections": (), **absent, **state, **days, **typed})


def person_from(kept: Mapping[str, Any], known: "KnownPerson | None") -> RelatedPerson:
    """Read a related person back from a revision, named as they are known now."""
    days = {name: _day(kept.get(name)) for name in ("ban_until", "ban_since", "since", "ended_on")}
    typed = {
        "person_id": UUID(kept["person_id"]),
        "end_reason": kept.get("end_reason"),
        "absences": _read_spans(kept.get("absences", ())),
        "commitment": kept.get("commitment"),
        "person_name": known.name if known else None,
        "masked_number": known.masked_number if known else None,
    }
    return person_of({**kept, **days, **typed})


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Who a ``person_id`` is; everything is ``None`` of somebody who was erased."""

    name: str | None
    masked_number: str | None
    blind_index: bytes | None
    index_key_id: str | None


async def known_persons(session: Session, person_ids: Iterable[UUID]) -> dict[UUID, KnownPerson]:
    """Return who these ids are."""
    wanted = cast(list(set(person_ids)), ARRAY(Uuid))
    query = select(
        persons.c.person_id, persons.c.name, persons.c.masked_number, persons.c.blind_index, persons.c.index_key_id
    ).where(persons.c.person_id == any_(wanted))
    return {row.person_id: KnownPerson(*row[1:]) for row in await session.execute(query)}


async def entries_from(
    session: Session, revisions: Sequence[Revision], known: Mapping[UUID, KnownPerson] | None = None
) -> list[Entry]:
    """Read revisions back as listings, each with its persons named as they are ``known`` now."""
    if known is None:
        ids = {UUID(kept["person_id"]) for one in revisions for kept in one.state["persons"]}
        known = await known_persons(session, ids) if ids else {}
    return [
        Entry(
            listing_from(one.state, one.revision, one.list_version),
            tuple(person_from(kept, known.get(UUID(kept["person_id"]))) for kept in one.state["persons"]),
        )
        for one in revisions
    ]


async def at_revisions(session: Session, wanted: Sequence[tuple[UUID, int]]) -> dict[UUID, Entry]:
    """Return listings as they were at the given revisions."""
    entries = await entries_from(session, await _read(session, _at(wanted)))
    return {entry.listing.listing_id: entry for entry in entries}


async def raw_at_revisions(
    session: Session, wanted: Sequence[tuple[UUID, int]]
) -> dict[tuple[UUID, int], Mapping[str, Any]]:
    """Return the states kept at the given revisions; those that are none are left out."""
    wanted = [one for one in wanted if one[1] > 0]
    found = await _read(session, _at(wanted)) if wanted else []
    return {(one.listing_id, one.revision): one.state for one in found}


def _at(wanted: Sequence[tuple[UUID, int]]) -> "Select[*tuple[Any, ...]]":
    keys = (
        func.unnest(
            cast([listing_id for listing_id, _ in wanted], ARRAY(Uuid)),
            cast([revision for _, revision in wanted], ARRAY(Integer)),
        )
        .table_valued("listing_id", "revision")
        .render_derived()
    )
    return _revisions().join(
        keys,
        and_(listing_revisions.c.listing_id == keys.c.listing_id, listing_revisions.c.revision == keys.c.revision),
    )


def _revisions() -> "Select[*tuple[Any, ...]]":
    return select(*(listing_revisions.c[name] for name in _COLUMNS))


async def _read(session: Session, query: "Select[*tuple[Any, ...]]") -> list[Revision]:
    return [Revision(*row) for row in await session.execute(query)]


async def after(session: Session, version: int, change_no: int, limit: int) -> list[Revision]:
    """Return up to ``limit`` changes that follow change ``change_no`` of ``version``, in the order of the chain."""
    order = (listing_revisions.c.list_version, listing_revisions.c.change_no)
    query = _revisions().where(tuple_(*order) > tuple_(version, change_no)).order_by(*order).limit(limit)
    return await _read(session, query)


async def of_listing(session: Session, listing_id: UUID) -> list[Revision]:
    """Return every revision of a listing, the first one first."""
    query = _revisions().where(listing_revisions.c.listing_id == listing_id).order_by(listing_revisions.c.revision)
    return await _read(session, query)


async def ends_of_persons(session: Session, listing_ids: Iterable[UUID]) -> dict[tuple[UUID, UUID], list[PersonEnd]]:
    """Return the ends that these listings' revisions have of each (listing, person), the first revision's first."""
    found: dict[tuple[UUID, UUID], list[PersonEnd]] = {}
    for listing_id, person_id, ended_on, reason in await fetch(session, _ENDS, list(listing_ids)):
        end = PersonEnd(date.fromisoformat(ended_on), PersonEndReason(reason))
        found.setdefault((listing_id, UUID(person_id)), []).append(end)
    return found


_ENDS = """
    SELECT listing_id, person ->> 'person_id', person ->> 'ended_on', person ->> 'end_reason'
    FROM listing_revisions, jsonb_array_elements(state -> 'persons') AS person
    WHERE listing_id = ANY ($1::uuid[]) AND person ->> 'ended_on' IS NOT NULL ORDER BY listing_id, revision
"""


async def page_at_version(session: Session, version: int, past: UUID | None, limit: int) -> list[Revision]:
    """Return up to ``limit`` listings as they were at a version, by id, those after ``past``."""
    query = (
        _revisions()
        .ext(distinct_on(listing_revisions.c.listing_id))
        .where(listing_revisions.c.list_version <= version)
        .order_by(listing_revisions.c.listing_id, listing_revisions.c.revision.desc())
        .limit(limit)
    )
    if past is not None:
        query = query.where(listing_revisions.c.listing_id > past)
    return await _read(session, query)


async def some_at_version(session: Session, version: int, listing_ids: Iterable[UUID]) -> list[Revision]:
    """Return these listings as they were at a version; those that were not there yet are left out."""
    query = (
        _revisions()
        .ext(distinct_on(listing_revisions.c.listing_id))
        .where(
            listing_revisions.c.list_version <= version,
            listing_revisions.c.listing_id == any_(cast(list(listing_ids), ARRAY(Uuid))),
        )
        .order_by(listing_revisions.c.listing_id, listing_revisions.c.revision.desc())
    )
    return await _read(session, query)


async def broken_sequence(session: Session) -> UUID | None:
    """Return a listing whose revisions are not numbered from 1 without a gap, if there is one."""
    revision = listing_revisions.c.revision
    query = (
        select(listing_revisions.c.listing_id)
        .group_by(listing_revisions.c.listing_id)
        .having(or_(func.min(revision) != 1, func.max(revision) != func.count()))
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def ever_of_unit(session: Session, uscc: str) -> set[UUID]:
    """Return the listings that were ever recorded under this code."""
    query = select(listing_revisions.c.listing_id).where(text("state ->> 'uscc' = :uscc")).params(uscc=uscc)
    return set((await session.execute(query)).scalars())


async def version_known_at(session: Session, moment: datetime) -> int:
    """Return the list's version at a moment; 0 before the first push."""
    query = select(func.coalesce(func.max(pushes.c.list_version), 0)).where(pushes.c.committed_at <= moment)
    version: int = (await session.execute(query)).scalar_one()
    return version

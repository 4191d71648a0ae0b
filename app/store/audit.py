"""Reading the record of what was asked and answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, LargeBinary, Select, any_, cast, insert, select, text

from app.domain.subjects import SubjectKind
from app.store.database import Session, WriteSession
from app.store.tables import audit, clients

TOKEN_ISSUED = "token_issued"  # noqa: S105 - a word, not a password
"""In place of a verdict: a token for matching was given out, and nothing was said of the list."""


_KEPT = tuple(column.name for column in audit.columns if column.name != "recorded_in")


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One answer as it was recorded; a person only by blind index and masked number."""

    lookup_id: UUID
    answered_at: datetime
    request_id: str
    client_id: UUID
    key_id: str
    department: str
    purpose: str | None
    reference: str | None
    subject_kind: SubjectKind
    uscc: str | None
    blind_index: bytes | None
    index_key_id: str | None
    masked_number: str | None
    on_day: date
    known_at: datetime | None
    view: str
    verdict: str
    list_version: int
    catalogue_version: str
    listing_ids: tuple[UUID, ...]
    revisions: tuple[int, ...]
    person_ids: tuple[UUID, ...]
    client_name: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which records to show; what is ``None`` does not narrow."""

    since: datetime | None = None
    until: datetime | None = None
    client: str | None = None
    uscc: str | None = None
    blind_indexes: Sequence[bytes] | None = None
    department: str | None = None
    purpose: str | None = None
    """part of it"""
    verdict: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what a record has to fulfil; the moments are what leaves out whole months of the audit."""
        column, found = audit.c, []
        if self.since is not None:
            found.append(column.answered_at >= self.since)
        if self.until is not None:
            found.append(column.answered_at < self.until)
        if self.client is not None:
            found.append(clients.c.name == self.client)
        if self.uscc is not None:
            found.append(column.uscc == self.uscc)
        if self.blind_indexes is not None:
            found.append(column.blind_index == any_(cast(list(self.blind_indexes), ARRAY(LargeBinary))))
        if self.department is not None:
            found.append(column.department == self.department)
        if self.purpose is not None:
            found.append(column.purpose.contains(self.purpose, autoescape=True))
        if self.verdict is not None:
            found.append(column.verdict == self.verdict)
        return found


async def add(session: WriteSession, records: Sequence[AuditRecord]) -> None:
    """Record answers that were found by other means than the lookups' own statement."""
    await session.execute(insert(audit), [{name: _value(one, name) for name in _KEPT} for one in records])


async def forget_person(session: WriteSession, blind_indexes: Sequence[bytes]) -> int:
    """Take out of the record whom it was asked about, where it was this person; only the database's owner may.

    That somebody was asked about, by whom, when and why, stays; so it is with the record of who read the audit for
    them. Returns how many records of lookups there were.
    """
    statement = text("""
        UPDATE audit SET blind_index = uuid_send(gen_random_uuid()), masked_number = :masked
        WHERE blind_index = ANY (CAST(:indexes AS bytea[]))
    """)
    await session.execute(
        text("""
            UPDATE readings_of_audit SET blind_index = uuid_send(gen_random_uuid())
            WHERE blind_index = ANY (CAST(:indexes AS bytea[]))
        """),
        {"indexes": list(blind_indexes)},
    )
    done = await session.execute(statement, {"masked": "*" * 18, "indexes": list(blind_indexes)})
    return done.rowcount


def _value(record: AuditRecord, column: str) -> object:
    value = getattr(record, column)
    return list(value) if isinstance(value, tuple) else value


async def newest(session: Session, chosen: AuditFilter, limit: int) -> list[AuditRecord]:
    """Return the newest records that the filter lets through."""
    query = _records().where(*chosen.conditions())
    ordered = query.order_by(audit.c.answered_at.desc(), audit.c.lookup_id.desc()).limit(limit)
    return [_record(row) for row in await session.execute(ordered)]


async def page(session: Session, chosen: AuditFilter, before: UUID | None, limit: int) -> list[AuditRecord]:
    """Return the newest records that the filter lets through, those made before the lookup ``before``.

    The ids of lookups are in the order of their making, and the primary key of each month's records is by id.
    """
    query = _records().where(*chosen.conditions()).order_by(audit.c.lookup_id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.lookup_id < before)
    return [_record(row) for row in await session.execute(query)]


async def index_keys(session: Session) -> set[str]:
    """Return under which index keys persons were asked about; it reads all of the audit."""
    query = select(audit.c.index_key_id).where(audit.c.blind_index.is_not(None)).distinct()
    return {key_id for key_id in (await session.execute(query)).scalars() if key_id is not None}


async def by_lookup(session: Session, lookup_id: UUID) -> AuditRecord | None:
    """Return the record of one lookup."""
    row = (await session.execute(_records().where(audit.c.lookup_id == lookup_id))).one_or_none()
    return _record(row) if row else None


def _records() -> "Select[*tuple[object, ...]]":
    return select(*(audit.c[name] for name in _KEPT), clients.c.name.label("client_name")).join(
        clients, clients.c.client_id == audit.c.client_id
    )


def _record(row: object) -> AuditRecord:
    values = dict(row._mapping)  # type: ignore[attr-defined]  # noqa: SLF001 - SQLAlchemy's public name for it
    for name in ("listing_ids", "revisions", "person_ids"):
        values[name] = tuple(values[name])
    values["subject_kind"] = SubjectKind(values["subject_kind"])
    return AuditRecord(**values)

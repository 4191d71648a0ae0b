"""Reading the record of what was asked and answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, insert, select, text

from app.domain.subjects import SubjectKind
from app.store.database import Session, WriteSession
from app.store.tables import audit, clients

TOKEN_ISSUED = "token_issued"  # noqa: S105 - a word, not a password
"""In place of a verdict: a token for matching was given out, and nothing was said of the list."""


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
    scene: str | None = None
    scenes_version: str | None = None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which records to show; what is ``None`` does not narrow."""

    since: datetime | None = None
    until: datetime | None = None
    client: str | None = None
    uscc: str | None = None
    blind_indexes: Sequence[bytes] | None = None


async def add(session: WriteSession, records: Sequence[AuditRecord]) -> None:
    """Record answers that were found by other means than the lookups' own statement."""
    await session.execute(
        insert(audit), [{column.name: _value(one, column.name) for column in audit.columns} for one in records]
    )


async def forget_person(session: WriteSession, blind_indexes: Sequence[bytes]) -> int:
    """Take out of the record whom it was asked about, where it was this person; only the database's owner may.

    That somebody was asked about, by whom, when and why, stays. Returns how many records there were.
    """
    statement = text("""
        UPDATE audit SET blind_index = uuid_send(gen_random_uuid()), masked_number = :masked
        WHERE blind_index = ANY (CAST(:indexes AS bytea[]))
    """)
    done = await session.execute(statement, {"masked": "*" * 18, "indexes": list(blind_indexes)})
    return done.rowcount


def _value(record: AuditRecord, column: str) -> object:
    value = getattr(record, column)
    return list(value) if isinstance(value, tuple) else value


async def newest(session: Session, chosen: AuditFilter, limit: int) -> list[AuditRecord]:
    """Return the newest records that the filter lets through."""
    query = _records().order_by(audit.c.answered_at.desc(), audit.c.lookup_id.desc()).limit(limit)
    if chosen.since is not None:
        query = query.where(audit.c.answered_at >= chosen.since)
    if chosen.until is not None:
        query = query.where(audit.c.answered_at < chosen.until)
    if chosen.client is not None:
        query = query.where(clients.c.name == chosen.client)
    if chosen.uscc is not None:
        query = query.where(audit.c.uscc == chosen.uscc)
    if chosen.blind_indexes is not None:
        query = query.where(audit.c.blind_index.in_(chosen.blind_indexes))
    return [_record(row) for row in await session.execute(query)]


async def by_lookup(session: Session, lookup_id: UUID) -> AuditRecord | None:
    """Return the record of one lookup."""
    row = (await session.execute(_records().where(audit.c.lookup_id == lookup_id))).one_or_none()
    return _record(row) if row else None


def _records() -> "Select[*tuple[object, ...]]":
    return select(audit, clients.c.name.label("client_name")).join(clients, clients.c.client_id == audit.c.client_id)


def _record(row: object) -> AuditRecord:
    values = dict(row._mapping)  # type: ignore[attr-defined]  # noqa: SLF001 - SQLAlchemy's public name for it
    for name in ("listing_ids", "revisions", "person_ids"):
        values[name] = tuple(values[name])
    values["subject_kind"] = SubjectKind(values["subject_kind"])
    return AuditRecord(**values)

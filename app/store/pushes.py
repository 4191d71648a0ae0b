"""The list's version and the pushes that moved it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Uuid, any_, cast, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from app.domain.chain import GENESIS
from app.errors import PushInProgress
from app.store.database import Session, WriteSession, sqlstate
from app.store.tables import list_state, listing_revisions, pushes

_LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True, slots=True)
class StoredPush:
    """One committed push; the fingerprint is a keyed hash of what was sent, the head its last link in the chain."""

    push_id: UUID
    list_version: int
    client_id: UUID
    idempotency_key: str
    body_fingerprint: bytes
    fingerprint_key_id: str
    source_document: str | None
    committed_at: datetime
    mode: str
    counts: dict[str, int]
    approved_by: UUID | None
    head: bytes

    def record(self) -> dict[str, Any]:
        """Return what is hashed of it."""
        return {
            "push_id": str(self.push_id),
            "list_version": self.list_version,
            "client_id": str(self.client_id),
            "mode": self.mode,
            "source_document": self.source_document,
            "committed_at": self.committed_at.astimezone(UTC).isoformat(),
            "body_fingerprint": self.body_fingerprint.hex(),
            "counts": self.counts,
            "approved_by": str(self.approved_by) if self.approved_by else None,
        }


async def lock_version(session: WriteSession, wait: float) -> int:
    """Wait for our turn to push and return the list's version; :class:`PushInProgress` after ``wait`` seconds.

    From here to the end of the transaction no other push is under way.
    """
    await session.execute(text("SELECT set_config('lock_timeout', :ms, true)"), {"ms": f"{int(wait * 1000)}ms"})
    # A push may wait longer than any single statement of a lookup.
    await session.execute(text("SELECT set_config('statement_timeout', '0', true)"))
    try:
        version: int = (await session.execute(select(list_state.c.list_version).with_for_update())).scalar_one()
    except DBAPIError as error:
        if sqlstate(error) == _LOCK_NOT_AVAILABLE:
            raise PushInProgress("另一批推送尚未完成，本次推送未执行。请用同一 Idempotency-Key 稍后重试。") from error
        raise
    return version


async def current_version(session: Session) -> int:
    """Return the list's version."""
    version: int = (await session.execute(select(list_state.c.list_version))).scalar_one()
    return version


async def set_version(session: WriteSession, version: int) -> None:
    """Move the list to its next version; the caller holds the lock."""
    await session.execute(update(list_state).values(list_version=version))


async def add(session: WriteSession, push: StoredPush) -> None:
    """Remember a push."""
    values = {column.name: getattr(push, column.name) for column in pushes.columns}
    await session.execute(insert(pushes).values(values))


async def by_idempotency_key(session: Session, client_id: UUID, key: str) -> StoredPush | None:
    """Return the push that this client made with this key, if it was committed."""
    query = select(pushes).where(pushes.c.client_id == client_id, pushes.c.idempotency_key == key)
    row = (await session.execute(query)).mappings().one_or_none()
    return StoredPush(**row) if row else None


async def by_id(session: Session, push_id: UUID) -> StoredPush | None:
    """Return one push."""
    row = (await session.execute(select(pushes).where(pushes.c.push_id == push_id))).mappings().one_or_none()
    return StoredPush(**row) if row else None


async def at_version(session: Session, list_version: int) -> StoredPush | None:
    """Return the push that made a version."""
    query = select(pushes).where(pushes.c.list_version == list_version)
    row = (await session.execute(query)).mappings().one_or_none()
    return StoredPush(**row) if row else None


async def at_versions(session: Session, versions: Iterable[int]) -> dict[int, StoredPush]:
    """Return the pushes that made these versions."""
    query = select(pushes).where(pushes.c.list_version == any_(cast(list(set(versions)), ARRAY(BigInteger))))
    return {row["list_version"]: StoredPush(**row) for row in (await session.execute(query)).mappings()}


async def after(session: Session, list_version: int, limit: int) -> list[StoredPush]:
    """Return up to ``limit`` pushes that made the versions after this one, in their order."""
    query = select(pushes).where(pushes.c.list_version > list_version).order_by(pushes.c.list_version).limit(limit)
    return [StoredPush(**row) for row in (await session.execute(query)).mappings()]


async def head_of(session: Session, list_version: int) -> bytes:
    """Return the last link of a version that was pushed; the chain's beginning for version 0."""
    if list_version == 0:
        return GENESIS
    query = select(pushes.c.head).where(pushes.c.list_version == list_version)
    head: bytes = (await session.execute(query)).scalar_one()
    return head


async def moment_of_commit(session: Session) -> datetime:
    """Return the moment that a version which is about to be committed is dated to.

    By the database's clock, of which there is one: processes whose clocks differ would disagree about what was known
    when. One that was put back puts no version before the one before it.
    """
    last = select(pushes.c.committed_at).order_by(pushes.c.list_version.desc()).limit(1).scalar_subquery()
    moment: datetime = (await session.execute(select(func.greatest(func.clock_timestamp(), last)))).scalar_one()
    return moment


@dataclass(frozen=True, slots=True)
class Touched:
    """One thing that a push has done to a listing so far, and by which row."""

    row: int | None
    operation: str


async def touched(session: Session, list_version: int, listing_ids: Iterable[UUID]) -> dict[UUID, list[Touched]]:
    """Return what the push of this version did to each of these listings that it touched, in its order."""
    revised = listing_revisions.c
    query = (
        select(revised.listing_id, revised.row_no, revised.operation)
        .where(revised.list_version == list_version, revised.listing_id == any_(cast(list(listing_ids), ARRAY(Uuid))))
        .order_by(revised.listing_id, revised.revision)
    )
    found: dict[UUID, list[Touched]] = {}
    for row in await session.execute(query):
        found.setdefault(row.listing_id, []).append(Touched(row.row_no, row.operation))
    return found

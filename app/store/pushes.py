"""The list's version and the pushes that moved it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from app.errors import PushInProgress
from app.store.database import Session, WriteSession, sqlstate
from app.store.tables import changes, list_state, listing_revisions, pushes

_LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True, slots=True)
class StoredPush:
    """One committed push; the fingerprint is a keyed hash of what was sent."""

    push_id: UUID
    list_version: int
    client_id: UUID
    idempotency_key: str
    body_fingerprint: bytes
    fingerprint_key_id: str
    source_document: str | None
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class PushedRow:
    """What one row of a push did. ``listing_id`` is ``None`` in a dry run that would make a new listing."""

    row: int
    op: str
    listing_id: UUID | None
    revision: int
    uscc: str
    decision_no: str


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


async def rows_of(session: Session, list_version: int) -> Sequence[PushedRow]:
    """Return what the push of this version did, row by row."""
    state = listing_revisions.c.state
    query = (
        select(
            changes.c.change_no.label("row"),
            changes.c.operation.label("op"),
            changes.c.listing_id,
            changes.c.revision,
            state["uscc"].astext.label("uscc"),
            state["decision_no"].astext.label("decision_no"),
        )
        .join(
            listing_revisions,
            (listing_revisions.c.listing_id == changes.c.listing_id)
            & (listing_revisions.c.revision == changes.c.revision),
        )
        .where(changes.c.list_version == list_version)
        .order_by(changes.c.change_no)
    )
    return [PushedRow(**row) for row in (await session.execute(query)).mappings()]

"""Pushes that wait for a second client, and their sealed bodies."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update

from app.store.database import Session, WriteSession
from app.store.tables import waiting_push_parts, waiting_pushes


@dataclass(frozen=True, slots=True)
class WaitingPush:
    """One push that waits, or was decided; ``list_version`` is the one that it was checked against."""

    push_id: UUID
    client_id: UUID
    idempotency_key: str
    body_fingerprint: bytes
    fingerprint_key_id: str
    received_at: datetime
    list_version: int
    media_type: str
    options: dict[str, Any]
    outcome: dict[str, Any]
    cipher_key_id: str
    decided_at: datetime | None
    decided_by: UUID | None
    approved: bool | None


async def add(session: WriteSession, push: WaitingPush) -> None:
    """Keep a push."""
    values = {column.name: getattr(push, column.name) for column in waiting_pushes.columns}
    await session.execute(insert(waiting_pushes).values(values))


async def add_part(session: WriteSession, push_id: UUID, part_no: int, sealed: bytes) -> None:
    """Keep a part of its body."""
    await session.execute(insert(waiting_push_parts).values(push_id=push_id, part_no=part_no, sealed=sealed))


async def parts(session: Session, push_id: UUID) -> AsyncIterator[tuple[int, bytes]]:
    """Go through the parts of a body in their order, one at a time."""
    part_no = 0
    while True:
        query = select(waiting_push_parts.c.sealed).where(
            waiting_push_parts.c.push_id == push_id, waiting_push_parts.c.part_no == part_no
        )
        sealed = (await session.execute(query)).scalar_one_or_none()
        if sealed is None:
            return
        yield part_no, sealed
        part_no += 1


async def by_id(session: Session, push_id: UUID) -> WaitingPush | None:
    """Return one push."""
    query = select(waiting_pushes).where(waiting_pushes.c.push_id == push_id)
    row = (await session.execute(query)).mappings().one_or_none()
    return WaitingPush(**row) if row else None


async def by_idempotency_key(session: Session, client_id: UUID, key: str) -> WaitingPush | None:
    """Return the push that this client sent with this key, if it waits or was refused."""
    query = select(waiting_pushes).where(
        waiting_pushes.c.client_id == client_id, waiting_pushes.c.idempotency_key == key
    )
    row = (await session.execute(query)).mappings().one_or_none()
    return WaitingPush(**row) if row else None


async def undecided(session: Session) -> int:
    """Return how many pushes wait."""
    query = select(func.count()).select_from(waiting_pushes).where(waiting_pushes.c.decided_at.is_(None))
    count: int = (await session.execute(query)).scalar_one()
    return count


async def decide(session: WriteSession, push_id: UUID, client_id: UUID, at: datetime, *, approved: bool) -> None:
    """Note the decision and empty the body."""
    values = {"decided_at": at, "decided_by": client_id, "approved": approved}
    await session.execute(update(waiting_pushes).where(waiting_pushes.c.push_id == push_id).values(values))
    await session.execute(update(waiting_push_parts).where(waiting_push_parts.c.push_id == push_id).values(sealed=b""))

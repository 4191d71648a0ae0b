"""Deliveries to webhooks and the attempts to make them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, cast, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from uuid_utils.compat import uuid7

from app.domain.webhooks import UNFINISHED, Kind, State, WebhookState
from app.store.database import Session, WriteSession
from app.store.tables import pushes, webhook_attempts, webhook_deliveries, webhooks

_UNFINISHED = sorted(UNFINISHED)


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """One nudge; what it says is known once it is begun."""

    delivery_id: UUID
    webhook_id: UUID
    kind: str
    created_at: datetime
    state: str
    attempts: int
    started_at: datetime | None
    from_version: int | None
    to_version: int | None
    changes: int | None
    busy_until: datetime | None
    next_attempt_at: datetime | None
    give_up_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredAttempt:
    """One attempt at a delivery."""

    delivery_id: UUID
    attempt_no: int
    started_at: datetime
    milliseconds: int
    status: int | None
    error: str | None


async def announce(session: WriteSession, at: datetime) -> list[UUID]:
    """See to it that every enabled webhook has a delivery that nobody has begun; return the ones that are new.

    One that waits already will tell of the newest version by itself, once it is begun: its row is locked here, so that
    whoever is about to begin it waits for the version that this transaction makes.
    """
    enabled = select(webhooks.c.webhook_id).where(webhooks.c.state == WebhookState.ENABLED)
    return await _make(session, list((await session.execute(enabled)).scalars()), Kind.LIST_CHANGED, at)


async def make(session: WriteSession, webhook_id: UUID, kind: Kind, at: datetime) -> UUID | None:
    """Record a delivery to one webhook; ``None`` if one of its kind waits already."""
    made = await _make(session, [webhook_id], kind, at)
    return made[0] if made else None


async def _make(session: WriteSession, webhook_ids: list[UUID], kind: Kind, at: datetime) -> list[UUID]:
    if not webhook_ids:
        return []
    # In one order, so that two who do this at once do not wait for each other.
    new = {uuid7(): webhook_id for webhook_id in sorted(webhook_ids)}
    common = {"kind": kind.value, "created_at": at, "state": State.WAITING.value}
    rows = [{"delivery_id": one, "webhook_id": webhook_id, **common} for one, webhook_id in new.items()]
    statement = upsert(webhook_deliveries).values(rows)
    statement = statement.on_conflict_do_update(
        index_elements=["webhook_id", "kind"],
        index_where=text("state = 'waiting'"),
        set_={"state": State.WAITING.value},
    )
    there = (await session.execute(statement.returning(webhook_deliveries.c.delivery_id))).scalars()
    return [one for one in there if one in new]


async def by_id(session: Session, delivery_id: UUID) -> StoredDelivery | None:
    """Return one delivery."""
    query = select(webhook_deliveries).where(webhook_deliveries.c.delivery_id == delivery_id)
    row = (await session.execute(query)).mappings().one_or_none()
    return StoredDelivery(**row) if row else None


async def locked(session: WriteSession, delivery_id: UUID) -> StoredDelivery:
    """Return a delivery that is there, kept from others until the transaction ends; its webhook is locked already."""
    query = select(webhook_deliveries).where(webhook_deliveries.c.delivery_id == delivery_id).with_for_update()
    return StoredDelivery(**(await session.execute(query)).mappings().one())


async def change(session: WriteSession, delivery_id: UUID, **values: Any) -> None:  # noqa: ANN401 - columns of any type
    """Change columns of a delivery."""
    query = update(webhook_deliveries).where(webhook_deliveries.c.delivery_id == delivery_id)
    await session.execute(query.values(values))


async def end_others(
    session: WriteSession, webhook_id: UUID, but: UUID | None, states: Iterable[State], become: State
) -> None:
    """End the deliveries of list changes that are in one of these states, but for one."""
    query = update(webhook_deliveries).where(
        webhook_deliveries.c.webhook_id == webhook_id,
        webhook_deliveries.c.kind == Kind.LIST_CHANGED,
        webhook_deliveries.c.state.in_(sorted(states)),
    )
    if but is not None:
        query = query.where(webhook_deliveries.c.delivery_id != but)
    await session.execute(query.values(state=become.value, next_attempt_at=None, busy_until=None))


async def changes_between(session: Session, after: int, to: int) -> int:
    """Return how many changes the versions after one and up to another made."""
    each = func.jsonb_each_text(pushes.c.counts).table_valued("key", "value").render_derived()
    query = (
        select(func.coalesce(func.sum(cast(each.c.value, BigInteger)), 0))
        .select_from(pushes.join(each, literal(value=True)))
        .where(pushes.c.list_version > after, pushes.c.list_version <= to, each.c.key != "unchanged")
    )
    return int((await session.execute(query)).scalar_one())


async def note_attempt(session: WriteSession, attempt: StoredAttempt) -> None:
    """Add an attempt to the log."""
    values = {column.name: getattr(attempt, column.name) for column in webhook_attempts.columns}
    await session.execute(insert(webhook_attempts).values(values))


async def of_webhook(session: Session, webhook_id: UUID, before: UUID | None, limit: int) -> list[StoredDelivery]:
    """Return up to ``limit`` deliveries of a webhook, the newest first, from the one before ``before`` on."""
    query = select(webhook_deliveries).where(webhook_deliveries.c.webhook_id == webhook_id)
    if before is not None:
        query = query.where(webhook_deliveries.c.delivery_id < before)
    query = query.order_by(webhook_deliveries.c.delivery_id.desc()).limit(limit)
    return [StoredDelivery(**row) for row in (await session.execute(query)).mappings()]


async def attempts_at(session: Session, delivery_ids: Iterable[UUID]) -> Mapping[UUID, list[StoredAttempt]]:
    """Return the attempts at deliveries, the first first."""
    query = (
        select(webhook_attempts)
        .where(webhook_attempts.c.delivery_id.in_(list(delivery_ids)))
        .order_by(webhook_attempts.c.delivery_id, webhook_attempts.c.attempt_no)
    )
    found: dict[UUID, list[StoredAttempt]] = {}
    for row in (await session.execute(query)).mappings():
        found.setdefault(row["delivery_id"], []).append(StoredAttempt(**row))
    return found


async def unfinished_test(session: Session, webhook_id: UUID) -> bool:
    """Whether a test of the webhook is still to be made."""
    query = select(webhook_deliveries.c.delivery_id).where(
        webhook_deliveries.c.webhook_id == webhook_id,
        webhook_deliveries.c.kind == Kind.TEST,
        webhook_deliveries.c.state.in_(_UNFINISHED),
    )
    return (await session.execute(query.limit(1))).scalar_one_or_none() is not None


async def forget(session: WriteSession, before: datetime, most: int) -> int:
    """Delete up to ``most`` deliveries that were over before a moment, with their attempts; return how many.

    The last twenty of each webhook stay while it is there, and so does whatever is younger than thirty days: the
    function sees to it, with its owner's rights, for the service itself has none to delete.
    """
    query = text("SELECT forget_webhook_deliveries(:before, :most)")
    return int((await session.execute(query, {"before": before, "most": most})).scalar_one())

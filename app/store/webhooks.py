"""Webhooks: where clients want to be told, and the secrets that sign what they are told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, insert, select, text, update

from app.domain.webhooks import UNFINISHED, WebhookState
from app.store.database import Session, WriteSession, collisions_told
from app.store.tables import clients, webhook_deliveries, webhooks


@dataclass(frozen=True, slots=True)
class StoredWebhook:
    """One webhook; the old secret signs too until its time is over."""

    webhook_id: UUID
    client_id: UUID
    url: str
    description: str | None
    created_at: datetime
    state: str
    state_reason: str | None
    state_since: datetime
    told_version: int
    last_delivered_at: datetime | None
    failing_since: datetime | None
    sealed_secret: bytes | None
    cipher_key_id: str | None
    old_sealed_secret: bytes | None
    old_cipher_key_id: str | None
    old_secret_until: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """A webhook as its operator sees it: whose it is, and how many deliveries are under way."""

    webhook: StoredWebhook
    client: str
    unfinished: int


async def settle(session: WriteSession) -> None:
    """Wait until no push is just telling webhooks, and let none begin to before this transaction ends.

    Who becomes a webhook meanwhile would be missed by a push that has looked already, and miss it in the version of
    the list that it starts from. It takes no longer than a push takes to commit.
    """
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('liancheng.webhooks'))"))


async def add(session: WriteSession, webhook: StoredWebhook) -> None:
    """Record a webhook; raise :class:`Collision` if its client has one with this URL."""
    values = {column.name: getattr(webhook, column.name) for column in webhooks.columns}
    async with collisions_told():
        await session.execute(insert(webhooks).values(values))


async def of_client(session: Session, client_id: UUID) -> list[StoredWebhook]:
    """Return a client's webhooks, in the order they were made, without deleted ones."""
    query = (
        _webhooks()
        .where(webhooks.c.client_id == client_id, webhooks.c.state != WebhookState.DELETED)
        .order_by(webhooks.c.webhook_id)
    )
    return [StoredWebhook(**row) for row in (await session.execute(query)).mappings()]


async def by_id(session: Session, webhook_id: UUID, client_id: UUID) -> StoredWebhook | None:
    """Return a webhook of a client, unless it is deleted."""
    query = _webhooks().where(
        webhooks.c.webhook_id == webhook_id,
        webhooks.c.client_id == client_id,
        webhooks.c.state != WebhookState.DELETED,
    )
    row = (await session.execute(query)).mappings().one_or_none()
    return StoredWebhook(**row) if row else None


async def locked(session: WriteSession, webhook_id: UUID) -> StoredWebhook:
    """Return a webhook that is there, kept from others who would change it until the transaction ends."""
    query = _webhooks().where(webhooks.c.webhook_id == webhook_id).with_for_update(key_share=True)
    return StoredWebhook(**(await session.execute(query)).mappings().one())


async def change(session: WriteSession, webhook_id: UUID, **values: Any) -> None:  # noqa: ANN401 - columns of any type
    """Change columns of a webhook; raise :class:`Collision` if its client has another with this URL."""
    async with collisions_told():
        await session.execute(update(webhooks).where(webhooks.c.webhook_id == webhook_id).values(values))


async def all_told(session: Session) -> list[Told]:
    """Return every webhook that is not deleted, by client."""
    unfinished = (
        select(func.count())
        .where(
            webhook_deliveries.c.webhook_id == webhooks.c.webhook_id,
            webhook_deliveries.c.state.in_(sorted(UNFINISHED)),
        )
        .scalar_subquery()
    )
    query = (
        select(webhooks, clients.c.name.label("client"), unfinished.label("unfinished"))
        .join_from(webhooks, clients)
        .where(webhooks.c.state != WebhookState.DELETED)
        .order_by(clients.c.name, webhooks.c.webhook_id)
    )
    found = []
    for row in (await session.execute(query)).mappings():
        columns = dict(row)
        client, count = columns.pop("client"), columns.pop("unfinished")
        found.append(Told(StoredWebhook(**columns), client, count))
    return found


async def sealed_under_other_keys(session: Session, cipher_key_id: str, limit: int) -> list[StoredWebhook]:
    """Return webhooks with a secret that is sealed under another key than this one."""
    stale = (webhooks.c.cipher_key_id != cipher_key_id) | (webhooks.c.old_cipher_key_id != cipher_key_id)
    query = _webhooks().where(stale).order_by(webhooks.c.webhook_id).limit(limit).with_for_update()
    return [StoredWebhook(**row) for row in (await session.execute(query)).mappings()]


def _webhooks() -> Select[Any]:
    return select(webhooks)

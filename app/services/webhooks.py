"""Webhooks of clients: making and changing them, testing them, and telling again what was told."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.identity import IdentityVault
from app.domain.webhooks import UNFINISHED, Kind, Reason, State, WebhookState
from app.errors import Conflict, NotFound
from app.services import webhook_secrets
from app.services.access import Caller
from app.services.webhook_targets import TargetRules
from app.store import pushes, queue, webhook_deliveries
from app.store import webhooks as store
from app.store.database import Collision, Session, WriteSession
from app.store.queue import Job
from app.store.webhook_deliveries import StoredDelivery
from app.store.webhooks import StoredWebhook

MOST_PER_CLIENT = 10
_AT_ONCE = timedelta(0)


@dataclass(frozen=True, slots=True)
class WithSecret:
    """A webhook with its new secret: the only moment at which that is known."""

    webhook: StoredWebhook
    secret: str = field(repr=False)


class WebhookService:
    """Keeps webhooks within the rules of an installation."""

    def __init__(self, vault: IdentityVault, rules: TargetRules) -> None:
        """Seal secrets in this vault, and let webhooks lead where these rules allow."""
        self._vault = vault
        self._rules = rules

    async def make(
        self, session: WriteSession, caller: Caller, url: str, description: str | None, now: datetime
    ) -> WithSecret:
        """Make a webhook that is told of every version after the present one.

        Raises :class:`InvalidField` for a URL that is not allowed, and :class:`Conflict` if the client has one with
        this URL already, or as many as it may.
        """
        self._rules.checked(url)
        await store.settle(session)
        if len(await store.of_client(session, caller.client_id)) >= MOST_PER_CLIENT:
            raise Conflict(f"每个客户端最多 {MOST_PER_CLIENT} 个 webhook。请先删除不用的。")
        webhook_id, secret = uuid7(), webhook_secrets.new_secret()
        webhook = StoredWebhook(
            webhook_id=webhook_id,
            client_id=caller.client_id,
            url=url,
            description=description,
            created_at=now,
            state=WebhookState.ENABLED,
            state_reason=None,
            state_since=now,
            told_version=await pushes.current_version(session),
            last_delivered_at=None,
            failing_since=None,
            **webhook_secrets.sealed(self._vault, webhook_id, secret),
            **dict.fromkeys(("old_sealed_secret", "old_cipher_key_id", "old_secret_until")),
        )
        try:
            await store.add(session, webhook)
        except Collision:
            raise _url_taken() from None
        return WithSecret(webhook, secret)

    async def change(
        self, session: WriteSession, caller: Caller, webhook_id: UUID, asked: dict[str, Any], now: datetime
    ) -> StoredWebhook:
        """Change ``url``, ``description`` or ``enabled``: what is named in ``asked``. Raises as :meth:`make`.

        One that is enabled again is told at once of what it missed.
        """
        columns: dict[str, Any] = {name: asked[name] for name in ("url", "description") if name in asked}
        if "url" in columns:
            self._rules.checked(columns["url"])
        await store.settle(session)
        webhook = await _own_locked(session, caller, webhook_id)
        enabled = asked.get("enabled")
        if enabled is not None and enabled != (webhook.state == WebhookState.ENABLED):
            columns |= _state(WebhookState.ENABLED if enabled else WebhookState.DISABLED, now)
        if columns:
            try:
                await store.change(session, webhook_id, **columns)
            except Collision:
                raise _url_taken() from None
        if columns.get("state") == WebhookState.DISABLED:
            await webhook_deliveries.end_others(session, webhook_id, None, UNFINISHED, State.CANCELLED)
        elif columns.get("state") == WebhookState.ENABLED:
            await self._catch_up(session, webhook, now)
        return await own(session, caller, webhook_id)

    async def _catch_up(self, session: WriteSession, webhook: StoredWebhook, now: datetime) -> None:
        if webhook.told_version < await pushes.current_version(session):
            made = await webhook_deliveries.make(session, webhook.webhook_id, Kind.LIST_CHANGED, now)
            await queue.enqueue(session, [Job(made, 1)] if made else [], _AT_ONCE)

    async def rotate(
        self, session: WriteSession, caller: Caller, webhook_id: UUID, overlap: timedelta, now: datetime
    ) -> WithSecret:
        """Give a webhook a new secret; the one before it signs too for ``overlap``, and one before that no more."""
        webhook = await _own_locked(session, caller, webhook_id)
        secret = webhook_secrets.new_secret()
        columns = webhook_secrets.kept_as_old(webhook, now, overlap)
        columns |= webhook_secrets.sealed(self._vault, webhook_id, secret)
        await store.change(session, webhook_id, **columns)
        return WithSecret(await own(session, caller, webhook_id), secret)


async def own(session: Session, caller: Caller, webhook_id: UUID) -> StoredWebhook:
    """Return the caller's webhook, or raise :class:`NotFound`: the same for another client's as for none."""
    webhook = await store.by_id(session, webhook_id, caller.client_id)
    if webhook is None:
        raise NotFound("没有这个 webhook。")
    return webhook


async def _own_locked(session: WriteSession, caller: Caller, webhook_id: UUID) -> StoredWebhook:
    await own(session, caller, webhook_id)
    await store.locked(session, webhook_id)
    # Whose it is never changes; whether it is still there may have, until we had it for ourselves.
    return await own(session, caller, webhook_id)


async def delete(session: WriteSession, caller: Caller, webhook_id: UUID, now: datetime) -> None:
    """Delete a webhook: it is told nothing more, and its secrets are gone."""
    await _own_locked(session, caller, webhook_id)
    secrets = ("sealed_secret", "cipher_key_id", "old_sealed_secret", "old_cipher_key_id", "old_secret_until")
    await store.change(session, webhook_id, **_state(WebhookState.DELETED, now), **dict.fromkeys(secrets))
    await webhook_deliveries.end_others(session, webhook_id, None, UNFINISHED, State.CANCELLED)


async def test(session: WriteSession, caller: Caller, webhook_id: UUID, now: datetime) -> StoredDelivery:
    """Have a webhook told that this is a test, once, even while it is disabled."""
    await _own_locked(session, caller, webhook_id)
    if await webhook_deliveries.unfinished_test(session, webhook_id):
        raise Conflict("上一次测试尚未完成。请在投递记录中查看结果后再试。")
    made = await webhook_deliveries.make(session, webhook_id, Kind.TEST, now)
    assert made is not None  # noqa: S101 - the webhook is locked, and none waits
    await queue.enqueue(session, [Job(made, 1)], _AT_ONCE)
    return await _delivery(session, webhook_id, made)


async def replay(
    session: WriteSession, caller: Caller, webhook_id: UUID, delivery_id: UUID, now: datetime, retry_for: timedelta
) -> StoredDelivery:
    """Have a delivery that is over made again, with the same id and the same content, as if it had just begun.

    Raises :class:`Conflict` while it is not over, or its webhook is disabled.
    """
    webhook = await _own_locked(session, caller, webhook_id)
    delivery = await _delivery(session, webhook_id, delivery_id)
    if delivery.state in UNFINISHED:
        raise Conflict("这次投递尚未结束，系统还会自动重试；结束后才能重新投递。")
    if delivery.started_at is None:
        raise Conflict("这次投递从未开始，没有可以重发的内容；名单的变化由之后的投递告知。")
    if webhook.state != WebhookState.ENABLED:
        raise Conflict("此 webhook 已停用。请先启用（PATCH，enabled 为 true）再重新投递。")
    await webhook_deliveries.change(
        session, delivery_id, state=State.RETRYING.value, next_attempt_at=now, give_up_at=now + retry_for
    )
    await queue.enqueue(session, [Job(delivery_id, delivery.attempts + 1)], _AT_ONCE)
    return await _delivery(session, webhook_id, delivery_id)


async def _delivery(session: Session, webhook_id: UUID, delivery_id: UUID) -> StoredDelivery:
    delivery = await webhook_deliveries.by_id(session, delivery_id)
    if delivery is None or delivery.webhook_id != webhook_id:
        raise NotFound("没有这次投递。")
    return delivery


def _state(state: WebhookState, now: datetime) -> dict[str, Any]:
    reason = Reason.BY_CLIENT.value if state == WebhookState.DISABLED else None
    # What failed before is over with it.
    return {"state": state.value, "state_reason": reason, "state_since": now, "failing_since": None}


def _url_taken() -> Conflict:
    return Conflict("此客户端已有指向同一网址的 webhook。")

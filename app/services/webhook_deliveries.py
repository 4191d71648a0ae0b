"""Doing one job of the queue: begin an attempt, make it, and note how it ended, each with the next step in one commit.

No connection to the database is held while a receiver is waited for. Between beginning and noting, a process may die:
then the attempt is made again, under the same number and the same id, once it can no longer be under way.
"""

import logging
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from app.domain.identity import IdentityVault
from app.domain.webhooks import (
    UNFINISHED,
    Failure,
    Kind,
    Outcome,
    Reason,
    RetryTerms,
    State,
    WebhookState,
    next_attempt,
    payload,
)
from app.observability import Event, described
from app.services import webhook_secrets
from app.services.webhook_sending import Message, Sender
from app.store import pushes, queue
from app.store import webhook_deliveries as store
from app.store import webhooks as webhook_store
from app.store.database import Database, WriteSession
from app.store.queue import Job, NotYet
from app.store.webhook_deliveries import StoredAttempt, StoredDelivery
from app.store.webhooks import StoredWebhook

# Beyond its own time-out, what an attempt may take to be noted.
_SLACK = timedelta(seconds=2)
_AFTER_TROUBLE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class _Begun:
    message: Message
    started_at: datetime


class Deliverer:
    """Does jobs, with one vault for secrets and one sender."""

    def __init__(
        self, database: Database, vault: IdentityVault, sender: Sender, terms: RetryTerms, timeout: timedelta
    ) -> None:
        """Make attempts of at most ``timeout``, and try again on these terms."""
        self._database = database
        self._vault = vault
        self._sender = sender
        self._terms = terms
        self._timeout = timeout
        self._log = structlog.get_logger()

    async def do(self, job: Job) -> None:
        """Do one job; raise :class:`NotYet` where it cannot be done now."""
        try:
            async with self._database.writing() as session:
                begun = await self._begin(session, job)
            if begun is None:
                return
            outcome = await self._sender.attempt(begun.message)
            async with self._database.writing() as session:
                events = await self._end(session, job, begun, outcome)
        except NotYet:
            raise
        except Exception as error:  # noqa: BLE001 - nothing may end a job but that it is done
            self._log.error(Event.WEBHOOK_TROUBLE, delivery_id=str(job.delivery_id), **described(error))
            raise NotYet(_AFTER_TROUBLE) from None
        for event, fields in events:
            # What somebody has to mend is told to whoever reads warnings only.
            level = logging.WARNING if event is Event.WEBHOOK_DISABLED else logging.INFO
            self._log.log(level, event, **fields)

    async def _begin(self, session: WriteSession, job: Job) -> _Begun | None:
        """Settle what is to be sent and that it is being sent; ``None`` if there is nothing to do any more."""
        found = await store.by_id(session, job.delivery_id)
        if found is None:
            return None
        # Always in this order: the webhook, then its deliveries.
        webhook = await webhook_store.locked(session, found.webhook_id)
        delivery = await store.locked(session, job.delivery_id)
        now = datetime.now(UTC)
        if delivery.state not in UNFINISHED or delivery.attempts != job.attempt_no - 1:
            return None
        if delivery.busy_until is not None and now < delivery.busy_until:
            raise NotYet(delivery.busy_until - now)
        if not _wanted(webhook, delivery):
            await store.change(session, delivery.delivery_id, state=State.CANCELLED.value, next_attempt_at=None)
            return None
        if delivery.started_at is None:
            started = await self._settled(session, webhook, delivery, now)
            if started is None:
                return None
            delivery = started
        busy = {"state": State.SENDING.value, "busy_until": now + self._timeout + _SLACK}
        await store.change(session, delivery.delivery_id, **busy)
        secrets = webhook_secrets.opened(self._vault, webhook, now)
        return _Begun(Message(delivery.delivery_id, webhook.url, secrets, _body(delivery)), now)

    async def _settled(
        self, session: WriteSession, webhook: StoredWebhook, delivery: StoredDelivery, now: datetime
    ) -> StoredDelivery | None:
        """Settle what a delivery tells: everything since what was acknowledged; ``None`` if that is nothing."""
        newest = await pushes.current_version(session)
        told = webhook.told_version
        if delivery.kind == Kind.TEST:
            told = newest
        elif told >= newest:
            await store.change(session, delivery.delivery_id, state=State.SUPERSEDED.value)
            return None
        else:
            # Those that failed so far would tell less than this one does.
            others = {State.RETRYING}
            await store.end_others(session, webhook.webhook_id, delivery.delivery_id, others, State.SUPERSEDED)
        values: dict[str, Any] = {
            "started_at": now,
            "from_version": told,
            "to_version": newest,
            "changes": await store.changes_between(session, told, newest),
            "give_up_at": now if delivery.kind == Kind.TEST else now + self._terms.give_up_after,
        }
        await store.change(session, delivery.delivery_id, **values)
        return await store.by_id(session, delivery.delivery_id)

    async def _end(
        self, session: WriteSession, job: Job, begun: _Begun, outcome: Outcome
    ) -> list[tuple[Event, dict[str, Any]]]:
        """Note how an attempt ended, with what follows from it; return what is to be logged."""
        found = await store.by_id(session, job.delivery_id)
        assert found is not None  # noqa: S101 - nothing is deleted for a month after it is over
        webhook = await webhook_store.locked(session, found.webhook_id)
        delivery = await store.locked(session, job.delivery_id)
        if delivery.attempts != job.attempt_no - 1:
            # We were taken for dead, and somebody else has noted this attempt.
            return []
        error = outcome.error.value if outcome.error else None
        attempt = StoredAttempt(
            job.delivery_id, job.attempt_no, begun.started_at, outcome.milliseconds, outcome.status, error
        )
        await store.note_attempt(session, attempt)
        fields = {
            "webhook_id": str(webhook.webhook_id),
            "delivery_id": str(job.delivery_id),
            "kind": delivery.kind,
            "attempt": job.attempt_no,
            "status": outcome.status,
            "error": error,
            "ms": outcome.milliseconds,
        }
        if outcome.error is None:
            await self._delivered(session, webhook, delivery, job)
            return [(Event.WEBHOOK_DELIVERED, fields)]
        reason = await self._failed(session, webhook, delivery, job, outcome)
        events = [(Event.WEBHOOK_ATTEMPT_FAILED, fields)]
        if reason is not None:
            events.append((Event.WEBHOOK_DISABLED, {"webhook_id": str(webhook.webhook_id), "reason": reason.value}))
        return events

    async def _delivered(
        self, session: WriteSession, webhook: StoredWebhook, delivery: StoredDelivery, job: Job
    ) -> None:
        done = {"state": State.DELIVERED.value, "attempts": job.attempt_no, "busy_until": None, "next_attempt_at": None}
        await store.change(session, delivery.delivery_id, **done)
        if delivery.kind == Kind.TEST or webhook.state == WebhookState.DELETED:
            return
        told = max(webhook.told_version, delivery.to_version or 0)
        now = datetime.now(UTC)
        await webhook_store.change(
            session, webhook.webhook_id, told_version=told, last_delivered_at=now, failing_since=None
        )

    async def _failed(
        self, session: WriteSession, webhook: StoredWebhook, delivery: StoredDelivery, job: Job, outcome: Outcome
    ) -> Reason | None:
        """Let the delivery be tried again, or give it up; return why the webhook is disabled, if it is."""
        now = datetime.now(UTC)
        counts = delivery.kind == Kind.LIST_CHANGED and webhook.state == WebhookState.ENABLED
        failing_since = webhook.failing_since or now
        reason = self._reason_to_disable(failing_since, outcome, now) if counts else None
        assert delivery.give_up_at is not None  # noqa: S101 - it was begun
        again = next_attempt(self._terms, delivery.give_up_at, now, outcome.retry_after)
        if delivery.state not in UNFINISHED or not _wanted(webhook, delivery):
            # It was ended while the attempt was under way: that stands, and the attempt is in the log.
            again, state = None, State(delivery.state) if delivery.state not in UNFINISHED else State.CANCELLED
        elif reason is not None:
            again, state = None, State.FAILED
        else:
            state = State.RETRYING if again else State.FAILED
        after = {"state": state.value, "attempts": job.attempt_no, "busy_until": None, "next_attempt_at": again}
        await store.change(session, delivery.delivery_id, **after)
        if again is not None:
            wait = timedelta(seconds=math.ceil((again - now).total_seconds() * 1000) / 1000)
            await queue.enqueue(session, [Job(job.delivery_id, job.attempt_no + 1)], wait)
        if counts:
            await webhook_store.change(session, webhook.webhook_id, failing_since=failing_since)
        if reason is not None:
            await webhook_store.change(
                session,
                webhook.webhook_id,
                state=WebhookState.DISABLED.value,
                state_reason=reason.value,
                state_since=now,
            )
            await store.end_others(session, webhook.webhook_id, delivery.delivery_id, UNFINISHED, State.CANCELLED)
        return reason

    def _reason_to_disable(self, failing_since: datetime, outcome: Outcome, now: datetime) -> Reason | None:
        if outcome.error is Failure.GONE:
            return Reason.GONE
        return Reason.FAILING if now - failing_since >= self._terms.disable_after else None


def _wanted(webhook: StoredWebhook, delivery: StoredDelivery) -> bool:
    """Whether a delivery is still to be made: a test even while its webhook is disabled."""
    if delivery.kind == Kind.TEST:
        return webhook.state != WebhookState.DELETED
    return webhook.state == WebhookState.ENABLED


def _body(delivery: StoredDelivery) -> bytes:
    assert delivery.started_at is not None  # noqa: S101 - it was begun
    return payload(
        delivery.kind,
        delivery.webhook_id,
        delivery.started_at,
        from_version=delivery.from_version or 0,
        to_version=delivery.to_version or 0,
        changes=delivery.changes or 0,
    )

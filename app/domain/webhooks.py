"""What a client is told, and when it is told again.

A nudge says that the list has changed, from which version to which, and nothing of whom: what has changed is read from
the feed. It is told at least once, each time under the same id.
"""

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

LONGEST_WAIT = timedelta(hours=4)
"""Between two attempts, however often they failed and whatever the receiver asks for."""


class Kind(StrEnum):
    """What a delivery is about."""

    LIST_CHANGED = "list.changed"
    TEST = "webhook.test"


class State(StrEnum):
    """What has become of a delivery."""

    WAITING = "waiting"
    """nobody has begun it"""
    SENDING = "sending"
    """an attempt is under way, or was when its process died"""
    RETRYING = "retrying"
    """an attempt failed and another will be made"""
    DELIVERED = "delivered"
    FAILED = "failed"
    """given up"""
    SUPERSEDED = "superseded"
    """a newer delivery tells all that this one would"""
    CANCELLED = "cancelled"
    """its webhook was disabled or deleted"""


UNFINISHED = frozenset({State.WAITING, State.SENDING, State.RETRYING})


class WebhookState(StrEnum):
    """Whether a webhook is told anything."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    DELETED = "deleted"


class Reason(StrEnum):
    """Why a webhook is disabled."""

    BY_CLIENT = "by_client"
    GONE = "gone"
    """its receiver answered 410"""
    FAILING = "failing"
    """nothing could be delivered for too long"""


class Failure(StrEnum):
    """Why an attempt failed: a class, never the words of an error."""

    NOT_ALLOWED = "url_not_allowed"
    """by what the installation allows now"""
    NAME = "name_not_resolved"
    ADDRESS = "address_refused"
    """the name leads to an address that the installation does not allow"""
    CONNECT = "connection_failed"
    TLS = "tls_failed"
    TIMEOUT = "timeout"
    PROTOCOL = "no_valid_response"
    REDIRECT = "redirect_refused"
    STATUS = "status"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended; ``error`` is none where it was acknowledged, ``status`` where there was no response."""

    status: int | None
    error: Failure | None
    milliseconds: int
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class RetryTerms:
    """How an installation tries again: the first wait, for how long in all, and when it disables what keeps failing."""

    first_wait: timedelta
    give_up_after: timedelta
    disable_after: timedelta


def next_attempt(
    terms: RetryTerms, give_up_at: datetime, now: datetime, retry_after: timedelta | None
) -> datetime | None:
    """Return when to try again after a failed attempt; ``None`` when it is over.

    One waits as long again as has been tried already, so that the waits double, up to :data:`LONGEST_WAIT`; and a
    fifth more or less than that, so that receivers which failed together are not tried together. What the receiver asks
    for (``Retry-After``) counts where it is longer. The last attempt is made when the time is over, not before.
    """
    if now >= give_up_at:
        return None
    tried_for = now - (give_up_at - terms.give_up_after)
    doubled = min(max(terms.first_wait, tried_for), LONGEST_WAIT)
    wait = doubled * random.uniform(0.8, 1.2)  # noqa: S311 - a wait is no secret
    if retry_after is not None:
        wait = max(wait, min(retry_after, LONGEST_WAIT))
    return min(now + wait, give_up_at)


def payload(
    kind: str, webhook_id: UUID, started_at: datetime, *, from_version: int, to_version: int, changes: int
) -> bytes:
    """Return what is sent: the same bytes on each attempt, made of versions and counts alone."""
    body: dict[str, Any] = {
        "type": kind,
        "timestamp": started_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": {
            "webhook_id": str(webhook_id),
            "from_version": from_version,
            "to_version": to_version,
            "changes": changes,
        },
    }
    return json.dumps(body, separators=(",", ":")).encode()

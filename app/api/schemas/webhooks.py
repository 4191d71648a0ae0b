"""The wire shapes of webhooks and of what became of their deliveries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StrictBool, StrictInt, StrictStr, model_validator

from app.domain.webhooks import Failure, Kind, Reason, State, WebhookState
from app.services.fields import ShortText, refuse
from app.services.webhook_targets import LONGEST_URL
from app.services.webhooks import WithSecret
from app.store.webhook_deliveries import StoredAttempt, StoredDelivery
from app.store.webhooks import StoredWebhook

LONGEST_OVERLAP_HOURS = 168

UrlText = Annotated[
    StrictStr, Field(max_length=LONGEST_URL, description="Where to; its host has to be allowed by the operator.")
]
Description = Annotated[ShortText | None, Field(description="For your own use.")]


class WebhookRequest(BaseModel, extra="forbid"):
    """A webhook to be made."""

    url: UrlText
    description: Description = None


class WebhookChange(BaseModel, extra="forbid"):
    """What is to be different; what is not named stays."""

    url: UrlText = ""
    description: Description = None
    enabled: Annotated[
        StrictBool, Field(description="`false` disables; `true` enables again, also what was disabled for failing.")
    ] = True

    @model_validator(mode="after")
    def _something(self) -> "WebhookChange":
        if not self.model_fields_set:
            raise refuse("missing", "请至少给出 url、description、enabled 之一。")
        return self

    def asked(self) -> dict[str, Any]:
        """Return what was named."""
        return self.model_dump(exclude_unset=True)


class RotationRequest(BaseModel, extra="forbid"):
    """A rotation of the secret."""

    overlap_hours: Annotated[
        StrictInt,
        Field(ge=0, le=LONGEST_OVERLAP_HOURS, description="How long the secret until now signs beside the new one."),
    ] = 24


class WebhookOut(BaseModel):
    """A webhook, without its secret."""

    webhook_id: UUID
    url: str
    description: str | None
    created_at: datetime
    state: Literal[WebhookState.ENABLED, WebhookState.DISABLED]
    state_reason: Annotated[
        Reason | None,
        Field(
            description="Why it is disabled: `by_client`, `gone` (it answered 410), `failing` (nothing could be "
            "delivered for too long); else `null`."
        ),
    ]
    state_since: datetime
    told_version: Annotated[int, Field(description="The newest version of the list that it acknowledged.")]
    last_delivered_at: datetime | None
    failing_since: Annotated[
        datetime | None, Field(description="Since when nothing but failures; it will be disabled if that goes on.")
    ]
    old_secret_until: Annotated[
        datetime | None, Field(description="How long the secret before the last rotation signs.")
    ]

    @classmethod
    def of(cls, webhook: StoredWebhook) -> "WebhookOut":
        """Shape a webhook."""
        return cls(**{name: getattr(webhook, name) for name in WebhookOut.model_fields})


class WebhookWithSecret(WebhookOut):
    """A webhook with its new secret, which is shown this once."""

    secret: Annotated[str, Field(description="`whsec_` and Base64, as Standard Webhooks 1.0 has it. Keep it now.")]

    @classmethod
    def made(cls, made: WithSecret) -> "WebhookWithSecret":
        """Shape a webhook and its secret."""
        return cls(**WebhookOut.of(made.webhook).model_dump(), secret=made.secret)


class WebhooksOut(BaseModel):
    """A client's webhooks."""

    webhooks: list[WebhookOut]


class WebhookDeleted(BaseModel):
    """A webhook that is no more."""

    webhook_id: UUID
    state: Literal[WebhookState.DELETED]


class AttemptOut(BaseModel):
    """One attempt at a delivery."""

    attempt_no: int
    started_at: datetime
    milliseconds: Annotated[int, Field(description="From resolving the name to the status.")]
    status: Annotated[int | None, Field(description="The receiver's HTTP status; `null` if it gave none.")]
    error: Annotated[
        Failure | None,
        Field(
            description="Why it failed: `url_not_allowed`, `name_not_resolved`, `address_refused`, "
            "`connection_failed`, `tls_failed`, `timeout`, `no_valid_response`, `redirect_refused`, `status`, `gone`; "
            "`null` if it was acknowledged."
        ),
    ]


class DeliveryOut(BaseModel):
    """One nudge, and what became of it."""

    delivery_id: Annotated[UUID, Field(description="The `webhook-id` of each of its attempts.")]
    type: Kind
    created_at: datetime
    state: Annotated[
        State,
        Field(
            description="`waiting`, `sending`, `retrying`, `delivered`, `failed` (given up), `superseded` (a newer one "
            "tells of the same versions), `cancelled` (the webhook was disabled or deleted)."
        ),
    ]
    from_version: Annotated[int | None, Field(description="`null` until it is begun, as the next two.")]
    to_version: int | None
    changes: int | None
    next_attempt_at: datetime | None
    attempts: list[AttemptOut]

    @classmethod
    def of(cls, delivery: StoredDelivery, attempts: Sequence[StoredAttempt]) -> "DeliveryOut":
        """Shape a delivery and the attempts at it."""
        return cls(
            delivery_id=delivery.delivery_id,
            type=Kind(delivery.kind),
            created_at=delivery.created_at,
            state=State(delivery.state),
            from_version=delivery.from_version,
            to_version=delivery.to_version,
            changes=delivery.changes,
            next_attempt_at=delivery.next_attempt_at,
            attempts=[_attempt(one) for one in attempts],
        )


def _attempt(attempt: StoredAttempt) -> AttemptOut:
    return AttemptOut(
        attempt_no=attempt.attempt_no,
        started_at=attempt.started_at,
        milliseconds=attempt.milliseconds,
        status=attempt.status,
        error=Failure(attempt.error) if attempt.error else None,
    )


class DeliveriesOut(BaseModel):
    """A page of a webhook's log, the newest delivery first."""

    deliveries: list[DeliveryOut]
    next: Annotated[UUID | None, Field(description="`before` of the next page; `null`: this is the last.")]

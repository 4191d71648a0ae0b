"""Webhooks: having one's own system told that the list has changed, and seeing what became of it."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query

from app.api import webhook_examples as examples
from app.api.deps import ONLY_KNOWN_QUERY_PARAMETERS, Now, Reading, ServicesDep, WebhooksCaller, Writing
from app.api.openapi import (
    MAKE_WEBHOOK_PROBLEMS,
    WEBHOOK_ACTION_PROBLEMS,
    WEBHOOK_CALL_PROBLEMS,
    WEBHOOK_PROBLEMS,
    WEBHOOKS_PROBLEMS,
)
from app.api.schemas.webhooks import (
    DeliveriesOut,
    DeliveryOut,
    RotationRequest,
    WebhookChange,
    WebhookDeleted,
    WebhookOut,
    WebhookRequest,
    WebhooksOut,
    WebhookWithSecret,
)
from app.api.strict_json import StrictJsonRoute
from app.domain.webhooks import WebhookState
from app.services import webhooks
from app.store import webhook_deliveries
from app.store import webhooks as store

router = APIRouter(
    prefix="/v1/webhooks",
    route_class=StrictJsonRoute,
    tags=["webhooks 变更通知"],
    dependencies=[ONLY_KNOWN_QUERY_PARAMETERS],
)

MOST_IN_PAGE = 100

WebhookId = Annotated[UUID, Path(description="`webhook_id` of a webhook of yours.")]
DeliveryId = Annotated[UUID, Path(description="`delivery_id` of a delivery to it.")]


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Make a webhook",
    responses={HTTPStatus.CREATED.value: examples.SECRET_ANSWER[200], **MAKE_WEBHOOK_PROBLEMS},
)
async def make_webhook(
    caller: WebhooksCaller,
    body: Annotated[WebhookRequest, Body(openapi_examples=examples.MAKE)],
    services: ServicesDep,
    moment: Now,
    session: Writing,
) -> WebhookWithSecret:
    """Have a URL of yours told of every version of the list after the present one; the answer holds the secret, once.

    What it is sent is a nudge: versions and a count, nothing of anybody. Read `GET /v1/changes` behind your own cursor
    whenever one arrives, and now and then without one.
    """
    made = await services.webhooks.make(session, caller, body.url, body.description, moment.now)
    return WebhookWithSecret.made(made)


@router.get("", summary="Your webhooks", responses=examples.WEBHOOKS_ANSWER | WEBHOOKS_PROBLEMS)
async def read_webhooks(caller: WebhooksCaller, session: Reading) -> WebhooksOut:
    """Answer the webhooks of your client; one that was disabled says why and since when."""
    return WebhooksOut(webhooks=[WebhookOut.of(one) for one in await store.of_client(session, caller.client_id)])


@router.get("/{webhook_id}", summary="One webhook", responses=examples.WEBHOOK_ANSWER | WEBHOOK_PROBLEMS)
async def read_webhook(caller: WebhooksCaller, webhook_id: WebhookId, session: Reading) -> WebhookOut:
    """Answer one webhook of your client."""
    return WebhookOut.of(await webhooks.own(session, caller, webhook_id))


@router.patch("/{webhook_id}", summary="Change a webhook", responses=examples.WEBHOOK_ANSWER | WEBHOOK_CALL_PROBLEMS)
async def change_webhook(
    caller: WebhooksCaller,
    webhook_id: WebhookId,
    body: Annotated[WebhookChange, Body(openapi_examples=examples.CHANGE)],
    services: ServicesDep,
    moment: Now,
    session: Writing,
) -> WebhookOut:
    """Change its URL or description, disable it, or enable it again; then it is told at once of what it missed."""
    return WebhookOut.of(await services.webhooks.change(session, caller, webhook_id, body.asked(), moment.now))


@router.delete("/{webhook_id}", summary="Delete a webhook", responses=examples.DELETED_ANSWER | WEBHOOK_PROBLEMS)
async def delete_webhook(
    caller: WebhooksCaller, webhook_id: WebhookId, moment: Now, session: Writing
) -> WebhookDeleted:
    """Tell it nothing more. An attempt that is under way may still arrive; its secrets are deleted."""
    await webhooks.delete(session, caller, webhook_id, moment.now)
    return WebhookDeleted(webhook_id=webhook_id, state=WebhookState.DELETED)


@router.post(
    "/{webhook_id}/rotation",
    summary="Exchange the secret",
    responses=examples.SECRET_ANSWER | WEBHOOK_CALL_PROBLEMS,
)
async def rotate_secret(
    caller: WebhooksCaller,
    webhook_id: WebhookId,
    body: Annotated[RotationRequest, Body(openapi_examples=examples.ROTATE)],
    services: ServicesDep,
    moment: Now,
    session: Writing,
) -> WebhookWithSecret:
    """Make a new secret and show it once. Until the overlap is over, each attempt is signed with both."""
    overlap = timedelta(hours=body.overlap_hours)
    return WebhookWithSecret.made(await services.webhooks.rotate(session, caller, webhook_id, overlap, moment.now))


@router.post(
    "/{webhook_id}/test",
    status_code=HTTPStatus.ACCEPTED,
    summary="Have it told that this is a test",
    responses={HTTPStatus.ACCEPTED.value: examples.TEST_ANSWER[200], **WEBHOOK_ACTION_PROBLEMS},
)
async def test_webhook(caller: WebhooksCaller, webhook_id: WebhookId, moment: Now, session: Writing) -> DeliveryOut:
    """Send a `webhook.test` within seconds, once, also while it is disabled; how it went is in the deliveries."""
    return DeliveryOut.of(await webhooks.test(session, caller, webhook_id, moment.now), ())


@router.get(
    "/{webhook_id}/deliveries",
    summary="What became of what it was told",
    responses=examples.DELIVERIES_ANSWER | WEBHOOK_PROBLEMS,
)
async def read_deliveries(
    caller: WebhooksCaller,
    webhook_id: WebhookId,
    session: Reading,
    before: Annotated[UUID | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_IN_PAGE, description="How many deliveries.")] = 20,
) -> DeliveriesOut:
    """Answer the deliveries, the newest first, each with every attempt: when, how long, which status, which error."""
    await webhooks.own(session, caller, webhook_id)
    found = await webhook_deliveries.of_webhook(session, webhook_id, before, limit + 1)
    page = found[:limit]
    attempts = await webhook_deliveries.attempts_at(session, [one.delivery_id for one in page])
    return DeliveriesOut(
        deliveries=[DeliveryOut.of(one, attempts.get(one.delivery_id, [])) for one in page],
        next=page[-1].delivery_id if len(found) > limit else None,
    )


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/replay",
    status_code=HTTPStatus.ACCEPTED,
    summary="Tell it again",
    responses={HTTPStatus.ACCEPTED.value: examples.REPLAY_ANSWER[200], **WEBHOOK_ACTION_PROBLEMS},
)
async def replay_delivery(
    caller: WebhooksCaller,
    webhook_id: WebhookId,
    delivery_id: DeliveryId,
    services: ServicesDep,
    moment: Now,
    session: Writing,
) -> DeliveryOut:
    """Send a delivery that is over once more, with the same `webhook-id` and body, and retries as at first."""
    retry_for = timedelta(seconds=services.settings.webhook_retry_for)
    again = await webhooks.replay(session, caller, webhook_id, delivery_id, moment.now, retry_for)
    attempts = await webhook_deliveries.attempts_at(session, [delivery_id])
    return DeliveryOut.of(again, attempts.get(delivery_id, []))

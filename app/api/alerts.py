"""You cleared this company yesterday: a department's alerts, and acknowledging them."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query

from app.api import alert_examples as examples
from app.api.deps import ONLY_KNOWN_QUERY_PARAMETERS, Now, Reading, ReportingCaller, ServicesDep, Writing
from app.api.openapi import ACKNOWLEDGEMENT_PROBLEMS, ALERTS_PROBLEMS
from app.api.schemas.alerts import AcknowledgementRequest, AlertOut, AlertsOut
from app.api.strict_json import StrictJsonRoute
from app.domain.alerts import AlertKind
from app.services.alerts import LONGEST_CURSOR, Choice
from app.services.fields import Instant

router = APIRouter(
    prefix="/v1", route_class=StrictJsonRoute, tags=["alerts 提醒"], dependencies=[ONLY_KNOWN_QUERY_PARAMETERS]
)


@router.get("/alerts", summary="What you should know by now", responses=examples.ALERTS_ANSWER | ALERTS_PROBLEMS)
async def read_alerts(  # noqa: PLR0913 - one parameter per query field, as the framework has it
    caller: ReportingCaller,
    services: ServicesDep,
    moment: Now,
    session: Reading,
    kind: Annotated[AlertKind | None, Query(description="Alerts of this kind only.")] = None,
    acknowledged: Annotated[bool | None, Query(description="Only those that are, or are not, acknowledged.")] = None,
    since: Annotated[
        Instant | None,
        Query(description="Only what happened from this moment on (RFC 3339).", examples=["2026-03-03T09:00:00Z"]),
    ] = None,
    cursor: Annotated[
        str | None,
        Query(max_length=LONGEST_CURSOR, description="`cursor` of an earlier answer: only what is new since."),
    ] = None,
    after: Annotated[
        str | None, Query(max_length=LONGEST_CURSOR, description="`next` of the page before, all else as it was.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="How many alerts.")] = 100,
) -> AlertsOut:
    """Answer each subject that your department was told is not listed, and that a listing then became known of.

    Also each that it acted upon and whose listing has ended, or came back, since. In the order of the list's versions.
    A page may hold fewer than asked for, or none, and still have a `next`. Keep the `cursor`: sent next time, it leaves
    only what is new since, lookups whose record came late included.
    """
    choice = Choice(kind, acknowledged, since, cursor, after)
    return AlertsOut.of(await services.alerts.page(session, caller, choice, moment, limit))


@router.post(
    "/alerts/{alert_id}/acknowledgement",
    summary="Say that you have seen an alert",
    responses=examples.ACKNOWLEDGED_ANSWER | ACKNOWLEDGEMENT_PROBLEMS,
)
async def acknowledge_alert(
    caller: ReportingCaller,
    alert_id: Annotated[str, Path(max_length=150, description="`alert_id` of one of your department's alerts.")],
    body: Annotated[AcknowledgementRequest, Body(openapi_examples=examples.ACKNOWLEDGEMENT)],
    services: ServicesDep,
    moment: Now,
    session: Writing,
) -> AlertOut:
    """Keep, for your whole department, that the alert was seen: by which client, when, and with which note.

    To do so again changes nothing. If more lookups or reports come to light, the alert is open again.
    """
    return AlertOut.of(await services.alerts.acknowledge(session, caller, alert_id, body.note, moment))

"""Changing the list, asking what a push did, and being the second pair of eyes."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Header, Path, Query, Request, Response

from app.api import examples
from app.api.deps import ONLY_KNOWN_QUERY_PARAMETERS, ApproveCaller, PushCaller, PushReader, Reading, ServicesDep
from app.api.openapi import APPROVAL_PROBLEMS, GET_PUSH_PROBLEMS, PUSH_PROBLEMS
from app.api.push_body import checked_key, our_turn, received
from app.api.push_query import OptionsInQuery
from app.api.schemas.pushes import Approval, PushOut
from app.api.strict_json import StrictJsonRoute
from app.services import pushing
from app.services.push_reports import ROWS_IN_A_REPORT
from app.services.pushing import PushRequest

router = APIRouter(
    prefix="/v1", route_class=StrictJsonRoute, tags=["pushes 推送"], dependencies=[ONLY_KNOWN_QUERY_PARAMETERS]
)

_STATUSES = {"committed": HTTPStatus.CREATED, "dry_run": HTTPStatus.OK}


@router.post(
    "/pushes",
    status_code=HTTPStatus.CREATED,
    summary="Change the list, all of it or nothing",
    openapi_extra={"requestBody": examples.PUSH_BODY},
    responses={
        HTTPStatus.OK.value: {"model": PushOut, "description": "A dry run", **examples.DRY_RUN_ANSWER[200]},
        HTTPStatus.ACCEPTED.value: {
            "model": PushOut,
            "description": "It waits for another client's approval",
            **examples.WAITING_ANSWER[200],
        },
        **examples.PUSH_ANSWER,
        **PUSH_PROBLEMS,
    },
)
async def push(
    caller: PushCaller,
    request: Request,
    response: Response,
    services: ServicesDep,
    outside: OptionsInQuery,
    *,
    dry_run: Annotated[
        bool, Query(description="Check everything and answer the difference it would make; keep nothing.")
    ] = False,
    idempotency_key: Annotated[
        str | None,
        Header(
            description="Required unless `dry_run`: 1 to 255 visible ASCII characters of your choice, one per push. "
            "The same key with the same body gets the same answer again (`Idempotency-Replayed: true`)."
        ),
    ] = None,
) -> PushOut:
    """Carry out a batch of operations: all or nothing, one `list_version`.

    The body is JSON, NDJSON, CSV or XLSX, up to a million rows. Every error of every row is reported at once, with its
    row, column and field; then nothing is kept, and the key is not used up. Once this answers 201, every lookup on
    every process sees the change. After a lost connection, or a 503, send the same body with the same key again: that
    tells what became of it, and makes it where it was not.
    """
    key = checked_key(idempotency_key, dry_run=dry_run)

    async def still_there() -> bool:
        return not await request.is_disconnected()

    async with received(request) as body:
        media_type = request.headers["content-type"]
        asked = PushRequest(body, media_type, key, outside, dry_run=dry_run, still_there=still_there)
        async with our_turn(services.push_database, dry_run=dry_run) as session:
            report, replayed = await services.pushes.push(session, caller, asked)
    response.status_code = _STATUSES.get(report.status, HTTPStatus.ACCEPTED)
    if report.push_id is not None:
        response.headers["Location"] = f"/v1/pushes/{report.push_id}"
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return PushOut.of(report)


PushId = Annotated[UUID, Path(description="`push_id` of the push's answer.")]


@router.get("/pushes/{push_id}", summary="What a push did", responses=examples.READ_PUSH_ANSWER | GET_PUSH_PROBLEMS)
async def read_push(
    caller: PushReader,  # noqa: ARG001 - naming it is what demands the scope
    push_id: PushId,
    session: Reading,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Only changes after this `change_no`.")] = 0,
    limit: Annotated[int, Query(ge=1, le=ROWS_IN_A_REPORT, description="How many of them.")] = ROWS_IN_A_REPORT,
) -> PushOut:
    """Answer what an earlier push did, change by change: the same as its own answer, but for warnings."""
    return PushOut.of(await pushing.find(session, push_id, after, limit))


@router.post(
    "/pushes/{push_id}/approval",
    summary="Approve or refuse another client's push",
    responses=examples.READ_PUSH_ANSWER | APPROVAL_PROBLEMS,
)
async def decide(
    caller: ApproveCaller,
    push_id: PushId,
    body: Annotated[Approval, Body(openapi_examples=examples.APPROVAL)],
    services: ServicesDep,
) -> PushOut:
    """Carry out a push that waits, exactly as it was sent, or refuse it for good.

    The list must still be the one that the push was checked against; if somebody else pushed meanwhile, it is refused
    with `list_version_moved` and has to be sent anew. Nobody approves their own push.
    """
    async with our_turn(services.push_database) as session:
        return PushOut.of(await services.pushes.decide(session, caller, push_id, approve=body.approve))

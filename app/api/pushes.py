"""Changing the list, and asking what a push did."""

import re
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Header, Path, Query, Request, Response, status

from app.api import examples
from app.api.deps import ONLY_KNOWN_QUERY_PARAMETERS, Now, PushCaller, Pushing, Reading, ServicesDep
from app.api.openapi import GET_PUSH_PROBLEMS, PUSH_PROBLEMS
from app.api.schemas.pushes import PushBody, PushOut
from app.api.strict_json import StrictJsonRoute
from app.domain.text import contains_identity_number
from app.errors import FieldError, IdempotencyKeyMissing, InvalidField
from app.services import pushing
from app.services.pushing import PushRequest

router = APIRouter(
    prefix="/v1", route_class=StrictJsonRoute, tags=["pushes 推送"], dependencies=[ONLY_KNOWN_QUERY_PARAMETERS]
)

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@router.post(
    "/pushes",
    status_code=status.HTTP_201_CREATED,
    summary="Change the list, all of it or nothing",
    responses={
        status.HTTP_200_OK: {
            "model": PushOut,
            "description": "A dry run: what the push would do",
            **examples.DRY_RUN_ANSWER[200],
        },
        **examples.PUSH_ANSWER,
        **PUSH_PROBLEMS,
    },
)
async def push(  # noqa: PLR0913 - one parameter per part of the request, as the framework has it
    caller: PushCaller,
    request: Request,
    response: Response,
    body: Annotated[PushBody, Body(openapi_examples=examples.PUSH)],
    services: ServicesDep,
    moment: Now,
    session: Pushing,
    *,
    dry_run: Annotated[bool, Query(description="Check everything and say what would happen; keep nothing.")] = False,
    idempotency_key: Annotated[
        str | None,
        Header(
            description="Required unless `dry_run`: 1 to 255 visible ASCII characters of your choice, one per push. "
            "The same key with the same body gets the same answer again (`Idempotency-Replayed: true`)."
        ),
    ] = None,
) -> PushOut:
    """Carry out a batch of `list` and `remove` operations: all or nothing, one `list_version`.

    Every error of every row is reported at once, with its row and field; then nothing is kept, and the key is not used
    up. Once this answers 201, every lookup on every process sees the change. After a lost connection, send the same
    body with the same key again.
    """
    most = services.settings.max_push_operations
    if len(body.operations) > most:
        raise InvalidField(FieldError("operations", "too_many", f"一次推送最多 {most} 项操作，请分批发送。"))
    key = _checked_key(idempotency_key, dry_run=dry_run)
    asked = PushRequest(body.operations, await request.body(), key, body.expected_list_version, body.source_document)
    if dry_run:
        response.status_code = status.HTTP_200_OK
        return PushOut.of(await services.pushes.dry_run(session, asked, moment))
    done, replayed = await services.pushes.push(session, caller, asked)
    response.headers["Location"] = f"/v1/pushes/{done.push_id}"
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return PushOut.of(done)


@router.get("/pushes/{push_id}", summary="What a push did", responses=examples.READ_PUSH_ANSWER | GET_PUSH_PROBLEMS)
async def read_push(
    caller: PushCaller,  # noqa: ARG001 - naming it is what demands the scope
    push_id: Annotated[UUID, Path(description="`push_id` of the push's answer.")],
    session: Reading,
) -> PushOut:
    """Answer what an earlier push did, row by row: the same as its own answer."""
    return PushOut.of(await pushing.find(session, push_id))


def _checked_key(key: str | None, *, dry_run: bool) -> str:
    if dry_run:
        return ""
    if key is None or not _IDEMPOTENCY_KEY.fullmatch(key):
        raise IdempotencyKeyMissing(
            "推送必须带 Idempotency-Key 头：1 至 255 个可见 ASCII 字符，每批推送各用一个（例如 UUID），重试时保持不变。"
        )
    if contains_identity_number(key):
        # The key is kept as it is, and may be logged by whoever passes the request on.
        told = "Idempotency-Key 中不得含有公民身份号码，请换用随机标识（例如 UUID）。"
        raise InvalidField(FieldError("idempotency-key", "identity_number_in_text", told))
    return key

"""The feed of changes, the list whole at one version, tokens to recognise persons by, and the chain's head."""

import contextlib
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Header, Path, Query
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from app.api import feed_examples as examples
from app.api.deps import (
    ONLY_KNOWN_QUERY_PARAMETERS,
    ChangesCaller,
    Reading,
    RequestId,
    Services,
    ServicesDep,
    Writing,
)
from app.api.openapi import CHAIN_AT_PROBLEMS, CHAIN_PROBLEMS, CHANGES_PROBLEMS, TOKENS_PROBLEMS
from app.api.schemas.listings import (
    ChainOut,
    ChangeOut,
    ChangesOut,
    CopiedListingOut,
    SnapshotEnd,
    SnapshotHead,
    SnapshotLine,
    TokenProblem,
    TokensAnswer,
    TokensOut,
    TokensRequest,
)
from app.api.schemas.problems import Problem
from app.api.strict_json import StrictJsonRoute
from app.domain.chain import GENESIS, written
from app.domain.moment import Moment
from app.errors import LianchengError, ListVersionNotReached, Unauthenticated
from app.services.access import Caller, require_still_usable
from app.services.feed import Cursor, FeedListing, FeedPage, pages
from app.services.push_options import NEWEST_VERSION
from app.store import pushes
from app.store.database import ReadSession

router = APIRouter(
    prefix="/v1", route_class=StrictJsonRoute, tags=["changes 变更"], dependencies=[ONLY_KNOWN_QUERY_PARAMETERS]
)

EVENT_STREAM = "text/event-stream"
NDJSON = "application/x-ndjson"
_SNAPSHOT_PAGE = 1000
_STREAM_PAGE = 200
_RETRY_MS = 2000


@router.get(
    "/changes",
    summary="What changed since a place in the feed",
    response_model=ChangesOut,
    responses=examples.CHANGES_ANSWER | CHANGES_PROBLEMS,
)
async def read_changes(
    caller: ChangesCaller,
    services: ServicesDep,
    after: Annotated[str, Query(max_length=30, description="`cursor` of the answer before; `0`: all.")] = "0",
    limit: Annotated[int, Query(ge=1, le=1000, description="How many changes.")] = 500,
    wait: Annotated[float, Query(ge=0, le=60, description="Seconds to wait for a change if there is none.")] = 0,
    accept: Annotated[str, Header(description="`text/event-stream` for Server-Sent Events.")] = "application/json",
    last_event_id: Annotated[str | None, Header(description="Of an event stream: where it goes on.")] = None,
) -> ChangesOut | StreamingResponse:
    """Answer every change behind a cursor, in the order of commits: no gap, no repetition.

    With `wait` it answers as soon as there is a change (long poll). With `Accept: text/event-stream` it goes on for
    ever: each event is a `change` whose id is its cursor, to be sent as `Last-Event-ID` when the stream breaks.
    """
    if EVENT_STREAM in accept.lower():
        start = Cursor.parse(last_event_id, "last-event-id") if last_event_id else Cursor.parse(after, "after")
        # What is wrong with the cursor is a problem, not a broken stream.
        first = await services.feed.waited_page(caller.client_id, start, _STREAM_PAGE, 0)
        return StreamingResponse(_events(services, caller, first), media_type=EVENT_STREAM)
    page = await services.feed.waited_page(caller.client_id, Cursor.parse(after, "after"), limit, wait)
    if wait:
        async with services.database.single_statement() as session:
            await _require_still_usable(session, caller)
    return ChangesOut.of(page)


async def _require_still_usable(session: ReadSession, caller: Caller) -> None:
    """Raise :class:`Unauthenticated` for a key that has ended while its holder waited: it opens nothing any more."""
    await require_still_usable(session, caller, Moment.current().now)


async def _events(services: Services, caller: Caller, first: FeedPage) -> AsyncIterator[bytes]:
    yield format_sse_event(retry=_RETRY_MS, comment="liancheng")
    for event in _told(first):
        yield event
    beat = services.settings.feed_heartbeat
    # Why a stream ends (its key was revoked, the database is away) is told to whoever comes back for the rest of it.
    with contextlib.suppress(LianchengError):
        async for page in pages(services.feed, caller.client_id, first.cursor, _STREAM_PAGE, beat):
            async with services.database.single_statement() as session:
                await _require_still_usable(session, caller)
            for event in _told(page):
                yield event


def _told(page: FeedPage) -> list[bytes]:
    if not page.changes:
        return [format_sse_event(comment="beat")]
    return [
        format_sse_event(event="change", id=str(one.cursor), data_str=ChangeOut.of(one).model_dump_json())
        for one in page.changes
    ]


@router.get(
    "/listings/snapshot",
    summary="The whole list at one version",
    response_class=StreamingResponse,
    responses=examples.SNAPSHOT_ANSWER | CHANGES_PROBLEMS,
)
async def read_snapshot(
    caller: ChangesCaller,
    services: ServicesDep,
    at: Annotated[int | None, Query(ge=0, le=NEWEST_VERSION, description="The version; default: the newest.")] = None,
    after: Annotated[UUID | None, Query(description="Go on behind this `listing_id`, with the same `at`.")] = None,
) -> StreamingResponse:
    """Stream every listing as it is at one version, ended ones too, as NDJSON, by id; the feed goes on from `cursor`.

    The last line says how many there were; without it, what came was cut off: go on with `at` and `after`.
    """
    async with services.database.reading() as session:
        newest = await pushes.current_version(session)
        version = newest if at is None else at
        if version > newest:
            raise ListVersionNotReached(f"本库名单版本为 {newest}，尚未达到所要求的 {version}。")
        head = await pushes.head_of(session, version)
        first = await services.feed.snapshot_page(session, caller.client_id, version, after, _SNAPSHOT_PAGE)
    told = SnapshotHead(list_version=version, cursor=str(version), head=written(head))
    return StreamingResponse(_lines(services, caller, told, first), media_type=NDJSON)


async def _lines(
    services: Services, caller: Caller, head: SnapshotHead, page: list[FeedListing]
) -> AsyncIterator[bytes]:
    yield head.model_dump_json().encode() + b"\n"
    count = 0
    while page:
        count += len(page)
        lines = (SnapshotLine(listing=CopiedListingOut.of(one)).model_dump_json() for one in page)
        yield ("\n".join(lines) + "\n").encode()
        if len(page) < _SNAPSHOT_PAGE:
            break
        past = page[-1].entry.listing.listing_id
        # A connection for each page: a slow reader keeps none.
        async with services.database.reading() as session:
            try:
                await _require_still_usable(session, caller)
            except Unauthenticated:
                # Without its end the list is not whole; why is told to whoever comes back for the rest of it.
                return
            page = await services.feed.snapshot_page(session, caller.client_id, head.list_version, past, _SNAPSHOT_PAGE)
    yield SnapshotEnd(count=count).model_dump_json().encode() + b"\n"


@router.post(
    "/persons/tokens",
    summary="Tokens to recognise your own persons by",
    responses=examples.TOKENS_ANSWER | TOKENS_PROBLEMS,
)
async def issue_tokens(
    caller: ChangesCaller,
    body: Annotated[TokensRequest, Body(openapi_examples=examples.TOKENS)],
    services: ServicesDep,
    request_id: RequestId,
    session: Writing,
) -> TokensAnswer:
    """Answer the token of each number, to be kept beside your own record and compared with your copy of the list.

    Each is recorded like a lookup, with its purpose. A token says nothing of the list, and works for your client only.
    """
    results = await services.tokens.issue(session, caller, body.id_numbers, purpose=body.purpose, request_id=request_id)
    return TokensAnswer(
        tokens=[
            TokensOut(index=index, tokens=list(result))
            if isinstance(result, tuple)
            else TokenProblem(index=index, problem=Problem.of(result, request_id))
            for index, result in enumerate(results)
        ]
    )


@router.get("/chain", summary="The chain's head", responses=examples.CHAIN_ANSWER | CHAIN_PROBLEMS)
async def read_chain(session: Reading) -> ChainOut:
    """Answer the head of the newest version. Note it, and you can prove later that what led to it was rewritten."""
    return await _chain(session, await pushes.current_version(session))


@router.get(
    "/chain/{list_version}",
    summary="The chain's head at a version",
    responses=examples.CHAIN_ANSWER | CHAIN_AT_PROBLEMS,
)
async def read_chain_at(
    session: Reading,
    list_version: Annotated[int, Path(ge=0, le=NEWEST_VERSION, description="A version of the list.", examples=[0])],
) -> ChainOut:
    """Answer the head of an earlier version; it never changes."""
    return await _chain(session, list_version)


async def _chain(session: Reading, version: int) -> ChainOut:
    if version == 0:
        return ChainOut(list_version=0, head=written(GENESIS), committed_at=None)
    push = await pushes.at_version(session, version)
    if push is None:
        raise ListVersionNotReached(f"名单还没有第 {version} 版。")
    return ChainOut(list_version=version, head=written(push.head), committed_at=push.committed_at)

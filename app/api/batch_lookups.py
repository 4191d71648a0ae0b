"""Asking about many: taken in, decided and answered chunk by chunk.

Each chunk is one statement and one commit, and leaves when both are done. What fails later on can no longer have a
status of its own: it is told in the stream, as a problem that belongs to no item, and the stream is broken off. Only
an end that says ``complete`` says that all are there.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from starlette.types import Receive, Scope, Send

from app.api import examples
from app.api.batch_body import Item, TermsInQuery, incoming, media_type_of, opened
from app.api.deps import ONLY_KNOWN_QUERY_PARAMETERS, LookupCaller, Now, RequestId, Services, ServicesDep
from app.api.openapi import LOOKUP_PROBLEMS
from app.api.problems import internal_error
from app.api.schemas.lookups import BatchAnswer, BatchEnd, BatchProblem
from app.api.schemas.problems import Problem
from app.api.strict_json import StrictJsonRoute
from app.domain.moment import Moment
from app.errors import ClientGone, LianchengError
from app.files.rows import JSON, NDJSON
from app.services.access import Caller
from app.services.lookup import Decided, Subject, Terms
from app.services.scenes import chosen

router = APIRouter(
    prefix="/v1", route_class=StrictJsonRoute, tags=["lookups 核查"], dependencies=[ONLY_KNOWN_QUERY_PARAMETERS]
)

# What is put together before it is sent; other requests have their turn in between.
_PIECE_BYTES = 128 * 1024


@router.post(
    "/lookups/batch",
    summary="Ask about up to 100,000 subjects",
    openapi_extra={"requestBody": examples.BATCH_BODY},
    response_model=BatchAnswer,
    responses=examples.BATCH_ANSWER | LOOKUP_PROBLEMS,
)
async def look_up_batch(
    caller: LookupCaller,
    request: Request,
    services: ServicesDep,
    moment: Now,
    request_id: RequestId,
    outside: TermsInQuery,
    accept: Annotated[str, Header(description=f"`{NDJSON}` for an answer of lines; default: as the body is.")] = "*/*",
) -> Response:
    """Answer for each item as a single lookup would, in the order of the items, as they are decided.

    The body is JSON, or NDJSON with an item a line and the terms in the query. An item that cannot be decided has a
    problem in its place and spoils no other. The answer is **whole only with its end** (`complete`): if something
    fails on the way, a problem whose `code_index` is `null` is the last that comes, and the connection is broken off;
    what has no answer by then is undetermined. Items are answered from the newest list when their turn comes, so that
    answers far apart may be of different list versions: each says its own, the end the lowest and the highest.
    """
    media_type = media_type_of(request)
    if NDJSON in accept:
        media_type = NDJSON
    elif JSON in accept:
        media_type = JSON
    answering = _Answering(services, caller, request_id, as_lines=media_type != JSON)
    pieces = answering.pieces(request, outside, moment)
    return _Streamed(await anext(pieces), pieces, answering.broken_off, media_type=media_type)


class _Answering:
    """One batch and what has been answered of it."""

    def __init__(self, services: Services, caller: Caller, request_id: str, *, as_lines: bool) -> None:
        self._services = services
        self._caller = caller
        self._request_id = request_id
        self._as_lines = as_lines
        self._count = 0
        self._versions: set[int] = set()

    async def pieces(self, request: Request, outside: dict[str, Any], moment: Moment) -> AsyncIterator[bytes]:
        """Yield the body; before the first piece, what is wrong with the whole of it is raised."""
        async with incoming(request) as batch:
            said, chunks = await opened(batch, media_type_of(request), outside)
            scene = chosen(self._services.scenes, said.scene)
            terms = Terms(
                said.purpose,
                said.on or moment.today,
                said.view,
                said.min_list_version,
                self._request_id,
                moment,
                None,
                scene,
            )
            async for chunk in chunks:
                batch.require_caller()
                # The day stays that of the call; what is recorded is when each was answered.
                now = terms._replace(moment=Moment(datetime.now(UTC), moment.today))
                for piece in self._written(await self._decided(chunk, now), now):
                    yield piece
                    await asyncio.sleep(0)
        yield self._end()

    def broken_off(self, error: LianchengError) -> bytes:
        """Return what is told in a body that cannot be gone on with."""
        return b"".join(self._one((self._problem(None, error),)))

    async def _decided(self, items: Sequence[Item], terms: Terms) -> list[Decided | LianchengError]:
        subjects = [one for one in items if isinstance(one, Subject)]
        services = self._services
        decided = iter(await services.lookups.decide_all(services.batches.put, self._caller, subjects, terms))
        return [next(decided) if isinstance(one, Subject) else one for one in items]

    def _written(self, results: Sequence[Decided | LianchengError], terms: Terms) -> Iterator[bytes]:
        # Put together once, however many there are: the measures of a listed unit are some 28 kilobytes.
        piece: list[bytes] = []
        size = 0
        for one in results:
            if isinstance(one, LianchengError):
                parts: tuple[bytes, ...] = (self._problem(self._count, one),)
            else:
                self._versions.add(one.reply.list_version)
                parts = self._services.rendered.parts(one, terms)
            piece += self._one(parts)
            size += sum(map(len, parts))
            self._count += 1
            if size >= _PIECE_BYTES:
                yield b"".join(piece)
                piece.clear()
                size = 0
        yield b"".join(piece)

    def _one(self, parts: tuple[bytes, ...]) -> tuple[bytes, ...]:
        if self._as_lines:
            return (*parts, b"\n")
        return (b"," if self._count else b'{"results":[', *parts)

    def _problem(self, index: int | None, error: LianchengError) -> bytes:
        shaped = BatchProblem(code_index=index, problem=Problem.of(error, self._request_id))
        return shaped.model_dump_json().encode()

    def _end(self) -> bytes:
        end = BatchEnd(
            complete=True,
            count=self._count,
            lowest_list_version=min(self._versions, default=None),
            highest_list_version=max(self._versions, default=None),
        ).model_dump_json()
        return f"{end}\n".encode() if self._as_lines else f"],{end[1:]}".encode()


class BrokenOff(Exception):
    """A body was begun and cannot be gone on with: the connection has to end without its end."""


class _Streamed(Response):
    """A body whose first piece is there, and which may have to be broken off."""

    def __init__(
        self,
        first: bytes,
        pieces: AsyncIterator[bytes],
        broken_off: Callable[[LianchengError], bytes],
        *,
        media_type: str,
    ) -> None:
        super().__init__(media_type=media_type)
        del self.headers["content-length"]
        self._first = first
        self._pieces = pieces
        self._broken_off = broken_off

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the framework's signature
        """Send what there is, as there is more."""

        async def body(piece: bytes, *, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": piece, "more_body": more})

        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            await body(self._first)
            async for piece in self._pieces:
                await body(piece)
        except ClientGone:
            return
        except Exception as error:
            await body(self._broken_off(error if isinstance(error, LianchengError) else internal_error()))
            raise BrokenOff from error
        await body(b"", more=False)

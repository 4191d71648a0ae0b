"""Carries plans out without holding up other tasks: with `httpx.AsyncClient`. It mirrors `sync_io`."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, TypeVar, cast

import httpx
from httpx_sse import EventSource

from liancheng.client.errors import SourceChanged
from liancheng.client.http import TOO_SLOW, LineSplitter, broken, patience, reply_of, sending
from liancheng.client.plans import Broken, Emit, End, Event, Line, Open, Outcome, Plan, Read, Reply, Send, Sleep, Step
from liancheng.client.requests import Request
from liancheng.client.upload import Upload

T = TypeVar("T")


class AsyncDriver:
    """Carries plans out over one HTTP client; one driver serves any number of tasks."""

    def __init__(self, http: httpx.AsyncClient, timeout: float) -> None:
        """Use an HTTP client, which somebody else closes."""
        self._http = http
        self._timeout = timeout

    async def run(self, plan: Plan[T]) -> T:
        """Carry a plan out and return its result."""
        performing = _Performing(self._http, self._timeout)
        try:
            step = next(plan)
            while True:
                step = plan.send(await performing.perform(step))
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            plan.close()
            await performing.close()

    async def iterate(self, plan: Plan[None]) -> AsyncGenerator[Any, None]:
        """Carry a plan out and yield what it emits; what is open is closed when the iterator is."""
        performing = _Performing(self._http, self._timeout)
        try:
            step = next(plan)
            while True:
                if isinstance(step, Emit):
                    yield step.item
                step = plan.send(await performing.perform(step))
        except StopIteration:
            return
        finally:
            plan.close()
            await performing.close()


class _Performing:
    """The steps of one plan, with the answer that it has open."""

    def __init__(self, http: httpx.AsyncClient, timeout: float) -> None:
        self._http = http
        self._timeout = timeout
        self._response: httpx.Response | None = None
        self._items: AsyncGenerator[Outcome, None] | None = None

    async def perform(self, step: Step) -> Outcome:
        match step:
            case Send(request):
                await self.close()
                return await self._whole(request)
            case Open(request, reads):
                await self.close()
                return await self._open(request, reads)
            case Read():
                return await self._read()
            case Sleep(seconds):
                await self.close()
                await asyncio.sleep(seconds)
                return None
            case Emit():
                return None

    async def close(self) -> None:
        # An asynchronous generator that is only dropped is closed some time later, by the loop.
        if self._items is not None:
            await self._items.aclose()
        response, self._response, self._items = self._response, None, None
        if response is not None:
            await response.aclose()

    async def _whole(self, request: Request) -> Outcome:
        try:
            response = await self._start(request)
            async with aclosing(response):
                return await self._rest(response, patience(request, self._timeout))
        except httpx.RequestError as error:
            return broken(error)
        except SourceChanged as error:
            return error

    async def _rest(self, response: httpx.Response, seconds: float) -> Reply | Broken:
        until = time.monotonic() + seconds
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if time.monotonic() > until:
                return TOO_SLOW
        return reply_of(response, bytes(body))

    async def _open(self, request: Request, reads: str) -> Reply | Broken:
        try:
            response = await self._start(request)
            if response.status_code != httpx.codes.OK:
                async with aclosing(response):
                    return await self._rest(response, self._timeout)
        except httpx.RequestError as error:
            return broken(error)
        self._response = response
        self._items = _events(response) if reads == "events" else _lines(response)
        return reply_of(response)

    async def _read(self) -> Outcome:
        if self._items is None:
            return End()
        try:
            return await anext(self._items, End())
        except httpx.RequestError as error:
            return broken(error)

    async def _start(self, request: Request) -> httpx.Response:
        arguments = sending(request, self._timeout)
        if isinstance(request.content, Upload):
            request.content.check()
            arguments["content"] = _pieces(request.content)
        return await self._http.send(self._http.build_request(**arguments), stream=True)


async def _pieces(upload: Upload) -> AsyncIterator[bytes]:
    sent = 0
    upload.report(sent)
    pieces = upload.pieces()
    while piece := await asyncio.to_thread(next, pieces, b""):
        yield piece
        sent += len(piece)
        upload.report(sent)


async def _lines(response: httpx.Response) -> AsyncGenerator[Outcome, None]:
    splitter = LineSplitter()
    async with aclosing(cast("AsyncGenerator[bytes, None]", response.aiter_bytes())) as pieces:
        async for data in pieces:
            for line in splitter.feed(data):
                yield Line(line)
    yield End(splitter.rest)


async def _events(response: httpx.Response) -> AsyncGenerator[Outcome, None]:
    async with aclosing(EventSource(response).aiter_sse()) as events:
        async for event in events:
            yield Event(event.id, event.event, event.data)

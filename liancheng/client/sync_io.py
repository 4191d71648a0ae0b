"""Carries plans out and waits: every step is done with `httpx.Client`."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any, TypeVar

import httpx
from httpx_sse import EventSource

from liancheng.client.errors import SourceChanged
from liancheng.client.http import TOO_SLOW, LineSplitter, broken, patience, reply_of, sending
from liancheng.client.plans import Broken, Emit, End, Event, Line, Open, Outcome, Plan, Read, Reply, Send, Sleep, Step
from liancheng.client.requests import Request
from liancheng.client.upload import Upload

T = TypeVar("T")


class SyncDriver:
    """Carries plans out over one HTTP client; safe to use from several threads."""

    def __init__(self, http: httpx.Client, timeout: float) -> None:
        """Use an HTTP client, which somebody else closes."""
        self._http = http
        self._timeout = timeout

    def run(self, plan: Plan[T]) -> T:
        """Carry a plan out and return its result."""
        performing = _Performing(self._http, self._timeout)
        try:
            step = next(plan)
            while True:
                step = plan.send(performing.perform(step))
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            plan.close()
            performing.close()

    def iterate(self, plan: Plan[None]) -> Generator[Any, None, None]:
        """Carry a plan out and yield what it emits; what is open is closed when the iterator is."""
        performing = _Performing(self._http, self._timeout)
        try:
            step = next(plan)
            while True:
                if isinstance(step, Emit):
                    yield step.item
                step = plan.send(performing.perform(step))
        except StopIteration:
            return
        finally:
            plan.close()
            performing.close()


class _Performing:
    """The steps of one plan, with the answer that it has open."""

    def __init__(self, http: httpx.Client, timeout: float) -> None:
        self._http = http
        self._timeout = timeout
        self._response: httpx.Response | None = None
        self._items: Iterator[Outcome] = iter(())

    def perform(self, step: Step) -> Outcome:
        match step:
            case Send(request):
                self.close()
                return self._whole(request)
            case Open(request, reads):
                self.close()
                return self._open(request, reads)
            case Read():
                return self._read()
            case Sleep(seconds):
                self.close()
                time.sleep(seconds)
                return None
            case Emit():
                return None

    def close(self) -> None:
        response, self._response, self._items = self._response, None, iter(())
        if response is not None:
            response.close()

    def _whole(self, request: Request) -> Outcome:
        try:
            response = self._start(request)
            with closing(response):
                return self._rest(response, patience(request, self._timeout))
        except httpx.RequestError as error:
            return broken(error)
        except SourceChanged as error:
            return error

    def _rest(self, response: httpx.Response, seconds: float) -> Reply | Broken:
        until = time.monotonic() + seconds
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if time.monotonic() > until:
                return TOO_SLOW
        return reply_of(response, bytes(body))

    def _open(self, request: Request, reads: str) -> Reply | Broken:
        try:
            response = self._start(request)
            if response.status_code != httpx.codes.OK:
                with closing(response):
                    return self._rest(response, self._timeout)
        except httpx.RequestError as error:
            return broken(error)
        self._response = response
        self._items = _events(response) if reads == "events" else _lines(response)
        return reply_of(response)

    def _read(self) -> Outcome:
        try:
            return next(self._items, End())
        except httpx.RequestError as error:
            return broken(error)

    def _start(self, request: Request) -> httpx.Response:
        arguments = sending(request, self._timeout)
        if isinstance(request.content, Upload):
            request.content.check()
            arguments["content"] = _pieces(request.content)
        return self._http.send(self._http.build_request(**arguments), stream=True)


def _pieces(upload: Upload) -> Iterator[bytes]:
    sent = 0
    upload.report(sent)
    for piece in upload.pieces():
        yield piece
        sent += len(piece)
        upload.report(sent)


def _lines(response: httpx.Response) -> Iterator[Outcome]:
    splitter = LineSplitter()
    for data in response.iter_bytes():
        for line in splitter.feed(data):
            yield Line(line)
    yield End(splitter.rest)


def _events(response: httpx.Response) -> Iterator[Outcome]:
    for event in EventSource(response).iter_sse():
        yield Event(event.id, event.event, event.data)

"""What every request passes first: its id, the limit of its body, the line in the log, and the last resort.

A plain lookup that is answered ahead of it (`quick_lookups.py`) passes it only when it fails.
"""

import sys
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import internal_error, problem_response
from app.api.request_line import write_line
from app.errors import ContentTooLarge
from app.observability import Event, accepted_request_id, described, request_id_var

REQUEST_ID = b"x-request-id"
NO_SNIFFING = (b"x-content-type-options", b"nosniff")
# A verdict kept by a cache would be told after the list has changed.
NO_STORE = (b"cache-control", b"no-store")
_LENGTH_DIGITS = 18
# What any site's pages may read (docs/decisions/0021-the-public.md).
_PUBLIC = "/v1/public/"
_ANY_ORIGIN = (b"access-control-allow-origin", b"*")


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The largest bodies in bytes: of pushes, of batches of lookups, and of everything else."""

    pushes: int
    batches: int
    others: int

    def of(self, path: str) -> int:
        """Return the limit for a path."""
        match path.rstrip("/"):
            case "/v1/pushes":
                return self.pushes
            case "/v1/lookups/batch":
                return self.batches
            case _:
                return self.others


BEGUN = "liancheng.begun"
"""Where a request's scope says that it was begun with already."""


class Begun(NamedTuple):
    """A request that somebody ahead of the edge has begun with: its id, and since when (`time.perf_counter`)."""

    request_id: str
    started: float


class Edge:
    """The outermost layer of the routes.

    Plain ASGI: a middleware of the framework's own kind costs a task per request.
    """

    def __init__(self, app: ASGIApp, *, limits: BodyLimits) -> None:
        """Wrap the application."""
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await _Exchange(self._app, self._limits.of(scope["path"]), scope, receive, send).run()


class _Exchange:
    """One request and its response."""

    def __init__(self, app: ASGIApp, limit: int, scope: Scope, receive: Receive, send: Send) -> None:
        self._app = app
        self._limit = limit
        self._log = structlog.get_logger()
        self._scope = scope
        self._receive = receive
        self._send = send
        self._read = 0
        self._status = 0
        given = declared = None
        # One walk through the headers: each request passes here.
        for name, value in scope["headers"]:
            if name == REQUEST_ID and given is None:
                given = value.decode("latin-1")
            elif name == b"content-length" and declared is None:
                declared = value
        self._declared = _length(declared)
        begun: Begun | None = scope.get(BEGUN)
        self._request_id = begun.request_id if begun else accepted_request_id(given)
        self._started = begun.started if begun else time.perf_counter()

    async def run(self) -> None:
        """Pass the request on; whatever happens, it ends with a response of ours and one line in the log."""
        token = request_id_var.set(self._request_id)
        try:
            if self._declared > self._limit:
                await self._respond(self._too_large())
            else:
                await self._app(self._scope, self._limited, self._finishing)
        except Exception as error:  # noqa: BLE001 - the last resort: nothing of it may reach the caller or the log
            self._log.error(Event.FAILED, request_id=self._request_id, **described(error))
            if not self._status:
                await self._respond(internal_error())
        finally:
            caller = self._scope.get("state", {}).get("caller")
            write_line(
                self._log,
                self._scope,
                request_id=self._request_id,
                status=self._status,
                seconds=time.perf_counter() - self._started,
                client=caller.name if caller is not None else None,
            )
            request_id_var.reset(token)

    def _too_large(self) -> ContentTooLarge:
        return ContentTooLarge(f"请求正文超过上限 {self._limit} 字节。请分批发送。")

    async def _respond(self, error: Any) -> None:  # noqa: ANN401 - an error of ours
        response = problem_response(error, {"Connection": "close"})
        await response(self._scope, self._receive, self._finishing)

    async def _limited(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            if self._read > self._limit:
                raise self._too_large()
        return message

    async def _finishing(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = message["headers"] = list(message.get("headers", ()))
            headers += ((REQUEST_ID, self._request_id.encode()), NO_SNIFFING)
            if not any(name == b"cache-control" for name, _ in headers):
                headers.append(NO_STORE)
            if self._scope["path"].startswith(_PUBLIC):
                # On every answer, errors too, and whatever the request says: a cache keeps one answer for all origins.
                headers.append(_ANY_ORIGIN)
        await self._send(message)


def _length(declared: bytes | None) -> int:
    """Return the length that a request declares; one of more digits than any body has is too large for every limit."""
    if declared is None or not declared.isdigit():
        return 0
    return int(declared) if len(declared) <= _LENGTH_DIGITS else sys.maxsize

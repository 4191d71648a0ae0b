"""Ahead of everything: the plain lookup, answered without the framework's way through the routes.

``POST /v1/lookups`` is documented, checked and answered by its route. What this takes off it is the case that comes
thousands of times a second: a small JSON body that its model accepts, a key of good form, nothing unusual. Anything
else goes on to the framework with the body put back, and so does what cannot be answered, for the route to say why. A
test holds both ways equal, byte for byte, header for header and record for record.
"""

import asyncio
import time
from typing import Any, NamedTuple

import structlog
from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.deps import Services
from app.api.edge import BEGUN, NO_SNIFFING, NO_STORE, REQUEST_ID, Begun, BodyLimits, Edge
from app.api.lookups import terms_of
from app.api.problems import problem_response
from app.api.request_line import write_line
from app.api.schemas.lookups import LookupRequest
from app.domain import strict_json
from app.domain.moment import Moment
from app.domain.strict_json import JsonRefused
from app.errors import LianchengError
from app.observability import accepted_request_id
from app.services.access import NamedKey, named_key
from app.services.lookup import Decided, Subject

PATH = "/v1/lookups"
_LARGEST_BODY = 8192
_LENGTH_DIGITS = len(str(_LARGEST_BODY))
_BEARER = b"Bearer "
_JSON = b"application/json"
_CONTENT_TYPE = (b"content-type", _JSON)
_OK = 200
_ENDED_BEFORE = 0


class RouteNamed(NamedTuple):
    """What the log names a request by."""

    path: str


_ROUTE = RouteNamed(PATH)


class _Plain(NamedTuple):
    """A request that its head does not keep from being answered here."""

    key: NamedKey
    request_id: str


class QuickLookups:
    """Answers plain lookups of one application."""

    def __init__(self, app: ASGIApp, limits: BodyLimits) -> None:
        """Stand ahead of an application's layers; what fails here is told by its edge's rules."""
        self._app = app
        self._limits = limits
        self._largest = min(_LARGEST_BODY, limits.others)
        self._log: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        started = time.perf_counter()
        plain = self._plain_head(scope) if scope["type"] == "http" and scope["path"] == PATH else None
        if plain is None:
            await self._app(scope, receive, send)
            return
        # Whoever goes on with it tells the same id and the same time.
        scope[BEGUN] = Begun(plain.request_id, started)
        messages: list[Message] = []
        try:
            messages.append(await receive())
            while messages[-1].get("more_body"):
                messages.append(await receive())
            answered = await _answered(scope["app"].state.services, plain, messages)
        except Exception as error:  # noqa: BLE001 - told by the edge, as it tells any other
            scope["route"] = _ROUTE
            await Edge(_Failed(error), limits=self._limits)(scope, receive, send)
            return
        except asyncio.CancelledError:
            # The service stops. It may be on record, so that what it was asked by has to be in the log.
            scope["route"] = _ROUTE
            self._write_line(scope, plain, started, _ENDED_BEFORE, None)
            raise
        if answered is None:
            await self._app(scope, _Replayed(messages, receive), send)
            return
        decided, body = answered
        scope["route"] = _ROUTE
        headers = [
            (b"content-length", b"%d" % len(body)),
            _CONTENT_TYPE,
            (REQUEST_ID, plain.request_id.encode()),
            NO_SNIFFING,
            NO_STORE,
        ]
        status = _ENDED_BEFORE
        try:
            await send({"type": "http.response.start", "status": _OK, "headers": headers})
            status = _OK
            await send({"type": "http.response.body", "body": body})
        finally:
            self._write_line(scope, plain, started, status, decided.reply.asker.name)

    def _write_line(self, scope: Scope, plain: _Plain, started: float, status: int, client: str | None) -> None:
        if self._log is None:
            # Not before there is something to log: by then it is configured.
            self._log = structlog.get_logger().bind()
        seconds = time.perf_counter() - started
        write_line(self._log, scope, request_id=plain.request_id, status=status, seconds=seconds, client=client)

    def _plain_head(self, scope: Scope) -> _Plain | None:
        """Return what a request's head says, if it is that of a small JSON body with a key of good form."""
        given: list[tuple[bytes, bytes]] = scope["headers"]
        headers = dict(given)
        # What comes twice is for the framework to read.
        if scope["method"] != "POST" or scope["query_string"] or len(headers) != len(given):
            return None
        length = headers.get(b"content-length", b"")
        # Without a length the body may be of any size, and it would be held here.
        if headers.get(b"content-type") != _JSON or not length.isdigit() or len(length) > _LENGTH_DIGITS:
            return None
        if int(length) > self._largest:
            return None
        credentials = headers.get(b"authorization", b"")
        key = named_key(credentials[len(_BEARER) :].decode("latin-1")) if credentials.startswith(_BEARER) else None
        if key is None:
            return None
        request_id = headers.get(REQUEST_ID)
        return _Plain(key, accepted_request_id(request_id.decode("latin-1") if request_id else None))


async def _answered(services: Services, plain: _Plain, messages: list[Message]) -> tuple[Decided, bytes] | None:
    """Return what was decided and the body that says so; ``None`` where the route has to answer."""
    asked = _plain_request(messages)
    if asked is None:
        return None
    try:
        terms = terms_of(asked, Moment.current(), plain.request_id, services.scenes)
    except LianchengError:
        return None
    subject = Subject(asked.code, asked.subject_kind, asked.reference)
    decided = await services.quick_lookups.answer(plain.key, subject, terms)
    return None if decided is None else (decided, services.rendered.answer(decided, terms))


def _plain_request(messages: list[Message]) -> LookupRequest | None:
    if messages[-1]["type"] != "http.request":
        return None
    body = messages[0]["body"] if len(messages) == 1 else b"".join(one["body"] for one in messages)
    try:
        return LookupRequest.model_validate(strict_json.parse(body))
    except (JsonRefused, ValidationError):
        return None


class _Failed:
    """An application that has failed with this error already."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not isinstance(self._error, LianchengError):
            raise self._error
        await problem_response(self._error)(scope, receive, send)


class _Replayed:
    """Receives once more what was received already, then what follows."""

    def __init__(self, messages: list[Message], receive: Receive) -> None:
        self._messages = iter(messages)
        self._receive = receive

    async def __call__(self) -> Message:
        message: Any = next(self._messages, None)
        return message if message is not None else await self._receive()

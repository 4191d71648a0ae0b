"""Ahead of everything: the plain lookup, answered without the framework's way through the routes.

``POST /v1/lookups`` is documented, checked and answered by its route. What this takes off it is the case that comes
thousands of times a second: a small JSON body that its model accepts, a key of good form, nothing unusual. Anything
else goes on to the framework with the body put back, and so does what cannot be answered, for the route to say why. A
test holds both ways equal, byte for byte, header for header and record for record.
"""

import time
from functools import lru_cache
from typing import Any, NamedTuple

import structlog
from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.deps import Services
from app.api.edge import NO_SNIFFING, NO_STORE, REQUEST_ID, BodyLimits, Edge
from app.api.problems import problem_response
from app.api.request_line import write_line
from app.api.schemas.lookups import LookupRequest
from app.domain import strict_json
from app.domain.moment import Moment
from app.domain.strict_json import JsonRefused
from app.errors import LianchengError
from app.observability import accepted_request_id
from app.services.access import NamedKey, named_key
from app.services.lookup import Decided, Subject, Terms
from app.services.scenes import chosen

PATH = "/v1/lookups"
_LARGEST_BODY = 8192
_BEARER = b"Bearer "
_JSON = b"application/json"
_CONTENT_TYPE = (b"content-type", _JSON)
_OK = 200
# Keys in use at the same time. What is kept saves their digest; whether a key is good is asked with every lookup.
_KEYS = 256


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
        self._log: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        started = time.perf_counter()
        plain = _plain_head(scope) if scope["type"] == "http" and scope["path"] == PATH else None
        if plain is None:
            await self._app(scope, receive, send)
            return
        messages = [await receive()]
        try:
            while messages[-1].get("more_body"):
                messages.append(await receive())
            answered = await _answered(scope["app"].state.services, plain, messages)
        except Exception as error:  # noqa: BLE001 - told by the edge, as it tells any other
            scope["route"] = _ROUTE
            await Edge(_Failed(error), limits=self._limits)(scope, receive, send)
            return
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
        await send({"type": "http.response.start", "status": _OK, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        if self._log is None:
            # Not before there is something to log: by then it is configured.
            self._log = structlog.get_logger().bind()
        write_line(
            self._log,
            scope,
            request_id=plain.request_id,
            status=_OK,
            seconds=time.perf_counter() - started,
            client=decided.reply.asker.name,
        )


async def _answered(services: Services, plain: _Plain, messages: list[Message]) -> tuple[Decided, bytes] | None:
    """Return what was decided and the body that says so; ``None`` where the route has to answer."""
    asked = _plain_request(messages)
    if asked is None:
        return None
    moment = Moment.current()
    try:
        scene = chosen(services.scenes, asked.scene)
    except LianchengError:
        return None
    terms = Terms(
        asked.purpose,
        asked.on or moment.today,
        asked.view,
        asked.min_list_version,
        plain.request_id,
        moment,
        asked.known_at,
        scene,
    )
    subject = Subject(asked.code, asked.subject_kind, asked.reference)
    decided = await services.quick_lookups.answer(plain.key, subject, terms)
    return None if decided is None else (decided, services.rendered.answer(decided, terms))


def _plain_head(scope: Scope) -> _Plain | None:
    """Return what a request's head says, if it is that of a small JSON body with a key of good form."""
    given: list[tuple[bytes, bytes]] = scope["headers"]
    headers = dict(given)
    # What comes twice is for the framework to read.
    if scope["method"] != "POST" or scope["query_string"] or len(headers) != len(given):
        return None
    length = headers.get(b"content-length", b"")
    # Without a length the body may be of any size, and it would be held here.
    if headers.get(b"content-type") != _JSON or not length.isdigit() or int(length) > _LARGEST_BODY:
        return None
    key = _key_named(headers.get(b"authorization", b""))
    if key is None:
        return None
    request_id = headers.get(REQUEST_ID)
    return _Plain(key, accepted_request_id(request_id.decode("latin-1") if request_id else None))


@lru_cache(_KEYS)
def _key_named(credentials: bytes) -> NamedKey | None:
    if not credentials.startswith(_BEARER):
        return None
    return named_key(credentials.removeprefix(_BEARER).decode("latin-1"))


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

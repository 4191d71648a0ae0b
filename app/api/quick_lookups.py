"""Ahead of the routes: the plain lookup, answered without the framework's way through them.

``POST /v1/lookups`` is documented, checked and answered by its route. What this takes off it is the case that comes
thousands of times a second: a small JSON body that its model accepts, a key of good form, nothing unusual. Anything
else goes on to the route with the body put back, and so does what cannot be answered, for the route to say why. A test
holds both ways equal, byte for byte and record for record.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.deps import Services
from app.api.problems import problem_response
from app.api.schemas.lookups import LookupRequest
from app.domain import strict_json
from app.domain.moment import Moment
from app.domain.strict_json import JsonRefused
from app.errors import LianchengError
from app.observability import request_id_var
from app.services.access import NamedKey, named_key
from app.services.lookup import Subject, Terms
from app.services.scenes import chosen

PATH = "/v1/lookups"
_LARGEST_BODY = 8192
_BEARER = re.compile(rb"Bearer (lc_[0-9a-f]{12}_[0-9a-f]{64})")
_JSON = b"application/json"


class RouteNamed(NamedTuple):
    """What the log names a request by."""

    path: str


_ROUTE = RouteNamed(PATH)


class QuickLookups:
    """Answers plain lookups and passes everything else on."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand ahead of the application's routes."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST" or scope["query_string"]:
            await self._app(scope, receive, send)
            return
        key = _plain_key(scope["headers"])
        if key is None:
            await self._app(scope, receive, send)
            return
        messages: list[Message] = []
        services: Services = scope["app"].state.services
        try:
            while not messages or messages[-1].get("more_body"):
                messages.append(await receive())
            body = await self._answered(services, key, messages, scope)
        except LianchengError as error:
            scope["route"] = _ROUTE
            await problem_response(error)(scope, receive, send)
            return
        if body is None:
            await self._app(scope, _Replayed(messages, receive), send)
            return
        scope["route"] = _ROUTE
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-length", b"%d" % len(body)), (b"content-type", _JSON)],
            }
        )
        await send({"type": "http.response.body", "body": body})

    async def _answered(self, services: Services, key: NamedKey, messages: list[Message], scope: Scope) -> bytes | None:
        """Return the body of the answer; ``None`` where the route has to answer."""
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
            request_id_var.get(),
            moment,
            asked.known_at,
            scene,
        )
        answer = await services.quick_lookups.answer(
            key, Subject(asked.code, asked.subject_kind, asked.reference), terms
        )
        if answer is None:
            return None
        scope.setdefault("state", {})["caller"] = answer.reply.asker
        return services.rendered.answer(answer, terms)


def _plain_key(headers: Iterable[tuple[bytes, bytes]]) -> NamedKey | None:
    """Return the key that a request names, if its headers are the plain ones of a small JSON body and a good key."""
    key: NamedKey | None = None
    length = media_type = b""
    for name, value in headers:
        if name == b"authorization":
            found = _BEARER.fullmatch(value)
            if found is None or key is not None:
                return None
            key = named_key(found.group(1).decode())
        elif name == b"content-length":
            length = value
        elif name == b"content-type":
            media_type = value
    # Without a length the body may be of any size, and it would be held here.
    if media_type != _JSON or not length.isdigit() or int(length) > _LARGEST_BODY:
        return None
    return key


def _plain_request(messages: list[Message]) -> LookupRequest | None:
    if messages[-1]["type"] != "http.request":
        return None
    body = messages[0]["body"] if len(messages) == 1 else b"".join(one["body"] for one in messages)
    try:
        return LookupRequest.model_validate(strict_json.parse(body))
    except (JsonRefused, ValidationError):
        return None


class _Replayed:
    """Receives once more what was received already, then what follows."""

    def __init__(self, messages: list[Message], receive: Receive) -> None:
        self._messages = iter(messages)
        self._receive = receive

    async def __call__(self) -> Message:
        message: Any = next(self._messages, None)
        return message if message is not None else await self._receive()

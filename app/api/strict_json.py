"""Reading JSON bodies without guessing, as `app.domain.strict_json` reads JSON."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from app.domain import strict_json
from app.errors import FieldError, LianchengError, MalformedRequest, UnsupportedMediaType
from app.services.access import names_a_key

# Given to the framework in place of a body that cannot be read: no model takes it.
_UNREADABLE = object()


def loads(body: bytes) -> Any:  # noqa: ANN401 - whatever the document holds
    """Read a JSON document or raise :class:`MalformedRequest` saying where it breaks, and not what stands there."""
    try:
        return strict_json.parse(body)
    except strict_json.JsonRefused as error:
        told = f"请求正文不是有效的 JSON：{error.detail}"
        raise MalformedRequest(told, errors=(FieldError("body", "json_invalid", told),)) from None


class _StrictRequest(Request):
    unreadable: LianchengError | None = None

    def leave_unread(self) -> None:
        self._body = b""

    async def json(self) -> Any:  # noqa: ANN401 - as its parent has it
        if self.unreadable is None:
            try:
                return loads(await self.body())
            except MalformedRequest as error:
                self.unreadable = error
        return _UNREADABLE


class StrictJsonRoute(APIRoute):
    """A route whose body is read by :func:`loads`.

    The framework reads a body before it asks who is calling. What is wrong with it is therefore kept until the caller
    is known: a body that cannot be read stands for one that fits no model, and is then told as what it is.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Hand the framework's handler a request that reads strictly."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def strictly(request: Request) -> Response:
            strict = _StrictRequest(request.scope, request.receive)
            strict.unreadable = _unsupported(request)
            if not names_a_key(request.headers.get("authorization", "").partition(" ")[2]):
                # It will be refused whatever it holds: nobody's megabytes are read and parsed for that.
                strict.leave_unread()
            try:
                return await handle(strict)
            except RequestValidationError:
                if strict.unreadable is None:
                    raise
                raise strict.unreadable from None

        return strictly


def _unsupported(request: Request) -> UnsupportedMediaType | None:
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and media_type != "application/json":
        return UnsupportedMediaType("请求正文应为 JSON，请设置 Content-Type: application/json。")
    return None

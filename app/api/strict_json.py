"""Reading JSON bodies without guessing: RFC 8259 and I-JSON (RFC 7493), where Python's reader is more lenient.

Refused are text that is not UTF-8, names that occur twice in an object (the last would silently win), NaN and Infinity,
numbers too large to be meant, nesting too deep to be meant, and strings with half of a surrogate pair.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any, Never

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from app.errors import FieldError, LianchengError, MalformedRequest, UnsupportedMediaType
from app.services.access import names_a_key

# Given to the framework in place of a body that cannot be read: no model takes it.
_UNREADABLE = object()


class _Refused(ValueError):
    """A JSON document that we do not take; the argument is the Chinese detail."""


def loads(body: bytes) -> Any:  # noqa: ANN401 - whatever the document holds
    """Read a JSON document or raise :class:`MalformedRequest` saying where it breaks, and not what stands there."""
    try:
        text = body.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
        # Half a surrogate pair can only come from an escape; everything after us would stumble over it.
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(f"第 {error.start + 1} 个字节起不是 UTF-8 编码。") from None
    except UnicodeEncodeError:
        raise _malformed("含有不成对的代理字符（\\ud800–\\udfff）。") from None
    except json.JSONDecodeError as error:
        raise _malformed(f"第 {error.lineno} 行第 {error.colno} 列处有语法错误。") from None
    except RecursionError:
        raise _malformed("嵌套过深。") from None
    except _Refused as error:
        raise _malformed(str(error)) from None
    except ValueError:
        raise _malformed("含有过长的数字。") from None
    return value


def _malformed(detail: str) -> MalformedRequest:
    told = f"请求正文不是有效的 JSON：{detail}"
    return MalformedRequest(told, errors=(FieldError("body", "json_invalid", told),))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) != len(pairs):
        message = "同一对象中有重复的字段名。"
        raise _Refused(message)
    return built


def _constant(_: str) -> Never:
    message = "不允许 NaN 与 Infinity。"
    raise _Refused(message)


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

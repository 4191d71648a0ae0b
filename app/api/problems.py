"""Errors become ``application/problem+json`` here and nowhere else, the framework's own included."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from app.api.schemas.problems import PROBLEM_JSON, Problem
from app.errors import ContentTooLarge, InvalidInput, LianchengError, MalformedRequest, NotFound
from app.observability import request_id_var
from app.services.fields import told

_RETRY_SECONDS = "1"


class MethodNotAllowed(LianchengError):
    """The path exists and does not take this method; the Allow header says which it takes."""

    code = "method_not_allowed"
    status = 405
    title = "Method not allowed"


def install(app: FastAPI) -> None:
    """Let every error of the application end as a problem."""

    async def ours(_: Request, error: Exception) -> Response:
        assert isinstance(error, LianchengError)  # noqa: S101 - registered for it
        return problem_response(error)

    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
        return problem_response(_of_validation(error))

    async def framework(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
        headers = error.headers
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers = {**(headers or {}), "Allow": ", ".join(_methods_of(request))}
        return problem_response(_of_framework(error), headers)

    app.add_exception_handler(LianchengError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, framework)


def _methods_of(request: Request) -> list[str]:
    """Return the methods that a path takes: of all its routes, where the framework asks only the first."""
    contexts = iter_route_contexts(request.app.routes)
    fitting = (one for one in contexts if one.path and compile_path(one.path)[0].match(request.url.path))
    methods = {method for one in fitting for method in one.methods or ()}
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


def problem_response(error: LianchengError, headers: Mapping[str, str] | None = None) -> Response:
    """Shape an error as the response that ends the call."""
    problem = Problem.of(error, request_id_var.get())
    extra = dict(headers or {})
    if error.status == HTTPStatus.UNAUTHORIZED:
        extra["WWW-Authenticate"] = 'Bearer realm="liancheng"'
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        extra["Retry-After"] = _RETRY_SECONDS
    return Response(problem.model_dump_json(), error.status, extra, PROBLEM_JSON)


def internal_error() -> LianchengError:
    """Return what is told of an error that nobody expected: nothing of it."""
    return LianchengError("服务内部错误，本次未作出任何结论。请凭 request_id 联系系统管理员。")


def _of_validation(error: RequestValidationError) -> InvalidInput:
    # The first step of a location says where the value stood (body, query, path, header).
    located = [{**one, "loc": _within(one["loc"])} for one in error.errors()]
    errors = told(located)
    detail = errors[0].detail if len(errors) == 1 else f"请求有 {len(errors)} 处错误。"
    return InvalidInput(detail, errors=errors)


def _within(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    return location[1:] if len(location) > 1 else location


def _of_framework(error: HTTPException) -> LianchengError:
    # The framework wraps what reading the body raised, ours included, in an exception of its own.
    if isinstance(error.__cause__, LianchengError):
        return error.__cause__
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            return NotFound("没有这个地址。接口说明见 /docs。")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return MethodNotAllowed("此地址不接受该方法，可用的方法见 Allow 头。")
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return ContentTooLarge("请求正文过大。")
        case status if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return MalformedRequest("无法读取请求。请检查请求正文与头部。")
        case _:
            return internal_error()

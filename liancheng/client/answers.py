"""What an answer means. Only what the service certainly said becomes a result; all else becomes an error."""

import json
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, cast

from liancheng.client.errors import LianchengClientError, MalformedAnswer, Unavailable, kind_of, without_secrets
from liancheng.client.lookup_types import LookupAnswer
from liancheng.client.plans import Reply
from liancheng.client.types import FieldProblem, PushResult

_PROBLEM = "application/problem+json"
# As the service makes them. In a row of hexadecimal digits, 15 of them without a letter are no identity number.
_REQUEST_ID = re.compile(r"(?!\d{15,18}[Xx]?$)[\w.-]{1,64}", re.ASCII)
_VERDICTS = ("listed", "not_listed")
_PUSH_DONE = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})


def parsed(data: bytes | str) -> Any:  # noqa: ANN401 - JSON is any value
    """Return the JSON value, or ``None`` if it is none: an error would hold what was read."""
    try:
        return json.loads(data)
    except ValueError:
        return None


def refusal(reply: Reply) -> LianchengClientError:
    """Return the error that an answer without a result means."""
    body = parsed(reply.body) if reply.media_type == _PROBLEM else None
    return error_of(body if isinstance(body, dict) else {}, reply)


def error_of(problem: dict[str, Any], reply: Reply) -> LianchengClientError:
    """Return the error that a problem means; where it does not say its status, that of the answer counts."""
    status = problem["status"] if isinstance(problem.get("status"), int) else reply.status
    code, detail = _text(problem.get("code")), _text(problem.get("detail"))
    request_id = _text(problem.get("request_id")) or reply.headers.get("x-request-id", "")
    kind = kind_of(status, code)
    said = f"{code}: {detail}" if code else "not an answer of the service"
    errors = tuple(_field_problems(problem.get("errors")))
    return kind(
        f"{status} {said}",
        status=status,
        code=code,
        detail=detail,
        errors=errors,
        request_id=request_id if _REQUEST_ID.fullmatch(request_id) else None,
        retry_after=reply.retry_after if issubclass(kind, Unavailable) else None,
    )


def verdict(reply: Reply, at_least: int, scene: str | None = None) -> LookupAnswer:
    """Return the verdict of a lookup; of an older list than ``at_least`` (a cache?), or another scene, it is none."""
    return _verdict(_body(reply, HTTPStatus.OK), at_least, scene)


def verdicts(
    reply: Reply, asked: int, at_least: int, scene: str | None = None
) -> list[LookupAnswer | LianchengClientError]:
    """Return for each of the items asked its verdict, or the error that stands in its place."""
    results = _body(reply, HTTPStatus.OK).get("results")
    if not isinstance(results, list) or len(results) != asked:
        raise MalformedAnswer("the answer does not have a result for each item: nothing is known")
    return [_result(index, one, reply, at_least, scene) for index, one in enumerate(results)]


def push_result(reply: Reply) -> PushResult:
    """Return what a push did."""
    body = _with(_body(reply, *_PUSH_DONE), list_version=int, counts=dict, rows=list)
    body["replayed"] = reply.headers.get("idempotency-replayed", "").lower() == "true"
    return cast("PushResult", body)


def reading(**keys: type) -> Callable[[Reply], dict[str, Any]]:
    """Return a reader of a 200 whose body has these keys."""
    return lambda reply: _with(_body(reply, HTTPStatus.OK), **keys)


def token_lists(reply: Reply, asked: int) -> list[list[str] | LianchengClientError]:
    """Return for each number asked its tokens, or the error that stands in their place."""
    entries = _body(reply, HTTPStatus.OK).get("tokens")
    found: dict[int, list[str] | LianchengClientError] = {}
    for entry in entries if isinstance(entries, list) else ():
        match entry:
            case {"index": int(index), "tokens": list(tokens)}:
                found[index] = [str(token) for token in tokens]
            case {"index": int(index), "problem": dict(problem)}:
                found[index] = error_of(problem, reply)
    if sorted(found) != list(range(asked)):
        raise MalformedAnswer("the answer does not have tokens for each number: nothing is known")
    return [found[index] for index in range(asked)]


def _result(
    index: int, result: object, reply: Reply, at_least: int, scene: str | None
) -> LookupAnswer | LianchengClientError:
    match result:
        case {"problem": dict(problem), "code_index": int(said)} if said == index:
            return error_of(problem, reply)
        case dict():
            return _verdict(result, at_least, scene)
        case _:
            raise MalformedAnswer("the answer has a result that is none: nothing is known")


def _verdict(body: dict[str, Any], at_least: int, scene: str | None) -> LookupAnswer:
    if body.get("verdict") not in _VERDICTS:
        raise MalformedAnswer("the answer has no verdict: nothing is known")
    _with(body, lookup_id=str, list_version=int, listings=list, measures=list)
    if body["verdict"] == "not_listed" and body["listings"]:
        raise MalformedAnswer("the answer contradicts itself: nothing is known")
    if body["list_version"] < at_least:
        raise MalformedAnswer("the answer is from an older list than we have seen: nothing is known")
    told = body.get("scene")
    if (told.get("code") if isinstance(told, dict) else None) != (scene.strip() if scene else None):
        raise MalformedAnswer("the answer is of another scene than we asked in: what to do is not known")
    return cast("LookupAnswer", body)


def _body(reply: Reply, *statuses: int) -> dict[str, Any]:
    if reply.status not in statuses:
        raise refusal(reply)
    body = parsed(reply.body)
    if not isinstance(body, dict):
        raise MalformedAnswer("the answer is not what the service sends: nothing is known", status=reply.status)
    return body


def _with(body: dict[str, Any], **keys: type) -> dict[str, Any]:
    for key, kind in keys.items():
        if not isinstance(body.get(key), kind):
            raise MalformedAnswer(f"the answer lacks {key}: nothing is known")
    return body


def _field_problems(errors: object) -> Iterable[FieldProblem]:
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, dict) and isinstance(error.get("code"), str):
            yield cast("FieldProblem", {**error, "detail": without_secrets(str(error.get("detail", "")))})


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None

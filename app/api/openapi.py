"""What the OpenAPI document says of each operation beyond its types: its problems, and an example of each."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import TypeAdapter

from app.api.schemas.listings import ChangeOut, SnapshotEnd, SnapshotHead, SnapshotLine
from app.api.schemas.lookups import BatchEnd, BatchItem, BatchRequest
from app.api.schemas.problems import PROBLEM_JSON, Problem
from app.api.schemas.pushes import push_body_schema
from app.errors import (
    AlreadyDecided,
    Conflict,
    ContentTooLarge,
    DatabaseUnavailable,
    Forbidden,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    IdentityNumberInUrl,
    InvalidInput,
    LianchengError,
    ListVersionMoved,
    ListVersionNotReached,
    MalformedRequest,
    NoLongerPublished,
    NoRoom,
    NotFound,
    PushInProgress,
    PushRejected,
    ReportsRejected,
    TooManyRemovals,
    Unauthenticated,
    UnsupportedMediaType,
)
from app.services.push_rows import ROW_MODELS
from app.services.report_rows import ReportRow

_EXAMPLE_DETAILS: dict[type[LianchengError], str] = {
    MalformedRequest: "请求正文不是有效的 JSON：第 1 行第 12 列处有语法错误。",
    IdempotencyKeyMissing: "缺少 Idempotency-Key 头。",
    IdentityNumberInUrl: "网址中不得出现身份号码，请改用 POST /v1/lookups。",
    Unauthenticated: "缺少有效的 API 密钥。请在 Authorization 头中以 Bearer 方式提供。",
    Forbidden: "此密钥没有“lookup”权限。请向系统管理员申请。",
    NotFound: "没有这次推送。",
    NoLongerPublished: "本条信息不再公示，请撤下此前取得的内容。",
    ListVersionNotReached: "本库名单版本为 41，尚未达到所要求的 42，不能用较旧的名单作答。请稍后重试。",
    ListVersionMoved: "名单现为第 42 版，而推送是针对第 41 版准备的。请核对其间的变化后重新提交。",
    ContentTooLarge: "请求正文超过上限 1048576 字节。请分批发送。",
    UnsupportedMediaType: "请求正文应为 JSON，请设置 Content-Type: application/json。",
    InvalidInput: "第18位校验码应为 3。",
    PushRejected: "共 1 行有 1 处错误，整批均未入库。请逐项改正后重新提交。",
    ReportsRejected: "共 1 条反馈有 1 处错误，整批均未入库。请逐项改正后重新提交。",
    IdempotencyKeyReused: "此 Idempotency-Key 已用于另一次内容不同的推送，请换一个新的。",
    LianchengError: "服务内部错误，本次未作出任何结论。请凭 request_id 联系系统管理员。",
    DatabaseUnavailable: "数据库暂时无法访问，本次未作出任何结论，请按“未确定”处理并稍后重试。",
    TooManyRemovals: "快照将移出现行名单 400 条中的 60 条（15.0%），超过上限 5.0%。请确认文件完整。",
    AlreadyDecided: "该推送已经批准。",
    Conflict: "此客户端已有指向同一网址的 webhook。",
    NoRoom: "服务器的暂存空间不足，没有收下这次请求。请联系运维人员腾出空间，之后重新发送。",
    PushInProgress: "另一批推送尚未完成，本次推送未执行。请用同一 Idempotency-Key 稍后重试。",
}

Responses = dict[int | str, dict[str, Any]]


def problems(*errors: type[LianchengError]) -> Responses:
    """Describe the problems of an operation, each status once, with an example of every code."""
    described: Responses = {}
    for error in errors:
        entry = described.setdefault(
            error.status,
            {
                "description": error.title,
                "content": {
                    PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}},
                },
            },
        )
        example = Problem.of(error(_EXAMPLE_DETAILS[error]), "7d0c2f5e9b1a4c3d8e6f7a8b9c0d1e2f")
        entry["content"][PROBLEM_JSON]["examples"][error.code] = {"value": example.model_dump(mode="json")}
    return described


EVERYWHERE: Sequence[type[LianchengError]] = (Unauthenticated, Forbidden, LianchengError, DatabaseUnavailable)
WITH_BODY: Sequence[type[LianchengError]] = (MalformedRequest, ContentTooLarge, UnsupportedMediaType, InvalidInput)

LOOKUP_PROBLEMS = problems(*EVERYWHERE, *WITH_BODY, ListVersionNotReached)
UNIT_PROBLEMS = problems(*EVERYWHERE, IdentityNumberInUrl, InvalidInput, ListVersionNotReached)
PUSH_PROBLEMS = problems(
    *EVERYWHERE,
    *WITH_BODY,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    PushRejected,
    ListVersionMoved,
    TooManyRemovals,
    NoRoom,
    PushInProgress,
)
APPROVAL_PROBLEMS = problems(
    *EVERYWHERE, *WITH_BODY, NotFound, PushRejected, ListVersionMoved, TooManyRemovals, AlreadyDecided, PushInProgress
)
NOT_MODIFIED: Responses = {304: {"description": "What you have (`If-None-Match`) is still right"}}
LISTINGS_PROBLEMS = problems(*EVERYWHERE, IdentityNumberInUrl, InvalidInput) | NOT_MODIFIED
LISTING_PROBLEMS = problems(*EVERYWHERE, InvalidInput, NotFound)
CHANGES_PROBLEMS = problems(*EVERYWHERE, InvalidInput, ListVersionNotReached)
ALERTS_PROBLEMS = problems(*EVERYWHERE, InvalidInput, ListVersionNotReached)
ACKNOWLEDGEMENT_PROBLEMS = problems(*EVERYWHERE, *WITH_BODY, NotFound)
AUDIT_PROBLEMS = problems(*EVERYWHERE, IdentityNumberInUrl, InvalidInput)
AUDIT_SEARCH_PROBLEMS = problems(*EVERYWHERE, *WITH_BODY)
UNUSUAL_PROBLEMS = problems(*EVERYWHERE, InvalidInput)
TOKENS_PROBLEMS = problems(*EVERYWHERE, *WITH_BODY)
CHAIN_PROBLEMS = problems(InvalidInput, LianchengError, DatabaseUnavailable)
CHAIN_AT_PROBLEMS = problems(InvalidInput, ListVersionNotReached, LianchengError, DatabaseUnavailable)
PUBLIC_PROBLEMS = problems(InvalidInput, LianchengError, DatabaseUnavailable)
PUBLIC_SEARCH_PROBLEMS = problems(IdentityNumberInUrl, InvalidInput, LianchengError, DatabaseUnavailable)
PUBLIC_ENTRY_PROBLEMS = problems(InvalidInput, NotFound, NoLongerPublished, LianchengError, DatabaseUnavailable)
CATALOGUE_PROBLEMS = problems(InvalidInput, LianchengError)
MEASURE_PROBLEMS = problems(InvalidInput, NotFound, LianchengError)
WEBHOOKS_PROBLEMS = problems(*EVERYWHERE, InvalidInput)
WEBHOOK_PROBLEMS = problems(*EVERYWHERE, InvalidInput, NotFound)
WEBHOOK_ACTION_PROBLEMS = problems(*EVERYWHERE, InvalidInput, NotFound, Conflict)
MAKE_WEBHOOK_PROBLEMS = problems(*EVERYWHERE, *WITH_BODY, Conflict)
WEBHOOK_CALL_PROBLEMS = problems(*EVERYWHERE, *WITH_BODY, NotFound, Conflict)
GET_PUSH_PROBLEMS = problems(*EVERYWHERE, InvalidInput, NotFound)

OBLIGATIONS_PROBLEMS = problems(*EVERYWHERE, IdentityNumberInUrl, InvalidInput) | NOT_MODIFIED
OBLIGATION_PROBLEMS = problems(*EVERYWHERE, InvalidInput, NotFound)
REPORTING_PROBLEMS = problems(*EVERYWHERE, *WITH_BODY, ReportsRejected)
REPORTS_PROBLEMS = problems(*EVERYWHERE, InvalidInput)
EFFECT_PROBLEMS = problems(*EVERYWHERE, InvalidInput)

_BY_REFERENCE: tuple[Any, ...] = (
    Problem,
    BatchItem,
    BatchRequest,
    BatchEnd,
    ChangeOut,
    SnapshotHead,
    SnapshotLine,
    SnapshotEnd,
    ReportRow,
    *ROW_MODELS,
)


def install(app: FastAPI) -> None:
    """Complete the framework's document with the schemas that are only referred to, and drop its own 422."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(generate())
            _restore_examples(app.openapi_schema, app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    for model in _BY_REFERENCE:
        schema = TypeAdapter(model).json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    schemas["PushBody"] = push_body_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return document


def _restore_examples(document: dict[str, Any], app: FastAPI) -> None:
    """Give the answers' examples back the ``null`` values that the framework drops: every key is always there."""
    for route in iter_route_contexts(app.routes):
        for method in route.methods or ():
            described = document["paths"].get(route.path, {}).get(method.lower(), {}).get("responses", {})
            for status, given in (getattr(route, "responses", None) or {}).items():
                for media_type, content in given.get("content", {}).items():
                    described.get(str(status), {}).get("content", {}).get(media_type, {}).update(
                        {"examples": content["examples"]} if "examples" in content else {}
                    )

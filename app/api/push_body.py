"""Receiving the body of a push: straight to an enciphered file, whatever its size, and only from a known caller."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request
from starlette.requests import ClientDisconnect

from app.domain.text import contains_identity_number
from app.errors import (
    ConnectionsBusy,
    DatabaseUnavailable,
    FieldError,
    IdempotencyKeyMissing,
    InvalidField,
    MalformedRequest,
    PushInProgress,
    UnsupportedMediaType,
)
from app.files.rows import CSV, JSON, NDJSON, XLSX
from app.files.spool import Spool
from app.store.database import Database, WriteSession

_READ_TYPES = frozenset({JSON, NDJSON, "application/ndjson", CSV, XLSX})
_NOTHING_KEPT = "数据库暂时无法访问，本次没有保存任何内容。请稍后重试，推送仍用同一 Idempotency-Key。"
_PERHAPS_KEPT = (
    "提交时失去与数据库的连接，本次是否已经生效尚不可知。"
    "请原样重试，推送仍用同一 Idempotency-Key：已生效的不会重复，并会如实告知。"
)
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@asynccontextmanager
async def received(request: Request) -> AsyncIterator[Spool]:
    """Yield the whole body; it is gone from the disk when the block ends.

    Raises :class:`UnsupportedMediaType` before anything is read, and :class:`MalformedRequest` if it breaks off.
    """
    media_type = request.headers.get("content-type", "")
    if media_type.partition(";")[0].strip().lower() not in _READ_TYPES:
        raise UnsupportedMediaType(
            f"请求正文应为 JSON、NDJSON、CSV 或 XLSX，请相应设置 Content-Type：{JSON}、{NDJSON}、{CSV} 或 {XLSX}。"
        )
    with Spool() as spool:
        try:
            async for piece in request.stream():
                spool.write(piece)
        except ClientDisconnect:
            raise MalformedRequest("请求正文没有传完，本次推送未执行。请用同一 Idempotency-Key 重新发送。") from None
        spool.settle()
        if spool.size == 0:
            raise InvalidField(FieldError("body", "missing", "请求正文为空，没有可推送的内容。"))
        yield spool


@asynccontextmanager
async def our_turn(database: Database, *, dry_run: bool = False) -> AsyncIterator[WriteSession]:
    """Yield the process's one session for pushes; :class:`PushInProgress` where the push before it takes too long.

    Raises :class:`DatabaseUnavailable` where the database is lost on the way. Before the commit it takes everything
    back; once the commit is sent, nobody here knows, and to say that nothing was kept could be untrue.
    """
    committing = False
    try:
        async with database.writing() as session:
            yield session
            committing = not dry_run
    except ConnectionsBusy as error:
        raise PushInProgress("另一批推送尚未完成，本次推送未执行。请用同一 Idempotency-Key 稍后重试。") from error
    except DatabaseUnavailable as error:
        raise DatabaseUnavailable(_PERHAPS_KEPT if committing else _NOTHING_KEPT) from error


def checked_key(key: str | None, *, dry_run: bool) -> str:
    """Return the idempotency key of a push; a dry run needs none."""
    if dry_run:
        return ""
    if key is None or not _IDEMPOTENCY_KEY.fullmatch(key):
        raise IdempotencyKeyMissing(
            "推送必须带 Idempotency-Key 头：1 至 255 个可见 ASCII 字符，每批推送各用一个（例如 UUID），重试时保持不变。"
        )
    if contains_identity_number(key):
        # The key is kept as it is, and may be logged by whoever passes the request on.
        told = "Idempotency-Key 中不得含有公民身份号码，请换用随机标识（例如 UUID）。"
        raise InvalidField(FieldError("idempotency-key", "identity_number_in_text", told))
    return key

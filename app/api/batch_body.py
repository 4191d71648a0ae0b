"""Receiving a batch of lookups: JSON as a whole, NDJSON item by item as it comes, and never more than a part in memory.

What comes in is taken in at once, to an enciphered file, however slowly it is answered: a caller who sends everything
before reading anything would otherwise wait for us, and we for them.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect

from app.api.schemas.lookups import (
    MOST_IN_BATCH,
    BatchItem,
    BatchTerms,
    On,
    Purpose,
)
from app.api.schemas.scenes import SceneField
from app.domain import strict_json
from app.domain.strict_json import JsonRefused
from app.errors import (
    ClientGone,
    FieldError,
    InvalidField,
    InvalidInput,
    LianchengError,
    MalformedRequest,
    UnsupportedMediaType,
)
from app.files.json_rows import Rows, open_rows
from app.files.rows import JSON, NDJSON
from app.files.spool import Spool
from app.services.fields import told
from app.services.lookup import Subject, View
from app.services.push_options import NEWEST_VERSION

CHUNK = 500
"""Items that are put to the database at once: enough to be cheap, few enough to be answered in a moment."""

NDJSON_TYPES = frozenset({NDJSON, "application/ndjson"})
_LONGEST_LINE = 8192
_READ_BYTES = 64 * 1024
_TOO_MANY = f"一次最多 {MOST_IN_BATCH} 项，请分批查询。"
_ROWS = Rows("items", MOST_IN_BATCH, _TOO_MANY)
_ITEM = TypeAdapter(BatchItem)

Item = Subject | LianchengError
"""What is asked about, or why that cannot be read."""


def _said(name: str) -> str | None:
    return BatchTerms.model_fields[name].description


async def _outside(
    purpose: Annotated[Purpose, Query()] = None,
    on: Annotated[On, Query()] = None,
    min_list_version: Annotated[
        int | None, Query(ge=0, le=NEWEST_VERSION, description=_said("min_list_version"))
    ] = None,
    view: Annotated[View | None, Query(description=_said("view"))] = None,
    scene: Annotated[SceneField, Query()] = None,
) -> dict[str, Any]:
    """Return the terms that are said outside the body, and only those: NDJSON has no other place for them."""
    given = {"purpose": purpose, "on": on, "min_list_version": min_list_version, "view": view, "scene": scene}
    return {name: value for name, value in given.items() if value is not None}


TermsInQuery = Annotated[dict[str, Any], Depends(_outside)]


def media_type_of(request: Request) -> str:
    """Return the body's type; raise :class:`UnsupportedMediaType` if it is none that is read."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != JSON and media_type not in NDJSON_TYPES:
        raise UnsupportedMediaType(f"请求正文应为 JSON 或 NDJSON，请相应设置 Content-Type：{JSON} 或 {NDJSON}。")
    return media_type


class Incoming:
    """A batch that comes in."""

    def __init__(self, request: Request, spool: Spool) -> None:
        """Take it into this file."""
        self._request = request
        self._spool = spool
        self._news = asyncio.Event()
        self._whole = False
        self._failure: Exception | None = None

    async def take(self) -> None:
        """Take everything in, then wait for the caller to leave."""
        try:
            async for piece in self._request.stream():
                self._spool.write(piece)
                self._news.set()
            self._whole = True
            self._news.set()
            if (await self._request.receive())["type"] == "http.disconnect":
                self._failure = ClientGone("客户端已断开，其余各项未作查询。")
        except ClientDisconnect:
            self._failure = MalformedRequest("请求正文没有传完，尚未作答的各项均未查询。请重新发送。")
        except Exception as error:  # noqa: BLE001 - told to whoever reads
            self._failure = error
        finally:
            self._news.set()

    def require_caller(self) -> None:
        """Raise what the body came to grief by, or :class:`ClientGone` if nobody waits for the rest."""
        if self._failure is not None:
            raise self._failure

    async def document(self) -> tuple[dict[str, object], Iterator[Any]]:
        """Return the terms and the items of a JSON document, once it is there and has been checked."""
        while not self._whole:
            await self._wait()
        if self._spool.size == 0:
            raise InvalidField(FieldError("body", "missing", "请求正文为空，没有可查询的内容。"))
        # Not in the event loop: at this size it takes a good part of a second.
        return await asyncio.to_thread(open_rows, self._spool.reader(), _ROWS)

    async def lines(self) -> AsyncIterator[list[bytes | None]]:
        """Yield the lines that are there by then, a chunk at most; ``None`` for one that is too long."""
        reader = self._spool.reader()
        begun, skipping = b"", False
        lines: list[bytes | None] = []
        while True:
            whole, piece = self._whole, reader.read(_READ_BYTES)
            if not piece:
                if lines:
                    # More may have come in by the time that these are answered.
                    yield lines
                    lines = []
                elif whole:
                    break
                else:
                    await self._wait()
                continue
            *ended, begun = (begun + piece).split(b"\n")
            if ended and skipping:
                ended[0], skipping = b"", False
                lines.append(None)
            lines += [line if len(line) <= _LONGEST_LINE else None for line in ended]
            if len(begun) > _LONGEST_LINE:
                begun, skipping = b"", True
            while len(lines) >= CHUNK:
                yield lines[:CHUNK]
                lines = lines[CHUNK:]
        if begun or skipping:
            yield [None if skipping else begun]

    async def _wait(self) -> None:
        self.require_caller()
        self._news.clear()
        await self._news.wait()
        if not self._whole:
            self.require_caller()


@asynccontextmanager
async def incoming(request: Request) -> AsyncIterator[Incoming]:
    """Take a body in for the time of the block."""
    with Spool() as spool:
        taken = Incoming(request, spool)
        taking = asyncio.create_task(taken.take())
        try:
            yield taken
        finally:
            taking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await taking


async def opened(
    batch: Incoming, media_type: str, outside: dict[str, Any]
) -> tuple[BatchTerms, AsyncIterator[list[Item]]]:
    """Return the terms of a batch and its items, chunk by chunk."""
    if media_type != JSON:
        return _terms(outside, {}), _from_lines(batch)
    options, values = await batch.document()
    return _terms(outside, options), _from_document(values)


def _terms(outside: dict[str, Any], inside: dict[str, object]) -> BatchTerms:
    if twice := sorted(outside.keys() & inside.keys()):
        raise InvalidField(FieldError(twice[0], "contradictory", "同一项不得既写在网址中又写在正文中。"))
    try:
        return BatchTerms.model_validate({**outside, **inside})
    except ValidationError as error:
        raise _refused(error) from None


async def _from_document(values: Iterator[Any]) -> AsyncIterator[list[Item]]:
    while chunk := [_item(value) for value in islice(values, CHUNK)]:
        yield chunk


async def _from_lines(batch: Incoming) -> AsyncIterator[list[Item]]:
    count = 0
    async for lines in batch.lines():
        items = [_line(line) for line in lines if line is None or line.strip()]
        count += len(items)
        if count > MOST_IN_BATCH:
            raise InvalidField(FieldError("items", "too_many", _TOO_MANY))
        if items:
            yield items
    if count == 0:
        raise InvalidField(FieldError("items", "too_few", "至少 1 项。"))


def _line(line: bytes | None) -> Item:
    if line is None:
        return InvalidField(FieldError(None, "too_long", f"该行超过 {_LONGEST_LINE} 个字节。"))
    try:
        return _item(strict_json.only_value(line.decode("utf-8")))
    except UnicodeDecodeError as error:
        detail = f"该行{strict_json.not_utf8(error.start)}"
    except JsonRefused as error:
        detail = f"该行不是有效的 JSON：{error.detail}"
    return MalformedRequest(detail, errors=(FieldError(None, "json_invalid", detail),))


def _item(raw: object) -> Item:
    try:
        item = _ITEM.validate_python(raw)
    except ValidationError as error:
        return _refused(error)
    return Subject(item.code, item.subject_kind, item.reference)


def _refused(error: ValidationError) -> InvalidInput:
    errors = told(error.errors(include_url=False, include_input=False))
    detail = errors[0].detail if len(errors) == 1 else f"此项有 {len(errors)} 处错误。"
    return InvalidInput(detail, errors=errors)

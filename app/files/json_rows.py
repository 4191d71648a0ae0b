"""A JSON document with rows (the operations of a push, the items of a batch) and options, of any size, read twice.

It is never held as a whole.

The first pass checks the whole document, as strictly as `app.domain.strict_json` does, and collects the options, which
may come after the operations. The second yields the operations.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Never

from app.domain import strict_json
from app.domain.strict_json import JsonRefused
from app.errors import FieldError, InvalidField, MalformedRequest
from app.files.json_document import JsonDocument, ValueTooLong
from app.files.row_types import LONGEST_OPERATION, FileRow, RowSource


@dataclass(frozen=True, slots=True)
class Rows:
    """The array of a document that holds its rows: its name, how many there may be, and what is told of too many."""

    name: str
    most: int
    too_many: str


def open_json(file: BinaryIO, *, most_rows: int) -> RowSource:
    """Check a document and return its operations; raise `MalformedRequest`, or `InvalidField` for its outer form."""
    rows = Rows("operations", most_rows, f"一次推送最多 {most_rows} 项操作，请分批发送。")
    options, values = open_rows(file, rows)
    numbered = (FileRow(number, value) for number, value in enumerate(values, start=1))
    return RowSource(numbered, most_rows=most_rows, options=options)


def open_rows(file: BinaryIO, rows: Rows) -> tuple[dict[str, object], Iterator[Any]]:
    """Check a document and return everything but its rows, and its rows; raise as :func:`open_json` does."""
    try:
        options = _checked(JsonDocument(file), rows)
    except JsonRefused as error:
        told = f"不是有效的 JSON：{error.detail}"
        raise MalformedRequest(told, errors=(FieldError("body", "json_invalid", told),)) from None
    return options, _rows(JsonDocument(file), rows)


def _checked(document: JsonDocument, rows: Rows) -> dict[str, object]:
    """Walk through the whole document; return the options."""
    options: dict[str, object] = {}
    count: int | None = None
    ill_formed: InvalidField | None = None
    option_characters = 0
    if document.peek() != "{":
        _refuse_other_than_object(document)
    for name in document.names():
        if name in options or (name == rows.name and (count is not None or ill_formed)):
            raise strict_json.repeated_name()
        if name == rows.name and document.peek() == "[":
            count = sum(1 for _ in document.elements())
            continue
        before = document.characters_read
        value = document.value()
        if name == rows.name:
            ill_formed = _rows_error(rows, "wrong_type", "应为数组。")
            continue
        option_characters += document.characters_read - before
        if option_characters > LONGEST_OPERATION:
            raise JsonRefused(f"除 {rows.name} 之外的内容过长。")
        options[name] = value
    document.require_end()
    if ill_formed:
        raise ill_formed
    _require_rows(count, rows)
    return options


def _refuse_other_than_object(document: JsonDocument) -> Never:
    # What is too long to be looked at as one value is no object either.
    with contextlib.suppress(ValueTooLong):
        document.value()
        document.require_end()
    raise InvalidField(FieldError(None, "wrong_type", "应为 JSON 对象（花括号括起的各字段）。"))


def _require_rows(count: int | None, rows: Rows) -> None:
    if count is None:
        raise _rows_error(rows, "missing", "缺少必填字段。")
    if count == 0:
        raise _rows_error(rows, "too_few", "至少 1 项。")
    if count > rows.most:
        raise _rows_error(rows, "too_many", rows.too_many)


def _rows_error(rows: Rows, code: str, detail: str) -> InvalidField:
    return InvalidField(FieldError(rows.name, code, detail))


def _rows(document: JsonDocument, rows: Rows) -> Iterator[Any]:
    document.peek()
    for name in document.names():
        if name == rows.name:
            yield from document.elements()
            return
        document.value()

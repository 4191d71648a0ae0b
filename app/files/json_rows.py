"""A JSON document with operations and options, of any size, read twice and never held as a whole.

The first pass checks the whole document, as strictly as `app.domain.strict_json` does, and collects the options, which
may come after the operations. The second yields the operations.
"""

import contextlib
from collections.abc import Iterator
from typing import BinaryIO, Never

from app.domain import strict_json
from app.domain.strict_json import JsonRefused
from app.errors import FieldError, InvalidField, MalformedRequest
from app.files.json_document import JsonDocument, ValueTooLong
from app.files.row_types import LONGEST_OPERATION, FileRow, RowSource

_OPERATIONS = "operations"


def open_json(file: BinaryIO, *, most_rows: int) -> RowSource:
    """Check a document and return its operations; raise `MalformedRequest`, or `InvalidField` for its outer form."""
    try:
        options = _checked(JsonDocument(file), most_rows)
    except JsonRefused as error:
        told = f"不是有效的 JSON：{error.detail}"
        raise MalformedRequest(told, errors=(FieldError("body", "json_invalid", told),)) from None
    return RowSource(_rows(JsonDocument(file)), most_rows=most_rows, options=options)


def _checked(document: JsonDocument, most_rows: int) -> dict[str, object]:
    """Walk through the whole document; return the options."""
    options: dict[str, object] = {}
    count: int | None = None
    ill_formed: InvalidField | None = None
    option_characters = 0
    if document.peek() != "{":
        _refuse_other_than_object(document)
    for name in document.names():
        if name in options or (name == _OPERATIONS and (count is not None or ill_formed)):
            raise strict_json.repeated_name()
        if name == _OPERATIONS and document.peek() == "[":
            count = sum(1 for _ in document.elements())
            continue
        before = document.characters_read
        value = document.value()
        if name == _OPERATIONS:
            ill_formed = _operations_error("wrong_type", "应为数组。")
            continue
        option_characters += document.characters_read - before
        if option_characters > LONGEST_OPERATION:
            raise JsonRefused("除 operations 之外的内容过长。")
        options[name] = value
    document.require_end()
    if ill_formed:
        raise ill_formed
    _require_operations(count, most_rows)
    return options


def _refuse_other_than_object(document: JsonDocument) -> Never:
    # What is too long to be looked at as one value is no object either.
    with contextlib.suppress(ValueTooLong):
        document.value()
        document.require_end()
    raise InvalidField(FieldError(None, "wrong_type", "应为 JSON 对象（花括号括起的各字段）。"))


def _require_operations(count: int | None, most_rows: int) -> None:
    if count is None:
        raise _operations_error("missing", "缺少必填字段。")
    if count == 0:
        raise _operations_error("too_few", "至少 1 项。")
    if count > most_rows:
        raise _operations_error("too_many", f"一次推送最多 {most_rows} 项操作，请分批发送。")


def _operations_error(code: str, detail: str) -> InvalidField:
    return InvalidField(FieldError(_OPERATIONS, code, detail))


def _rows(document: JsonDocument) -> Iterator[FileRow]:
    document.peek()
    for name in document.names():
        if name == _OPERATIONS:
            for number, value in enumerate(document.elements(), start=1):
                yield FileRow(number, value)
            return
        document.value()

"""Field types that requests and rows are made of, and what is told when one does not fit.

Each refuses with a stable code and a Chinese sentence that holds nothing of the value: a wrong value may be an
identity number in the wrong place.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, StrictStr, ValidationInfo, WithJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError

from app.domain.code_rules import uscc_check_fault
from app.domain.codes import CodeError, ResidentId, Uscc, parse_irregular_uscc, parse_resident_id
from app.domain.listing import MOST_FACTS
from app.domain.moment import Moment
from app.domain.text import SHORTEST_IDENTITY_NUMBER, contains_identity_number, unprintable_position
from app.errors import FieldError

_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# A name of a field, as ours are: with more digits in it, it could be made of somebody's number.
_PLAIN_NAME = re.compile(r"(?=[^0-9]*(?:[0-9][^0-9]*){0,4}$)[A-Za-z_][A-Za-z0-9_]{0,63}")

# Pydantic's kinds of error -> our code and sentence; {…} are filled from the error's context.
_TOLD = {
    "missing": ("missing", "缺少必填字段。"),
    "extra_forbidden": ("unknown_field", "没有这个字段，请检查字段名。"),
    "string_type": ("wrong_type", "应为字符串。"),
    "int_type": ("wrong_type", "应为整数。"),
    "int_parsing": ("wrong_type", "应为整数。"),
    "int_from_float": ("wrong_type", "应为整数。"),
    "int_parsing_size": ("out_of_range", "数值超出范围。"),
    "bool_type": ("wrong_type", "应为 true 或 false。"),
    "bool_parsing": ("wrong_type", "应为 true 或 false。"),
    "list_type": ("wrong_type", "应为数组。"),
    "dict_type": ("wrong_type", "应为对象。"),
    "model_type": ("wrong_type", "应为对象。"),
    "model_attributes_type": ("wrong_type", "应为 JSON 对象（花括号括起的各字段）。"),
    "string_too_short": ("too_short", "至少 {min_length} 个字符。"),
    "string_too_long": ("too_long", "最多 {max_length} 个字符。"),
    "too_short": ("too_few", "至少 {min_length} 项。"),
    "too_long": ("too_many", "最多 {max_length} 项。"),
    "enum": ("not_allowed", "应为以下之一：{expected}。"),
    "literal_error": ("not_allowed", "应为以下之一：{expected}。"),
    "union_tag_invalid": ("not_allowed", "{discriminator} 应为以下之一：{expected_tags}。"),
    "union_tag_not_found": ("missing", "缺少必填字段 {discriminator}。"),
    "float_type": ("wrong_type", "应为数字。"),
    "float_parsing": ("wrong_type", "应为数字。"),
    "finite_number": ("wrong_type", "应为有限的数字。"),
    "greater_than": ("out_of_range", "应大于 {gt}。"),
    "greater_than_equal": ("out_of_range", "不得小于 {ge}。"),
    "less_than_equal": ("out_of_range", "不得大于 {le}。"),
    "uuid_parsing": ("wrong_type", "应为 UUID。"),
    "uuid_type": ("wrong_type", "应为 UUID。"),
    "json_invalid": ("json_invalid", "不是有效的 JSON。"),
}
_OTHERWISE = ("invalid", "值不符合要求，请对照接口文档。")


def told(errors: Iterable[ErrorDetails | Mapping[str, Any]], *, row: int | None = None) -> tuple[FieldError, ...]:
    """Turn Pydantic's errors into ours; ``row`` is the row of the push they belong to."""
    return tuple(_told(error, row) for error in errors)


def _told(error: ErrorDetails | Mapping[str, Any], row: int | None) -> FieldError:
    kind = error["type"]
    context = error.get("ctx") or {}
    if kind.startswith("liancheng."):
        return FieldError(_path(error["loc"]), kind.removeprefix("liancheng."), error["msg"], row)
    code, sentence = _TOLD.get(kind, _OTHERWISE)
    if "expected" in context:
        # Pydantic joins the words as English does.
        context = {**context, "expected": "、".join(re.findall(r"'([^']*)'", str(context["expected"])))}
    return FieldError(_path(error["loc"]), code, sentence.format_map(context), row)


def _path(location: Iterable[str | int]) -> str | None:
    """Return ``unit.uscc`` or ``persons[2].roles`` for a location; a name that callers made up is not repeated."""
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        elif _PLAIN_NAME.fullmatch(step):
            path += f".{step}" if path else step
        else:
            path += ".?" if path else "?"
    return path or None


def refuse(code: str, detail: str) -> PydanticCustomError:
    """Return the error that a validator raises; ``detail`` is the Chinese sentence."""
    # Braces would be taken for places to fill in.
    return PydanticCustomError(f"liancheng.{code}", detail.replace("{", "｛").replace("}", "｝"))


def today_of(info: ValidationInfo) -> date:
    """Return the day that the validation was started with."""
    context: Mapping[str, date] = info.context or {}
    return context["today"]


def _day(value: object) -> object:
    """Read a day; a bare number would otherwise be taken for a Unix time."""
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _ISO_DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise refuse("impossible_date", "日历上没有这一天。") from None
    raise refuse("date_format", "应为 YYYY-MM-DD 形式的日期。")


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


def _instant(value: object) -> object:
    """Read a moment as RFC 3339 has it; a bare number would otherwise be taken for a Unix time."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        try:
            read = datetime.fromisoformat(value.upper())
            # At either end of the calendar there are moments that are none in the city, or in UTC.
            Moment.at(read)
        except (ValueError, OverflowError):
            raise refuse("impossible_date", "没有这一时刻。") from None
        return read
    raise refuse("moment_format", "应为 RFC 3339 形式的时刻，须带时区，例如 2026-03-03T09:00:00Z 或 …+08:00。")


Instant = Annotated[datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]


def _clean(value: str, *, lines: bool = False) -> str:
    stripped = value.strip()
    if stripped and stripped.isprintable() and len(stripped) < SHORTEST_IDENTITY_NUMBER:
        # Most texts are like that, and there are many: nothing of what follows could be wrong with one.
        return stripped
    if not stripped:
        raise refuse("blank", "不得为空白。")
    position = unprintable_position(stripped, lines=lines)
    if position is not None:
        if stripped[position - 1] in "\r\n":
            raise refuse("unprintable_character", f"第 {position} 个字符是换行，此处只能写成一行，请删除换行。")
        raise refuse("unprintable_character", f"第 {position} 个字符是不可见或无效字符，请删除。")
    if contains_identity_number(stripped):
        raise refuse("identity_number_in_text", "文字中含有公民身份号码，请删除；号码只能写在专用字段中。")
    return stripped


def _clean_lines(value: str) -> str:
    return _clean(value.replace("\r\n", "\n").replace("\r", "\n"), lines=True)


# A typed text: stripped, not blank, printable, without an identity number in it.
ShortText = Annotated[StrictStr, Field(max_length=100), AfterValidator(_clean)]
NameText = Annotated[StrictStr, Field(max_length=200), AfterValidator(_clean)]
# Part of a name to search for: one character would find nearly everything.
PartOfName = Annotated[StrictStr, Field(min_length=2, max_length=200), AfterValidator(_clean)]
LongText = Annotated[StrictStr, Field(max_length=1000), AfterValidator(_clean)]
# What may be of several lines, as facts are that were added to.
FactsText = Annotated[StrictStr, Field(max_length=MOST_FACTS), AfterValidator(_clean_lines)]


def _code_text(value: object) -> str:
    if not isinstance(value, str):
        raise refuse(*_TOLD["string_type"])
    if len(value) > _LONGEST_CODE:
        raise refuse("too_long", f"最多 {_LONGEST_CODE} 个字符。")
    return value


def _uscc(value: object) -> Uscc:
    """Read the code of something recorded: it may fail its check characters, and have been listed knowingly."""
    try:
        return parse_irregular_uscc(_code_text(value))
    except CodeError as error:
        raise refuse(error.fault, error.detail) from None


@dataclass(frozen=True, slots=True)
class WrittenUscc:
    """A code as it was written, with the fault of its check characters if there is one."""

    code: Uscc
    fault: FieldError | None


def _written_uscc(value: object) -> WrittenUscc:
    code = _uscc(value)
    fault = uscc_check_fault(code.value)
    return WrittenUscc(code, CodeError(*fault).field_error if fault is not None else None)


def _resident_id(value: object, info: ValidationInfo) -> ResidentId:
    try:
        return parse_resident_id(_code_text(value), today=today_of(info))
    except CodeError as error:
        raise refuse(error.fault, error.detail) from None


_LONGEST_CODE = 64
_CODE_SCHEMA = WithJsonSchema({"type": "string", "maxLength": _LONGEST_CODE})
UsccField = Annotated[Uscc, PlainValidator(_uscc), _CODE_SCHEMA]
WrittenUsccField = Annotated[WrittenUscc, PlainValidator(_written_uscc), _CODE_SCHEMA]
ResidentIdField = Annotated[ResidentId, PlainValidator(_resident_id), _CODE_SCHEMA]

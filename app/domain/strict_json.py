"""Reading JSON without guessing: RFC 8259 and I-JSON (RFC 7493), where Python's reader is more lenient.

Refused are text that is not UTF-8, names that occur twice in an object (the last would silently win), NaN and Infinity,
numbers too large to be meant, nesting too deep to be meant, and strings with half of a surrogate pair.
"""

import json
import re
from typing import Any, Never

SYNTAX = "有语法错误"
WHITE_SPACE = re.compile(r"[ \t\n\r]*")


class JsonRefused(ValueError):
    """JSON that we do not take.

    ``detail`` is a Chinese sentence that holds nothing of the text. ``position`` is the index in the text where its
    syntax breaks, for a string that does not end the index of its beginning; ``None`` if it is not the syntax that is
    wrong.
    """

    def __init__(self, detail: str, position: int | None = None, *, in_unended_string: bool = False) -> None:
        """Keep what is wrong, and where."""
        super().__init__(detail)
        self.detail = detail
        self.position = position
        self.in_unended_string = in_unended_string


def parse(body: bytes) -> Any:  # noqa: ANN401 - whatever the document holds
    """Read a whole document, or raise :class:`JsonRefused` with a sentence that says where it breaks."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonRefused(not_utf8(error.start)) from None
    try:
        return only_value(text)
    except JsonRefused as error:
        if error.position is None:
            raise
        line = text.count("\n", 0, error.position) + 1
        column = error.position - text.rfind("\n", 0, error.position)
        raise JsonRefused(f"第 {line} 行第 {column} 列处{SYNTAX}。", error.position) from None


def only_value(text: str) -> Any:  # noqa: ANN401 - whatever the text holds
    """Read the one value that the text is, or raise `JsonRefused`."""
    value, end = value_at(text, 0 if text.startswith("{") else _past_white_space(text, 0))
    if end != len(text):
        end = _past_white_space(text, end)
    if end != len(text):
        raise JsonRefused(SYNTAX, end)
    return value


def value_at(text: str, start: int) -> tuple[Any, int]:
    """Read the value that begins exactly at ``start``; return it and the index behind it, or raise `JsonRefused`."""
    try:
        value, end = _DECODER.raw_decode(text, start)
        # Half a surrogate pair can only come from an escape; everything after us would stumble over it.
        if text.find("\\u", start, end) >= 0:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise JsonRefused("含有不成对的代理字符（\\ud800–\\udfff）。") from None
    except json.JSONDecodeError as error:
        unended = error.msg.startswith("Unterminated string")
        raise JsonRefused(SYNTAX, error.pos, in_unended_string=unended) from None
    except RecursionError:
        raise JsonRefused("嵌套过深。") from None
    except JsonRefused:
        raise
    except ValueError:
        raise JsonRefused("含有过长的数字。") from None
    return value, end


def not_utf8(offset: int) -> str:
    """Return the sentence for a byte, counted from 0, that is not UTF-8."""
    return f"第 {offset + 1} 个字节起不是 UTF-8 编码。"


def repeated_name() -> JsonRefused:
    """Return the refusal of an object in which a name occurs twice."""
    return JsonRefused("同一对象中有重复的字段名。")


def _past_white_space(text: str, start: int) -> int:
    found = WHITE_SPACE.match(text, start)
    return found.end() if found else start


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) != len(pairs):
        raise repeated_name()
    return built


def _constant(_: str) -> Never:
    raise JsonRefused("不允许 NaN 与 Infinity。")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)

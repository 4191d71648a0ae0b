"""Reading a YAML file strictly, every problem with its line; nothing stops at the first.

The file is read as its tree of nodes, not as Python values: so each value keeps its line, ``no`` stays a name, and an
impossible date is a problem to report rather than an exception of the parser. Anchors, aliases, tags and deep nesting,
which a small file could use to become a huge one, are refused before there is a tree.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, Event, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from app.errors import FieldError, Misconfigured

_DEEPEST = 20
_LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One thing wrong with a file: the line from 1, where in the structure, a stable code and the Chinese sentence."""

    line: int
    path: str
    code: str
    message: str


class InvalidDataFile(Misconfigured):
    """A data file cannot be used; ``problems`` are all that is wrong with it, in the order of lines."""

    called: ClassVar[str]

    def __init__(self, problems: Sequence[FileProblem]) -> None:
        """Keep the problems."""
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__(
            f"{self.called}有 {len(problems)} 处问题。",
            errors=tuple(FieldError(one.path or None, one.code, one.message, one.line) for one in self.problems),
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A node and where it stands."""

    node: Node
    path: str

    @property
    def line(self) -> int:
        """The line from 1."""
        line: int = self.node.start_mark.line
        return line + 1


Fields = dict[str, Place]


class Reader:
    """Reads values out of places and collects what is wrong with them."""

    def __init__(self) -> None:
        """Start without problems."""
        self.problems: list[FileProblem] = []

    def report(self, place: Place, code: str, message: str) -> None:
        """Note a problem."""
        self.problems.append(FileProblem(place.line, place.path, code, message))

    def root(self, source: bytes) -> Place | None:
        """Read the file into its tree; ``None`` if it is not UTF-8 or not YAML, which is then noted."""
        try:
            text = source.decode("utf-8-sig")  # editors on Windows put a byte order mark first
        except UnicodeDecodeError as error:
            line = source[: error.start].count(b"\n") + 1
            self.problems.append(FileProblem(line, "", "encoding", "不是 UTF-8 编码。"))
            return None
        try:
            for problem in _refused(YAML(typ="safe", pure=True).parse(text)):
                self.problems.append(problem)
                return None
            node = YAML(typ="safe", pure=True).compose(text)
        except (YAMLError, ValueError, OverflowError) as error:  # the parser lets the latter two through from escapes
            mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
            line = mark.line + 1 if mark is not None else 1
            self.problems.append(FileProblem(line, "", "yaml_syntax", "YAML 语法错误，请检查缩进、冒号与引号。"))
            return None
        if node is None:
            self.problems.append(FileProblem(1, "", "empty", "文件是空的。"))
            return None
        return Place(node, "")

    def fields(self, place: Place, required: Collection[str], optional: Collection[str] = ()) -> Fields:
        """Read a mapping with these fields; those that are missing are noted and left out."""
        node = place.node
        if not isinstance(node, MappingNode):
            self.report(place, "wrong_type", "此处应为一组“字段: 值”。")
            return {}
        found: Fields = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self.report(Place(key_node, place.path), "wrong_type", "字段名应为文字。")
                continue
            key = Place(key_node, f"{place.path}.{key_node.value}" if place.path else str(key_node.value))
            if key_node.value in found:
                self.report(key, "duplicate_key", f"字段 {key_node.value} 写了两次。")
            elif key_node.value not in {*required, *optional}:
                self.report(key, "unknown_field", f"没有 {key_node.value} 这个字段。")
            else:
                found[key_node.value] = Place(value_node, key.path)
        for name in required:
            if name not in found:
                self.report(place, "missing_field", f"缺少字段 {name}。")
        return found

    def items(self, place: Place | None) -> Iterator[Place]:
        """Go through a sequence; nothing if there is none."""
        if place is None or self.is_null(place):
            return
        if not isinstance(place.node, SequenceNode):
            self.report(place, "wrong_type", "此处应为列表（以 - 开头的各项，或方括号）。")
            return
        for index, node in enumerate(place.node.value):
            yield Place(node, f"{place.path}[{index}]")

    def text(self, place: Place | None) -> str:
        """Read a text that is not blank; an empty string stands in for one that is wrong."""
        if place is None:
            return ""
        if not isinstance(place.node, ScalarNode):
            self.report(place, "wrong_type", "此处应为文字。")
            return ""
        value = str(place.node.value)
        if any("\ud800" <= character <= "\udfff" for character in value):
            self.report(place, "encoding", "含有不成对的代理字符，无法以 UTF-8 表示。")
        if not value.strip() or self.is_null(place):
            self.report(place, "empty_text", "文字不得为空。")
        return value

    def optional_text(self, place: Place | None) -> str | None:
        """Read a text that may be missing."""
        return None if place is None or self.is_null(place) else self.text(place)

    def texts(self, place: Place | None) -> tuple[str, ...]:
        """Read a sequence of texts."""
        return tuple(self.text(item) for item in self.items(place))

    def number(self, place: Place | None) -> int:
        """Read a whole number from 1; 0 stands in for one that is wrong."""
        if place is None:
            return 0
        value = place.node.value if isinstance(place.node, ScalarNode) else ""
        if not (value.isascii() and value.isdigit() and len(value) <= _LONGEST_NUMBER and int(value)):
            self.report(place, "wrong_type", "此处应为正整数。")
            return 0
        return int(value)

    def flag(self, place: Place | None) -> bool:
        """Read ``true`` or ``false``; false if it is missing."""
        if place is None:
            return False
        value = place.node.value if isinstance(place.node, ScalarNode) else ""
        if value not in {"true", "false"}:
            self.report(place, "wrong_type", "此处应为 true 或 false。")
        return bool(value == "true")

    def day(self, place: Place | None) -> date | None:
        """Read a day, or ``null`` for an unknown one."""
        if place is None or self.is_null(place):
            return None
        value = place.node.value if isinstance(place.node, ScalarNode) else ""
        try:
            day = date.fromisoformat(value)
        except ValueError:
            day = None
        if day is None or day.isoformat() != value:  # fromisoformat also reads 20240229 and 2024-W09-4
            self.report(place, "impossible_date", "应为 YYYY-MM-DD 形式且日历上存在的日期，或 null。")
            return None
        return day

    def choice(self, place: Place | None, allowed: Collection[str]) -> str:
        """Read one of several words."""
        value = self.text(place)
        if place is not None and value and value not in allowed:
            self.report(place, "not_allowed", f"应为以下之一：{'、'.join(sorted(allowed))}。")
        return value

    @staticmethod
    def is_null(place: Place) -> bool:
        """Whether ``null`` stands there, unquoted."""
        node = place.node
        return isinstance(node, ScalarNode) and node.style is None and node.value in {"null", "~", ""}


def _refused(events: Iterable[Event]) -> Iterator[FileProblem]:
    """Go through the file's events and yield what this reader does not read; the caller stops at the first."""
    depth = 0
    for event in events:
        line = event.start_mark.line + 1
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
            yield FileProblem(line, "", "yaml_alias", "不得使用 YAML 的锚点（&）与别名（*）。")
        if isinstance(event, ScalarEvent | CollectionStartEvent) and event.ctag is not None:
            yield FileProblem(line, "", "yaml_tag", "不得使用 YAML 的类型标记（!）。")
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _DEEPEST:
            yield FileProblem(line, "", "too_deep", f"嵌套不得超过 {_DEEPEST} 层。")

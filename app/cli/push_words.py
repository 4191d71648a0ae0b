"""What the service's codes and fields are called on a clerk's screen."""

from collections.abc import Mapping
from typing import Final

from app.domain.names import END_REASONS, OBJECTION_OUTCOMES, OPERATIONS, REMOVAL_REASONS, ROLES
from app.files.columns import COLUMNS

OP_NAMES: Final[Mapping[str, str]] = {
    **OPERATIONS,
    "list": "新列入",
    "erase": "删除身份",
    "unchanged": "不变",
}
_HEADERS: Final = {column.key: column.header for column in COLUMNS}
_FIELD_NAMES: Final[Mapping[str, str]] = {
    "former_names": "曾用名",
    "removed_on": "移出日期",
    "removal_reason": "移出原因",
    "removal_decision_no": "移出决定书文号",
    "nonconforming_reason": "不合规代码说明",
    "suspensions": "移出后恢复",
    "roles": "职务身份",
    "since": "任职起始日期",
    "ended_on": "任职结束日期",
    "end_reason": "任职结束原因",
    "absences": "任职中断",
    "ban_until": "任职限制截止日期",
    "ban_for_life": "终身任职限制",
    "ban_since": "任职限制起始日期",
    "filed_by_person": "提出异议的人员",
    "decision_document": "处理文件",
}
# Of a person who is new in a listing, that they are is what matters; the commitment is for machines.
NOT_SHOWN: Final = frozenset({"commitment", "erased", "index_key_id"})
_SPANS: Final = frozenset({"suspensions", "absences"})
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "removal_reason": REMOVAL_REASONS,
    "end_reason": END_REASONS,
    "roles": ROLES,
    "outcome": OBJECTION_OUTCOMES,
}


def field_name(name: str) -> str:
    """Return what a field is called."""
    return _FIELD_NAMES.get(name) or _HEADERS.get(name, name)


def shown(field: str, value: object) -> str:
    """Return a value of a field as it is read."""
    match value:
        case None | []:
            return "（无）"
        case str() if field == "filed_by_person":
            return "本条记录的一名有关人员"
        case bool():
            return "是" if value else "否"
        case [str(first), str(until)] if field in _SPANS:
            return f"{first} 至 {until}（不含）"
        case list():
            return "、".join(shown(field, one) for one in value)
    return _WORDS.get(field, {}).get(str(value), str(value))

"""The words that clerks write for what the interface has a code for."""

from collections.abc import Mapping
from typing import Final

from app.domain.names import END_REASONS, OBJECTION_OUTCOMES, OPERATIONS, REMOVAL_REASONS, RESTORE_REASONS, ROLES

_ALSO: Final[Mapping[str, Mapping[str, str]]] = {
    "op": {
        "新增": "list",
        "补充事实": "amend",
        "变更名称": "rename",
        "名称变更": "rename",
        "撤销移出": "restore",
        "恢复列入": "restore",
        "新增人员": "add_person",
        "添加人员": "add_person",
        "离任": "end_person",
        "结束任职": "end_person",
        "异议": "file_objection",
        "异议受理": "file_objection",
        "异议答复": "decide_objection",
    },
    "roles": {
        "法人": "legal_representative",
        "法人代表": "legal_representative",
        "分管安全负责人": "safety_lead",
        "安全负责人": "safety_lead",
        "直接责任人": "directly_responsible",
        "负有直接责任的有关人员": "directly_responsible",
        "其他": "other",
        "其他人员": "other",
    },
    "removal_reason": {"修复": "repaired", "到期": "expired", "期限届满": "expired", "撤销": "revoked"},
    "restore_reason": {"撤销修复": "repair_revoked", "撤销信用修复": "repair_revoked", "误移出": "recorded_by_mistake"},
    "end_reason": {"离职": "left"},
    "outcome": {
        "异议成立": "upheld",
        "异议部分成立": "upheld_in_part",
        "异议不成立": "rejected",
        "撤回异议": "withdrawn",
    },
}

CHOICES: Final[Mapping[str, Mapping[str, str]]] = {
    "op": OPERATIONS,
    "roles": ROLES,
    "removal_reason": REMOVAL_REASONS,
    "restore_reason": RESTORE_REASONS,
    "end_reason": END_REASONS,
    "outcome": OBJECTION_OUTCOMES,
}
"""For each column with a choice: code -> the word that our template offers."""

READINGS: Final[Mapping[str, Mapping[str, str]]] = {
    column: {word: code for code, word in words.items()} | {code: code for code in words} | dict(_ALSO[column])
    for column, words in CHOICES.items()
}
"""For each column with a choice: every word that is understood -> code."""

FOR_LIFE: Final = frozenset({"终身", "终身限制", "永久", "for_life"})
"""Written in place of a day."""
FLAGS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("是", "true", "TRUE", "True", "1", "Y", "y", "√", "有"), True),
    **dict.fromkeys(("否", "false", "FALSE", "False", "0", "N", "n", "×"), False),
}
EMPTY: Final = frozenset({"/", "／", "\\", "-", "－", "–", "—", "——", "--", "无", "N/A", "n/a"})
"""What stands in cells that are meant to be empty."""


def offered(column: str) -> str:
    """Return the words of a column's choice as a list for a sentence."""
    return "、".join(CHOICES[column].values())

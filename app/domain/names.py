"""What the codes of the interface are called in Chinese, wherever a person reads them."""

from collections.abc import Mapping
from typing import Final

OPERATIONS: Final[Mapping[str, str]] = {
    "list": "列入",
    "amend": "补充",
    "correct": "更正",
    "rename": "更名",
    "remove": "移出",
    "restore": "恢复",
    "add_person": "增加人员",
    "end_person": "人员离任",
    "ban": "任职限制",
    "file_objection": "异议提出",
    "decide_objection": "异议处理",
}
ROLES: Final[Mapping[str, str]] = {
    "legal_representative": "法定代表人",
    "principal": "主要负责人",
    "safety_lead": "分管安全的负责人",
    "directly_responsible": "直接责任人员",
    "other": "其他有关人员",
}
REMOVAL_REASONS: Final[Mapping[str, str]] = {
    "repaired": "信用修复",
    "expired": "期满",
    "revoked": "决定撤销",
    "corrected": "更正",
}
RESTORE_REASONS: Final[Mapping[str, str]] = {"repair_revoked": "修复撤销", "recorded_by_mistake": "移出有误"}
END_REASONS: Final[Mapping[str, str]] = {"left": "离任", "corrected": "更正"}
GROUND_ENDINGS: Final[Mapping[str, str]] = {
    **REMOVAL_REASONS,
    "person_left": "人员离任",
    "person_corrected": "人员更正",
    "ban_over": "任职限制期满",
}
OBLIGATION_STATES: Final[Mapping[str, str]] = {
    "open": "待办",
    "in_progress": "办理中",
    "done": "已落实",
    "not_applicable": "不适用",
    "to_lift": "待解除",
    "lifted": "已解除",
}
REPORT_STATUSES: Final[Mapping[str, str]] = {
    "in_progress": "处理中",
    "done": "已惩戒",
    "not_applicable": "不适用",
    "stopped": "已停止",
}
OBJECTION_OUTCOMES: Final[Mapping[str, str]] = {
    "upheld": "成立",
    "upheld_in_part": "部分成立",
    "rejected": "不成立",
    "withdrawn": "撤回",
}

"""Rows of a push that are good, for tests to spoil, and what is told of them."""

from datetime import date
from typing import Any
from uuid import UUID

from app.domain.list_rules import ListRules
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.files.row_types import FileRow
from app.services.list_rules import load
from app.services.row_reading import ReadRow, read_row
from app.settings import PROJECT_ROOT

JSON = dict[str, Any]
TODAY = date(2026, 11, 24)
ROW = 7
CODE, NUMBER = synthetic_uscc(1), synthetic_resident_id(1)
IRREGULAR = CODE[:-1] + ("0" if CODE[-1] != "0" else "1")
WRONG_NUMBER = NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")
DECISION = "虚构列〔2026〕1号"
ID = UUID(int=5)
IRREGULAR_UNIT = {"uscc": IRREGULAR, "name": "虚构"}
TARGET: JSON = {"uscc": CODE, "decision_no": DECISION}
KEY = (CODE, DECISION)
PERSON: JSON = {"name": "虚构", "id_number": NUMBER, "roles": ["principal"]}
LIST: JSON = {
    "op": "list",
    "unit": {"uscc": CODE, "name": "示例（虚构）有限公司"},
    "decision_no": DECISION,
    "decided_by": "清远市应急管理局（测试）",
    "conduct": "虚构行为",
    "tier": "严重失信主体",
    "listed_on": "2026-03-01",
}
GOOD: dict[str, JSON] = {
    "list": LIST,
    "amend": {"op": "amend", **TARGET, "facts": "事实（虚构）"},
    "correct": {"op": "correct", **TARGET, "set": {"conduct": "改"}, "reason": "录错（虚构）"},
    "rename": {"op": "rename", **TARGET, "new_name": "新名（虚构）", "renamed_on": "2026-05-01"},
    "remove": {"op": "remove", **TARGET, "removed_on": "2026-05-01", "reason": "repaired"},
    "restore": {"op": "restore", **TARGET, "restored_on": "2026-06-01", "reason": "repair_revoked"},
    "add_person": {"op": "add_person", **TARGET, "person": PERSON},
    "end_person": {"op": "end_person", **TARGET, "id_number": NUMBER, "ended_on": "2026-05-01", "reason": "left"},
    "ban": {"op": "ban", **TARGET, "id_number": NUMBER, "position_ban": {"for_life": True}},
    "file_objection": {
        "op": "file_objection",
        **TARGET,
        "objection_no": "虚构异1号",
        "filed_on": "2026-05-01",
        "matter": "事实有误（虚构）",
    },
    "decide_objection": {
        "op": "decide_objection",
        **TARGET,
        "objection_no": "虚构异1号",
        "outcome": "upheld",
        "decided_on": "2026-05-20",
    },
}


RULES: ListRules = load(PROJECT_ROOT / "data" / "list_rules.yaml")


def row(op: str, **changed: Any) -> JSON:
    """Return a good row with other values; what is ``...`` is left out."""
    return {name: value for name, value in (GOOD[op] | changed).items() if value is not ...}


def read(value: object, **source: Any) -> ReadRow:
    """Read a row; ``source`` is what its file says of it."""
    return read_row(FileRow(ROW, value, **source), RULES, TODAY)


def errors(value: object, **source: Any) -> set[tuple[str | None, str]]:
    """Return field and code of what is wrong with a row, once seen that all of it names the row."""
    found = read(value, **source)
    assert found.operation is None
    assert {one.row for one in found.errors} == {ROW}
    return {(one.field, one.code) for one in found.errors}

"""The demo's list: units and persons that cannot exist, with codes that pass every check.

The codes are made by ``app/domain/synthetic.py`` from ranges that no real unit or person has.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc

LISTED_UNIT = 1
CLEAN_UNIT = 900
REPRESENTATIVE = 1
SAFETY_LEAD = 2


@dataclass(frozen=True, slots=True)
class _Case:
    unit: str
    conduct: str
    tier: str


_CASES = (
    _Case("示例烟花爆竹（虚构）有限公司", "发生较大生产安全责任事故（虚构）", "严重失信主体"),
    _Case("示例露天采石场（虚构）", "重大事故隐患逾期不整改（虚构）", "严重失信主体"),
    _Case("示例危险化学品仓储（虚构）有限公司", "瞒报生产安全事故（虚构）", "严重失信主体"),
    _Case("示例金属冶炼（虚构）有限公司", "未经许可擅自从事生产经营活动（虚构）", "联合惩戒对象"),
    _Case("示例建筑工程（虚构）有限公司", "拒不执行安全监管监察指令（虚构）", "联合惩戒对象"),
)


def operations(today: date) -> list[dict[str, Any]]:
    """Return the operations that list the demo's units, listed some months before ``today``."""
    return [_listing(n, case, today) for n, case in enumerate(_CASES, start=LISTED_UNIT)]


def _listing(n: int, case: _Case, today: date) -> dict[str, Any]:
    listed_on = today - timedelta(days=40 * n)
    persons: list[dict[str, Any]] = [
        {
            "name": f"虚构法人{n}",
            "id_number": synthetic_resident_id(2 * n - 1),
            "roles": ["legal_representative", "principal"],
            "position_ban": {"until": (listed_on + timedelta(days=5 * 365)).isoformat()},
        },
        {"name": f"虚构安全员{n}", "id_number": synthetic_resident_id(2 * n), "roles": ["safety_lead"]},
    ]
    return {
        "op": "list",
        "unit": {"uscc": synthetic_uscc(n), "name": case.unit},
        "decision_no": f"虚构应急列〔{listed_on.year}〕{n}号",
        "decided_by": "清远市应急管理局（演示）",
        "conduct": case.conduct,
        "tier": case.tier,
        "listed_on": listed_on.isoformat(),
        "persons": persons,
    }

"""The examples of alerts in the OpenAPI document."""

from typing import Any

from app.api.examples import LISTING_ID, answer
from app.domain.synthetic import synthetic_uscc

_ALERT: dict[str, Any] = {
    "alert_id": f"cleared_then_listed.{LISTING_ID}.41.unit",
    "kind": "cleared_then_listed",
    "subject": {
        "subject_kind": "unit",
        "name": "示例烟花爆竹（虚构）有限公司",
        "uscc": synthetic_uscc(1),
        "id_number_masked": None,
    },
    "listing": {
        "listing_id": LISTING_ID,
        "unit": {"name": "示例烟花爆竹（虚构）有限公司", "uscc": synthetic_uscc(1), "former_names": []},
        "decision_no": "清应急示列〔2026〕1号",
        "listed_on": "2026-11-20",
        "valid_until": "2029-11-19",
        "state": "in_force",
    },
    "list_version": 41,
    "happened_at": "2026-11-23T02:10:57.003000Z",
    "ended_on": None,
    "entries_total": 1,
    "lookups": [
        {
            "lookup_id": "0199f2a4-5b1c-7d3e-8f60-718293a4b5c6",
            "answered_at": "2026-11-22T08:11:09.120000Z",
            "client": "海关通关系统",
            "purpose": "进口通关审核",
            "reference": "QYHG-2026-000123",
            "on": "2026-11-22",
            "known_at": None,
            "list_version": 40,
            "listed_on_that_day": True,
        }
    ],
    "reports": [],
    "measures": [{"no": 5, "yours": "named"}],
    "acknowledged": None,
}
ALERTS_ANSWER = answer(page={"alerts": [_ALERT], "next": None, "cursor": "41~1795400000~812:815:812,813"})
ACKNOWLEDGEMENT: Any = {"seen": {"summary": "With a note", "value": {"note": "已复核并暂停办理"}}}
ACKNOWLEDGED_ANSWER = answer(
    acknowledged=_ALERT
    | {"acknowledged": {"by": "海关通关系统", "at": "2026-11-23T03:00:00Z", "note": "已复核并暂停办理"}}
)

"""The examples of obligations and enforcement reports in the OpenAPI document."""

from typing import Any

from app.api.examples import LISTING_ID, answer
from app.domain.synthetic import synthetic_uscc
from app.files.rows import CSV, XLSX

_OBLIGATION_ID = "0199f2a0-1a2b-8c3d-9b0c-6d5e4f3a2b1c"
_LOOKUP_ID = "0199f2a4-5b1c-7d3e-8f60-718293a4b5c6"
_REPORT: dict[str, Any] = {
    "report_id": "0199f2b1-3c4d-7e5f-8a6b-7c8d9e0f1a2b",
    "obligation_id": _OBLIGATION_ID,
    "report_no": 1,
    "department": "清远海关",
    "listing_id": LISTING_ID,
    "person_id": None,
    "measure_no": 16,
    "status": "done",
    "acted_on": "2026-03-10",
    "reason": None,
    "amount": None,
    "document_no": "清关布控〔2026〕12号（示例）",
    "remark": "已列入重点布控",
    "lookup_id": None,
    "list_version": 41,
    "reported_at": "2026-03-10T08:20:00Z",
}
_OBLIGATION: dict[str, Any] = {
    "obligation_id": _OBLIGATION_ID,
    "department": "清远海关",
    "yours": "named",
    "state": "done",
    "overdue": False,
    "since": "2026-03-01",
    "due_on": "2026-03-31",
    "ended": None,
    "subject": {
        "kind": "unit",
        "unit": {"name": "示例烟花爆竹（虚构）有限公司", "uscc": synthetic_uscc(1)},
        "person": None,
    },
    "listing": {
        "listing_id": LISTING_ID,
        "decision_no": "清应急示列〔2026〕1号",
        "tier": "严重失信主体",
        "listed_on": "2026-03-01",
        "valid_until": "2029-02-28",
    },
    "measure": {
        "no": 16,
        "title": "对存在失信行为的生产经营单位进出口货物实施严密监管，加强单证审核和布控查验。",
        "applies": "direct",
        "done_to_unit": None,
        "sub_measures": [],
        "legal_bases": [],
    },
}
_FILE = {"type": "string", "contentMediaType": "application/octet-stream"}

OBLIGATIONS_ANSWER = answer(
    page={
        "on": "2026-11-23",
        "list_version": 41,
        "obligations": [_OBLIGATION | {"last_report": _REPORT}],
        "next": None,
    }
)
OBLIGATIONS_ANSWER[200]["content"] |= {CSV: {"schema": _FILE}, XLSX: {"schema": _FILE}}
OBLIGATION_ANSWER = answer(obligation=_OBLIGATION | {"on": "2026-11-23", "reports": [_REPORT]})
REPORTING: Any = {
    "obligation": {
        "summary": "By obligation",
        "value": {
            "reports": [
                {
                    "obligation_id": _OBLIGATION_ID,
                    "status": "done",
                    "acted_on": "2026-03-10",
                    "document_no": "清关布控〔2026〕12号（示例）",
                    "remark": "已列入重点布控",
                }
            ]
        },
    },
    "lookup": {
        "summary": "By lookup",
        "value": {
            "reports": [
                {
                    "lookup_id": _LOOKUP_ID,
                    "measure_no": 23,
                    "status": "not_applicable",
                    "acted_on": "2026-03-10",
                    "reason": "本部门无评先评优事项",
                }
            ]
        },
    },
}
REPORTING_ANSWER = answer(kept={"list_version": 41, "reports": [{"row": 1, "repeated": False, "report": _REPORT}]})
REPORTS_ANSWER = answer(page={"reports": [_REPORT], "next": None})

"""The examples of the audit in the OpenAPI document."""

from typing import Any

from app.api.examples import answer
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc

_RECORD: dict[str, Any] = {
    "lookup_id": "0199f2a4-5b1c-7d3e-8f60-718293a4b5c6",
    "answered_at": "2026-11-23T02:11:09.120000Z",
    "request_id": "7d0c2f5e9b1a4c3d8e6f7a8b9c0d1e2f",
    "client": "海关通关系统",
    "key_id": "0123456789ab",
    "department": "清远海关",
    "purpose": "进口通关审核",
    "reference": "QYHG-2026-000123",
    "subject_kind": "unit",
    "code": synthetic_uscc(1),
    "on": "2026-11-23",
    "known_at": None,
    "view": "mine",
    "verdict": "not_listed",
    "list_version": 41,
    "catalogue_version": "sha256:8b38636d4e22b49afbdf6cac28ecc475236f83d47e4d768df266bb1421e99b7d",
    "listing_ids": [],
}
SEARCH: Any = {
    "person": {
        "summary": "Who asked about a person",
        "value": {"code": synthetic_resident_id(1), "subject_kind": "person", "since": "2026-01-01"},
    },
    "department": {"summary": "What a department asked", "value": {"department": "清远海关", "verdict": "listed"}},
}
AUDIT_ANSWER = answer(
    page={
        "since": "2026-10-24",
        "until": "2026-11-23",
        "records": [_RECORD],
        "next": None,
        "index_keys_missing": [],
    }
)
UNUSUAL_ANSWER = answer(
    report={
        "since": "2026-10-24",
        "until": "2026-11-23",
        "thresholds": {"persons_not_listed": 50, "not_listed_share": 0.8, "times": 3.0},
        "clients": [
            {
                "client": "海关通关系统",
                "department": "清远海关",
                "lookups": 840,
                "person_lookups": 120,
                "persons": 110,
                "persons_not_listed": 104,
                "not_listed_share": 0.945,
                "tokens": 0,
                "persons_not_listed_before": 12,
                "others_median": 40.0,
                "unusual": True,
                "reasons": [
                    {
                        "code": "above_own_past",
                        "detail": "查询不在名单上的人员 104 人，此前同样长的时间内为 12 人，达到 3 倍。",
                    }
                ],
            }
        ],
    }
)

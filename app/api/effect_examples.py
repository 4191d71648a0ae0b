"""The examples of the effect summary in the OpenAPI document."""

from typing import Any

from app.api.examples import answer
from app.files.rows import XLSX

_FIGURES: dict[str, Any] = {
    "subjects": {"units": 20, "persons": 31},
    "obligations": 246,
    "states": {"open": 40, "in_progress": 12, "done": 150, "not_applicable": 24, "to_lift": 8, "lifted": 12},
    "carried_out": {"count": 162, "of": 222},
    "carried_out_late": {"count": 9, "of": 162},
    "overdue": {"count": 17, "of": 52},
    "lifted": {"count": 12, "of": 20},
    "not_applicable": {"count": 24, "of": 246},
    "days_to_act": {"median": 6.5, "of": 162},
    "brought_forward": {"carried_out": 5, "pending": 3, "overdue": 3, "to_lift": 0},
    "checks": 4180,
    "hits": {"count": 37, "of": 4180},
}
EFFECT_ANSWER = answer(
    by_department={
        "from": "2026-07-01",
        "to": "2026-09-30",
        "known_at": "2026-10-09T01:30:00Z",
        "list_version": 41,
        "departments": ["清远海关"],
        "list": {"listed": 21, "units_listed": 20, "in_force": 96, "units_in_force": 93},
        "totals": _FIGURES,
        "by": ["department"],
        "groups": [
            {"department": "清远海关", "measure": None, "district": None, "month": None, "figures": _FIGURES},
        ],
    }
)
EFFECT_ANSWER[200]["content"][XLSX] = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}

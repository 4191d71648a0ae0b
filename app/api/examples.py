"""The examples of the OpenAPI document: real codes of nobody, accepted and answered like this by a fresh demo.

A test sends the requests and holds the answers against the published schemas.
"""

import json
from typing import Any

from app.domain.operations import Op
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc

_LISTED = synthetic_uscc(1)
_OTHER = synthetic_uscc(900)
_PERSON = synthetic_resident_id(1)
_LOOKUP_ID = "0199f2a4-5b1c-7d3e-8f60-718293a4b5c6"
LISTING_ID = "0199f2a0-1a2b-7c3d-9e4f-5061728394a5"
PUSH_ID = "0199f2a0-0f1e-7d2c-8b3a-495867768594"
_EIA = 21
_VERSION = "sha256:8b38636d4e22b49afbdf6cac28ecc475236f83d47e4d768df266bb1421e99b7d"

LOOKUP: Any = {
    "unit": {"summary": "A unit", "value": {"code": _LISTED, "subject_kind": "unit", "view": "mine"}},
    "scene": {
        "summary": "A unit, in a procedure",
        "value": {"code": _LISTED, "subject_kind": "unit", "scene": "eia"},
    },
    "person": {
        "summary": "A person",
        "value": {"code": _PERSON, "subject_kind": "person", "purpose": "评先评优审查"},
    },
}
_BATCH: Any = {
    "two": {
        "summary": "Two units",
        "value": {"items": [{"code": _LISTED}, {"code": _OTHER, "reference": "QYHG-2026-000124"}], "view": "mine"},
    }
}
BATCH_BODY: Any = {
    "required": True,
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/BatchRequest"}, "examples": _BATCH},
        "application/x-ndjson": {
            "schema": {"type": "string", "description": "A `BatchItem` a line; the terms stand in the query."},
            "examples": {
                "two": {"summary": "An item a line", "value": f'{{"code": "{_LISTED}"}}\n{{"code": "{_OTHER}"}}\n'}
            },
        },
    },
}
_LIST_ROW = {
    "op": "list",
    "unit": {"uscc": _LISTED, "name": "示例烟花爆竹（虚构）有限公司"},
    "decision_no": "清应急示列〔2026〕1号",
    "decided_by": "清远市应急管理局",
    "conduct": "发生较大生产安全责任事故（虚构示例）",
    "tier": "严重失信主体",
    "listed_on": "2026-03-01",
    "valid_until": "2029-02-28",
    "persons": [
        {
            "name": "虚构甲",
            "id_number": _PERSON,
            "roles": ["legal_representative", "principal"],
            "position_ban": {"until": "2031-02-28"},
        }
    ],
}
_REMOVE_ROW = {
    "op": "remove",
    "uscc": _LISTED,
    "decision_no": "清应急示列〔2026〕1号",
    "removed_on": "2026-11-20",
    "reason": "repaired",
    "removal_decision_no": "清应急示移〔2026〕1号",
}
PUSH: Any = {
    "list": {
        "summary": "List a unit with its legal representative",
        "value": {"source_document": "清应急示〔2026〕1号", "operations": [_LIST_ROW]},
    },
    "remove": {"summary": "Remove it after credit repair", "value": {"operations": [_REMOVE_ROW]}},
}
_CSV = f"""操作,统一社会信用代码,单位名称,列入决定书文号,作出列入决定机关,列入原因,惩戒等级,列入日期,有效期至
列入,{_OTHER},示例金属冶炼（虚构）有限公司,清应急示列〔2026〕2号,清远市应急管理局,瞒报生产安全事故（虚构示例）,严重失信主体,2026/3/1,2029年2月28日
"""
_TABLE = {"type": "string", "description": "A header line with the template's columns (`liancheng template`)."}
PUSH_BODY: Any = {
    "required": True,
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/PushBody"}, "examples": PUSH},
        "application/x-ndjson": {
            "schema": {"type": "string", "description": "One operation a line."},
            "examples": {
                "list": {"summary": "One operation a line", "value": json.dumps(_LIST_ROW, ensure_ascii=False) + "\n"}
            },
        },
        "text/csv": {"schema": _TABLE, "examples": {"list": {"summary": "As a clerk keeps it", "value": _CSV}}},
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
            "schema": {"type": "string", "contentMediaType": "application/octet-stream", "description": "A workbook."}
        },
    },
}
APPROVAL: Any = {"approve": {"summary": "Approve it", "value": {"approve": True}}}

_NOT_LISTED_ANSWER: dict[str, Any] = {
    "lookup_id": _LOOKUP_ID,
    "answered_at": "2026-11-23T02:11:09.120000Z",
    "on": "2026-11-23",
    "known_at": None,
    "list_version": 41,
    "catalogue_version": _VERSION,
    "code": _OTHER,
    "subject_kind": "unit",
    "verdict": "not_listed",
    "scene": None,
    "listings": [],
    "measures": [],
}
_LISTED_ANSWER = _NOT_LISTED_ANSWER | {
    "code": _LISTED,
    "verdict": "listed",
    "listings": [
        {
            "listing_id": LISTING_ID,
            "revision": 1,
            "state": "in_force",
            "unit": {"name": "示例烟花爆竹（虚构）有限公司", "uscc": _LISTED, "former_names": []},
            "person": None,
            "decision_no": "清应急示列〔2026〕1号",
            "decided_by": "清远市应急管理局",
            "conduct": "发生较大生产安全责任事故（虚构示例）",
            "tier": "严重失信主体",
            "conduct_code": None,
            "facts": None,
            "basis": None,
            "listed_on": "2026-03-01",
            "valid_until": "2029-02-28",
            "removal": None,
            "contested": False,
            "open_objections": [],
        }
    ],
    "measures": [
        {
            "no": _EIA,
            "title": "严格、审慎审查存在失信行为的生产经营单位新改扩建项目的环评申报事项。",
            "sub_measures": [],
            "applies": "direct",
            "done_to_unit": None,
            "departments": {"printed": "市生态环境局", "named": ["市生态环境局"], "open_class": None},
            "yours": "named",
            "asks": None,
            "legal_bases": [
                {
                    "document": "社会信用体系建设规划纲要（2014-2020年）",
                    "document_no": None,
                    "later_law": [
                        {
                            "since": "2021-01-01",
                            "note": "规划期（2014—2020年）已满。",
                            "confidence": "seen",
                            "source": "规划纲要标题所载期限",
                        }
                    ],
                    "later_law_checked": True,
                    "provisions": [
                        {"heading": None, "label": "加强对失信主体的约束和惩戒。", "text": None, "later_law": []}
                    ],
                }
            ],
        }
    ],
}
_IN_SCENE_ANSWER = _LISTED_ANSWER | {
    "scene": {
        "code": "eia",
        "name": "环境影响评价",
        "scenes_version": _VERSION,
        "departments": ["市生态环境局"],
        "open_classes": [],
        "yours": "named",
        "other_measures": [no for no in range(1, 25) if no != _EIA],
        "note": None,
    },
    "measures": [
        _LISTED_ANSWER["measures"][0]
        | {
            "asks": [
                {
                    "one_of": ["inspect_more"],
                    "words": _LISTED_ANSWER["measures"][0]["title"].removesuffix("。"),
                    "sub_measure": None,
                    "applies": "direct",
                }
            ]
        }
    ],
}
_PROBLEM = {
    "type": "urn:liancheng:problem:code_check_character",
    "title": "The request is not valid",
    "status": 422,
    "code": "code_check_character",
    "detail": "统一社会信用代码校验不符：按前17位计算，第18位校验码应为 9。请逐位核对。",
    "request_id": "7d0c2f5e9b1a4c3d8e6f7a8b9c0d1e2f",
    "errors": [],
}
_COUNTS = dict.fromkeys([op.value for op in Op] + ["unchanged"], 0)
_PUSH_ANSWER: dict[str, Any] = {
    "push_id": PUSH_ID,
    "status": "committed",
    "dry_run": False,
    "mode": "delta",
    "list_version": 41,
    "committed_at": "2026-11-23T02:10:57.003000Z",
    "source_document": "清应急示〔2026〕1号",
    "counts": _COUNTS | {"list": 1},
    "rows_total": 1,
    "rows": [
        {
            "change_no": 1,
            "row": 1,
            "op": "list",
            "listing_id": LISTING_ID,
            "revision": 1,
            "uscc": _LISTED,
            "unit_name": "示例烟花爆竹（虚构）有限公司",
            "decision_no": "清应急示列〔2026〕1号",
            "changes": [],
        }
    ],
    "warnings": [],
    "errors": [],
    "errors_total": 0,
}
_UNMADE = {"committed_at": None, "rows": [_PUSH_ANSWER["rows"][0] | {"listing_id": None}]}


def answer(**examples: Any) -> dict[int | str, dict[str, Any]]:  # noqa: ANN401 - any JSON
    """Return the examples of an answer as the framework takes them."""
    return {200: {"content": {"application/json": {"examples": {n: {"value": v} for n, v in examples.items()}}}}}


LOOKUP_ANSWER = answer(listed=_LISTED_ANSWER, in_scene=_IN_SCENE_ANSWER, not_listed=_NOT_LISTED_ANSWER)
_BATCH_END = {"complete": True, "count": 2, "lowest_list_version": 41, "highest_list_version": 41}
BATCH_ANSWER = answer(batch=_BATCH_END | {"results": [_LISTED_ANSWER, {"code_index": 1, "problem": _PROBLEM}]})
_BATCH_LINES = [f"#/components/schemas/{name}" for name in ("LookupAnswer", "BatchProblem", "BatchEnd")]
BATCH_ANSWER[200]["content"]["application/x-ndjson"] = {
    "schema": {"description": "Of each line.", "anyOf": [{"$ref": one} for one in _BATCH_LINES]},
    "examples": {
        "item": {"summary": "One item's answer", "value": _LISTED_ANSWER},
        "end": {"summary": "The last line", "value": _BATCH_END},
    },
}
READ_PUSH_ANSWER = answer(push=_PUSH_ANSWER)
PUSH_ANSWER: dict[int | str, dict[str, Any]] = {201: READ_PUSH_ANSWER[200]}
DRY_RUN_ANSWER = answer(dry_run=_PUSH_ANSWER | _UNMADE | {"push_id": None, "status": "dry_run", "dry_run": True})
WAITING_ANSWER = answer(waiting=_PUSH_ANSWER | _UNMADE | {"status": "awaiting_approval"})

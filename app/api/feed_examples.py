"""The examples of the list, its history and the feed in the OpenAPI document."""

import json
from typing import Any

from app.api.examples import LISTING_ID, PUSH_ID, answer
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc

_HEAD = "sm3:" + "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b"
_SHOWN = "5c1f0e3fd1b0f6d0f2a9b2f8d0a7f1e9c3b5a79d8e6f4c2b1a0f9e8d7c6b5a49"
_WHEN = "2026-11-23T02:10:57.003000Z"
_PERSON_FIELDS: dict[str, Any] = {
    "person_id": "0199f2a0-2b3c-7d4e-8f50-617283940516",
    "roles": ["legal_representative", "principal"],
    "since": None,
    "ended_on": None,
    "end_reason": None,
    "absences": [],
    "position_ban": {"since": None, "until": "2031-02-28", "for_life": False},
    "erased": False,
}
_LISTING: dict[str, Any] = {
    "listing_id": LISTING_ID,
    "revision": 1,
    "unit": {"name": "示例烟花爆竹（虚构）有限公司", "uscc": synthetic_uscc(1), "former_names": []},
    "decision_no": "清应急示列〔2026〕1号",
    "decided_by": "清远市应急管理局",
    "conduct": "发生较大生产安全责任事故（虚构示例）",
    "conduct_code": None,
    "tier": "严重失信主体",
    "facts": None,
    "basis": None,
    "listed_on": "2026-03-01",
    "valid_until": "2029-02-28",
    "published_until": None,
    "nonconforming_reason": None,
    "removal": None,
    "suspensions": [],
    "objections": [],
}
_LISTED = _LISTING | {
    "state": "in_force",
    "list_version": 41,
    "persons": [_PERSON_FIELDS | {"name": "虚构甲", "id_number_masked": "441***********002X"}],
}
_COPIED = _LISTING | {
    "persons": [_PERSON_FIELDS | {"name_masked": "虚**", "token": _SHOWN, "index_key_id": "2026a"}],
}
_CHANGE = {
    "cursor": "41.1",
    "list_version": 41,
    "change_no": 1,
    "op": "list",
    "committed_at": _WHEN,
    "push_id": PUSH_ID,
    "listing": _COPIED,
    "hash": _HEAD,
}

_LINES = (
    {"type": "snapshot", "list_version": 41, "cursor": "41", "head": _HEAD},
    {"type": "listing", "listing": _COPIED},
    {"type": "end", "count": 1},
)

LISTINGS_ANSWER = answer(
    page={"on": "2026-11-23", "known_at": None, "list_version": 41, "listings": [_LISTED], "next": None}
)
LISTING_ANSWER = answer(listing=_LISTED | {"on": "2026-11-23", "known_at": None})
HISTORY_ANSWER = answer(
    history={
        "listing_id": LISTING_ID,
        "revisions": [
            {
                "revision": 1,
                "list_version": 41,
                "change_no": 1,
                "row": 1,
                "op": "list",
                "committed_at": _WHEN,
                "push_id": PUSH_ID,
                "pushed_by": "名单推送",
                "approved_by": None,
                "source_document": "清应急示〔2026〕1号",
                "detail": {},
                "changes": [],
                "hash": _HEAD,
            }
        ],
    }
)
CHANGES_ANSWER = answer(page={"changes": [_CHANGE], "cursor": "41", "list_version": 41, "more": False})
CHANGES_ANSWER[200]["content"]["text/event-stream"] = {
    "schema": {"type": "string", "description": "Events named `change`, each with a `ChangeOut` as its data."},
    "examples": {"event": {"value": f"event: change\nid: 41.1\ndata: {json.dumps(_CHANGE, ensure_ascii=False)}\n\n"}},
}
SNAPSHOT_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A `SnapshotHead`, a `SnapshotLine` for each listing, and a `SnapshotEnd`.",
        "content": {
            "application/x-ndjson": {
                "schema": {
                    "type": "string",
                    "description": "One JSON object a line.",
                    "contentMediaType": "application/x-ndjson",
                    "contentSchema": {
                        "oneOf": [
                            {"$ref": f"#/components/schemas/{name}"}
                            for name in ("SnapshotHead", "SnapshotLine", "SnapshotEnd")
                        ]
                    },
                },
                "examples": {"snapshot": {"value": "\n".join(json.dumps(one, ensure_ascii=False) for one in _LINES)}},
            }
        },
    }
}
TOKENS: Any = {
    "one": {
        "summary": "One number",
        "value": {"id_numbers": [synthetic_resident_id(1)], "purpose": "本单位在职人员比对"},
    }
}
TOKENS_ANSWER = answer(tokens={"tokens": [{"index": 0, "tokens": [_SHOWN]}]})
CHAIN_ANSWER = answer(head={"list_version": 41, "head": _HEAD, "committed_at": _WHEN})

"""The examples of what the public sees, in the OpenAPI document."""

from typing import Any

from app.api.examples import LISTING_ID, answer
from app.domain.synthetic import synthetic_uscc

_OBJECTION = "认为本条信息有误的，单位或者有关人员可以持证明材料向作出列入决定的机关书面提出异议。"
_REPAIR = "履行义务、纠正失信行为后，单位可以向作出列入决定的机关申请信用修复。"
_NAME = "示例烟花爆竹（虚构）有限公司"
_LISTING: dict[str, Any] = {
    "listing_id": LISTING_ID,
    "unit": {"name": _NAME, "uscc": synthetic_uscc(1), "former_names": []},
    "decision_no": "清应急示列〔2026〕1号",
    "decided_by": "清远市应急管理局",
    "conduct": "发生较大生产安全责任事故（虚构示例）",
    "conduct_code": None,
    "tier": "严重失信主体",
    "facts": None,
    "basis": None,
    "listed_on": "2026-03-01",
    "valid_until": "2029-02-28",
    "published_until": "2029-02-28",
    "contested": True,
    "contested_since": "2026-11-20",
    "persons": [
        {
            "name": "虚构甲",
            "roles": ["legal_representative", "principal"],
            "role_names": ["法定代表人", "主要负责人"],
        }
    ],
    "remedies": {"objection": _OBJECTION, "repair": _REPAIR},
}
_SOURCE = {
    "document": "信用修复管理办法",
    "number": "国家发展改革委令第36号",
    "article": None,
    "confidence": "seen",
    "note": None,
}
_PAGE: dict[str, Any] = {
    "on": "2026-11-23",
    "list_version": 41,
    "chain": {
        "list_version": 41,
        "head": "sm3:" + "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b",
        "committed_at": "2026-11-23T02:10:57.003000Z",
        "href": "/v1/chain/41",
    },
    "notices": {
        "objection": {"text": _OBJECTION, "sources": []},
        "repair": {"text": _REPAIR, "sources": [_SOURCE]},
        "contested": {"text": "本条信息有异议，正在核实；核实期间列入决定仍然有效。", "sources": []},
    },
}
PUBLIC_LISTINGS_ANSWER = answer(page=_PAGE | {"listings": [_LISTING], "next": None})
PUBLIC_LISTING_ANSWER = answer(listing=_PAGE | _LISTING)
_ROW = f"{LISTING_ID},{_NAME},{synthetic_uscc(1)},,清应急示列〔2026〕1号,清远市应急管理局"
_ATOM = f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="zh-CN">
  <id>urn:uuid:6f1d3c52-8a0e-5b7f-9d34-2c61e7a0b958</id>
  <title>安全生产领域失信生产经营单位名单公示</title>
  <updated>2026-11-23T02:10:57.003000Z</updated>
  <author><name>清远市应急管理局</name></author>
  <link rel="self" href="feed.atom?limit=50" type="application/atom+xml"/>
  <entry>
    <id>urn:uuid:{LISTING_ID}</id>
    <updated>2026-11-23T02:10:57.003000Z</updated>
    <category term="withdrawn" label="撤下"/>
    <title>撤下：本条信息不再公示</title>
    <content type="text">本条信息不再公示，请撤下此前取得的内容。</content>
  </entry>
</feed>
"""


def _text(media_type: str, description: str, example: str) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "string", "description": description}
    return {200: {"content": {media_type: {"schema": schema, "examples": {"one": {"value": example}}}}}}


PUBLIC_CSV_ANSWER = _text(
    "text/csv",
    "A header and a row for each listing; UTF-8 with a byte order mark.",
    f"\ufeff记录编号,单位名称,统一社会信用代码,曾用名,列入决定书文号,作出列入决定机关\r\n{_ROW}\r\n",
)
PUBLIC_FEED_ANSWER = _text("application/atom+xml", "An Atom feed (RFC 4287).", _ATOM)

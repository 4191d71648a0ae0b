"""The examples of webhooks in the OpenAPI document."""

from typing import Any

from app.api.examples import answer

WEBHOOK_ID = "0199f2a0-7a10-7c31-9f52-3d4e5f607182"
DELIVERY_ID = "0199f2a1-0c2d-7e4f-8a6b-9c0d1e2f3041"
_URL = "https://tongguan.example.gov.cn/liancheng"
_WHEN = "2026-11-23T02:10:57.003000Z"

_WEBHOOK: dict[str, Any] = {
    "webhook_id": WEBHOOK_ID,
    "url": _URL,
    "description": "通关系统",
    "created_at": _WHEN,
    "state": "enabled",
    "state_reason": None,
    "state_since": _WHEN,
    "told_version": 41,
    "last_delivered_at": None,
    "failing_since": None,
    "old_secret_until": None,
}
# What "example secret, not one of anybody" is in Base64: 32 bytes would look like a real one.
_WITH_SECRET = _WEBHOOK | {"secret": "whsec_ZXhhbXBsZSBzZWNyZXQsIG5vdCBvbmUgb2YgYW55Ym9keQ=="}
_TESTED: dict[str, Any] = {
    "delivery_id": DELIVERY_ID,
    "type": "webhook.test",
    "created_at": _WHEN,
    "state": "waiting",
    "from_version": None,
    "to_version": None,
    "changes": None,
    "next_attempt_at": None,
    "attempts": [],
}
_ATTEMPTS: list[dict[str, Any]] = [
    {"attempt_no": 1, "started_at": _WHEN, "milliseconds": 10004, "status": None, "error": "timeout"},
    {"attempt_no": 2, "started_at": "2026-11-23T02:11:18Z", "milliseconds": 38, "status": 204, "error": None},
]
_DELIVERED = _TESTED | {
    "type": "list.changed",
    "state": "delivered",
    "from_version": 41,
    "to_version": 43,
    "changes": 17,
    "attempts": _ATTEMPTS,
}
_REPLAYED = _DELIVERED | {"state": "retrying", "next_attempt_at": "2026-11-24T01:00:00Z"}

MAKE: dict[str, Any] = {"a webhook": {"value": {"url": _URL, "description": "通关系统"}}}
CHANGE: dict[str, Any] = {
    "enable again": {"value": {"enabled": True}},
    "another URL": {"value": {"url": "https://tongguan.example.gov.cn/v2/liancheng"}},
}
ROTATE: dict[str, Any] = {"a day for both": {"value": {"overlap_hours": 24}}}

WEBHOOK_ANSWER = answer(webhook=_WEBHOOK)
WEBHOOKS_ANSWER = answer(webhook={"webhooks": [_WEBHOOK]})
SECRET_ANSWER = answer(webhook=_WITH_SECRET)
DELETED_ANSWER = answer(webhook={"webhook_id": WEBHOOK_ID, "state": "deleted"})
DELIVERIES_ANSWER = answer(webhook={"deliveries": [_DELIVERED], "next": None})
TEST_ANSWER = answer(webhook=_TESTED)
REPLAY_ANSWER = answer(webhook=_REPLAYED)

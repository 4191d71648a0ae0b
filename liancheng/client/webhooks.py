"""Telling a nudge of the service from one of anybody else (Standard Webhooks 1.0).

::

    from liancheng.client import WebhookRefused, verify_webhook

    try:
        nudge = verify_webhook(secret, request.headers, request.body)
    except WebhookRefused:
        ...  # answer 400: it is not from the service, or was altered, or is old
    else:
        ...  # answer 204, then read the feed behind your own cursor

Only the standard library is used: the file may be copied as it is.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

TOLERANCE_SECONDS = 300
_PREFIX = "whsec_"
_VERSION = "v1"


class WebhookRefused(Exception):
    """It is not what the service has sent just now; nothing of it may be believed."""


def verify_webhook(
    secret: str | list[str] | tuple[str, ...],
    headers: Mapping[str, str],
    body: bytes,
    *,
    tolerance: float = TOLERANCE_SECONDS,
) -> dict[str, Any]:
    """Return the nudge in ``body``, the bytes as they came, or raise :class:`WebhookRefused`.

    ``secret`` is yours, or while you exchange it the old and the new one. A nudge is as old as its signature may be
    ``tolerance`` seconds; ``webhook-id`` tells you whether you have had it before.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id, sent_at = given.get("webhook-id"), given.get("webhook-timestamp", "")
    if not message_id or not sent_at.isascii() or not sent_at.isdigit():
        raise WebhookRefused("webhook-id or webhook-timestamp is missing")
    if abs(time.time() - int(sent_at[:12])) > tolerance:
        raise WebhookRefused("webhook-timestamp is too far from now: is the clock right?")
    signed = f"{message_id}.{sent_at}.".encode() + body
    secrets = [secret] if isinstance(secret, str) else secret
    expected = [hmac.new(_key(one), signed, hashlib.sha256).digest() for one in secrets]
    signatures = [_signature(one) for one in given.get("webhook-signature", "").split()]
    if not any(hmac.compare_digest(one, other) for one in expected for other in signatures):
        raise WebhookRefused("no signature fits: was the body read as bytes, and is the secret the right one?")
    try:
        nudge: dict[str, Any] = json.loads(body)
    except ValueError:
        raise WebhookRefused("the body is not JSON") from None
    return nudge


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("a secret of a webhook reads whsec_ and Base64")
    return key


def _signature(text: str) -> bytes:
    version, _, encoded = text.partition(",")
    if version != _VERSION:
        # Of a kind that this code does not know, or of none.
        return b""
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""

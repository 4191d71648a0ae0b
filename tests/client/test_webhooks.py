"""Telling a nudge of the service from anything else, by the client's code and by what the guide has to paste."""

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from standardwebhooks import Webhook

from app.services.webhook_secrets import new_secret
from app.settings import PROJECT_ROOT
from liancheng.client import WebhookRefused, verify_webhook

SECRET = new_secret()
BODY = '{"type":"list.changed","data":{"note":"名单"}}'.encode()


def signed(
    secret: str = SECRET, body: bytes = BODY, *, at: float | None = None, changed: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the headers of a body, signed apart from any code of ours."""
    sent_at = str(int(time.time() if at is None else at))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"msg_1.{sent_at}.".encode() + body, hashlib.sha256).digest()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": sent_at}
    return headers | {"webhook-signature": f"v1,{base64.b64encode(digest).decode()}"} | dict(changed or {})


def pasted() -> Callable[[str, Mapping[str, str], bytes], bool]:
    """Return the function that the guide gives to paste."""
    guide = (PROJECT_ROOT / "docs" / "webhooks.md").read_text()
    (code,) = [one for one in re.findall(r"```python\n(.*?)```", guide, re.DOTALL) if "def is_ours" in one]
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - what integrators do with it
    found: Callable[[str, Mapping[str, str], bytes], bool] = names["is_ours"]
    return found


def test_a_nudge_is_recognised_by_everybodys_code() -> None:
    headers = signed()
    assert verify_webhook(SECRET, headers, BODY) == json.loads(BODY)
    assert verify_webhook(SECRET, {name.title(): value for name, value in headers.items()}, BODY)
    assert Webhook(SECRET).verify(BODY, headers) == json.loads(BODY)
    assert pasted()(SECRET, headers, BODY)


def test_the_example_of_the_standard_is_recognised() -> None:
    headers = {
        "webhook-id": "msg_loFOjxBNrRLzqYUf",
        "webhook-timestamp": "1731705121",
        "webhook-signature": "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
    }
    body = b'{"event_type":"ping","data":{"success":true}}'
    assert verify_webhook("whsec_plJ3nmyCDGBKInavdOK15jsl", headers, body, tolerance=time.time())
    with pytest.raises(WebhookRefused):
        verify_webhook("whsec_plJ3nmyCDGBKInavdOK15jsl", headers, body)


def test_while_secrets_are_exchanged_either_side_may_have_both() -> None:
    other = new_secret()
    both = f"{signed(other)['webhook-signature']} {signed()['webhook-signature']}"
    assert verify_webhook(SECRET, signed(changed={"webhook-signature": both}), BODY)
    assert pasted()(SECRET, signed(changed={"webhook-signature": both}), BODY)
    assert verify_webhook([other, SECRET], signed(), BODY)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (signed(new_secret()), BODY),
        (signed(), BODY + b" "),
        (signed(), b""),
        (signed(changed={"webhook-id": "msg_2"}), BODY),
        (signed(changed={"webhook-timestamp": str(int(time.time()) - 1)}), BODY),
        (signed(at=time.time() - 301), BODY),
        (signed(at=time.time() + 86_400), BODY),
        (signed(changed={"webhook-signature": signed()["webhook-signature"].replace("v1,", "v2,")}), BODY),
        (signed(changed={"webhook-signature": "v1,"}), BODY),
        (signed(changed={"webhook-signature": "v1,*** nonsense v1"}), BODY),
        (signed(changed={"webhook-signature": ""}), BODY),
        (signed(body=b"\xff"), b"\xff"),
    ],
)
def test_anything_else_is_refused(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(WebhookRefused):
        verify_webhook(SECRET, headers, body)
    if body != b"\xff":
        assert not pasted()(SECRET, headers, body)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_or_unreadable_header_is_refused(name: str) -> None:
    headers = signed()
    del headers[name]
    with pytest.raises(WebhookRefused):
        verify_webhook(SECRET, headers, BODY)
    for nonsense in ("-1", "1e9", "\u0661", "9" * 5000, " "):
        with pytest.raises(WebhookRefused):
            verify_webhook(SECRET, signed(changed={"webhook-timestamp": nonsense}), BODY)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_***"])
def test_a_secret_that_is_none_is_the_callers_mistake_and_not_the_senders(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        verify_webhook(secret, signed(), BODY)

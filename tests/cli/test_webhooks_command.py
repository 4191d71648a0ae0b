"""The operator's view of webhooks, the worker's command, and exchanging the keys that secrets are sealed under."""

from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from app.services import webhook_secrets
from app.services.identity_keys import new_keys, vault_from
from app.settings import Settings
from app.store import webhooks
from tests.cli.commands import printed, refused
from tests.support import Api, list_operation

HOST = "hooks.example.test"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Let webhooks be made."""
    return settings.model_copy(update={"webhook_allowed_hosts": HOST})


async def test_the_operator_sees_whose_each_is_how_far_it_was_told_and_why_it_is_disabled(api: Api) -> None:
    url = f"https://{HOST}/token-of-theirs"
    response = await api.http.post("/v1/webhooks", json={"url": url}, headers=api.headers())
    assert response.status_code == httpx.codes.CREATED
    await api.pushed(list_operation(1))
    shown = printed(api.settings, "webhooks", "list")
    assert response.json()["webhook_id"] in shown
    assert HOST in shown
    assert "启用" in shown
    assert "token-of-theirs" not in shown
    assert response.json()["secret"] not in shown
    await api.run("UPDATE webhooks SET state = 'disabled', state_reason = 'failing', failing_since = now()")
    assert "停用：长期投递失败" in printed(api.settings, "webhooks", "list")


def test_a_worker_that_could_deliver_nowhere_or_is_set_up_wrongly_does_not_start(settings: Settings) -> None:
    assert "LIANCHENG_WEBHOOK_ALLOWED_HOSTS" in refused(settings, "worker")
    wrong = {"LIANCHENG_WEBHOOK_ALLOWED_HOSTS": HOST, "LIANCHENG_WEBHOOK_ALLOWED_NETWORKS": "private"}
    for command in ("worker", "serve"):
        assert "LIANCHENG_WEBHOOK_ALLOWED_NETWORKS" in refused(settings, command, **wrong)


async def test_secrets_are_sealed_anew_when_the_keys_are_exchanged(api: Api) -> None:
    response = await api.http.post("/v1/webhooks", json={"url": f"https://{HOST}/"}, headers=api.headers())
    webhook_id = response.json()["webhook_id"]
    rotated = await api.http.post(f"/v1/webhooks/{webhook_id}/rotation", json={}, headers=api.headers())
    fresh = new_keys("new")
    index, cipher = (fresh[f"LIANCHENG_IDENTITY_{kind}_KEYS"] for kind in ("INDEX", "CIPHER"))
    old = api.settings.identity_index_keys, api.settings.identity_cipher_keys
    behind = [f",{one.get_secret_value()}" for one in old if one is not None]
    both, alone = (
        api.settings.model_copy(
            update={
                "identity_index_keys": SecretStr(index + then[0]),
                "identity_cipher_keys": SecretStr(cipher + then[1]),
            }
        )
        for then in (behind, ["", ""])
    )
    printed(both, "identity", "rekey")
    async with api.database.writing() as session:
        webhook = await webhooks.locked(session, UUID(webhook_id))
    # With the new key alone, the old ones gone.
    opened = webhook_secrets.opened(vault_from(alone), webhook, datetime.now(UTC))
    assert opened == (rotated.json()["secret"], response.json()["secret"])

"""Making, changing and deleting webhooks over the interface; each client its own and nobody else's."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.domain.synthetic import synthetic_resident_id
from app.services.access import Scope
from app.settings import Settings
from tests.api.service import serving
from tests.support import JSON, Api, list_operation, make_key

HOST = "hooks.example.test"
URL = f"https://{HOST}/liancheng"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Let webhooks be made."""
    return settings.model_copy(update={"webhook_allowed_hosts": f"{HOST}, 10.9.8.7"})


async def call(api: Api, method: str, path: str = "", body: Any = None, key: str | None = None) -> httpx.Response:
    """Call the service about webhooks."""
    headers = {"Authorization": f"Bearer {key or api.key}"}
    return await api.http.request(method, f"/v1/webhooks{path}", json=body, headers=headers)


async def made(api: Api, **fields: Any) -> JSON:
    """Make a webhook that has to be accepted."""
    response = await call(api, "POST", body={"url": URL} | fields)
    assert response.status_code == httpx.codes.CREATED, response.text
    webhook: JSON = response.json()
    return webhook


async def test_a_webhook_is_made_shown_changed_and_deleted(api: Api) -> None:
    await api.pushed(list_operation(1))
    webhook = await made(api, description="通关系统")
    assert webhook.pop("secret").startswith("whsec_")
    assert (webhook["state"], webhook["told_version"], webhook["description"]) == ("enabled", 1, "通关系统")
    path = f"/{webhook['webhook_id']}"
    assert (await call(api, "GET", path)).json() == webhook
    assert (await call(api, "GET")).json() == {"webhooks": [webhook]}
    changed = (await call(api, "PATCH", path, {"url": f"{URL}/2", "description": None, "enabled": False})).json()
    assert (changed["url"], changed["description"]) == (f"{URL}/2", None)
    assert (changed["state"], changed["state_reason"]) == ("disabled", "by_client")
    same = (await call(api, "PATCH", path, {"enabled": False})).json()
    assert same == changed, "what is so already is not changed"
    assert (await call(api, "DELETE", path)).json() == {"webhook_id": webhook["webhook_id"], "state": "deleted"}
    for method, below in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test"), ("GET", "/deliveries")):
        response = await call(api, method, path + below, {"enabled": True} if method == "PATCH" else None)
        assert response.status_code == httpx.codes.NOT_FOUND
    assert (await call(api, "GET")).json() == {"webhooks": []}
    assert (await made(api))["webhook_id"] != webhook["webhook_id"], "its URL is free again"


async def test_a_secret_is_shown_once_and_kept_sealed(api: Api) -> None:
    webhook = await made(api)
    path = f"/{webhook['webhook_id']}"
    rotated = (await call(api, "POST", f"{path}/rotation", {"overlap_hours": 24})).json()
    secrets = {webhook["secret"], rotated["secret"]}
    assert len(secrets) == 2
    assert rotated["old_secret_until"] is not None
    shown = [await call(api, "GET", path), await call(api, "GET"), await call(api, "GET", f"{path}/deliveries")]
    shown.append(await call(api, "PATCH", path, {"description": "测试"}))
    (kept,) = await api.rows("SELECT * FROM webhooks")
    for secret in secrets:
        assert not any(secret[6:] in response.text for response in shown)
        assert secret[6:].encode() not in kept["sealed_secret"] + kept["old_sealed_secret"]
    at_once = (await call(api, "POST", f"{path}/rotation", {"overlap_hours": 0})).json()
    assert at_once["old_secret_until"] is None
    assert await api.rows("SELECT old_sealed_secret AS old FROM webhooks") == [{"old": None}]


async def test_another_clients_webhook_is_not_there(api: Api) -> None:
    webhook, other = await made(api), await make_key(api.database, *Scope)
    path = f"/{webhook['webhook_id']}"
    delivery = (await call(api, "POST", f"{path}/test")).json()["delivery_id"]
    assert (await call(api, "GET", key=other)).json() == {"webhooks": []}
    for method, below, body in (
        ("GET", "", None),
        ("PATCH", "", {"enabled": False}),
        ("DELETE", "", None),
        ("POST", "/rotation", {}),
        ("POST", "/test", None),
        ("GET", "/deliveries", None),
        ("POST", f"/deliveries/{delivery}/replay", None),
    ):
        theirs = await call(api, method, path + below, body, key=other)
        nobodys = await call(api, method, f"/{uuid4()}{below}", body, key=other)
        assert theirs.status_code == nobodys.status_code == httpx.codes.NOT_FOUND, (method, below)
        assert theirs.json()["detail"] == nobodys.json()["detail"]
    assert (await call(api, "GET", path)).json()["state"] == "enabled"
    mine = await made(api, url=f"{URL}/2")
    elsewhere = await call(api, "POST", f"/{mine['webhook_id']}/deliveries/{delivery}/replay")
    assert elsewhere.status_code == httpx.codes.NOT_FOUND, "a delivery to another webhook is none of this one"


async def test_a_client_has_one_webhook_for_a_url_and_ten_in_all(api: Api) -> None:
    first = await made(api)
    second = await made(api, url=f"{URL}/2")
    assert (await call(api, "POST", body={"url": URL})).status_code == httpx.codes.CONFLICT
    taken = await call(api, "PATCH", f"/{second['webhook_id']}", {"url": first["url"]})
    assert taken.status_code == httpx.codes.CONFLICT
    assert "同一网址" in taken.json()["detail"]
    for number in range(3, 11):
        await made(api, url=f"{URL}/{number}")
    full = await call(api, "POST", body={"url": f"{URL}/11"})
    assert full.status_code == httpx.codes.CONFLICT
    assert "10" in full.json()["detail"]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "url", "missing"),
        ({"url": 7}, "url", "wrong_type"),
        ({"url": None}, "url", "wrong_type"),
        ({"url": f"http://{HOST}/"}, "url", "scheme_not_allowed"),
        ({"url": "https://other.example.test/"}, "url", "host_not_allowed"),
        ({"url": f"https://{HOST}:8443/"}, "url", "host_not_allowed"),
        ({"url": "https://10.9.8.7/"}, "url", "address_not_allowed"),
        ({"url": f"https://u:p@{HOST}/"}, "url", "userinfo_not_allowed"),
        ({"url": f"{URL}/{synthetic_resident_id(1)}"}, "url", "identity_number_in_url"),
        ({"url": URL + "x" * 1000}, "url", "too_long"),
        ({"url": URL, "description": synthetic_resident_id(1)}, "description", "identity_number_in_text"),
        ({"url": URL, "description": "x" * 101}, "description", "too_long"),
        ({"url": URL, "secret": "whsec_mine"}, "secret", "unknown_field"),
    ],
)
async def test_what_cannot_be_a_webhook_is_refused_by_field(api: Api, body: JSON, field: str, code: str) -> None:
    response = await call(api, "POST", body=body)
    assert response.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    (error,) = response.json()["errors"]
    assert (error["field"], error["code"], response.json()["code"]) == (field, code, code)
    assert synthetic_resident_id(1) not in response.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {}),
        ("", {"enabled": None}),
        ("", {"enabled": "yes"}),
        ("", {"url": None}),
        ("", {"url": "https://other.example.test/"}),
        ("", {"state": "enabled"}),
        ("/rotation", {"overlap_hours": -1}),
        ("/rotation", {"overlap_hours": 169}),
        ("/rotation", {"overlap_hours": 1.5}),
        ("/rotation", {"overlap_hours": True}),
    ],
)
async def test_what_cannot_be_changed_so_is_refused(api: Api, path: str, body: JSON) -> None:
    webhook = await made(api)
    before = await api.rows("SELECT * FROM webhooks")
    response = await call(api, "POST" if path else "PATCH", f"/{webhook['webhook_id']}{path}", body)
    assert response.status_code == httpx.codes.UNPROCESSABLE_ENTITY, response.text
    assert await api.rows("SELECT * FROM webhooks") == before


async def test_without_allowed_hosts_it_is_said_what_the_operator_must_set(api: Api) -> None:
    async with serving(api.settings.model_copy(update={"webhook_allowed_hosts": ""})) as http:
        response = await http.post("/v1/webhooks", json={"url": URL}, headers=api.headers())
    assert response.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert response.json()["code"] == "host_not_allowed"
    assert "LIANCHENG_WEBHOOK_ALLOWED_HOSTS" in response.json()["detail"]


async def test_the_log_is_read_page_by_page_the_newest_first(api: Api) -> None:
    webhook = await made(api)
    path = f"/{webhook['webhook_id']}"
    for number in range(1, 4):
        await api.pushed(list_operation(number))
        await api.run("UPDATE webhook_deliveries SET state = 'cancelled'")
    ids = []
    page: JSON = {"next": ""}
    while page["next"] is not None:
        query = f"?limit=2&before={page['next']}" if page["next"] else "?limit=2"
        page = (await call(api, "GET", f"{path}/deliveries{query}")).json()
        ids += [one["delivery_id"] for one in page["deliveries"]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 3
    for query in ("?limit=0", "?limit=101", "?before=x", "?after=x"):
        assert (await call(api, "GET", f"{path}/deliveries{query}")).status_code == 422, query


async def test_what_never_began_has_nothing_to_replay(api: Api) -> None:
    webhook = await made(api)
    path = f"/{webhook['webhook_id']}"
    await api.pushed(list_operation(1))
    await call(api, "PATCH", path, {"enabled": False})
    ((delivery,), _) = (await call(api, "GET", f"{path}/deliveries")).json().values()
    response = await call(api, "POST", f"{path}/deliveries/{delivery['delivery_id']}/replay")
    assert response.status_code == httpx.codes.CONFLICT


async def test_a_405_names_every_method_that_the_path_takes(api: Api) -> None:
    response = await call(api, "PUT", f"/{uuid4()}")
    assert response.status_code == httpx.codes.METHOD_NOT_ALLOWED
    assert response.headers["Allow"] == "DELETE, GET, HEAD, PATCH"

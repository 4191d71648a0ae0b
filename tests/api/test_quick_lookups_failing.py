"""A plain lookup that fails on the way is told and logged as any other request, under the id that it was put with."""

import asyncio
import json

import pytest

from app.domain.synthetic import synthetic_uscc
from app.settings import Settings
from tests.api.service import logged, serving
from tests.store.test_coalescing import Held
from tests.support import Api

HELD = 0.1
BODY = json.dumps({"code": synthetic_uscc(1), "purpose": "测试"}).encode()


def headers(api: Api, **further: str) -> dict[str, str]:
    return api.headers(**{"Content-Type": "application/json"}) | further


async def test_a_lost_connection_is_told_and_logged_under_one_id_and_with_the_time_it_took(
    settings: Settings, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(settings.model_copy(update={"log_level": "info"})) as http:
        logged(capsys)
        held = Held(api)
        async with held:
            asked = asyncio.create_task(http.post("/v1/lookups", content=BODY, headers=headers(api)))
            backend = await held.waited_for()
            await asyncio.sleep(HELD)
            await api.run(f"SELECT pg_terminate_backend({backend})")
            answer = await asked
        (line,) = [one for one in logged(capsys) if one["event"] == "request.finished"]
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"] == line["request_id"]
    assert line["ms"] >= HELD * 1000
    assert (line["route"], line["status"]) == ("/v1/lookups", 503)


async def test_a_lookup_that_is_cancelled_when_the_service_stops_leaves_its_line_in_the_log(
    settings: Settings, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(settings.model_copy(update={"log_level": "info"})) as http:
        logged(capsys)
        held = Held(api)
        async with held:
            given = headers(api, **{"X-Request-ID": "stopped"})
            asked = asyncio.create_task(http.post("/v1/lookups", content=BODY, headers=given))
            await held.waited_for()
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
        (line,) = logged(capsys)
    assert (line["request_id"], line["route"], line["status"]) == ("stopped", "/v1/lookups", 0)


async def test_the_limit_of_bodies_holds_for_plain_lookups_too(settings: Settings, api: Api) -> None:
    async with serving(settings.model_copy(update={"max_body_bytes": 1024})) as http:
        padded = BODY + b" " * 1024
        for media_type in ("application/json", "application/json; charset=utf-8"):
            given = headers(api, **{"Content-Type": media_type})
            answer = await http.post("/v1/lookups", content=padded, headers=given)
            assert (answer.status_code, answer.json()["code"]) == (413, "content_too_large")
        assert (await http.post("/v1/lookups", content=BODY, headers=headers(api))).status_code == 200


@pytest.mark.parametrize("path", ["/v1/lookups", "/v1/pushes", "/v1/catalogue"])
async def test_a_length_of_thousands_of_digits_is_too_large_and_no_error_of_ours(api: Api, path: str) -> None:
    given = headers(api, **{"Content-Length": "0" * 5000 + "2"})
    answer = await api.http.post(path, content=b"{}", headers=given)
    assert (answer.status_code, answer.json()["code"]) == (413, "content_too_large")


@pytest.mark.parametrize("credentials", ["Basic eDp5", "Bearer " + "x" * 100_000, "Bearer lc_0123456789AB_" + "0" * 64])
async def test_what_is_no_key_is_refused_whatever_its_form(api: Api, credentials: str) -> None:
    answer = await api.http.post("/v1/lookups", content=BODY, headers=headers(api, Authorization=credentials))
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")

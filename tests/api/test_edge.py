"""The edge of the service: every error is a problem, every answer has its headers, and nothing sent is echoed."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.access import Scope
from app.settings import Settings
from app.store.database import Database
from tests.api.service import logged, serving
from tests.conftest import settings_for
from tests.databases import on_database, run_on
from tests.support import JSON, Api, list_operation, make_key, today

PROBLEM_KEYS = {"type", "title", "status", "code", "detail", "request_id", "errors"}
FIELD_KEYS = {"row", "column", "field", "code", "detail"}
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_numbers = count(1)


def problem(response: httpx.Response, status: int, code: str) -> JSON:
    """Return the problem that a response has to be."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    body: JSON = response.json()
    assert set(body) == PROBLEM_KEYS
    assert body["status"] == status
    assert body["code"] == code, body
    assert body["type"] == f"urn:liancheng:problem:{code}"
    assert body["title"].isascii()
    assert _CHINESE.search(body["detail"])
    assert body["request_id"] == response.headers["X-Request-ID"]
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    for error in body["errors"]:
        assert set(error) == FIELD_KEYS
        assert _CHINESE.search(error["detail"])
    return body


async def post(api: Api, url: str, content: Any, **headers: str) -> httpx.Response:
    """Send a body as it is, as JSON unless another type is given."""
    sent = api.headers(**{"Content-Type": "application/json", "Idempotency-Key": f"edge-{next(_numbers)}"} | headers)
    return await api.http.post(url, content=content, headers=sent)


def lookup(**fields: Any) -> JSON:
    """Return the body of a lookup that is answered."""
    return {"code": synthetic_uscc(1), "purpose": "测试"} | fields


async def in_chunks(total: int) -> AsyncIterator[bytes]:
    """Send that many bytes without saying so first."""
    for _ in range(total // 1024):
        yield b" " * 1024


# What the framework would say by itself


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/nothing", "/v1/lookups/", "/v2/lookups", "/v1/%00", "/%ff%fe", "//"])
async def test_an_unknown_path_is_a_problem(api: Api, path: str) -> None:
    response = await api.http.get(path, headers=api.headers())
    if response.is_redirect:  # a slash too many is taken off
        assert response.headers["Location"].endswith("/v1/lookups")
        return
    problem(response, 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/lookups", {"POST"}),
        ("PUT", "/v1/lookups", {"POST"}),
        ("DELETE", "/v1/pushes", {"POST"}),
        ("POST", "/v1/catalogue", {"GET", "HEAD"}),
        ("OPTIONS", "/v1/catalogue", {"GET", "HEAD"}),
        ("TRACE", "/healthz", {"GET", "HEAD"}),
        ("NONSENSE", "/v1/lookups", {"POST"}),
        ("PUT", "/v1/enforcement-reports", {"GET", "HEAD", "POST"}),
    ],
)
async def test_a_wrong_method_is_a_problem_that_names_the_right_ones(
    api: Api, method: str, path: str, allowed: set[str]
) -> None:
    response = await api.http.request(method, path, headers=api.headers())
    problem(response, 405, "method_not_allowed")
    assert set(response.headers["Allow"].split(", ")) == allowed


# Sizes and types of bodies


def limit_of(api: Api, path: str) -> int:
    given = api.settings
    return {"/v1/pushes": given.max_push_bytes, "/v1/lookups/batch": given.max_batch_bytes}.get(
        path, given.max_body_bytes
    )


@pytest.mark.parametrize("path", ["/v1/lookups", "/v1/lookups/batch", "/v1/pushes"])
async def test_a_body_that_declares_too_much_is_refused_before_it_is_read(api: Api, path: str) -> None:
    limit = limit_of(api, path)
    response = await post(api, path, b" " * (limit + 1))
    assert str(limit) in problem(response, 413, "content_too_large")["detail"]


@pytest.mark.parametrize("path", ["/v1/lookups", "/v1/lookups/batch", "/v1/pushes"])
async def test_a_body_that_declares_nothing_is_refused_once_it_is_too_large(api: Api, path: str) -> None:
    limit = limit_of(api, path)
    response = await post(api, path, in_chunks(limit + 1024))
    assert str(limit) in problem(response, 413, "content_too_large")["detail"]


async def test_a_body_of_exactly_the_limit_is_read(api: Api) -> None:
    body = json.dumps(lookup()).encode()
    response = await post(api, "/v1/lookups", body.ljust(api.settings.max_body_bytes))
    assert response.json()["verdict"] == "not_listed"


async def test_a_push_may_be_larger_than_a_lookup(api: Api) -> None:
    body = json.dumps({"operations": [list_operation(1)]}).encode().ljust(api.settings.max_body_bytes + 1)
    assert (await post(api, "/v1/pushes", body)).status_code == httpx.codes.CREATED
    problem(await post(api, "/v1/lookups", body), 413, "content_too_large")


async def test_a_body_that_lies_about_its_length_is_counted(api: Api) -> None:
    response = await post(api, "/v1/lookups", in_chunks(api.settings.max_body_bytes + 1024), **{"Content-Length": "2"})
    problem(response, 413, "content_too_large")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "application/hal+json", ""]
)
@pytest.mark.parametrize("path", ["/v1/lookups", "/v1/lookups/batch", "/v1/pushes"])
async def test_a_body_of_another_type_is_a_problem(api: Api, path: str, content_type: str) -> None:
    body = json.dumps(lookup()).encode()
    problem(await post(api, path, body, **{"Content-Type": content_type}), 415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON", "application/json; charset=utf-8"])
async def test_json_may_be_declared_in_any_of_its_spellings(api: Api, content_type: str) -> None:
    response = await post(api, "/v1/lookups", json.dumps(lookup()).encode(), **{"Content-Type": content_type})
    assert response.status_code == httpx.codes.OK


# JSON

UNREADABLE = {
    "cut off": b'{"code": "1"',
    "a comma too many": b'{"code": "1",}',
    "a comment": b'{"code": "1" /* why */}',
    "single quotes": b"{'code': '1'}",
    "two documents": b'{"code": "1"}{"code": "1"}',
    "only white space": b"   ",
    "a byte order mark": b'\xef\xbb\xbf{"code": "1"}',
    "UTF-16": '{"code": "1"}'.encode("utf-16"),
    "GBK": '{"code": "1", "purpose": "核查"}'.encode("gbk"),
    "not UTF-8": b'{"code": "\xff"}',
    "a surrogate in bytes": b'{"code": "\xed\xa0\x80"}',
    "a name twice": b'{"code": "1", "code": "2"}',
    "a name twice, inside": b'{"operations": [{"op": "list", "op": "remove"}], "items": []}',
    "a name twice, escaped": b'{"code": "1", "\\u0063ode": "2"}',
    "NaN": b'{"code": NaN}',
    "Infinity": b'{"code": -Infinity}',
    "half a surrogate pair": b'{"code": "\\ud800"}',
    "half a surrogate pair as a name": b'{"\\udfff": 1}',
    "the halves the wrong way round": b'{"code": "\\udc00\\ud800"}',
    "nested arrays": b"[" * 100_000 + b"]" * 100_000,
    "nested objects": b'{"code":' * 100_000 + b"1" + b"}" * 100_000,
    "nested and cut off": b"[" * 100_000,
    "an integer of 10,000 digits": b'{"min_list_version": ' + b"9" * 10_000 + b"}",
    "a control character": b'{"code": "\x01"}',
    "a line break in a string": b'{"code": "1\n2"}',
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_json_that_is_none_is_refused_everywhere_and_not_repeated(api: Api, body: bytes) -> None:
    for path in ("/v1/lookups", "/v1/lookups/batch", "/v1/pushes"):
        told = problem(await post(api, path, body), 400, "malformed_request")
        assert [error["code"] for error in told["errors"]] == ["json_invalid"]
    assert await api.rows("SELECT count(*) AS n FROM audit") == [{"n": 0}]


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" * 4000, "9007199254740992", "-1", "1.5", "1.0", "true"])
async def test_a_number_that_is_no_list_version_is_refused(api: Api, number: str) -> None:
    body = f'{{"code": "{synthetic_uscc(1)}", "min_list_version": {number}}}'
    response = await post(api, "/v1/lookups", body.encode())
    assert response.status_code == httpx.codes.UNPROCESSABLE_ENTITY, response.text
    told = problem(response, 422, response.json()["code"])
    assert told["errors"][0]["field"] == "min_list_version"
    assert number not in told["detail"]


async def test_a_whole_surrogate_pair_is_a_character(api: Api) -> None:
    body = b'{"code": "%s", "purpose": "\\ud842\\udfb7"}' % synthetic_uscc(1).encode()
    assert (await post(api, "/v1/lookups", body)).status_code == httpx.codes.OK


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"text"', b"1", b"true", b"{}"])
async def test_json_of_another_shape_is_a_problem(api: Api, body: bytes) -> None:
    for path in ("/v1/lookups", "/v1/lookups/batch", "/v1/pushes"):
        response = await post(api, path, body)
        assert problem(response, 422, response.json()["code"])["code"] in {"missing", "wrong_type"}


# Fields


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"code": 91441800}, "code", "wrong_type"),
        ({"code": None}, "code", "wrong_type"),
        ({"code": ["1"]}, "code", "wrong_type"),
        ({"code": ""}, "code", "too_short"),
        ({"code": "1" * 65}, "code", "too_long"),
        ({"subject_kind": "company"}, "subject_kind", "not_allowed"),
        ({"subject_kind": 1}, "subject_kind", "not_allowed"),
        ({"purpose": 1}, "purpose", "wrong_type"),
        ({"purpose": "  "}, "purpose", "blank"),
        ({"purpose": "长" * 1001}, "purpose", "too_long"),
        ({"purpose": "a\u0000b"}, "purpose", "unprintable_character"),
        ({"purpose": "a\u200bb"}, "purpose", "unprintable_character"),
        ({"purpose": "a\u202eb"}, "purpose", "unprintable_character"),
        ({"purpose": f"为{synthetic_resident_id(1)}办理"}, "purpose", "identity_number_in_text"),
        ({"reference": False}, "reference", "wrong_type"),
        ({"reference": "r" * 101}, "reference", "too_long"),
        ({"reference": "a\tb"}, "reference", "unprintable_character"),
        ({"reference": synthetic_resident_id(1)}, "reference", "identity_number_in_text"),
        ({"reference": f"NO.{synthetic_resident_id(2)}"}, "reference", "identity_number_in_text"),
        ({"known_at": 0.5}, "known_at", "moment_format"),
        ({"known_at": "2026-03-03"}, "known_at", "moment_format"),
        ({"known_at": "2026-03-03T09:00:00"}, "known_at", "moment_format"),
        ({"known_at": "2026-02-30T09:00:00Z"}, "known_at", "impossible_date"),
        ({"known_at": "2090-01-01T00:00:00+08:00"}, "known_at", "date_in_future"),
        ({"on": 20_000}, "on", "date_format"),
        ({"on": "2026-1-1"}, "on", "date_format"),
        ({"on": "2026-01-01T00:00:00Z"}, "on", "date_format"),
        ({"on": "2026-02-30"}, "on", "impossible_date"),
        ({"on": "9999-12-31"}, "on", "date_in_future"),
        ({"min_list_version": "1"}, "min_list_version", "wrong_type"),
        ({"min_list_version": None}, "min_list_version", "wrong_type"),
        ({"view": "everything"}, "view", "not_allowed"),
        ({"view": None}, "view", "not_allowed"),
        ({"purpsoe": "测试"}, "purpsoe", "unknown_field"),
        ({"名称": "测试"}, "?", "unknown_field"),
    ],
)
async def test_a_field_that_does_not_fit_is_named(api: Api, fields: JSON, field: str, code: str) -> None:
    response = await api.http.post("/v1/lookups", json=lookup(**fields), headers=api.headers())
    told = problem(response, 422, code)
    assert [(error["field"], error["code"], error["row"]) for error in told["errors"]] == [(field, code, None)]
    assert told["detail"] == told["errors"][0]["detail"]


async def test_several_wrong_fields_are_told_at_once(api: Api) -> None:
    body = lookup(code=1, view="everything", on="never", more=1)
    told = problem(await api.http.post("/v1/lookups", json=body, headers=api.headers()), 422, "invalid_input")
    assert {error["field"] for error in told["errors"]} == {"code", "view", "on", "more"}


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("view=everything", "view", "not_allowed"),
        ("on=never", "on", "date_format"),
        ("on=9999-12-31", "on", "date_in_future"),
        ("min_list_version=one", "min_list_version", "wrong_type"),
        ("min_list_version=-1", "min_list_version", "out_of_range"),
        ("min_list_version=" + "9" * 5000, "min_list_version", "out_of_range"),
        ("purpose=%20", "purpose", "blank"),
        ("purpose=a%00b", "purpose", "unprintable_character"),
        (f"purpose={synthetic_resident_id(1)}", "purpose", "identity_number_in_text"),
        (f"reference={synthetic_resident_id(1)}", "reference", "identity_number_in_text"),
    ],
)
async def test_a_query_that_does_not_fit_is_named(api: Api, query: str, field: str, code: str) -> None:
    response = await api.http.get(f"/v1/units/{synthetic_uscc(1)}/measures?{query}", headers=api.headers())
    assert [error["field"] for error in problem(response, 422, code)["errors"]] == [field]


@pytest.mark.parametrize("key", [None, "", " ", "k" * 256, "with space", "\t", "schl\xfcssel"])
async def test_a_push_without_a_usable_idempotency_key_is_refused(api: Api, key: str | None) -> None:
    headers = [(name.encode(), value.encode()) for name, value in api.headers().items()]
    if key is not None:
        headers.append((b"Idempotency-Key", key.encode("latin-1")))
    response = await api.http.post("/v1/pushes", json={"operations": [list_operation(1)]}, headers=headers)
    problem(response, 400, "idempotency_key_missing")
    assert await api.rows("SELECT count(*) AS n FROM pushes") == [{"n": 0}]


@pytest.mark.parametrize(
    "push_id", ["nonsense", "-----", "00000000-0000-0000-0000-00000000000g", synthetic_resident_id(1)]
)
async def test_an_id_that_is_none_is_a_problem(api: Api, push_id: str) -> None:
    told = problem(await api.http.get(f"/v1/pushes/{push_id}", headers=api.headers()), 422, "wrong_type")
    assert push_id not in json.dumps(told)


async def test_what_does_not_exist_is_not_found(api: Api) -> None:
    problem(await api.http.get(f"/v1/pushes/{uuid4()}", headers=api.headers()), 404, "not_found")
    problem(await api.http.get("/v1/measures/25"), 404, "not_found")


@pytest.mark.parametrize(("no", "code"), [("nine", "wrong_type"), ("9.5", "wrong_type"), ("9" * 5000, "out_of_range")])
async def test_a_measure_is_asked_for_by_its_number(api: Api, no: str, code: str) -> None:
    problem(await api.http.get(f"/v1/measures/{no}"), 422, code)


async def test_an_item_of_a_batch_has_a_problem_of_the_same_shape(api: Api) -> None:
    number = synthetic_resident_id(1)
    items = [1, None, {}, {"code": "1"}, {"code": synthetic_uscc(1), number: 1}, {"code": number}, [number]]
    response = await api.http.post("/v1/lookups/batch", json={"items": items}, headers=api.headers())
    assert response.status_code == httpx.codes.OK
    results = response.json()["results"]
    assert [result["code_index"] for result in results] == list(range(len(items)))
    for result in results:
        assert set(result["problem"]) == PROBLEM_KEYS
        assert result["problem"]["request_id"] == response.headers["X-Request-ID"]
        assert _CHINESE.search(result["problem"]["detail"])
    assert number not in response.text


# Failures of the service itself


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/lookups", lookup()),
        ("/v1/lookups/batch", {"items": [{"code": synthetic_uscc(1)}]}),
        ("/v1/pushes", {"operations": [list_operation(1)]}),
    ],
)
async def test_an_error_that_nobody_expected_tells_nothing(api: Api, path: str, body: JSON) -> None:
    await api.run("DROP TABLE listings CASCADE")
    response = await post(api, path, json.dumps(body).encode())
    told = problem(response, 500, "internal_error")
    assert told["errors"] == []
    for word in ("listings", "SELECT", "asyncpg", "sqlalchemy", "Traceback", "42P01", "verdict", synthetic_uscc(1)):
        assert word not in response.text


async def test_the_log_tells_of_an_unexpected_error_where_it_arose(
    settings: Settings, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    await api.run("DROP TABLE listings CASCADE")
    async with serving(settings) as http:
        response = await http.post("/v1/lookups", json=lookup(), headers=api.headers())
    (line,) = logged(capsys)
    assert line["event"] == "request.failed"
    assert line["request_id"] == response.headers["X-Request-ID"]
    assert line["error"] == "asyncpg.exceptions.UndefinedTableError"
    assert line["sqlstate"] == "42P01"
    assert any("app/services/quick_lookup.py" in frame for frame in line["frames"])


@pytest.fixture
def doomed_url(server_url: str, template: str) -> Iterator[str]:
    """URL of a database that the test is going to drop."""
    name = f"liancheng_doomed_{os.getpid()}_{next(_numbers)}"
    run_on(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield on_database(server_url, name)
    run_on(server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def test_without_its_database_the_service_decides_nothing(
    server_url: str, doomed_url: str, tmp_path: Path
) -> None:
    database = Database(doomed_url, pool_size=1, timeout=10)
    key = await make_key(database, *Scope)
    await database.close()
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "doomed"}
    async with serving(settings_for(doomed_url, tmp_path)) as http:
        assert (await http.post("/v1/lookups", json=lookup(), headers=headers)).status_code == httpx.codes.OK
        assert (await http.get("/readyz")).status_code == httpx.codes.OK
        name = doomed_url.partition("?")[0].rpartition("/")[2]
        await asyncio.to_thread(run_on, server_url, f"DROP DATABASE {name} WITH (FORCE)")
        for _ in range(3):  # the connections that were open, then those that cannot be opened
            for response in (
                await http.post("/v1/lookups", json=lookup(), headers=headers),
                await http.post("/v1/lookups/batch", json={"items": [lookup()]}, headers=headers),
                await http.get(f"/v1/units/{synthetic_uscc(1)}/measures", headers=headers),
                await http.post("/v1/pushes", json={"operations": [list_operation(1)]}, headers=headers),
                await http.get(f"/v1/pushes/{uuid4()}", headers=headers),
            ):
                problem(response, 503, "database_unavailable")
                assert int(response.headers["Retry-After"]) > 0
                assert "verdict" not in response.text
        ready = await http.get("/readyz")
        assert ready.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert ready.json()["ready"] is False
        assert not any(check["ok"] for check in ready.json()["checks"])
        assert (await http.get("/healthz")).json() == {"status": "ok"}
        assert (await http.get("/v1/measures/9")).status_code == httpx.codes.OK


# Headers


@pytest.mark.parametrize("given", ["a", "0123456789a", "req-2026-11-24.001:x_y", "A" * 64])
async def test_a_sane_request_id_is_taken_over(api: Api, given: str) -> None:
    for path in ("/healthz", "/v1/nothing", "/v1/catalogue"):
        assert (await api.http.get(path, headers={"X-Request-ID": given})).headers["X-Request-ID"] == given


@pytest.mark.parametrize(
    "given",
    [
        "",
        " ",
        "A" * 65,
        "a b",
        "a\tb",
        "-a",
        "a\xe9",
        '{"a": 1}',
        "<script>",
        "123456789012",
        f"req-{synthetic_resident_id(1)}",
        synthetic_resident_id(1),
        synthetic_resident_id(1)[:17],
        f"{synthetic_resident_id(1)[:6]}-{synthetic_resident_id(1)[6:14]}-{synthetic_resident_id(1)[14:]}",
    ],
)
async def test_a_request_id_that_is_malformed_or_could_be_a_number_of_somebody_is_replaced(
    api: Api, given: str
) -> None:
    response = await api.http.get("/v1/nothing", headers={b"X-Request-ID": given.encode("latin-1")})
    assert re.fullmatch(r"[0-9a-f]{32}", problem(response, 404, "not_found")["request_id"])


async def test_every_request_has_an_id_of_its_own(api: Api) -> None:
    assert len({(await api.http.get("/healthz")).headers["X-Request-ID"] for _ in range(20)}) == 20


async def test_requests_at_the_same_time_keep_their_ids_apart(api: Api) -> None:
    async def one(given: str) -> None:
        response = await api.http.post(
            "/v1/lookups", json=lookup(code="1"), headers=api.headers(**{"X-Request-ID": given})
        )
        assert response.json()["request_id"] == response.headers["X-Request-ID"] == given

    await asyncio.gather(*(one(f"parallel-{n}") for n in range(20)))


async def test_a_verdict_is_never_kept_by_a_cache(api: Api) -> None:
    await api.pushed(list_operation(1))
    for response in (
        await api.ask(synthetic_uscc(1)),
        await api.ask(synthetic_uscc(2)),
        await api.http.post("/v1/lookups/batch", json={"items": [lookup()]}, headers=api.headers()),
        await api.http.get(f"/v1/units/{synthetic_uscc(1)}/measures", headers=api.headers()),
    ):
        assert response.status_code == httpx.codes.OK
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "ETag" not in response.headers


async def test_only_the_memo_may_be_cached_and_its_problems_may_not(api: Api) -> None:
    for path in ("/v1/catalogue", "/v1/measures/9", "/v1/documents", "/v1/departments"):
        response = await api.http.get(path)
        assert response.headers["Cache-Control"].startswith("public")
        again = await api.http.get(path, headers={"If-None-Match": response.headers["ETag"]})
        assert again.status_code == httpx.codes.NOT_MODIFIED
        assert again.content == b""
    problem(await api.http.get("/v1/measures/0"), 404, "not_found")


# The line in the log


async def test_each_request_is_one_line_that_names_its_route_its_client_and_its_trace(
    settings: Settings, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with serving(settings.model_copy(update={"log_level": "info"})) as http:
        logged(capsys)
        traced = api.headers(traceparent=f"00-{trace}-00f067aa0ba902b7-01", **{"X-Request-ID": "mine"})
        await http.get(f"/v1/units/{synthetic_uscc(1)}/measures?purpose=secret", headers=traced)
        (line,) = logged(capsys)
        assert line["event"] == "request.finished"
        assert line["route"] == "/v1/units/{uscc}/measures"
        assert (line["method"], line["status"], line["request_id"]) == ("GET", 200, "mine")
        assert line["trace_id"] == trace
        assert line["client"].startswith("client-")
        assert line["ms"] >= 0
        assert synthetic_uscc(1) not in json.dumps(line)
        assert "secret" not in json.dumps(line)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "nonsense",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-" + "z" * 32 + "-00f067aa0ba902b7-01",
        # The beginning of somebody's number; the service writes it nowhere.
        f"00-{synthetic_resident_id(4711)[:17].ljust(32, 'a')}-00f067aa0ba902b7-01",
        f"00-{synthetic_resident_id(4711)[:17].rjust(32, '0')}-00f067aa0ba902b7-01",
    ],
)
async def test_a_traceparent_that_is_none_is_left_out(
    settings: Settings, capsys: pytest.CaptureFixture[str], given: str
) -> None:
    async with serving(settings.model_copy(update={"log_level": "info"})) as http:
        logged(capsys)
        await http.get("/v1/nothing", headers={"traceparent": given})
        (line,) = logged(capsys)
    assert "trace_id" not in line
    assert line["route"] == "(none)"
    assert line["status"] == 404


async def test_an_unknown_query_parameter_is_refused_and_not_ignored(api: Api) -> None:
    """Who writes `dryrun` for `dry_run` must not find out by what was kept."""
    body = {"operations": [list_operation(1)]}
    headers = api.headers(**{"Idempotency-Key": "typo"})
    for url in ("/v1/pushes?dryrun=true", "/v1/pushes?dry_run=true&DRY_RUN=true"):
        response = await api.http.post(url, json=body, headers=headers)
        assert response.status_code == 422
        assert response.json()["code"] == "unknown_parameter"
    assert await api.rows("SELECT 1 FROM pushes") == []
    asked = await api.http.get(f"/v1/units/{synthetic_uscc(1)}/measures?as_of=2026-01-01", headers=api.headers())
    assert asked.status_code == 422


async def test_a_query_parameter_that_is_one_value_is_refused_twice_and_one_that_is_several_is_not(api: Api) -> None:
    for url in (
        "/v1/listings?tier=甲&tier=乙",
        "/v1/listings?conduct_code=&conduct_code=",
        "/v1/public/listings?limit=1&limit=1",
    ):
        response = await api.http.get(url, headers=api.headers())
        assert response.status_code == 422, url
        (error,) = response.json()["errors"]
        assert (error["field"], error["code"]) == (url.rpartition("&")[2].partition("=")[0], "repeated")
    day = today().isoformat()
    url = f"/v1/effect-summary?from={day}&to={day}&by=month&by=measure"
    assert (await api.http.get(url, headers=api.headers())).status_code == 200


async def test_a_slash_too_many_is_not_found_and_not_redirected(api: Api) -> None:
    number = synthetic_resident_id(1)
    for url in (f"/v1/units/{number}/measures/", "/v1/lookups/"):
        response = await api.http.get(url, headers=api.headers())
        assert response.status_code in {404, 405}
        assert "location" not in response.headers
        assert number not in response.text

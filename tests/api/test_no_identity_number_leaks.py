"""An identity number in clear: wherever a caller puts one, it comes out nowhere and is kept nowhere."""

import httpx
import pytest

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.settings import Settings
from tests.api.service import serving
from tests.api.watching import (
    FULL_WIDTH,
    HYPHENATED,
    MISTYPED,
    NUMBER,
    WRITTEN,
    Watched,
    nothing_is_kept,
    nothing_is_logged,
)
from tests.support import JSON, Api, list_operation, person, remove_operation


@pytest.mark.parametrize("number", WRITTEN.values(), ids=WRITTEN.keys())
async def test_in_urls_and_headers(
    quiet: Api, settings_at_debug: Settings, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    async with serving(settings_at_debug) as http:
        watched = Watched(http, quiet)
        urls = [
            f"/v1/units/{number}/measures",
            f"/v1/units/{number}x/measures",
            f"/v1/units/a/{number}/measures",
            f"/v1/units/{synthetic_uscc(1)}/measures?on={number}",
            f"/v1/units/{synthetic_uscc(1)}/measures?view={number}",
            f"/v1/units/{synthetic_uscc(1)}/measures?min_list_version={number}",
            f"/v1/units/{synthetic_uscc(1)}/measures?{number}={number}",
            f"/v1/pushes/{number}",
            f"/v1/measures/{number}",
            f"/v1/catalogue?{number}",
            f"/{number}",
            f"/docs/{number}",
            f"/static-offline-docs/{number}",
            f"/healthz?{number}#{number}",
        ]
        for url in urls:
            for method in ("GET", "POST", "DELETE"):
                await watched.call(method, url)
            await watched.call("GET", url, headers={"Authorization": "Bearer nonsense"})
        # In a text, only what is an identity number for certain is refused; other digits are text like any other.
        if number in {NUMBER, FULL_WIDTH}:
            for name in ("purpose", "reference"):
                refused = await watched.call("GET", f"/v1/units/{synthetic_uscc(1)}/measures?{name}={number}")
                assert (refused.status_code, refused.json()["code"]) == (422, "identity_number_in_text")
        refused = await watched.call("GET", f"/v1/units/{NUMBER}/measures")
        assert (refused.status_code, refused.json()["code"]) == (400, "identity_number_in_url")
        body = {"code": synthetic_uscc(1)}
        for name in (
            "X-Request-ID",
            "Authorization",
            "Content-Type",
            "Accept",
            "User-Agent",
            "Referer",
            "Cookie",
            "If-None-Match",
            "traceparent",
            "tracestate",
            "X-Forwarded-For",
            "Host",
            "Origin",
        ):
            for value in (number, f"Bearer {number}", f'"{number}"', f"req-{number}"):
                await watched.post("/v1/lookups", body, **{name: value})
                await watched.call("GET", "/v1/catalogue", headers={name: value})
        await watched.call("GET", "/v1/catalogue", headers={number.encode("ascii", "ignore").decode() or "x": "1"})
    await nothing_is_logged(capsys, 4 * len(urls))
    await nothing_is_kept(quiet)


def texts_with(number: str) -> list[JSON]:
    """Return operations with a number in every place that is not for one."""
    name = list_operation(2)["unit"]["name"]
    return [
        list_operation(2, unit={"uscc": number, "name": name}),
        list_operation(2, unit={"uscc": synthetic_uscc(2), "name": number}),
        list_operation(2, unit={"uscc": synthetic_uscc(2), "name": name, number: 1}),
        list_operation(2, unit=number),
        list_operation(2, decision_no=number),
        list_operation(2, decided_by=number),
        list_operation(2, conduct=f"身份证{number}"),
        list_operation(2, tier=number),
        list_operation(2, listed_on=number),
        list_operation(2, valid_until=number),
        list_operation(2, op=number),
        list_operation(2, persons=number),
        list_operation(2, persons=[number]),
        list_operation(2, persons=[person(1, name=number)]),
        list_operation(2, persons=[person(1, roles=[number])]),
        list_operation(2, persons=[person(1, roles=number)]),
        list_operation(2, persons=[person(1, id_number=int(NUMBER[:17]))]),
        list_operation(2, persons=[person(1, id_number=[number])]),
        list_operation(2, persons=[person(1, id_number={number: number})]),
        list_operation(2, persons=[person(1, id_number=f"{number}9")]),
        list_operation(2, persons=[person(1, id_number=f" {number} {number}")]),
        list_operation(2, persons=[person(1, position_ban={"until": number})]),
        list_operation(2, persons=[person(1, position_ban={number: True})]),
        list_operation(2, **{number: number}),
        remove_operation(1, uscc=number),
        remove_operation(1, decision_no=number),
        remove_operation(1, listing_id=number),
        remove_operation(1, removed_on=number),
        remove_operation(1, reason=number),
        remove_operation(1, removal_decision_no=number),
        remove_operation(1, **{number: 1}),
    ]


@pytest.mark.parametrize("number", [NUMBER, MISTYPED], ids=["plain", "mistyped"])
async def test_in_pushes_that_fail(
    quiet: Api, settings_at_debug: Settings, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    before = await quiet.rows("SELECT count(*) AS n FROM pushes")
    async with serving(settings_at_debug) as http:
        watched = Watched(http, quiet)
        # A mistyped number is no identity number to the service; in a text it is text, and only refused elsewhere.
        rows = texts_with(number) if number == NUMBER else [{"op": number}, list_operation(2, unit=number)]
        for row in rows:
            response = await watched.post("/v1/pushes", {"operations": [row]})
            assert response.status_code == httpx.codes.UNPROCESSABLE_ENTITY, response.text
            await watched.post("/v1/pushes?dry_run=true", {"operations": [row, row]})
        for persons in (
            [person(1, id_number=MISTYPED)],
            [person(4711), person(4711)],
            [person(4711, name="虚构"), person(4711, name="虚构的另一个名字")],
            [person(4711, position_ban={"until": "1900-01-01"})],
            [person(4711, id_number=NUMBER, extra=NUMBER)],
        ):
            operation = list_operation(2, persons=persons, listed_on="2999-01-01")
            assert (await watched.post("/v1/pushes", {"operations": [operation]})).is_client_error
        for body in (
            number,
            [number],
            {number: number},
            {"operations": number},
            {"operations": [number]},
            {"operations": [{number: number}]},
            {"operations": [list_operation(2)], "mode": number},
            {"operations": [list_operation(2)], "source_document": NUMBER},
            {"operations": [list_operation(2)], "expected_list_version": number},
            {"operations": [list_operation(2)], "expected_list_version": int(NUMBER[:17])},
            {"operations": [list_operation(2)], number: number},
        ):
            assert (await watched.post("/v1/pushes", body)).is_client_error
        for content in (
            f'{{"{number}": 1, "{number}": 2}}',
            f'{{"operations": [{{"id_number": "{number}"',
            f'{{"operations": {number}',
            f'{{"operations": [{number * 300}]}}',
            f"{number}",
            f'"{number}\\ud800"',
        ):
            headers = {"Content-Type": "application/json"}
            assert (await watched.call("POST", "/v1/pushes", content=content.encode(), headers=headers)).is_client_error
            await watched.call("POST", "/v1/lookups", content=content.encode(), headers=headers)
    await nothing_is_logged(capsys, len(rows))
    await nothing_is_kept(quiet)
    assert await quiet.rows("SELECT count(*) AS n FROM pushes") == before


async def test_in_an_idempotency_key(
    quiet: Api, settings_at_debug: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(settings_at_debug) as http:
        watched = Watched(http, quiet)
        for value in (NUMBER, f"push-{NUMBER}"):
            response = await watched.post(
                "/v1/pushes", {"operations": [list_operation(2)]}, **{"Idempotency-Key": value}
            )
            assert (response.status_code, response.json()["code"]) == (422, "identity_number_in_text")
    await nothing_is_logged(capsys, 2)
    await nothing_is_kept(quiet)


async def test_in_pushes_that_succeed(
    quiet: Api, settings_at_debug: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(settings_at_debug) as http:
        watched = Watched(http, quiet)
        body = {"operations": [list_operation(3, persons=[person(4711), person(4712)])]}
        assert (await watched.post("/v1/pushes?dry_run=true", body)).status_code == httpx.codes.OK
        pushed = await watched.post("/v1/pushes", body, **{"Idempotency-Key": "once"})
        assert pushed.status_code == httpx.codes.CREATED
        again = await watched.post("/v1/pushes", body, **{"Idempotency-Key": "once"})
        assert again.headers["Idempotency-Replayed"] == "true"
        reused = body | {"source_document": "另一份"}
        assert (await watched.post("/v1/pushes", reused, **{"Idempotency-Key": "once"})).is_client_error
        assert (await watched.post("/v1/pushes", body)).is_client_error
        moved = body | {"expected_list_version": 999}
        assert (await watched.post("/v1/pushes", moved)).status_code == httpx.codes.CONFLICT
        assert (await watched.call("GET", pushed.headers["Location"])).status_code == httpx.codes.OK
        removed = await watched.post("/v1/pushes", {"operations": [remove_operation(3)]})
        assert removed.status_code == httpx.codes.CREATED
    await nothing_is_logged(capsys, 8)
    await nothing_is_kept(quiet)


async def test_in_lookups(quiet: Api, settings_at_debug: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(settings_at_debug) as http:
        watched = Watched(http, quiet)
        answers = 0
        for number in WRITTEN.values():
            for fields in (
                {"code": number, "purpose": "测试"},
                {"code": number, "purpose": "测试", "view": "full", "subject_kind": "person"},
                {"code": number, "purpose": "测试", "subject_kind": "unit"},
                {"code": number},
                {"code": number, "purpose": "测试", "on": "2999-01-01"},
                {"code": number, "purpose": "测试", "min_list_version": 999},
                {"code": [number], "purpose": "测试"},
                {"code": {number: number}, "purpose": "测试"},
                {"code": f"{number}{number}", "purpose": "测试"},
                {"code": number, "purpose": "测试", number: number},
                {"code": synthetic_uscc(1), "subject_kind": number},
                {"code": synthetic_uscc(1), "on": number},
                {"code": synthetic_uscc(1), "view": number},
                {"code": synthetic_uscc(1), "min_list_version": number},
                {"code": int(NUMBER[:17]), "min_list_version": int(NUMBER[:17])},
            ):
                answer = await watched.post("/v1/lookups", fields)
                answers += answer.status_code == httpx.codes.OK
                batch = {"items": [fields, {"code": number}, number, {number: 1}], "purpose": "测试"}
                await watched.post("/v1/lookups/batch", batch)
        for field in ("purpose", "reference"):
            for text in (NUMBER, f"为{NUMBER}办理", FULL_WIDTH):
                body = {"code": synthetic_uscc(1), "purpose": "测试", field: text}
                assert (await watched.post("/v1/lookups", body)).json()["code"] == "identity_number_in_text"
        assert answers >= 2
    await nothing_is_logged(capsys, 100)
    await nothing_is_kept(quiet)
    assert (await quiet.rows("SELECT count(*) AS n FROM audit"))[0]["n"] > 0


@pytest.mark.parametrize(
    "text",
    [
        HYPHENATED,
        f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}",
        f"身份证号{HYPHENATED}",
        HYPHENATED.replace("-", "\u2013"),
        f"{NUMBER[:4]} {NUMBER[4:8]} {NUMBER[8:12]} {NUMBER[12:16]} {NUMBER[16:]}",
    ],
)
async def test_in_a_text_as_a_code_may_be_written(quiet: Api, text: str) -> None:
    for field in ("purpose", "reference"):
        response = await quiet.ask(synthetic_uscc(1), **{field: text})
        assert (response.status_code, response.json()["code"]) == (422, "identity_number_in_text")
    await nothing_is_kept(quiet)


@pytest.mark.parametrize("table", ["listings", "persons", "audit"])
async def test_when_the_service_itself_fails(
    quiet: Api, settings_at_debug: Settings, capsys: pytest.CaptureFixture[str], table: str
) -> None:
    async with serving(settings_at_debug) as http:
        watched = Watched(http, quiet)
        await quiet.run(f"DROP TABLE {table} CASCADE")
        failed = await watched.post("/v1/lookups", {"code": NUMBER, "purpose": "测试"})
        assert failed.status_code == httpx.codes.INTERNAL_SERVER_ERROR
        await watched.post("/v1/lookups/batch", {"items": [{"code": NUMBER}], "purpose": "测试"})
        await watched.post("/v1/pushes", {"operations": [list_operation(5, persons=[person(4711)])]})
    await nothing_is_logged(capsys, 3)


async def test_when_the_database_refuses_what_it_is_given(
    quiet: Api, settings_at_debug: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    # A check that fails quotes the row it refuses, in the error's detail.
    await quiet.run("ALTER TABLE persons ADD CHECK (name <> '虚构4713')")
    async with serving(settings_at_debug) as http:
        watched = Watched(http, quiet)
        body = {"operations": [list_operation(6, persons=[person(4713, id_number=synthetic_resident_id(9999))])]}
        failed = await watched.post("/v1/pushes", body)
        assert failed.status_code == httpx.codes.INTERNAL_SERVER_ERROR
        assert "虚构4713" not in failed.text
    written = capsys.readouterr().out
    assert "虚构4713" not in written
    assert synthetic_resident_id(9999)[:17] not in written
    assert '"sqlstate": "23514"' in written


async def test_the_secret_of_a_key_is_in_no_log_and_no_table(
    quiet: Api, settings_at_debug: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = quiet.key.split("_")[2]
    async with serving(settings_at_debug) as http:
        for headers in (quiet.headers(), {"Authorization": f"Bearer {quiet.key}0"}):
            response = await http.post("/v1/lookups", json={"code": synthetic_uscc(1)}, headers=headers)
            assert secret not in response.text
    written = capsys.readouterr()
    assert quiet.key not in written.out + written.err
    for row in await quiet.rows("SELECT api_keys::text AS whole FROM api_keys"):
        assert secret not in row["whole"]

"""The feed: every change once, in order, by page, by waiting, and by events that go on; and the snapshot before it."""

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any

import httpx
import httpx_sse
import pytest

from app.api import changes as changes_api
from app.domain.synthetic import synthetic_resident_id
from app.services.access import Scope, authenticate
from tests.end_to_end.serving import serving
from tests.support import JSON, Api, list_operation, make_key, person, remove_operation, revoke_all


async def changes(api: Api, **query: Any) -> JSON:
    response = await api.http.get("/v1/changes", params=query, headers=api.headers())
    assert response.status_code == 200, response.text
    told: JSON = response.json()
    return told


def place(cursor: str) -> tuple[int, int]:
    version, _, change = cursor.partition(".")
    return int(version), int(change or 2**31)


async def test_every_change_comes_once_in_the_order_of_commits_whatever_the_page(api: Api) -> None:
    for n in (1, 4, 7):
        await api.pushed(*(list_operation(m) for m in range(n, n + 3)))
    for limit in (1, 2, 4, 1000):
        cursor, seen = "0", []
        while True:
            page = await changes(api, after=cursor, limit=limit)
            seen += page["changes"]
            assert place(cursor) < place(page["cursor"])
            cursor = page["cursor"]
            if not page["more"]:
                break
        assert [one["cursor"] for one in seen] == [f"{v}.{c}" for v in (1, 2, 3) for c in (1, 2, 3)]
        assert cursor == "3"
    assert (await changes(api, after="3"))["changes"] == []
    assert [one["cursor"] for one in (await changes(api, after="2.2"))["changes"]] == ["2.3", "3.1", "3.2", "3.3"]


async def test_persons_come_by_masked_name_and_a_token_of_the_asking_client(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1, name="虚构某")]), list_operation(2, persons=[person(1)]))
    page = await changes(api)
    people = [one for change in page["changes"] for one in change["listing"]["persons"]]
    assert [one["name_masked"] for one in people] == ["虚**", "虚**"]
    assert len({one["token"] for one in people}) == 1, "one number, one token, under whichever name"
    asked = {"id_numbers": [synthetic_resident_id(1), synthetic_resident_id(2), "1"], "purpose": "比对（测试）"}
    response = await api.http.post("/v1/persons/tokens", json=asked, headers=api.headers())
    first, second, third = response.json()["tokens"]
    assert people[0]["token"] in first["tokens"]
    assert people[0]["token"] not in second["tokens"]
    assert third["problem"]["code"] == "code_length"
    key = await make_key(api.database, Scope.CHANGES_READ)
    other = await api.http.get("/v1/changes", headers={"Authorization": f"Bearer {key}"})
    assert other.json()["changes"][0]["listing"]["persons"][0]["token"] != people[0]["token"]
    records = await api.rows("SELECT purpose, verdict, masked_number FROM audit")
    assert [(one["purpose"], one["verdict"]) for one in records] == [("比对（测试）", "token_issued")] * 2
    assert synthetic_resident_id(1) not in json.dumps(page) + response.text + str(records)


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.", "1.0", "01", "1.2.3", "1e3", "9" * 16])
async def test_a_cursor_that_is_none_is_refused(api: Api, cursor: str) -> None:
    response = await api.http.get("/v1/changes", params={"after": cursor}, headers=api.headers())
    assert (response.status_code, response.json()["code"]) == (422, "cursor_invalid")


async def test_a_cursor_from_a_newer_list_than_ours_is_told_and_not_answered(api: Api) -> None:
    await api.pushed(list_operation(1))
    for headers in ({}, {"Accept": "text/event-stream"}):
        response = await api.http.get("/v1/changes?after=2", headers=api.headers(**headers))
        assert (response.status_code, response.json()["code"]) == (409, "list_version_not_reached")
    snapshot = await api.http.get("/v1/listings/snapshot?at=2", headers=api.headers())
    assert snapshot.status_code == 409


async def test_who_waits_is_told_as_soon_as_there_is_a_change_and_else_when_the_time_is_up(api: Api) -> None:
    started = time.monotonic()
    empty = await changes(api, after="0", wait=0.5)
    assert (empty["changes"], empty["cursor"]) == ([], "0")
    assert time.monotonic() - started >= 0.5
    waiting = [asyncio.create_task(changes(api, after="0", wait=30)) for _ in range(5)]
    await asyncio.sleep(0.3)
    await api.pushed(list_operation(1))
    started = time.monotonic()
    for told in await asyncio.gather(*waiting):
        assert [one["cursor"] for one in told["changes"]] == ["1.1"]
    assert time.monotonic() - started < 10


async def test_a_key_that_is_revoked_meanwhile_brings_nothing_more(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither to who waits for a change nor to who reads the whole list slowly."""
    monkeypatch.setattr(changes_api, "_SNAPSHOT_PAGE", 1)
    services: Any = api.http._transport.app.state.services  # type: ignore[attr-defined]  # noqa: SLF001 - the service itself
    key = await make_key(api.database, Scope.CHANGES_READ, name="revoked-meanwhile")
    await api.pushed(*(list_operation(n) for n in range(3)))
    async with services.database.single_statement() as session:
        caller = await authenticate(session, key, datetime.now(UTC))
    stream = aiter((await changes_api.read_snapshot(caller, services)).body_iterator)
    lines = [await anext(stream), await anext(stream)]
    query = {"after": "1", "wait": "30"}
    waiting = asyncio.create_task(api.http.get("/v1/changes", params=query, headers={"Authorization": f"Bearer {key}"}))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await revoke_all(api.database, "revoked-meanwhile")
    await api.pushed(list_operation(9))
    told = await waiting
    assert (told.status_code, "listing" in told.text) == (401, False)
    lines += [line async for line in stream]
    assert len(lines) == 2
    assert not any('"end"' in str(line) for line in lines)


async def test_a_snapshot_is_the_list_at_one_version_and_the_feed_goes_on_from_it(api: Api) -> None:
    await api.pushed(list_operation(1), list_operation(2))
    await api.pushed(remove_operation(1))

    async def lines(query: str = "") -> list[JSON]:
        response = await api.http.get(f"/v1/listings/snapshot{query}", headers=api.headers())
        assert response.headers["content-type"] == "application/x-ndjson"
        return [json.loads(line) for line in response.text.splitlines()]

    head, *listings, end = await lines()
    assert (head["list_version"], head["cursor"], end) == (2, "2", {"type": "end", "count": 2})
    assert head["head"] == (await api.http.get("/v1/chain/2")).json()["head"]
    assert sorted(one["listing"]["removal"] is None for one in listings) == [False, True]
    earlier = await lines("?at=1")
    assert [one["listing"]["removal"] for one in earlier[1:-1]] == [None, None]
    rest = await lines(f"?at=1&after={earlier[1]['listing']['listing_id']}")
    assert (rest[1:-1], rest[-1]["count"]) == (earlier[2:-1], 1)
    assert (await lines("?at=0"))[1:] == [{"type": "end", "count": 0}]


async def test_events_go_on_from_where_they_broke_off_and_end_with_the_key_and_the_process(api: Api) -> None:
    await api.pushed(list_operation(1), list_operation(2))
    key = await make_key(api.database, Scope.CHANGES_READ, name="follower")
    headers = {"Authorization": f"Bearer {key}", "Accept": "text/event-stream"}

    async def take(http: httpx.AsyncClient, count: int, last: str | None) -> list[httpx_sse.ServerSentEvent]:
        sent = headers | ({"Last-Event-ID": last} if last else {})
        seen = []
        async with httpx_sse.aconnect_sse(http, "GET", "/v1/changes", headers=sent) as source:
            async for event in source.aiter_sse():
                # The first one only says how long to wait before coming back.
                seen += [event] if event.event == "change" else []
                if len(seen) == count:
                    break
        return seen

    with serving(api.settings, LIANCHENG_FEED_HEARTBEAT="0.3") as process:
        async with httpx.AsyncClient(base_url=process.url, timeout=20) as http:
            (first,) = await take(http, 1, None)
            assert (first.event, first.id, json.loads(first.data)["cursor"]) == ("change", "1.1", "1.1")
            following = asyncio.create_task(take(http, 2, first.id))
            await asyncio.sleep(0.5)
            await api.pushed(list_operation(3))
            assert [event.id for event in await following] == ["1.2", "2.1"]
            # A revoked key ends the stream at the next heartbeat.
            ending = asyncio.create_task(take(http, 5, "2"))
            await asyncio.sleep(0.5)
            await revoke_all(api.database, "follower")
            assert await asyncio.wait_for(ending, 15) == []
            # And a process that is to stop lets go of those who wait.
            waiting = asyncio.create_task(http.get("/v1/changes?after=2&wait=60", headers=api.headers()))
            await asyncio.sleep(0.5)
            started = time.monotonic()
            assert process.stop() == 0
            assert time.monotonic() - started < 10
            assert (await waiting).json()["changes"] == []

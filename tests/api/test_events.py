"""The event stream of a real process: it goes on for ever, costs nobody a connection, and lets go when it has to."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import httpx_sse
import pytest

from app.domain.synthetic import synthetic_uscc
from app.services.access import Scope
from tests.end_to_end.serving import Process, serving
from tests.support import Api, list_operation, make_key, revoke_all

pytestmark = pytest.mark.processes

BEAT = 0.3


@asynccontextmanager
async def running(api: Api) -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
    """Serve with a quick heartbeat."""
    settings = {"LIANCHENG_FEED_HEARTBEAT": str(BEAT), "LIANCHENG_POOL_SIZE": "4", "LIANCHENG_LOG_LEVEL": "info"}
    with serving(api.settings, **settings) as process:
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(base_url=process.url, timeout=20, limits=limits) as http:
            yield process, http


def stream(key: str, **extra: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", "Accept": "text/event-stream"} | extra


async def lines_until_the_end(http: httpx.AsyncClient, key: str, lines: list[str]) -> None:
    async with http.stream("GET", "/v1/changes", headers=stream(key)) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        async for line in response.aiter_lines():
            lines.append(line)  # noqa: PERF401 - each is looked at as soon as it is there


async def test_more_changes_than_a_page_holds_come_in_order_and_each_once(api: Api) -> None:
    await api.pushed(*(list_operation(n) for n in range(450)))
    async with running(api) as (_, http):
        seen: list[tuple[str, str]] = []
        # What is told in the header goes before what is told in the query.
        headers = stream(api.key, **{"Last-Event-ID": "1.3"})
        async with httpx_sse.aconnect_sse(http, "GET", "/v1/changes?after=1", headers=headers) as source:
            async for event in source.aiter_sse():
                if event.event == "change":
                    seen.append((event.id, json.loads(event.data)["listing"]["unit"]["uscc"]))
                if len(seen) == 447:
                    await api.pushed(list_operation(450))
                if len(seen) == 448:
                    break
    assert seen[:-1] == [(f"1.{n + 1}", synthetic_uscc(n)) for n in range(3, 450)]
    assert seen[-1] == ("2.1", synthetic_uscc(450))


async def test_a_stream_without_changes_shows_that_it_lives_and_ends_with_its_key_and_with_the_process(
    api: Api,
) -> None:
    await api.pushed(list_operation(1))
    key = await make_key(api.database, Scope.CHANGES_READ, name="follower")
    async with running(api) as (process, http):
        followed: list[str] = []
        kept: list[str] = []
        following = asyncio.create_task(lines_until_the_end(http, key, followed))
        keeping = asyncio.create_task(lines_until_the_end(http, api.key, kept))
        await asyncio.sleep(6 * BEAT)
        beats = followed.count(": beat")
        assert beats >= 2
        assert followed.count("event: change") == 1
        await revoke_all(api.database, "follower")
        await asyncio.wait_for(following, 10)
        refused = await http.get("/v1/changes", headers=stream(key))
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
        assert not keeping.done()
        started = time.monotonic()
        assert await asyncio.to_thread(process.stop) == 0
        assert time.monotonic() - started < 5, "the process waited for a stream that never ends"
        await asyncio.wait_for(keeping, 5)
        events = [json.loads(line)["event"] for line in process.output().splitlines()]
    assert "request.failed" not in events, "a stream that has to end is no failure"


async def test_those_who_follow_and_those_who_leave_without_a_word_take_no_connection_from_others(api: Api) -> None:
    """Many more streams and long polls than the process has connections, half of them given up."""
    await api.pushed(list_operation(1))
    async with running(api) as (_, http):
        following = [asyncio.create_task(lines_until_the_end(http, api.key, [])) for _ in range(20)]
        waiting = [
            asyncio.create_task(http.get("/v1/changes?after=1&wait=60", headers=api.headers())) for _ in range(20)
        ]
        await asyncio.sleep(3 * BEAT)
        for task in following[::2] + waiting[::2]:
            task.cancel()
        body = {"code": synthetic_uscc(1)}
        asked = [http.post("/v1/lookups", json=body, headers=api.headers()) for _ in range(20)]
        assert {answer.json()["verdict"] for answer in await asyncio.gather(*asked)} == {"listed"}
        await api.pushed(list_operation(2))
        for answer in await asyncio.wait_for(asyncio.gather(*waiting[1::2]), 10):
            assert [one["cursor"] for one in answer.json()["changes"]] == ["2.1"]
        for task in following:
            task.cancel()

"""The generator is held against a server whose behaviour is known: what it tells must be that behaviour."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from app.errors import Misconfigured
from app.workload.load import measure
from app.workload.mix import Request
from app.workload.run import Plan
from app.workload.target import Target, target_at

Respond = Callable[[int], bytes | None]

_LISTED = b'{"verdict":"listed"}'


def ok(body: bytes = _LISTED, head: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n" % (head, len(body)) + body


@asynccontextmanager
async def server(respond: Respond, stall: tuple[float, float] | None = None) -> AsyncIterator[Target]:
    """Answer the n-th request with ``respond(n)``, ``None`` being a hang-up; stand still from ``stall[0]`` seconds on.

    While it stands still no request is read, as in a process that collects garbage.
    """
    asked = 0
    began = time.perf_counter()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                if stall is not None:
                    since = time.perf_counter() - began
                    if stall[0] <= since < stall[0] + stall[1]:
                        await asyncio.sleep(stall[0] + stall[1] - since)
                asked += 1
                answer = respond(asked)
                if answer is None:
                    break
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield target_at(f"http://127.0.0.1:{port}", "lc_key")
    finally:
        listening.close()


def one(target: Target, codes: int = 1) -> list[Request]:
    return [Request(target.post("/v1/lookups", b"{}"), codes, "unit")]


async def test_a_stall_shows_in_the_percentiles_with_everybody_who_would_have_been_asked_meanwhile() -> None:
    plan = Plan(rate=400, connections=2, warm_up=0.1, duration=1.0)
    async with server(lambda _: ok(), stall=(0.5, 0.3)) as target:
        found = await measure(target, one(target), plan)
    whole = found.whole
    # 120 of 400 fall into the stall, though only two requests met it: a third waited longer than a third of it.
    slow = sum(1 for seconds in whole.taken if seconds > 0.1)
    assert (whole.answered, whole.listed, whole.errors.total()) == (400, 400, 0)
    assert 70 <= slow <= 200
    latency = found.as_json()["latency_ms"]
    assert latency["p99"] > 250
    assert latency["p50"] < 150
    # The closed loop, asked the same, met it with its two connections only: that is why it is not the default.
    async with server(lambda _: ok(), stall=(0.5, 0.3)) as target:
        closed = await measure(target, one(target), Plan(None, connections=2, warm_up=0.1, duration=0.8))
    assert sum(1 for seconds in closed.whole.taken if seconds > 0.1) <= 2


async def test_errors_are_counted_by_their_kind_and_make_no_percentile_better() -> None:
    problem = b'{"code":"overloaded"}'
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: %d\r\n\r\n" % len(problem) + problem
    answers = [ok(), busy, ok(b"{}"), b"not http at all\r\n\r\n", None]
    plan = Plan(rate=200, connections=1, warm_up=0, duration=10, count=100, timeout=5)
    async with server(lambda n: answers[n % 5]) as target:
        found = await measure(target, one(target), plan)
    errors = found.whole.errors
    assert found.whole.requests == 100
    assert len(found.whole.taken) == found.whole.answered == 20
    assert errors["http_503 overloaded"] == errors["no_verdict"] == 20
    assert errors["connection_lost"] == 40 - found.resent
    assert set(errors) == {"http_503 overloaded", "no_verdict", "connection_lost"}


async def test_a_kept_connection_that_was_closed_meanwhile_costs_no_answer() -> None:
    closing = b"Connection: close\r\n"
    async with server(lambda n: ok(head=closing) if n % 2 else ok()) as target:
        found = await measure(target, one(target), Plan(rate=200, connections=2, warm_up=0, duration=0.2))
    assert (found.whole.answered, found.whole.errors.total()) == (40, 0)


async def test_what_is_never_answered_is_given_up_and_counts_with_what_it_had_waited() -> None:
    plan = Plan(rate=100, connections=2, warm_up=0, duration=0.3, timeout=0.2)
    async with server(lambda _: ok(), stall=(0.0, 9.0)) as target:
        began = time.perf_counter()
        found = await measure(target, one(target), plan)
        assert time.perf_counter() - began < 2
        assert found.whole.errors == {"timeout": 30}
        assert min(found.whole.taken) >= 0.2
        closed = await measure(target, one(target), Plan(None, connections=2, warm_up=0, duration=0.2))
    assert closed.whole.errors == {"unanswered": 2}


async def test_it_stops_at_its_bound_and_leaves_the_warm_up_out() -> None:
    asked = 0

    def respond(n: int) -> bytes:
        nonlocal asked
        asked = n
        return ok(b'{"verdict":"not_listed"} {"problem":0}' if n % 2 else _LISTED)

    async with server(respond) as target:
        found = await measure(target, one(target, codes=2), Plan(rate=500, warm_up=0.1, duration=60, count=50))
        assert (found.whole.requests, asked) == (50, 100)
        assert (found.whole.listed, found.whole.not_listed, found.whole.undetermined) == (25, 25, 50)
        closed = await measure(target, one(target), Plan(None, connections=4, warm_up=0, duration=60, count=50))
        assert (closed.whole.requests, closed.seconds < 5) == (50, True)
        assert len(found.late) == 50


async def test_an_interrupt_ends_it_with_what_was_measured() -> None:
    async with server(lambda _: ok(), stall=(0.2, 9.0)) as target:
        interrupt = asyncio.Event()
        asyncio.get_running_loop().call_later(0.4, interrupt.set)
        plan = Plan(rate=100, connections=2, warm_up=0, duration=60, timeout=0.3)
        found = await measure(target, one(target), plan, interrupt)
    assert found.interrupted
    assert found.whole.answered > 5
    assert found.whole.errors["interrupted"] > 2
    assert 0.3 < found.seconds < 5


async def test_where_nobody_listens_it_says_so_at_once() -> None:
    target = target_at("http://127.0.0.1:9", None)
    with pytest.raises(Misconfigured, match="连接不上"):
        await measure(target, one(target), Plan(rate=10))


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:8000", "http://192.0.2.1", "http://[::", "http://a..b"])
def test_an_address_that_will_not_do_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured):
        target_at(url, "lc_key")


def test_a_name_is_looked_up_once_and_judged_by_where_it_leads() -> None:
    here = target_at("http://localhost:8000/unter/", "lc_key")
    assert here.is_loopback
    assert here.post("/v1/lookups", b"{}").startswith(b"POST /unter/v1/lookups HTTP/1.1\r\nHost: localhost:8000\r\n")
    assert not target_at("https://192.0.2.1", "lc_key").is_loopback
    with pytest.raises(Misconfigured, match="密钥"):
        target_at("http://localhost:8000", "lc\r\nX: 1")

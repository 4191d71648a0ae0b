"""Webhooks with real processes: workers that are killed, a receiver that fails half the time, and nothing lost."""

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from app.settings import Settings
from liancheng.client import verify_webhook
from tests.end_to_end.serving import environment, serving
from tests.forking import Forked
from tests.receiving import ACKNOWLEDGED, LOOPBACK, Received, Receiver, answering, receiving, silent
from tests.support import JSON, Api, list_operation

pytestmark = pytest.mark.processes

_QUICK = {
    "LIANCHENG_WEBHOOK_ALLOWED_NETWORKS": f"{LOOPBACK}/32",
    "LIANCHENG_WEBHOOK_ALLOW_HTTP": "true",
    "LIANCHENG_WEBHOOK_TIMEOUT": "1",
    "LIANCHENG_WEBHOOK_RETRY_FIRST": "0.2",
    "LIANCHENG_WEBHOOK_LOST_AFTER": "1",
    "LIANCHENG_LOG_LEVEL": "info",
}


@contextmanager
def worker(settings: Settings, name: str) -> Iterator[tuple[Forked, Path]]:
    """Run a worker for the time of the block."""
    log = settings.data_dir / f"worker-{name}.log"
    process = Forked(["worker"], environment(settings, **allowing(settings)), stdout=log, stderr=log)
    try:
        yield process, log
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def started(log: Path) -> None:
    """Wait until a worker says that it has started: before that, a signal ends it as it ends any process."""
    until = time.monotonic() + 20
    while "worker.started" not in log.read_text():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Listen on loopback."""
    async with receiving() as running:
        yield running


@pytest.fixture
async def slow() -> AsyncIterator[Receiver]:
    """Listen, and never answer."""
    async with receiving(silent) as running:
        yield running


@pytest.fixture
def settings(settings: Settings, receiver: Receiver, slow: Receiver) -> Settings:
    """Let webhooks lead to these two."""
    return settings.model_copy(
        update={"webhook_allowed_hosts": hosts(receiver, slow), "webhook_allow_http": True}
        | {"webhook_allowed_networks": f"{LOOPBACK}/32"}
    )


def hosts(*receivers: Receiver) -> str:
    """Return the setting that allows receivers."""
    return ",".join(f"{LOOPBACK}:{one.port}" for one in receivers)


def allowing(settings: Settings) -> dict[str, str]:
    """Return what lets processes deliver where the service under test lets webhooks lead."""
    return {**_QUICK, "LIANCHENG_WEBHOOK_ALLOWED_HOSTS": settings.webhook_allowed_hosts}


async def made(api: Api, url: str) -> JSON:
    """Make a webhook; return it with its secret."""
    response = await api.http.post("/v1/webhooks", json={"url": url}, headers=api.headers())
    assert response.status_code == httpx.codes.CREATED, response.text
    webhook: JSON = response.json()
    return webhook


async def told_of(api: Api, webhook: JSON, version: int) -> None:
    """Wait until a webhook has acknowledged a version."""
    async with asyncio.timeout(40):
        while True:
            response = await api.http.get(f"/v1/webhooks/{webhook['webhook_id']}", headers=api.headers())
            if response.json()["told_version"] >= version:
                return
            await asyncio.sleep(0.05)


async def test_every_version_is_told_though_workers_are_killed_and_the_receiver_fails_half_the_time(
    api: Api, receiver: Receiver, slow: Receiver
) -> None:
    chance = random.Random(4)  # noqa: S311 - so that a failure can be repeated
    acknowledged: list[JSON] = []
    failing = [answering("500 No"), answering("503 No", "Retry-After: 1"), answering("302 No", "Location: /x"), silent]
    webhook = await made(api, receiver.url)
    await made(api, slow.url)

    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        nudge = verify_webhook(webhook["secret"], request.headers, request.body)
        if chance.random() < 0.5:
            await chance.choice(failing)(request, writer)
            return
        await ACKNOWLEDGED(request, writer)
        acknowledged.append(nudge["data"])

    async def acknowledge_and_kill(request: Received, writer: asyncio.StreamWriter) -> None:
        process.send_signal(signal.SIGKILL)
        await answering("204 No Content")(request, writer)

    async def only_kill(*_: object) -> None:
        process.send_signal(signal.SIGKILL)

    for number, at_the_first in ((1, only_kill), (2, acknowledge_and_kill)):
        receiver.answer = at_the_first
        await api.pushed(list_operation(number))
        with worker(api.settings, f"{number}") as (process, log):
            # Killed in the middle of an attempt, that at the slow receiver as well.
            assert await asyncio.to_thread(process.wait, 20) == -signal.SIGKILL
            assert "Traceback" not in log.read_text()
    receiver.answer = answer
    await api.pushed(list_operation(3))
    with worker(api.settings, "a") as (one, log), worker(api.settings, "b") as (other, other_log):
        await told_of(api, webhook, 3)
        # Which of them told it, nobody knows.
        for each in (log, other_log):
            await asyncio.to_thread(started, each)
        for process in (one, other):
            process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(one.wait, 10) == await asyncio.to_thread(other.wait, 10) == 0
        assert "worker.stopped" in log.read_text()
    told = {version for nudge in acknowledged for version in range(nudge["from_version"], nudge["to_version"])}
    assert told == {0, 1, 2}
    bodies: dict[str, set[bytes]] = {}
    for request in receiver.received:
        bodies.setdefault(request.headers["webhook-id"], set()).add(request.body)
    assert all(len(one) == 1 for one in bodies.values()), "each attempt under one id says the same"
    assert len(receiver.received) > len(bodies), "something was told again"


async def test_serving_processes_deliver_by_themselves_and_none_of_them_twice(api: Api, receiver: Receiver) -> None:
    with serving(api.settings, "--workers", "2", **allowing(api.settings)) as process:
        webhook = await made(api, receiver.url)
        for number in (1, 2):
            await api.pushed(list_operation(number))
        await told_of(api, webhook, 2)
        assert process.stop() == 0
    told = [verify_webhook(webhook["secret"], one.headers, one.body)["data"] for one in receiver.received]
    assert told[0]["from_version"] == 0
    assert told[-1]["to_version"] == 2
    assert sum(one["changes"] for one in told) == 2
    assert len({one.headers["webhook-id"] for one in receiver.received}) == len(told)

"""Webhooks with real processes: workers that are killed, a receiver that fails half the time, and nothing lost."""

import asyncio
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from app.services.access import Scope
from app.settings import Settings
from liancheng.client import verify_webhook
from tests.end_to_end.serving import COMMAND, environment, serving
from tests.receiving import ACKNOWLEDGED, LOOPBACK, Received, answering, receiving, silent
from tests.support import BUREAU, JSON, Api, list_operation, make_key

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
def worker(settings: Settings, name: str, **extra: str) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """Run a worker for the time of the block."""
    log = settings.data_dir / f"worker-{name}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [COMMAND, "worker"], env=environment(settings, **_QUICK, **extra), stdout=out, stderr=subprocess.STDOUT
        )
    try:
        yield process, log
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Let webhooks of the service under test lead to loopback, at whatever port a receiver gets."""
    return settings.model_copy(
        update={
            "webhook_allowed_hosts": ",".join(f"{LOOPBACK}:{port}" for port in range(1024, 65536)),
            "webhook_allowed_networks": f"{LOOPBACK}/32",
            "webhook_allow_http": True,
        }
    )


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


async def test_every_version_is_told_though_workers_are_killed_and_the_receiver_fails_half_the_time(api: Api) -> None:
    chance = random.Random(4)  # noqa: S311 - so that a failure can be repeated
    acknowledged: list[JSON] = []
    failing = [answering("500 No"), answering("503 No", "Retry-After: 1"), answering("302 No", "Location: /x"), silent]
    secret = ""

    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        nudge = verify_webhook(secret, request.headers, request.body)
        if chance.random() < 0.5:
            await chance.choice(failing)(request, writer)
            return
        await ACKNOWLEDGED(request, writer)
        acknowledged.append(nudge)

    async with receiving(answer) as receiver, receiving(silent) as slow:
        webhook = await made(api, receiver.url)
        await made(api, slow.url)
        secret = webhook["secret"]
        hosts = {"LIANCHENG_WEBHOOK_ALLOWED_HOSTS": f"{LOOPBACK}:{receiver.port},{LOOPBACK}:{slow.port}"}
        await api.pushed(list_operation(1))
        for number in range(2, 6):
            # One that is killed with attempts under way, and one that lives on.
            with worker(api.settings, f"{number}", **hosts) as (process, log):
                before = len(receiver.received)
                await receiver.after(before + 1)
                await api.pushed(list_operation(number))
                process.send_signal(signal.SIGKILL)
                assert "Traceback" not in log.read_text()
        with worker(api.settings, "a", **hosts) as (one, log), worker(api.settings, "b", **hosts) as (other, _):
            await told_of(api, webhook, 5)
            for process in (one, other):
                process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(one.wait, 10) == 0
            assert await asyncio.to_thread(other.wait, 10) == 0
            assert "worker.stopped" in log.read_text()
    versions = {
        one for nudge in acknowledged for one in range(nudge["data"]["from_version"], nudge["data"]["to_version"])
    }
    assert versions == set(range(5))
    bodies: dict[str, set[bytes]] = {}
    for request in receiver.received:
        bodies.setdefault(request.headers["webhook-id"], set()).add(request.body)
    assert all(len(one) == 1 for one in bodies.values()), "each attempt under one id says the same"
    assert len(receiver.received) > len(bodies), "something was told again"


async def test_serving_processes_deliver_by_themselves_and_none_of_them_twice(api: Api) -> None:
    async with receiving() as receiver:
        hosts = {"LIANCHENG_WEBHOOK_ALLOWED_HOSTS": f"{LOOPBACK}:{receiver.port}"}
        with serving(api.settings, "--workers", "2", **_QUICK, **hosts) as process:
            key = await make_key(api.database, *Scope, department=BUREAU)
            async with httpx.AsyncClient(base_url=process.url, headers={"Authorization": f"Bearer {key}"}) as http:
                response = await http.post("/v1/webhooks", json={"url": receiver.url})
                webhook = response.json()
                api.key = key
                await api.pushed(list_operation(1))
                await told_of(api, webhook, 1)
            assert process.stop() == 0
    (request,) = receiver.received
    nudge = verify_webhook(webhook["secret"], request.headers, request.body)
    assert nudge["data"] == {"webhook_id": webhook["webhook_id"], "from_version": 0, "to_version": 1, "changes": 1}

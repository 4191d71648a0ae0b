"""The body of a push on its way in: slow, broken off, or from nobody; only a whole one is ever carried out."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from app.domain.synthetic import synthetic_uscc
from tests.end_to_end.serving import Process, serving
from tests.support import Api, list_operation

pytestmark = pytest.mark.processes

JSON, NDJSON = "application/json", "application/x-ndjson"
OPERATIONS = [list_operation(n, facts="长" * 500) for n in range(1, 401)]
BODIES = {
    JSON: json.dumps({"operations": OPERATIONS}).encode(),
    # Broken off between two lines it still looks whole.
    NDJSON: b"".join(json.dumps(one).encode() + b"\n" for one in OPERATIONS),
}


class Upload:
    """A push that is sent by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send over this connection."""
        self.reader = reader
        self.writer = writer

    @classmethod
    async def begun(cls, process: Process, headers: dict[str, str], path: str = "/v1/pushes") -> "Upload":
        """Connect and send the head of the request."""
        address = urlsplit(process.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        lines = [
            f"POST {path} HTTP/1.1",
            "Host: service.test",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        writer.write("\r\n".join((*lines, "", "")).encode())
        await writer.drain()
        return cls(reader, writer)

    async def send(self, data: bytes) -> None:
        """Send more."""
        self.writer.write(data)
        await self.writer.drain()

    async def status(self) -> int:
        """Return the status of the answer."""
        line = await asyncio.wait_for(self.reader.readline(), 20)
        return int(line.split()[1])

    async def close(self) -> None:
        """Break off."""
        self.writer.close()
        await self.writer.wait_closed()


def heads(api: Api, media_type: str, length: int | None, key: str = "broken") -> dict[str, str]:
    size = {"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": str(length)}
    return api.headers(**{"Content-Type": media_type, "Idempotency-Key": key}, **size)


def files_without_a_name(process: Process) -> int:
    """Return how many files the process has open that are on no path any more."""
    found = 0
    for link in Path(f"/proc/{process.process.pid}/fd").iterdir():
        # One that was closed meanwhile is none.
        with suppress(FileNotFoundError):
            found += str(link.readlink()).endswith(" (deleted)")
    return found


async def test_a_body_that_breaks_off_is_not_carried_out_and_can_be_sent_again_under_its_key(api: Api) -> None:
    half = len(BODIES[NDJSON].splitlines(keepends=True)[0]) * 200
    with serving(api.settings, LIANCHENG_LOG_LEVEL="info") as process:
        for media_type in (JSON, NDJSON):
            for length in (len(BODIES[media_type]), None):
                part = BODIES[media_type][:half]
                upload = await Upload.begun(process, heads(api, media_type, length))
                await upload.send(part if length else f"{len(part):x}\r\n".encode() + part + b"\r\n")
                await asyncio.sleep(0.2)
                await upload.close()
        async with httpx.AsyncClient(base_url=process.url, timeout=60) as http:
            await http.get("/healthz")
            assert await api.rows("SELECT 1 FROM pushes") == await api.rows("SELECT 1 FROM listings") == []
            sent = api.headers(**{"Content-Type": NDJSON, "Idempotency-Key": "broken"})
            done = await http.post("/v1/pushes", content=BODIES[NDJSON], headers=sent)
        assert (done.status_code, done.json()["counts"]["list"]) == (201, len(OPERATIONS))
        assert files_without_a_name(process) == 0
        events = [json.loads(line) for line in process.output().splitlines()]
    assert not [one for one in events if one["level"] == "error"], "that somebody hangs up is no failure of ours"


async def test_a_slow_upload_keeps_nobody_waiting_and_lies_on_the_disk_only_until_its_answer(api: Api) -> None:
    body = BODIES[JSON]
    with serving(api.settings) as process:
        slow = await Upload.begun(process, heads(api, JSON, len(body), "slow"))
        await slow.send(body[: len(body) // 2])
        async with httpx.AsyncClient(base_url=process.url, timeout=10) as http:
            sent = api.headers(**{"Idempotency-Key": "quick"})
            quick = await http.post("/v1/pushes", json={"operations": [list_operation(900)]}, headers=sent)
            assert (quick.status_code, quick.json()["list_version"]) == (201, 1)
            asked = await http.post("/v1/lookups", json={"code": synthetic_uscc(900)}, headers=api.headers())
            assert asked.json()["verdict"] == "listed"
        assert files_without_a_name(process) == 1
        await slow.send(body[len(body) // 2 :])
        assert await slow.status() == 201
        await slow.close()
        assert files_without_a_name(process) == 0
    assert await api.rows("SELECT list_version FROM list_state") == [{"list_version": 2}]


async def test_who_may_not_push_is_told_so_before_sending_the_body(api: Api) -> None:
    key = {"Authorization": "Bearer lc_nonsense"}
    with serving(api.settings) as process:
        for changed, status in (
            (key, 401),
            ({"Content-Type": "text/plain"}, 415),
            ({"Idempotency-Key": " "}, 400),
            ({"Content-Length": str(10 * 2**30)}, 413),
        ):
            upload = await Upload.begun(process, heads(api, JSON, 10**9) | changed)
            assert await upload.status() == status
            await upload.close()
        assert files_without_a_name(process) == 0

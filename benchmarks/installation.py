"""A whole installation to measure: an own PostgreSQL and a real service process, both gone when the block ends."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from app.services import access
from app.services.access import Scope
from app.services.catalogue import load
from app.services.identity_keys import new_keys
from app.settings import PROJECT_ROOT
from app.store import embedded, schema
from app.store.database import Database

_START_SECONDS = 60.0
_SERVER = {"shared_buffers": "512MB", "max_wal_size": "4GB", "checkpoint_timeout": "15min"}


@dataclass(frozen=True, slots=True)
class Installation:
    """Where it answers, a key for everything, its database, and the service's process."""

    url: str
    key: str
    database_url: str
    pid: int
    folder: Path

    def memory(self) -> tuple[int, int]:
        """Return the service's memory now and at its highest, in bytes."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        kept = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith(("VmRSS", "VmHWM"))}
        return int(kept["VmRSS"]) * 1024, int(kept["VmHWM"]) * 1024


@contextmanager
def installation() -> Iterator[Installation]:
    """Start everything on loopback, in a folder of its own."""
    with TemporaryDirectory(prefix="liancheng-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server = embedded.start(folder / "postgres", _SERVER)
        try:
            url = server.url()
            key = asyncio.run(_prepare(url))
            with _serving(url, folder) as (address, pid):
                yield Installation(address, key, url, pid, folder)
        finally:
            server.stop()


async def _prepare(url: str) -> str:
    owner = Database(url, pool_size=1, timeout=60, role=None)
    await schema.migrate(owner)
    async with owner.writing() as session:
        catalogue = load(PROJECT_ROOT / "data" / "measures.yaml")
        client = await access.add_client(session, catalogue, name="benchmark", department="市应急管理局")
        issued = await access.issue_key(session, client, list(Scope), datetime.now(UTC), None)
    await owner.close()
    return issued.text


@contextmanager
def _serving(database_url: str, folder: Path) -> Iterator[tuple[str, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"LIANCHENG_DATABASE_URL": database_url, "LIANCHENG_DATA_DIR": str(folder), **new_keys("bench")}
    command = [str(Path(sys.executable).with_name("liancheng")), "serve", "--port", str(port)]
    with (folder / "serve.log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command,
            env={"PATH": os.environ["PATH"], "LIANCHENG_LOG_LEVEL": "warning", **settings},
            stdout=log,
            stderr=log,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_ready(address, process, folder / "serve.log")
        yield address, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(f"{address}/readyz", timeout=2).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit(f"the service did not start:\n{log.read_text()}")

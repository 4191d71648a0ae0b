"""Processes to measure: started on loopback, waited for, asked for their memory, and gone when the block ends."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_MIB = 1024


@dataclass(frozen=True, slots=True)
class Process:
    """A process that answers HTTP."""

    url: str
    pid: int

    def memory(self) -> dict[str, int]:
        """Return its memory in MiB: RSS, and PSS, in which pages shared with others count in part."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()[1:]
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
        return {"rss": round(sizes["Rss"] / _MIB), "pss": round(sizes["Pss"] / _MIB)}

    def highest(self) -> int:
        """Return the most memory that it ever had (RSS), in MiB."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return round(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / _MIB)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str], port: int, log: Path, *, ready: str = "/", env: dict[str, str] | None = None
) -> Iterator[Process]:
    """Start the command, wait until it answers ``ready`` with anything below 500, and stop it at the end."""
    url = f"http://127.0.0.1:{port}"
    with log.open("w") as out:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command, env={"PATH": os.environ["PATH"], "HOME": str(log.parent), **(env or {})}, stdout=out, stderr=out
        )
    try:
        _wait(process, url + ready, log)
        yield Process(url, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(url, timeout=5).status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise SystemExit(f"it did not start:\n{log.read_text()[-3000:]}")

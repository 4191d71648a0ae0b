"""Real service processes on loopback, for what only a process can show: that it dies, stops, or is one of several."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from app.settings import Settings
from tests.forking import Forked

_START_SECONDS = 30.0
COMMAND = Path(sys.executable).with_name("liancheng")


@dataclass
class Process:
    """One running `liancheng serve`."""

    process: "subprocess.Popen[str] | Forked"
    url: str
    log: Path
    lines: list[str] = field(default_factory=list)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask it to finish; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def output(self) -> str:
        """Return everything it has written."""
        return self.log.read_text()


def environment(settings: Settings, **extra: str) -> dict[str, str]:
    """Return the environment that gives a process these settings."""
    assert settings.database_url is not None
    assert settings.identity_index_keys is not None
    assert settings.identity_cipher_keys is not None
    return {
        "PATH": os.environ["PATH"],
        "LIANCHENG_DATABASE_URL": settings.database_url.get_secret_value(),
        "LIANCHENG_IDENTITY_INDEX_KEYS": settings.identity_index_keys.get_secret_value(),
        "LIANCHENG_IDENTITY_CIPHER_KEYS": settings.identity_cipher_keys.get_secret_value(),
        "LIANCHENG_DATA_DIR": str(settings.data_dir),
        **extra,
    }


@contextmanager
def serving(settings: Settings, *arguments: str, **extra: str) -> Iterator[Process]:
    """Start a service process and wait until it answers; it is gone when the block ends."""
    port = _free_port()
    log = settings.data_dir / f"serve-{port}.log"
    command = ("serve", "--port", str(port), *arguments)
    process = Forked(command, environment(settings, **extra), stdout=log, stderr=log)
    running = Process(process, f"http://127.0.0.1:{port}", log)
    try:
        _wait_until_ready(running)
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                running.kill()


def _wait_until_ready(running: Process) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if running.process.poll() is not None:
            break
        try:
            if httpx.get(f"{running.url}/readyz", timeout=2).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"the service did not start:\n{running.output()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

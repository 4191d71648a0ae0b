"""What is measured of the service alone: batches, and how soon a new process answers."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from app.domain.synthetic import synthetic_uscc
from app.services.identity_keys import new_keys
from app.workload.mix import Mix, requests, synthetic_codes
from app.workload.target import target_at
from benchmarks.installation import COMMAND, Installation
from benchmarks.processes import free_port
from benchmarks.samples import Sample, saturated

_BATCH_CONNECTIONS = 4
# A batch takes about a second itself.
_LONGER = 3
_START_SECONDS = 60.0


def batches(
    served: Installation, known: int, rounds: int, seconds: float, size: int
) -> tuple[list[Sample], list[Sample]]:
    """Measure single lookups and batches in turn, half of the codes listed."""
    target = target_at(served.url, served.key)
    codes = synthetic_codes(known)
    single = requests(target, codes, Mix())
    many = requests(target, codes, Mix(batches=1, batch_size=size))[:200]
    alone, together = [], []
    for _ in range(rounds):
        alone.append(saturated(target, single, 32, seconds))
        together.append(saturated(target, many, _BATCH_CONNECTIONS, seconds * _LONGER))
    return alone, together


def starts(folder: Path, times: int) -> Sequence[float]:
    """Return the seconds from `liancheng serve` to its first answered lookup, on a data folder that was used before."""
    settings = {"PATH": os.environ["PATH"], "LIANCHENG_DATA_DIR": str(folder), "LIANCHENG_LOG_LEVEL": "warning"}
    settings |= new_keys("bench")
    _first_answer(settings, None)
    add = [COMMAND, "clients", "add", "benchmark", "--department", "清远海关"]
    told = subprocess.run(add, env=settings, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    key = told.stdout.strip().splitlines()[-1]
    return [_first_answer(settings, key) for _ in range(times)]


def _first_answer(settings: dict[str, str], key: str | None) -> float:
    port = free_port()
    began = time.perf_counter()
    process = subprocess.Popen([COMMAND, "serve", "--port", str(port)], env=settings)  # noqa: S603 - our own command
    try:
        while time.perf_counter() - began < _START_SECONDS and process.poll() is None:
            try:
                asked = httpx.post(
                    f"http://127.0.0.1:{port}/v1/lookups",
                    headers={"Authorization": f"Bearer {key}"},
                    json={"code": synthetic_uscc(1)},
                )
            except httpx.TransportError:
                time.sleep(0.01)
                continue
            if asked.is_success or (key is None and asked.status_code == httpx.codes.UNAUTHORIZED):
                return time.perf_counter() - began
        raise SystemExit("the service did not start")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)

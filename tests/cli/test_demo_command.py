"""`liancheng demo`: the first thing anybody tries, as a real process with its own PostgreSQL."""

import json
import os
import shlex
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.serving import COMMAND
from tests.support import CATALOGUE, CUSTOMS

pytestmark = pytest.mark.processes

_LAST_LINE = "各部门的密钥"


class Demo:
    """A demo that has printed its lines."""

    def __init__(self, process: subprocess.Popen[bytes], printed: str, seconds: float) -> None:
        """Keep what it printed and how long that took."""
        self.process = process
        self.printed = printed
        self.seconds = seconds

    def asked(self) -> list[httpx.Response]:
        """Do what each printed curl line says."""
        return [_as_curl(line) for line in self.printed.splitlines() if line.startswith("curl ")]

    def stop(self) -> int:
        """Press Ctrl-C; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=15)


def _as_curl(line: str) -> httpx.Response:
    command, silent, url, *options = shlex.split(line)
    assert (command, silent) == ("curl", "-s")
    flags = list(zip(options[::2], options[1::2], strict=True))
    headers = dict(value.split(": ", 1) for flag, value in flags if flag == "-H")
    (body,) = [value for flag, value in flags if flag == "-d"]
    return httpx.post(url, headers=headers, content=body.encode(), timeout=10)


def environment(folder: Path, **extra: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LIANCHENG_DATA_DIR": str(folder), **extra}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def demo(folder: Path, port: int) -> Iterator[Demo]:
    """Start a demo and wait for its lines; whatever happens, it is gone when the block ends."""
    begun = time.monotonic()
    log = folder / f"demo-{port}-{time.monotonic_ns()}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [COMMAND, "demo", "--port", str(port)],
            env=environment(folder),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        while _LAST_LINE not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() - begun < 60, log.read_text()
            time.sleep(0.05)
        yield Demo(process, log.read_text(), time.monotonic() - begun)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a data folder of the demo."""
    made = tmp_path / "demo"
    made.mkdir()
    return made


def postmaster(folder: Path) -> int:
    """Return the process id of the demo's PostgreSQL."""
    return int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def is_alive(pid: int) -> bool:
    stat_file = Path(f"/proc/{pid}/stat")
    return stat_file.exists() and stat_file.read_text().rpartition(")")[2].split()[0] != "Z"


def refused(folder: Path, port: int, **extra: str) -> str:
    finished = subprocess.run(
        [COMMAND, "demo", "--port", str(port)],
        env=environment(folder, **extra),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 1
    assert finished.stderr.startswith("错误：")
    assert finished.stdout == ""
    return finished.stderr


def test_the_printed_lines_show_each_kind_of_answer_and_a_second_start_keeps_everything(folder: Path) -> None:
    with demo(folder, free_port()) as first:
        answers = first.asked()
        assert [answer.status_code for answer in answers] == [200, 200, 200, 422]
        told: list[dict[str, Any]] = [answer.json() for answer in answers]
        assert [one.get("verdict") for one in told] == ["listed", "listed", "not_listed", None]
        assert [measure["yours"] for measure in told[0]["measures"]].count("named") == 3
        assert told[1]["subject_kind"] == "person"
        keys = json.loads((folder / "demo-keys.json").read_text())
        assert set(keys) == {department.name for department in CATALOGUE.departments}
        pid = postmaster(folder)
        assert is_alive(pid)
        assert first.stop() == 0
    assert not is_alive(pid)

    with demo(folder, free_port()) as second:
        assert second.seconds < 10
        again = [answer.json() for answer in second.asked()]
        assert [one.get("verdict") for one in again] == ["listed", "listed", "not_listed", None]
        assert again[0]["list_version"] == told[0]["list_version"] == 1
        assert again[0]["listings"] == told[0]["listings"]
        assert json.loads((folder / "demo-keys.json").read_text()) == keys
        second.process.send_signal(signal.SIGTERM)
        assert second.process.wait(timeout=15) == 0
        assert not (folder / "postgres" / "postmaster.pid").exists()


def test_what_holds_keys_can_be_read_by_its_owner_only_and_the_variables_can_be_sourced(folder: Path) -> None:
    with demo(folder, free_port()) as running:
        for name in ("identity-keys.env", "demo-keys.json", "demo.env"):
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name
        script = f'. {shlex.quote(str(folder / "demo.env"))} && echo "$URL" "$BUREAU_KEY" "$CUSTOMS_KEY"'
        shell = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
        url, bureau, customs = shell.stdout.split()
        keys = json.loads((folder / "demo-keys.json").read_text())
        assert (bureau, customs) == (keys["市应急管理局"], keys[CUSTOMS])
        assert httpx.get(f"{url}/readyz").is_success
        for key in keys.values():
            asked = httpx.post(f"{url}/v1/lookups", json={"code": "x"}, headers={"Authorization": f"Bearer {key}"})
            assert asked.status_code == 422
        assert "Traceback" not in running.printed


def test_a_port_that_is_taken_is_said_to_be_before_anything_is_started(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"端口 {port} 已被占用" in refused(folder, port)
    assert not (folder / "postgres").exists()


def test_a_configured_database_is_not_played_with(folder: Path) -> None:
    url = "postgresql://somebody@db.invalid/production"
    assert "LIANCHENG_DATABASE_URL" in refused(folder, free_port(), LIANCHENG_DATABASE_URL=url)
    assert "LIANCHENG_MIGRATION_DATABASE_URL" in refused(folder, free_port(), LIANCHENG_MIGRATION_DATABASE_URL=url)
    assert not (folder / "postgres").exists()


def test_a_department_whose_key_was_lost_gets_another(folder: Path) -> None:
    with demo(folder, free_port()) as first:
        assert first.stop() == 0
    file = folder / "demo-keys.json"
    before = json.loads(file.read_text())
    file.write_text(json.dumps({name: key for name, key in before.items() if name != CUSTOMS}))
    with demo(folder, free_port()) as second:
        after = json.loads(file.read_text())
        assert [answer.status_code for answer in second.asked()] == [200, 200, 200, 422]
    assert after[CUSTOMS] != before[CUSTOMS]
    assert after | {CUSTOMS: ""} == before | {CUSTOMS: ""}

"""A push at a terminal, and on a line that breaks: asked once, made once, and the clerk can always find out."""

import json
import shlex
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from app.domain.synthetic import synthetic_uscc
from tests.cli.clerk import NUMBER, at_service, csv, row
from tests.cli.commands import liancheng
from tests.cli.terminal import terminal
from tests.end_to_end.serving import Process
from tests.support import Api, list_operation

pytestmark = pytest.mark.processes


async def test_at_a_terminal_it_is_shown_asked_and_pushed(api: Api, service: Process, tmp_path: Path) -> None:
    file = csv(tmp_path, row(1))
    with terminal(api.settings, "push", str(file), **at_service(api, service.url)) as desk:
        desk.until("确认提交？")
        assert "新列入 1" in desk.screen
        assert synthetic_uscc(1) in desk.screen
        assert await api.rows("SELECT 1 FROM pushes") == []
        desk.type("是\n")
        assert desk.end() == 0, desk.screen
        assert "第 1 版" in desk.screen
        assert NUMBER not in desk.screen
    assert len(await api.rows("SELECT 1 FROM pushes")) == 1


@pytest.mark.parametrize("keys", ["\n", "n\n", "\x03", "\x04"], ids=["enter", "n", "ctrl-c", "ctrl-d"])
async def test_whoever_does_not_say_yes_has_pushed_nothing(
    api: Api, service: Process, tmp_path: Path, keys: str
) -> None:
    file = csv(tmp_path, row(1))
    with terminal(api.settings, "push", str(file), **at_service(api, service.url)) as desk:
        desk.until("确认提交？")
        desk.type(keys)
        assert desk.end() == 4, desk.screen
        assert "未提交，名单没有变化" in desk.screen
    assert await api.rows("SELECT 1 FROM pushes") == []


class Line:
    """A line to the service that loses answers: the service takes a push in, and who sent it does not hear of it."""

    def __init__(self, port: int, *, lose: int, silent: bool) -> None:
        """Lose the first answers to pushes that are carried out, by breaking off or (``silent``) by never ending."""
        self.lost = 0
        self._lose, self._silent = lose, silent
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.at_loss = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._port)) as server, suppress(OSError):
            threading.Thread(target=_pass_on, args=(client, server), daemon=True).start()
            while piece := server.recv(65536):
                if b" 201 " in piece[:20] and self.lost < self._lose:
                    self.lost += 1
                    self.at_loss.set()
                    if not self._silent:
                        # Closing alone would leave it open as long as the other thread reads from it.
                        client.shutdown(socket.SHUT_RDWR)
                        return
                else:
                    client.sendall(piece)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)


@contextmanager
def bad_line(service: Process, *, lose: int, silent: bool = False) -> Iterator[Line]:
    """Put a bad line before the service."""
    line = Line(int(service.url.rpartition(":")[2]), lose=lose, silent=silent)
    try:
        yield line
    finally:
        line.close()


async def test_a_connection_that_is_cut_is_made_again_and_the_push_is_made_once(
    api: Api, service: Process, tmp_path: Path
) -> None:
    file = csv(tmp_path, row(1))
    with bad_line(service, lose=1) as line:
        done = liancheng(api.settings, "push", str(file), "--yes", "--json", **at_service(api, line.url))
    assert line.lost == 1
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["outcome"], told["replayed"]) == ("done", True)
    assert "没有重复" in done.stderr
    assert len(await api.rows("SELECT 1 FROM pushes")) == 1


async def test_where_no_answer_comes_the_command_that_is_printed_finds_out(
    api: Api, service: Process, tmp_path: Path
) -> None:
    await api.pushed(list_operation(9))
    file = csv(tmp_path, row(1))
    command = ("push", str(file), "--yes", "--json", "--document", "虚构函〔2026〕1号")
    with bad_line(service, lose=1000) as line:
        done = liancheng(api.settings, *command, **at_service(api, line.url))
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["outcome"] == "unknown"
    assert "是否入库未知" in done.stderr
    printed = next(text.strip() for text in done.stderr.splitlines() if text.startswith("  liancheng push"))
    assert shlex.split(printed) == told["repeat"]
    assert len(await api.rows("SELECT 1 FROM pushes")) == 2
    again = liancheng(api.settings, *told["repeat"][1:], "--json", **at_service(api, service.url))
    assert again.returncode == 0, again.stderr
    told = json.loads(again.stdout)
    assert (told["outcome"], told["replayed"], told["list_version"]) == ("done", True, 2)
    assert told["source_document"] == "虚构函〔2026〕1号"
    assert len(await api.rows("SELECT 1 FROM pushes")) == 2
    assert NUMBER not in done.stdout + done.stderr + again.stdout + again.stderr


async def test_ctrl_c_while_it_is_pushed_tells_how_to_find_out(api: Api, service: Process, tmp_path: Path) -> None:
    file = csv(tmp_path, row(1))
    with (
        bad_line(service, lose=1, silent=True) as line,
        terminal(api.settings, "push", str(file), "--yes", **at_service(api, line.url)) as desk,
    ):
        desk.until("服务器入库中")
        assert line.at_loss.wait(timeout=30)
        desk.type("\x03")
        assert desk.end() == 1, desk.screen
        assert "是否入库未知" in desk.screen
        assert "--idempotency-key" in desk.screen
        assert "Traceback" not in desk.screen
    assert len(await api.rows("SELECT 1 FROM pushes")) == 1

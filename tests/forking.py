"""Processes of `liancheng` that start at once: each is forked from one that has imported the whole command already.

To import it costs a start half a second to two, which is most of what the tests of the command would take. A forked
process is one in every other way: its own environment, files, session, signals and end. What only a start from nothing
shows (that each command finds what it imports, that the script is installed) is for ``COMMAND`` in
tests/end_to_end/serving.py; so is whatever the interpreter itself reads, such as the locale.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.forking_from"])
_OURS = "LIANCHENG_"


class Forked:
    """One process of the command, with what tests need of :class:`subprocess.Popen`."""

    def __init__(
        self, arguments: Sequence[str], variables: Mapping[str, str], *, stdin: str = "", stdout: Path, stderr: Path
    ) -> None:
        """Start it; both of its outputs may go to one file."""
        strange = [name for name in variables if not name.startswith(_OURS) and variables[name] != os.environ.get(name)]
        assert not strange, f"the interpreter may read {strange} when it starts, which this one has done already"
        self.args = ["liancheng", *arguments]
        self._process: ForkServerProcess = _CONTEXT.Process(
            target=_become, args=(self.args, dict(variables), stdin, stdout, stderr)
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, the signal that ended it as a negative number, or nothing while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the exit code if it has ended."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; return its exit code."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()


def run(
    arguments: Sequence[str], variables: Mapping[str, str], *, stdin: str = "", timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, with no terminal; return what it printed and its exit code."""
    with tempfile.TemporaryDirectory(prefix="liancheng-forked-") as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        started = Forked(arguments, variables, stdin=stdin, stdout=out, stderr=err)
        try:
            code = started.wait(timeout)
        except subprocess.TimeoutExpired:
            started.kill()
            raise
        return subprocess.CompletedProcess(started.args, code, out.read_text("utf-8"), err.read_text("utf-8"))


def _become(arguments: list[str], variables: dict[str, str], stdin: str, stdout: Path, stderr: Path) -> None:
    """Be the command, in the new process."""
    # Where it is typed, and so where signals for those who run the tests do not reach it.
    os.setsid()
    _connect(stdin.encode(), stdout, stderr)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = arguments
    # Imported here: in the tests' own process nothing of this is needed.
    from app.cli import main  # noqa: PLC0415

    main()


def _connect(stdin: bytes, stdout: Path, stderr: Path) -> None:
    """Give the process its three streams, as the interpreter makes them where no locale is set."""
    reading, writing = os.pipe()
    os.write(writing, stdin)
    os.dup2(reading, 0)
    os.close(reading)
    os.close(writing)
    for number, file in ((1, stdout), (2, stderr)):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)

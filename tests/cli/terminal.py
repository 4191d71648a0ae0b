"""A terminal of 80 columns with a command in it, as a clerk has it: what is shown, what is typed."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from app.settings import Settings
from tests.end_to_end.serving import COMMAND, environment

_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")
_SECONDS = 60.0
# So that Ctrl-C reaches the command: the first of a session that has a terminal takes it for its own.
_IN_TERMINAL = (
    "import fcntl, os, signal, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    # Who runs the tests in the background has Ctrl-C ignored, and what is ignored is inherited.
    "signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
)


@dataclass
class Terminal:
    """One command in a terminal of its own."""

    process: subprocess.Popen[bytes]
    keyboard: int
    written: bytes = b""

    @property
    def screen(self) -> str:
        """Everything shown so far, without what moves the cursor and colours the text."""
        return _CONTROLS.sub("", self.written.decode("utf-8", "replace"))

    def until(self, expected: str) -> None:
        """Wait until a text is shown."""
        end = time.monotonic() + _SECONDS
        while expected not in self.screen:
            assert time.monotonic() < end, self.screen
            assert self._read(), self.screen

    def type(self, keys: str) -> None:
        """Press keys; the third control character is Ctrl-C."""
        os.write(self.keyboard, keys.encode())

    def end(self) -> int:
        """Wait until the command has ended; return its exit code."""
        end = time.monotonic() + _SECONDS
        while self._read():
            assert time.monotonic() < end, self.screen
        return self.process.wait(timeout=_SECONDS)

    def _read(self) -> bool:
        """Take what is shown now, waiting a moment for it; return whether there may be more."""
        if not select.select([self.keyboard], [], [], 0.2)[0]:
            return True
        # The other side is closed with the command; Linux tells so by an error.
        with suppress(OSError):
            piece = os.read(self.keyboard, 65536)
            self.written += piece
            return bool(piece)
        return False


@contextmanager
def terminal(settings: Settings, *arguments: str, **extra: str) -> Iterator[Terminal]:
    """Start a command in a terminal; it is gone when the block ends."""
    keyboard, screen = pty.openpty()
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", _IN_TERMINAL, COMMAND, *arguments],
        env=environment(settings, TERM="xterm", **extra),
        stdin=screen,
        stdout=screen,
        stderr=screen,
        start_new_session=True,
    )
    os.close(screen)
    try:
        yield Terminal(process, keyboard)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(keyboard)

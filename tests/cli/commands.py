"""Running `liancheng` as an operator does: a process of its own, settings from the environment."""

import subprocess

from app.settings import Settings
from tests import forking
from tests.end_to_end.serving import COMMAND, environment

_SECONDS = 60.0


def liancheng(settings: Settings, *arguments: str, stdin: str = "", **extra: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, with no terminal; return what it printed and its exit code."""
    return forking.run(arguments, environment(settings, **extra), stdin=stdin, timeout=_SECONDS)


def from_nothing(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Do the same with the installed script in a fresh interpreter."""
    return subprocess.run(
        [COMMAND, *arguments],
        env=environment(settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_SECONDS,
        check=False,
        start_new_session=True,
    )


def printed(settings: Settings, *arguments: str, stdin: str = "", **extra: str) -> str:
    """Run one command that has to succeed; return what it printed."""
    finished = liancheng(settings, *arguments, stdin=stdin, **extra)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def refused(settings: Settings, *arguments: str, stdin: str = "", **extra: str) -> str:
    """Run one command that has to end with an error of ours; return what it says."""
    finished = liancheng(settings, *arguments, stdin=stdin, **extra)
    assert finished.returncode == 1
    assert finished.stderr.startswith("错误：")
    assert "Traceback" not in finished.stderr
    return finished.stderr

"""Sending a file with a bar that moves."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Unpack

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from app.cli.push_terms import PushTerms
from liancheng.client import Client
from liancheng.client.upload import PIECE

_BAR_WIDTH = 20
"""So that the line fits a terminal of 80 columns."""


class Sent:
    """How far a file has been sent, in whichever attempt came furthest."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.attempts = 0
        self.bytes = 0
        self.total = 0

    def note(self, so_far: int, total: int) -> None:
        """Take note; an attempt begins with 0."""
        self.attempts += so_far == 0
        self.bytes = max(self.bytes, so_far)
        self.total = total

    @property
    def is_whole(self) -> bool:
        """Whether all of it may have arrived: what is counted lags by one piece behind what is on its way."""
        return self.attempts > 0 and self.bytes + PIECE >= self.total


class _Bar:
    """One line: a bar that fills while bytes leave, and then one that moves as long as the service works."""

    def __init__(self, progress: Progress, working: str, sent: Sent) -> None:
        self._progress = progress
        self._sent = sent
        self._name = working
        self._upload = progress.add_task("连接服务器", total=1, size="")
        self._working = progress.add_task(working, total=None, visible=False, start=False, size="")

    def moved(self, so_far: int, total: int) -> None:
        """Show how far it is; called with the bytes sent and all bytes."""
        self._sent.note(so_far, total)
        again = f"（第 {self._sent.attempts} 次）" if self._sent.attempts > 1 else ""
        arrived = so_far >= total
        self._progress.update(
            self._upload,
            description=f"上传{again}",
            completed=so_far,
            total=max(total, 1),
            visible=not arrived,
            size=f"{decimal(so_far)} / {decimal(total)}",
        )
        # Of a bar that is full, Rich stops the clock; so it is another one.
        self._progress.update(self._working, visible=arrived, description=f"{self._name}{again}")
        if arrived:
            self._progress.start_task(self._working)


@contextmanager
def _bar(working: str, sent: Sent) -> Iterator[Callable[[int, int], None]]:
    """Yield what to call with the bytes sent and all bytes; on standard error, and only for a person."""
    console = Console(file=sys.stderr)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(_BAR_WIDTH),
        TextColumn("{task.fields[size]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield _Bar(progress, working, sent).moved


def send(
    client: Client,
    file: Path,
    media_type: str,
    *,
    key: str | None,
    dry_run: bool = False,
    sent: Sent | None = None,
    **terms: Unpack[PushTerms],
) -> dict[str, Any]:
    """Push a file, or try it; return the answer. Repeats with the same key where the connection breaks."""
    working = "服务器核对中" if dry_run else "服务器入库中"
    with _bar(working, sent or Sent()) as moved:
        return dict(
            client.push(file, media_type=media_type, idempotency_key=key, on_progress=moved, dry_run=dry_run, **terms)
        )

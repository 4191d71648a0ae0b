"""Sending a file with a bar that moves, and saying what became of it when the connection does not hold."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Unpack

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from app.cli.push_terms import PushTerms
from liancheng.client import Client

_PROCESSING = "服务器处理中（大文件需数分钟）"


@contextmanager
def _bar(what: str, size: int) -> Iterator[Any]:
    """Yield what to call with the bytes sent and all bytes; on standard error, and only for a person."""
    console = Console(file=sys.stderr)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=size)

        def moved(sent: int, total: int) -> None:
            done = sent >= total
            progress.update(task, completed=sent, total=total, description=_PROCESSING if done else what)

        yield moved


def send(
    client: Client,
    file: Path,
    media_type: str,
    what: str,
    key: str | None,
    *,
    dry_run: bool = False,
    **terms: Unpack[PushTerms],
) -> dict[str, Any]:
    """Push a file, or try it; return the answer. Repeats with the same key where the connection breaks."""
    with _bar(what, file.stat().st_size) as moved:
        return dict(
            client.push(file, media_type=media_type, idempotency_key=key, on_progress=moved, dry_run=dry_run, **terms)
        )

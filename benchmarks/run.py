"""One run of everything, and how much of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.compare import Rounds, Tell, compare
from benchmarks.contenders import started
from benchmarks.growth import grow
from benchmarks.installation import Installation, place
from benchmarks.others import batches, starts
from benchmarks.samples import Sample
from benchmarks.snapshot_push import push, write_file
from liancheng.client import Client


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured; ``quick`` says that no figure of it means anything."""

    rounds: int = 5
    seconds: float = 1.2
    listed: int = 10_000
    sizes: Sequence[int] = (10_000, 10_000_000)
    push_rows: int = 50_000
    batch_size: int = 1000
    others: bool = True
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """All that was measured, and the sizes of answers in bytes."""

    rounds: Rounds
    sizes_of_answers: dict[str, dict[str, int]]
    missing: dict[str, str]
    single: list[Sample]
    batch: list[Sample]
    sizes: Sequence[int]
    growth: Rounds
    push: dict[str, Any]
    starts: Sequence[float]


def run(extent: Extent, tell: Tell) -> Found:
    """Measure one part after the other, each in an installation of its own."""
    tell("starting what is compared")
    with place() as here, here.serving(*here.prepared()) as served:
        push_list(served, extent.listed)
        with started(served, extent.listed, others=extent.others) as field:
            rounds = compare(field.contenders, extent.rounds, extent.seconds, tell)
            sizes = {one.name: one.sizes for one in field.contenders}
        tell("batches")
        single, many = batches(served, extent.listed, extent.rounds, extent.seconds, extent.batch_size)
    with place() as here:
        growth = grow(here, extent.sizes, extent.rounds, extent.seconds, tell)
    tell("start")
    with TemporaryDirectory(prefix="liancheng-bench-", ignore_cleanup_errors=True) as name:
        seconds = starts(Path(name), extent.rounds)
    tell(f"a push of {extent.push_rows} rows")
    pushed = push(extent.push_rows)
    return Found(rounds, sizes, field.missing, single, many, extent.sizes, growth, pushed, seconds)


def push_list(served: Installation, count: int) -> None:
    """Put so many synthetic units on the list, by a push."""
    file = served.folder / "first.csv"
    write_file(file, count)
    with Client(served.url, served.key) as client:
        client.push(file, mode="snapshot")

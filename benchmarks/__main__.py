"""Measure everything and write docs/performance.md: `make bench`, or `python -m benchmarks --quick` for a trial."""

import argparse
import sys
import time
from dataclasses import replace

from app.settings import PROJECT_ROOT
from benchmarks.machine import busy
from benchmarks.plot import plot
from benchmarks.report import report
from benchmarks.run import Extent, run

_QUICK = Extent(rounds=2, seconds=0.5, listed=500, sizes=(500, 5_000), push_rows=500, batch_size=100, quick=True)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="two minutes, to see that it works; written to .bench/ only"
    )
    parser.add_argument("--rounds", type=int, help="how often everything is measured")
    parser.add_argument("--sizes", type=int, nargs="+", help="subjects on the list, for growth")
    parser.add_argument("--push-rows", type=int, help="rows of the snapshot that is pushed")
    parser.add_argument("--without-others", action="store_true", help="limits and the service only")
    chosen = parser.parse_args()
    extent = _QUICK if chosen.quick else Extent()
    given = {name: value for name in ("rounds", "sizes", "push_rows") if (value := getattr(chosen, name)) is not None}
    extent = replace(extent, others=not chosen.without_others, **given)
    before = busy(seconds=1 if extent.quick else 5)
    began = time.monotonic()

    def tell(what: str) -> None:
        sys.stderr.write(f"{time.monotonic() - began:5.0f} s  {what}\n")

    found = run(extent, tell)
    folder = PROJECT_ROOT / (".bench" if extent.quick else "docs")
    folder.mkdir(exist_ok=True)
    plot(found.rounds, folder / "performance.svg")
    text = report(found, extent, (time.monotonic() - began) / 60, before)
    (folder / "performance.md").write_text(text, encoding="utf-8")
    tell(f"written: {folder / 'performance.md'}")


if __name__ == "__main__":
    main()

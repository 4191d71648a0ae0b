"""The rates as bars, for the eye; the tables hold what counts."""

import math
from pathlib import Path

import pygal
from pygal.style import CleanStyle

from benchmarks.compare import Rounds
from benchmarks.contenders import CASES, FASTAPI
from benchmarks.samples import ratios


def plot(rounds: Rounds, file: Path) -> None:
    """Write an SVG: the rate of each, as a multiple of the bare FastAPI route's, on a logarithmic scale."""
    names = sorted(
        {name for name, _, _ in rounds.samples},
        key=lambda name: ratios(rounds.of(name, CASES[0], 32), rounds.of(FASTAPI, CASES[0], 32)).median,
    )
    rates = {
        case: [ratios(rounds.of(name, case, 32), rounds.of(FASTAPI, case, 32)).median for name in names]
        for case in CASES
    }
    least, most = (pick(value for values in rates.values() for value in values) for pick in (min, max))
    lowest, highest = math.floor(math.log10(least / 1.5)), math.ceil(math.log10(most))
    chart = pygal.HorizontalBar(
        title="Lookups a second at 32 connections, bare FastAPI route = 1 (logarithmic)",
        style=CleanStyle(font_family="sans-serif"),
        js=[],
        logarithmic=True,
        # Powers of ten, from below the smallest bar: on its own scale that one would have no length.
        zero=10.0**lowest,
        range=(10.0**lowest, 10.0**highest),
        y_labels=[10.0**power for power in range(lowest, highest + 1)],
        print_values=True,
        formatter=lambda value: f"{value:.3g}" if value else "",
        width=900,
        height=480,
        legend_at_bottom=True,
        no_prefix=True,
    )
    chart.x_labels = names
    for case, values in rates.items():
        chart.add(case.replace("_", " "), [float(f"{value:.3g}") for value in values])
    file.write_bytes(chart.render())

"""docs/performance.md, written from one run."""

from collections.abc import Iterable, Sequence
from datetime import date

from benchmarks.compare import CONNECTIONS
from benchmarks.contenders import CASES, FASTAPI, LISTED, SERVICE
from benchmarks.machine import machine, versions
from benchmarks.report_texts import DIFFERENCES, HEAD, NOT_QUIET, QUICK
from benchmarks.run import Extent, Found
from benchmarks.samples import Sample, Spread, ratios
from benchmarks.targets import targets

_REACHED = {True: "yes", False: "**no**", None: "not measured"}

# The share of its cores that a machine takes for its own housekeeping.
_QUIET = 0.05


def report(found: Found, extent: Extent, minutes: float, busy: float) -> str:
    """Return the whole document; ``busy`` is the share of the machine that somebody else took before it."""
    parts = [
        HEAD,
        QUICK if extent.quick else "",
        NOT_QUIET if busy > _QUIET else "",
        _taken(extent, minutes, busy),
        "## What was promised, and what was reached\n\n" + _targets(found),
        "## Side by side\n\n![Lookups a second](performance.svg)\n\n" + "\n\n".join(_side_by_side(found)),
        _missing(found),
        DIFFERENCES,
        "## Growth\n\n" + _growth(found),
        "## Batches\n\n" + _batches(found, extent),
        "## A snapshot push, with lookups going on\n\n" + _push(found),
        "## Start and memory\n\n" + _start_and_memory(found),
    ]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _taken(extent: Extent, minutes: float, busy: float) -> str:
    return (
        f"Taken on {date.today().isoformat()} in {minutes:.0f} minutes on {machine()}; "  # noqa: DTZ011 - a caption
        f"before it, {busy:.0%} of the machine was busy. {extent.rounds} rounds of {extent.seconds:g} seconds each; "
        f"{extent.listed:,} units listed. Versions: {versions()}."
    )


def _targets(found: Found) -> str:
    rows = []
    for one in targets(found):
        sign = "≥" if one.at_least else "≤"
        bound = f"{sign} {one.bound:g} {one.unit}"
        rows.append((one.what, bound, _spread(one.found, one.unit), _REACHED[one.reached]))
    return _table(("", "Promised", "Measured: median (least to most)", "Reached"), rows)


def _side_by_side(found: Found) -> Iterable[str]:
    names = list(dict.fromkeys(name for name, _, _ in found.rounds.samples))
    for case in CASES:
        for connections in CONNECTIONS:
            many = f"{connections} connection{'s' if connections > 1 else ''}"
            yield f"### {case.replace('_', ' ').capitalize()} unit, {many}"
            yield _table(
                ("", "Rate ÷ bare FastAPI", "Lookups a second", "p50 ms", "p99 ms", "Bytes", "Generator's core"),
                [_row(found, name, case, connections) for name in names],
            )


def _row(found: Found, name: str, case: str, connections: int) -> Sequence[str]:
    samples = found.rounds.of(name, case, connections)
    ratio = ratios(samples, found.rounds.of(FASTAPI, case, connections))
    generator = Spread.of([one.generator for one in samples]).median
    size = found.sizes_of_answers[name].get(case)
    return (
        f"**{name}**" if name == SERVICE else name,
        _spread(ratio, ""),
        *_rates(samples),
        f"{size:,}" if size else "—",
        f"{generator:.0%}" if generator else "—",
    )


def _rates(samples: Sequence[Sample]) -> tuple[str, str, str]:
    rate, p50, p99 = (
        Spread.of([getattr(one, name) for one in samples]).median for name in ("per_second", "p50", "p99")
    )
    return f"{rate:,.0f}", f"{p50:.2f}", f"{p99:.2f}"


def _missing(found: Found) -> str:
    if not found.missing:
        return ""
    return "Not measured:\n" + "\n".join(f"- {name}: {why}" for name, why in found.missing.items())


def _growth(found: Found) -> str:
    first = found.growth.of(str(found.sizes[0]), LISTED, 32)
    rows = [
        (
            f"{size:,}",
            _spread(ratios(samples := found.growth.of(str(size), LISTED, 32), first), ""),
            *_rates(samples),
            str(found.growth.memory[str(size)]["rss"]),
        )
        for size in found.sizes
    ]
    head = (
        "Subjects (half units, half persons)",
        "Rate ÷ the first",
        "Lookups a second",
        "p50 ms",
        "p99 ms",
        "RSS MiB",
    )
    return (
        _table(head, rows)
        + "\n\n32 connections, up to 100,000 listed units from all over the list, each asked for before, PostgreSQL "
        "with the cache that the embedded one has by default: a quarter of the machine's memory. The rows are copied "
        "to where a push leaves them. An audit that has grown for a year: [at-scale.md](at-scale.md)."
    )


def _batches(found: Found, extent: Extent) -> str:
    ratio = Spread.of([a.codes_per_second / b.codes_per_second for a, b in zip(found.batch, found.single, strict=True)])
    rows = []
    for what, samples in (
        ("single, 32 connections", found.single),
        (f"{extent.batch_size} codes, 4 connections", found.batch),
    ):
        codes = Spread.of([one.codes_per_second for one in samples]).median
        p50, p99 = (Spread.of([getattr(one, name) for one in samples]).median for name in ("p50", "p99"))
        rows.append((what, f"{codes:,.0f}", f"{p50:.1f}", f"{p99:.1f}"))
    return (
        _table(("Lookups", "Codes a second", "p50 ms", "p99 ms"), rows)
        + f"\n\nHalf of the codes are listed. In batches, {_spread(ratio, '×')} as many codes a second."
    )


def _push(found: Found) -> str:
    push = found.push
    rows = [
        (what, seconds, *(f"{push[lookups][name]:g}" for name in ("p50_ms", "p99_ms", "max_ms")))
        for what, seconds, lookups in (
            ("before the push", "", "lookups_before"),
            (f"{push['rows']:,} rows, all new", f"{push['first_push']['seconds']:g}", "lookups_during_first"),
            ("the same again, all unchanged", f"{push['same_again']['seconds']:g}", "lookups_during_again"),
        )
    ]
    return (
        _table(("", "Seconds", "Lookups: p50 ms", "p99 ms", "slowest ms"), rows)
        + f"\n\nA clerk's CSV ({push['file_mb']:g} MB, one unit and one person a row), a lookup every 20 ms meanwhile; "
        "every one was answered. The same rows copied bare into one table with the lookup's index take "
        f"{push['bare_copy_seconds']:g} s, so the push takes {push['push_to_copy']:g} times as long: it reads and "
        "validates each row, seals each number, keeps listing, person and history, and chains each change. The "
        f"service's memory: {push['memory_idle_mib']} MiB before, at most {push['memory_highest_mib']} MiB (RSS). "
        "`python -m benchmarks.snapshot_push` pushes a million rows: [at-scale.md](at-scale.md)."
    )


def _start_and_memory(found: Found) -> str:
    rows = [(name, str(one["rss"]), str(one["pss"])) for name, one in found.rounds.memory.items()]
    return (
        f"`liancheng serve` with its own PostgreSQL, on a data folder used before: first lookup answered after "
        f"{_spread(Spread.of(found.starts), 's')}.\n\n"
        + _table(("One process, after the comparison", "RSS MiB", "PSS MiB"), rows)
        + "\n\nRSS counts pages shared with other processes in full, PSS in part."
    )


def _spread(spread: Spread | None, unit: str) -> str:
    if spread is None:
        return "—"
    shown = [f"{value:,.0f}" if value >= 100 else f"{value:.3g}" for value in (spread.median, spread.low, spread.high)]  # noqa: PLR2004 - digits
    return f"{shown[0]} {unit}".strip() + f" ({shown[1]}–{shown[2]})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)

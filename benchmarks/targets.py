"""What was promised of speed, and whether a run shows it."""

from dataclasses import dataclass

from benchmarks.compare import Rounds
from benchmarks.contenders import DATASETTE, FASTAPI, FASTIFY, LISTED, ORM, POSTGRAPHILE, POSTGRES, SERVICE
from benchmarks.run import Found
from benchmarks.samples import Spread, ratios


@dataclass(frozen=True, slots=True)
class Target:
    """One promise; ``at_least`` or at most ``bound``. ``found`` is ``None`` where it was not measured."""

    what: str
    bound: float
    found: Spread | None
    at_least: bool = True
    unit: str = "×"

    @property
    def reached(self) -> bool | None:
        """Whether the median keeps it."""
        if self.found is None:
            return None
        return self.found.median >= self.bound if self.at_least else self.found.median <= self.bound


def targets(found: Found) -> list[Target]:
    """Return every promise with what this run says of it."""
    rounds, small, large = found.rounds, str(found.sizes[0]), str(found.sizes[-1])
    memory = [one["rss"] for one in (found.growth.memory[large], rounds.memory[SERVICE])]
    push = found.push["push_to_copy"]
    return [
        Target("Rate of the bare FastAPI route, 32 connections", 1.6, rate(rounds, FASTAPI)),
        *(
            Target(f"Rate of {name}, 32 connections", bound, rate(rounds, name))
            for name, bound in ((ORM, 30), (DATASETTE, 5), (POSTGRAPHILE, 5), (FASTIFY, 5))
        ),
        Target("p99 of the bare FastAPI route, 32 connections", 1, latency(rounds, FASTAPI, "p99", 32), at_least=False),
        Target("p50 of PostgreSQL alone, 1 connection", 2.5, latency(rounds, POSTGRES, "p50", 1), at_least=False),
        Target(
            f"Rate with {found.sizes[-1]:,} subjects, of that with {found.sizes[0]:,} (promised of ten million)",
            0.9,
            ratios(found.growth.of(large, LISTED, 32), found.growth.of(small, LISTED, 32)),
        ),
        Target(
            "Codes a second in batches of those in single lookups",
            10,
            Spread.of(
                [a.codes_per_second / b.codes_per_second for a, b in zip(found.batch, found.single, strict=True)]
            ),
        ),
        Target(
            f"Push of {found.push['rows']:,} rows, of the time of a bare COPY (promised of a million)",
            6,
            Spread.of([push]),
            at_least=False,
        ),
        Target("Start to first answer", 2, Spread.of(found.starts), at_least=False, unit="s"),
        Target("Memory of a process (RSS)", 150, Spread.of(memory), at_least=False, unit="MiB"),
    ]


def rate(rounds: Rounds, name: str, case: str = LISTED, connections: int = 32) -> Spread | None:
    """Return the service's rate as a multiple of another's."""
    theirs = rounds.of(name, case, connections)
    return ratios(rounds.of(SERVICE, case, connections), theirs) if theirs else None


def latency(rounds: Rounds, name: str, which: str, connections: int, case: str = LISTED) -> Spread | None:
    """Return the service's latency as a multiple of another's."""
    ours, theirs = rounds.of(SERVICE, case, connections), rounds.of(name, case, connections)
    if not theirs:
        return None
    return Spread.of([getattr(a, which) / getattr(b, which) for a, b in zip(ours, theirs, strict=True)])

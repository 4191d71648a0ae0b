"""Rounds in which everybody is measured in turn: A B A B, so that what disturbs the machine disturbs all alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.contenders import CASES, Contender
from benchmarks.samples import Sample

Tell = Callable[[str], None]
CONNECTIONS = (32, 1)
Key = tuple[str, str, int]
"""A contender's name, the case, and how many connections."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """Samples by contender, case and connections, one per round; memory in MiB after all of it."""

    samples: dict[Key, list[Sample]]
    memory: dict[str, dict[str, int]]

    def of(self, name: str, case: str, connections: int) -> Sequence[Sample]:
        """Return a contender's samples; there are none of what could not be started."""
        return self.samples.get((name, case, connections), [])


def compare(contenders: Sequence[Contender], rounds: int, seconds: float, tell: Tell) -> Rounds:
    """Measure all of them so many times."""
    samples: dict[Key, list[Sample]] = {}
    for contender in contenders:
        for case in CASES:  # caches, pools, prepared statements, compiled code
            contender.cases[case](max(CONNECTIONS), seconds)
    for number in range(1, rounds + 1):
        tell(f"round {number} of {rounds}")
        for case in CASES:
            for connections in CONNECTIONS:
                for contender in contenders:
                    found = contender.cases[case](connections, seconds)
                    samples.setdefault((contender.name, case, connections), []).append(found)
    return Rounds(samples, {one.name: one.process.memory() for one in contenders if one.process is not None})

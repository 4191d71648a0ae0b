"""Reading the enforcement periods from their file, once a process."""

from functools import lru_cache
from pathlib import Path

from app.domain.enforcement_file import parse_enforcement_periods
from app.domain.enforcement_periods import EnforcementPeriods
from app.services.data_file import source_of


@lru_cache
def load(file: Path) -> EnforcementPeriods:
    """Read and check a file of periods; raise :class:`EnforcementPeriodsError` with every problem and its line.

    What was read is kept: a change of the file takes effect when the process starts again.
    """
    return parse_enforcement_periods(source_of(file, "落实期限"))

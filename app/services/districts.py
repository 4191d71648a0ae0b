"""Reading the names of administrative divisions from their file, once a process."""

from functools import lru_cache
from pathlib import Path

from app.domain.districts import Districts, parse_districts
from app.services.data_file import source_of


@lru_cache
def load(file: Path) -> Districts:
    """Read and check a file of divisions; raise :class:`DistrictsError` with every problem and its line."""
    return parse_districts(source_of(file, "行政区划"))

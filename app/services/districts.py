"""Reading the names of administrative divisions from their file, once a process."""

from functools import lru_cache
from pathlib import Path

from app.domain.districts import Districts, parse_districts
from app.errors import Misconfigured


@lru_cache
def load(file: Path) -> Districts:
    """Read and check a file of divisions; raise :class:`DistrictsError` with every problem and its line."""
    try:
        source = file.read_bytes()
    except OSError as error:
        raise Misconfigured(f"无法读取行政区划文件 {file}（{error.strerror}）。") from error
    return parse_districts(source)

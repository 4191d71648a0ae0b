"""Reading the public texts from their file, once a process."""

from functools import lru_cache
from pathlib import Path

from app.domain.publication import Publication
from app.domain.publication_file import parse_publication
from app.errors import Misconfigured


@lru_cache
def load(file: Path) -> Publication:
    """Read and check a file of public texts; raise :class:`PublicationError` with every problem and its line.

    What was read is kept: a change of the file takes effect when the process starts again.
    """
    try:
        source = file.read_bytes()
    except OSError as error:
        raise Misconfigured(f"无法读取公示文本文件 {file}（{error.strerror}）。") from error
    return parse_publication(source)

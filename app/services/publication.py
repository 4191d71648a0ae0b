"""Reading the public texts from their file, once a process."""

from functools import lru_cache
from pathlib import Path

from app.domain.publication import Publication
from app.domain.publication_file import parse_publication
from app.services.data_file import source_of


@lru_cache
def load(file: Path) -> Publication:
    """Read and check a file of public texts; raise :class:`PublicationError` with every problem and its line.

    What was read is kept: a change of the file takes effect when the process starts again.
    """
    return parse_publication(source_of(file, "公示文本"))

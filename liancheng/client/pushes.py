"""What a push is made of before it is sent, whatever it was given as."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Unpack

from liancheng.client import requests
from liancheng.client.requests import JSON, PushTerms, Query
from liancheng.client.types import Operation
from liancheng.client.upload import Progress, Upload, media_type_of, opened

Source = Path | BinaryIO | Sequence[Operation]
"""A file by its path, an open file that can seek (from where it stands), or the operations themselves."""


@dataclass(frozen=True, slots=True)
class PreparedPush:
    """Bytes to send, what they are, and what is said about them in the URL."""

    upload: Upload
    media_type: str
    query: Query


@contextmanager
def prepared(
    source: Source, media_type: str | None, on_progress: Progress | None, **terms: Unpack[PushTerms]
) -> Iterator[PreparedPush]:
    """Prepare a push; a path is open as long as the block lasts."""
    if isinstance(source, str | bytes | bytearray | Mapping):
        # Taken for operations, a path written as a text would be as many as it has characters.
        raise TypeError("a push is given as a Path, an open file that can seek, or a list of operations")
    query = requests.push_query(**terms)
    if isinstance(source, Path) or hasattr(source, "read"):
        file: Path | BinaryIO = source  # type: ignore[assignment] # what reads is a file
        media_type = media_type or media_type_of(file)
        with opened(file, on_progress) as upload:
            yield PreparedPush(upload, media_type, query)
        return
    if media_type not in {None, JSON}:
        raise ValueError("operations are sent as JSON; media_type is for files")
    # Made once, so that a repeat sends the same bytes. Beside operations, what is said about them stands in the body.
    said = {name: value for name, value in terms.items() if name in query and name != "dry_run"}
    body = requests.to_json({**said, "operations": list(source)})
    query = {name: value for name, value in query.items() if name == "dry_run"}
    yield PreparedPush(Upload.of(io.BytesIO(body), on_progress), JSON, query)

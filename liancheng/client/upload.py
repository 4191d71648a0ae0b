"""What a push sends: bytes of a known length that can be read again from the start, for a repeat under the same key."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from liancheng.client.errors import SourceChanged

PIECE = 256 * 1024
Progress = Callable[[int, int], None]
"""Called with the bytes sent and the bytes in all; a repeat starts again from 0."""

_MEDIA_TYPES = {
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes from ``start`` to the end of an open file."""

    file: BinaryIO
    start: int
    length: int
    on_progress: Progress | None = None

    @classmethod
    def of(cls, file: BinaryIO, on_progress: Progress | None = None) -> "Upload":
        """Take a seekable file from where it stands."""
        if not file.seekable():
            raise ValueError("a push must be readable again from its start: give a file that can seek")
        start = file.tell()
        return cls(file, start, file.seek(0, io.SEEK_END) - start, on_progress)

    def check(self) -> None:
        """Raise `SourceChanged` if the length is another by now."""
        if self.file.seek(0, io.SEEK_END) - self.start != self.length:
            raise _changed()

    def pieces(self) -> Iterator[bytes]:
        """Read from the start, in pieces of 256 KiB; raise `SourceChanged` if it ends too early."""
        self.file.seek(self.start)
        left = self.length
        while left:
            piece = self.file.read(min(PIECE, left))
            if not piece:
                raise _changed()
            left -= len(piece)
            yield piece

    def report(self, sent: int) -> None:
        """Tell whoever watches how far it is."""
        if self.on_progress is not None:
            self.on_progress(sent, self.length)


@contextmanager
def opened(source: Path | BinaryIO, on_progress: Progress | None = None) -> Iterator[Upload]:
    """Open a path, or take a file that is open already and leave it open."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield Upload.of(file, on_progress)
    else:
        yield Upload.of(source, on_progress)


def media_type_of(source: Path | BinaryIO) -> str:
    """Return the media type that a file's name stands for, or raise `ValueError`."""
    suffix = source.suffix.lower() if isinstance(source, Path) else ""
    if suffix not in _MEDIA_TYPES:
        raise ValueError(f"say media_type, or push a path that ends in one of {', '.join(_MEDIA_TYPES)}")
    return _MEDIA_TYPES[suffix]


def _changed() -> SourceChanged:
    return SourceChanged("the file of the push changed while it was sent; push it anew once it is written")

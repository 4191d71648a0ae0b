"""An uploaded body on disk, enciphered: identity numbers are never at rest in clear, not even in a temporary file.

The key is made for each spool and lives in memory only, so what is left on the disk after a crash is noise. The cipher
is AES-256-CTR: a body is written once and read two or three times, and AES, which processors have built in, makes some
7000 MB/s of it where SM4 makes 110 (measured); SM4 would be most of the time that a large push is read in.
"""

import io
import os
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self, cast

import structlog
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from app.errors import NoRoom
from app.observability import Event, described

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BLOCK_BYTES = 16
_KEY_BYTES = 32
_BUFFER_BYTES = 256 * 1024


class Spool:
    """A temporary file that is appended to and then read from any offset, by any number of readers.

    It has no name in the file system and is gone with :meth:`close` or with the process. Several threads may use it.
    """

    def __init__(self) -> None:
        """Open the file and make its key."""
        self._key = os.urandom(_KEY_BYTES)
        self._encipher = self._cipher_from(0)
        self._file = tempfile.TemporaryFile(buffering=_BUFFER_BYTES)  # noqa: SIM115 - `close` closes it
        # Whoever forgets a spool leaves nothing open.
        weakref.finalize(self, self._file.close)
        self._lock = Lock()
        self._appending = True
        self._size = 0

    @property
    def size(self) -> int:
        """How many bytes were written."""
        return self._size

    def write(self, data: bytes) -> int:
        """Append bytes; return how many."""
        with self._lock:
            if not self._appending:
                self._file.seek(0, io.SEEK_END)
                self._appending = True
            with _room_told():
                self._file.write(self._encipher.update(data))
            self._size += len(data)
        return len(data)

    def settle(self) -> None:
        """Bring to the disk what was written; raise :class:`NoRoom` where it does not fit."""
        with self._lock, _room_told():
            self._file.flush()

    def reader(self) -> BinaryIO:
        """Return a seekable reader of its own position, at the beginning."""
        return cast("BinaryIO", io.BufferedReader(_Reader(self), _BUFFER_BYTES))

    def close(self) -> None:
        """Give the file back to the system; readers end with it."""
        # What had no room on the disk is not needed any more.
        with suppress(OSError):
            self._file.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def enciphered_at(self, offset: int, most: int) -> bytes:
        """Return up to ``most`` bytes as they stand on the disk."""
        with self._lock:
            self._appending = False
            self._file.seek(offset)
            enciphered: bytes = self._file.read(most)
        return enciphered

    def decipher_from(self, offset: int) -> CipherContext:
        """Return what deciphers the bytes from an offset on."""
        # In counter mode the way back is the way there.
        return self._cipher_from(offset)

    def _cipher_from(self, offset: int) -> CipherContext:
        block, within = divmod(offset, _BLOCK_BYTES)
        # A key is used for one file only, so counting may start at 0.
        counter = modes.CTR(block.to_bytes(_BLOCK_BYTES, "big"))
        context = Cipher(algorithms.AES(self._key), counter).encryptor()
        context.update(bytes(within))
        return context


@contextmanager
def _room_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        structlog.get_logger().error(Event.NO_ROOM, **described(error))
        raise NoRoom("服务器的暂存空间不足，没有收下这次请求。请联系运维人员腾出空间，之后重新发送。") from error


class _Reader(io.RawIOBase):
    """The clear bytes of a spool."""

    def __init__(self, spool: Spool) -> None:
        super().__init__()
        self._spool = spool
        self._offset = 0
        self._decipher = spool.decipher_from(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._offset

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._offset, io.SEEK_END: self._spool.size}[whence]
        target = origin + offset
        if target < 0:
            msg = "negative seek position"
            raise ValueError(msg)
        if target != self._offset:
            self._offset = target
            self._decipher = self._spool.decipher_from(target)
        return target

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        enciphered = self._spool.enciphered_at(self._offset, len(view))
        view[: len(enciphered)] = self._decipher.update(enciphered)
        self._offset += len(enciphered)
        return len(enciphered)

"""The texts that the cells of a workbook share: in memory where they are few, otherwise enciphered on disk."""

import re
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from typing import IO, Final, Protocol
from xml.parsers import expat

from app.files.spool import Spool
from app.files.xlsx_events import LONGEST_TEXT, feed, too_long
from app.files.xlsx_package import Workbook

MOST_BYTES_IN_MEMORY = 8 * 1024**2
_BLOCK_STRINGS = 256
_BLOCK_CHARACTERS = 64 * 1024
_MOST_BLOCKS_IN_MEMORY = 64
# Cannot stand in XML, so it may stand between the strings of a block.
_BETWEEN: Final = "\0"
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class Strings(Protocol):
    """Texts by their number."""

    def __getitem__(self, number: int, /) -> str:
        """Return a text; raise `IndexError`."""


def shared_strings(workbook: Workbook) -> Strings:
    """Read the shared texts of a workbook."""
    part = workbook.strings_part
    if part is None:
        return []
    with workbook.open(part) as source:
        texts = _texts(source)
        return list(texts) if workbook.size(part) <= MOST_BYTES_IN_MEMORY else StringsOnDisk(texts)


class StringsOnDisk:
    """Texts in blocks on a spool, of which the last used are in memory. A table asks for its texts mostly in order."""

    def __init__(self, texts: Iterator[str]) -> None:
        """Write the texts."""
        self._spool = Spool()
        # Where each block begins: the number of its first text, and its byte.
        self._firsts: list[int] = []
        self._offsets: list[int] = []
        self._count = 0
        self._recent: OrderedDict[int, list[str]] = OrderedDict()
        block: list[str] = []
        characters = 0
        for text in texts:
            block.append(text)
            characters += len(text)
            if len(block) == _BLOCK_STRINGS or characters > _BLOCK_CHARACTERS:
                self._write(block)
                block, characters = [], 0
        self._write(block)
        self._reader = self._spool.reader()

    def _write(self, block: list[str]) -> None:
        self._firsts.append(self._count)
        self._offsets.append(self._spool.size)
        self._count += len(block)
        self._spool.write(_BETWEEN.join(block).encode())

    def __getitem__(self, number: int, /) -> str:
        """Return a text; raise `IndexError`."""
        if not 0 <= number < self._count:
            raise IndexError
        at = bisect_right(self._firsts, number) - 1
        block = self._recent.get(at)
        if block is None:
            block = self._recent[at] = self._read(at)
            if len(self._recent) > _MOST_BLOCKS_IN_MEMORY:
                self._recent.popitem(last=False)
        else:
            self._recent.move_to_end(at)
        return block[number - self._firsts[at]]

    def _read(self, at: int) -> list[str]:
        start = self._offsets[at]
        end = self._offsets[at + 1] if at + 1 < len(self._offsets) else self._spool.size
        self._reader.seek(start)
        return self._reader.read(end - start).decode().split(_BETWEEN)


def unescaped(text: str) -> str:
    """Return a text with the characters that XML cannot hold, which the format writes as ``_x000D_``."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _texts(source: IO[bytes]) -> Iterator[str]:
    reading = _Reading()
    for _ in feed(reading.parser, source):
        yield from reading.texts
        reading.texts.clear()


class _Reading:
    """The state of reading: the texts that are complete, and what is read of the next one."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self._parts: list[str] = []
        self._length = 0
        self._within_text = False
        self._within_phonetics = False

    def _start(self, name: str, _: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "si":
            self._parts = []
            self._length = 0
        elif local == "t":
            self._within_text = not self._within_phonetics
        elif local == "rPh":
            # How a text is to be pronounced is no part of it.
            self._within_phonetics = True

    def _end(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if local == "t":
            self._within_text = False
        elif local == "rPh":
            self._within_phonetics = False
        elif local == "si":
            self.texts.append(unescaped("".join(self._parts)).replace(_BETWEEN, ""))

    def _characters(self, data: str) -> None:
        if self._within_text:
            self._parts.append(data)
            self._length += len(data)
            if self._length > LONGEST_TEXT:
                raise too_long()

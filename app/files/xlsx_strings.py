"""The texts that the cells of a workbook share, enciphered on disk: a table may have millions."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, Protocol

from openpyxl.xml.constants import SHEET_MAIN_NS

from app.files.spool import Spool
from app.files.xlsx_elements import elements, text_of
from app.files.xlsx_package import Workbook

_BLOCK_STRINGS = 256
_BLOCK_CHARACTERS = 64 * 1024
_MOST_BLOCKS_IN_MEMORY = 64
# Cannot stand in XML, so it may stand between the strings of a block.
_BETWEEN: Final = "\0"
_TABLE: Final = f"{{{SHEET_MAIN_NS}}}sst"
_TEXT: Final = f"{{{SHEET_MAIN_NS}}}si"


class Strings(Protocol):
    """Texts by their number."""

    def __getitem__(self, number: int, /) -> str:
        """Return a text; raise `IndexError`."""


def shared_strings(workbook: Workbook) -> Strings:
    """Read the shared texts of a workbook."""
    part = workbook.strings_part
    if part is None:
        return StringsOnDisk([])
    with workbook.open(part) as source:
        return StringsOnDisk(map(text_of, elements(source, _TABLE, _TEXT)))


class StringsOnDisk:
    """Texts in blocks on a spool, of which the last used are in memory. A table asks for its texts mostly in order."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Write the texts."""
        spool = Spool()
        # Where each block begins: the number of its first text, and its byte.
        self._firsts: list[int] = []
        offsets: list[int] = []
        self._count = 0
        block: list[str] = []

        def write() -> None:
            self._firsts.append(self._count)
            offsets.append(spool.size)
            self._count += len(block)
            spool.write(_BETWEEN.join(block).encode())
            block.clear()

        characters = 0
        for text in texts:
            block.append(text)
            characters += len(text)
            if len(block) == _BLOCK_STRINGS or characters > _BLOCK_CHARACTERS:
                write()
                characters = 0
        write()
        self._block = _reader(spool, offsets)

    def __getitem__(self, number: int, /) -> str:
        """Return a text; raise `IndexError`."""
        if not 0 <= number < self._count:
            raise IndexError
        at = bisect_right(self._firsts, number) - 1
        return self._block(at)[number - self._firsts[at]]


def _reader(spool: Spool, offsets: list[int]) -> Callable[[int], list[str]]:
    """Return what reads a block, and remembers the last used."""
    source = spool.reader()
    ends = [*offsets[1:], spool.size]

    @lru_cache(_MOST_BLOCKS_IN_MEMORY)
    def block(at: int) -> list[str]:
        source.seek(offsets[at])
        return source.read(ends[at] - offsets[at]).decode().split(_BETWEEN)

    return block

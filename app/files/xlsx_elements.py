"""The elements of a long XML part, one after the other: only one is in memory, and none is longer than any real one."""

from collections.abc import Iterator
from typing import IO, Final
from xml.etree.ElementTree import Element, iterparse

from openpyxl.utils.escape import unescape
from openpyxl.xml.constants import SHEET_MAIN_NS

from app.errors import MalformedRequest
from app.files.row_types import unreadable

LONGEST_TEXT: Final = 128 * 1024
"""Characters of one cell; spreadsheet programs stop at 32,767."""
_LONGEST_ELEMENT = 2 * 1024**2
_CHUNK_BYTES = 64 * 1024
# The other edition of the standard, "Strict Open XML", is the same for what is read here.
_STRICT: Final = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
_TRANSITIONAL: Final = SHEET_MAIN_NS.encode()
_PLAIN: Final = f"{{{SHEET_MAIN_NS}}}t"
_FORMATTED: Final = f"{{{SHEET_MAIN_NS}}}r/{_PLAIN}"


class Damaged(Exception):
    """A part says something that no program writes."""


class _Bounded:
    """A part that refuses to be read on when there is too much since the last element that was complete."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.pending = 0

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._source.read(size)
        self.pending += len(chunk)
        if self.pending > _LONGEST_ELEMENT:
            raise too_long()
        if b"<!DOCTYPE" in chunk:
            told = "文件中有 DTD，出于安全原因不读取：请在 Excel 或 WPS 中另存为 .xlsx 后再推送。"
            raise unreadable("xlsx_invalid", told)
        return chunk.replace(_STRICT, _TRANSITIONAL)


def elements(source: IO[bytes], within: str, name: str) -> Iterator[Element]:
    """Yield the elements of a name that stand within the first of another, whose names are with their namespace.

    openpyxl's own loop is not used: it keeps an element of every row, and some of what stands behind the rows as a
    whole. The parser below fetches nothing and itself bounds what entities make; a DTD is refused besides.
    """
    bounded = _Bounded(source)
    container: Element | None = None
    for event, element in iterparse(bounded, ("start", "end")):  # noqa: S314 - as said above
        if event == "start":
            if container is None and element.tag == within:
                container = element
        elif element.tag == name and container is not None:
            yield element
            container.clear()
            bounded.pending = 0
        elif element is container:
            # Only at the end of a part does the archive tell whether it is damaged.
            while source.read(_CHUNK_BYTES):
                pass
            return
    if container is None:
        raise Damaged


def text_of(element: Element) -> str:
    """Return the text of a shared or inline string, without its formats and without how it is to be pronounced."""
    found = [*element.iterfind(_PLAIN), *element.iterfind(_FORMATTED)]
    text = "".join(one.text or "" for one in found)
    if len(text) > LONGEST_TEXT:
        raise too_long()
    return text


def unescaped(text: str) -> str:
    """Return a text with the characters that XML cannot hold, which the format writes as ``_x000D_``."""
    return unescape(text) if "_x" in text else text


def too_long() -> MalformedRequest:
    """Return the error for a cell or tag that is longer than any program writes."""
    return unreadable("xlsx_invalid", "文件中有一个过长的单元格，任何电子表格程序都不会这样写：请检查文件来源。")

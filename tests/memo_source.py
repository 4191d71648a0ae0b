"""The memo and its data as they lie in the project, and ways to spoil the data at a known line."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.settings import PROJECT_ROOT

CATALOGUE_FILE = PROJECT_ROOT / "data" / "measures.yaml"
SOURCE = CATALOGUE_FILE.read_text(encoding="utf-8")
MEMO = (PROJECT_ROOT / "data" / "memo.txt").read_text(encoding="utf-8")

MARK = "▶"
"""Stands in a replacement on each line that has to be complained about; it is taken out before the text is read."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the first ``old`` that stands after ``after`` by ``new``."""

    old: str
    new: str
    after: str = ""

    def on(self, text: str) -> str:
        """Return the text with the replacement made."""
        start = text.index(self.old, text.index(self.after))
        return text[:start] + self.new + text[start + len(self.old) :]


def edited(edits: Iterable[Edit], text: str = SOURCE) -> tuple[str, list[int]]:
    """Return the edited text, and the line from 1 of each mark that the edits put in."""
    assert MARK not in text
    for edit in edits:
        text = edit.on(text)
    pieces = text.split(MARK)
    lines = ["".join(pieces[:count]).count("\n") + 1 for count in range(1, len(pieces))]
    return "".join(pieces), lines

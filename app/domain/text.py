"""What a text that somebody typed may contain before it is stored, logged or shown."""

import re
import unicodedata
from datetime import date

from app.domain.codes import CodeError, parse_resident_id

# Whole or divided as people write it, not part of a longer run of digits. It must pass as an identity number too, or
# every 18-digit decision number would be taken for one.
_EIGHTEEN = re.compile(r"(?<![0-9])[0-9]{6}[ \n-]?[0-9]{8}[ \n-]?[0-9]{3}[0-9Xx](?![0-9])")
SHORTEST_IDENTITY_NUMBER = 18
"""Characters; in a shorter text there is none."""
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_LAST_TWO_OF_A_PLANE = 0xFFFE


def unprintable_position(text: str, *, lines: bool = False) -> int | None:
    """Return where the first control or formatting character, noncharacter or lone surrogate stands, from 1.

    With ``lines``, a line feed is none of them.
    """
    if lines:
        text = text.replace("\n", " ")
    # Everything refused below is unprintable to Python too, which says so for the whole text at once.
    if text.isprintable():
        return None
    for position, character in enumerate(text, start=1):
        # Unassigned and private characters pass: rare names are written with ideographs that are newer than our tables.
        noncharacter = ord(character) & 0xFFFF >= _LAST_TWO_OF_A_PLANE or 0xFDD0 <= ord(character) <= 0xFDEF  # noqa: PLR2004
        if noncharacter or unicodedata.category(character) in _REFUSED_CATEGORIES:
            return position
    return None


def contains_identity_number(text: str) -> bool:
    """Whether a valid identity number, of any birth date, stands in the text: it would be kept in clear there."""
    if len(text) < SHORTEST_IDENTITY_NUMBER or not any(character.isdigit() for character in text):
        return False
    for found in _EIGHTEEN.finditer(unicodedata.normalize("NFKC", text)):
        try:
            parse_resident_id(found.group(), today=date.max)
        except CodeError:
            continue
        return True
    return False

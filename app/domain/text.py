"""What a text that somebody typed may contain before it is stored, logged or shown."""

import re
import unicodedata
from datetime import date

from app.domain.code_rules import could_begin_identity_number
from app.domain.codes import CodeError, parse_resident_id

# Whole or divided anywhere by what a reader of codes leaves out (`code_rules.normalise`) or else divides words, after
# NFKC; not part of a longer run of digits. It must pass as an identity number too, or any 18-digit decision number
# would be taken for one.
_DIVIDER = "[ \n._/\xb7\\-\u2010-\u2015\u2043\u2212\u2e3a\u2e3b]{0,3}"
_EIGHTEEN = re.compile(rf"(?<![0-9])(?=((?:[0-9]{_DIVIDER}){{17}}[0-9Xx])(?![0-9]))")
# Of numbers that happen to stand side by side, these are born too late to be one.
_NOBODY_YET_BORN = date(2099, 12, 31)
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
        written: str = found.group(1)
        number = "".join(filter(str.isalnum, written))
        try:
            parse_resident_id(number, today=date.max if number == written else _NOBODY_YET_BORN)
        except CodeError:
            continue
        return True
    return False


def runs_over_identity_number(text: str) -> bool:
    """Whether 17 digits in a row could be somebody's, wherever they begin: for what is one long word of digits itself.

    The 18th character follows from them, so it does not matter.
    """
    return any(could_begin_identity_number(text[at : at + 17]) for at in range(len(text) - 16))

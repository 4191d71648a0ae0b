"""What a text that somebody typed may contain before it is stored, logged or shown."""

import re
import unicodedata
from datetime import date
from itertools import chain

from app.domain.code_rules import could_begin_identity_number
from app.domain.codes import CodeError, parse_resident_id

# Not part of a longer run of digits. It must pass as an identity number too, or any 18-digit decision number would be
# taken for one.
_WHOLE = re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9])")
# Divided anywhere by what a reader of codes leaves out (`code_rules.normalise`) or else divides words, after NFKC. Of
# numbers that happen to stand side by side, few have a day of the last centuries in the right place.
_DIVIDER = "[ \n._/\xb7\\-\u2010-\u2015\u2043\u2212\u2e3a\u2e3b]{0,3}"
_DIGIT = f"[0-9]{_DIVIDER}"
_DAY = (
    f"(?:1{_DIVIDER}[89]{_DIVIDER}|2{_DIVIDER}0{_DIVIDER}){_DIGIT}{_DIGIT}[01]{_DIVIDER}{_DIGIT}[0-3]{_DIVIDER}{_DIGIT}"
)
_DIVIDED = re.compile(rf"(?<![0-9])(?=((?:{_DIGIT}){{6}}{_DAY}(?:{_DIGIT}){{3}}[0-9Xx])(?![0-9]))")
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
    text = unicodedata.normalize("NFKC", text)
    divided = (found.group(1) for found in _DIVIDED.finditer(text))
    return any(map(_is_identity_number, chain(_WHOLE.findall(text), divided)))


def _is_identity_number(written: str) -> bool:
    try:
        parse_resident_id("".join(filter(str.isalnum, written)), today=date.max)
    except CodeError:
        return False
    return True


def runs_over_identity_number(text: str) -> bool:
    """Whether 17 digits in a row could be somebody's, wherever they begin: for what is one long word of digits itself.

    The 18th character follows from them, so it does not matter.
    """
    return any(could_begin_identity_number(text[at : at + 17]) for at in range(len(text) - 16))

"""What a spreadsheet program would work out in a CSV file, instead of showing it."""

from typing import Final

_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def harmless_in_csv(text: str) -> str:
    """Return the text of a cell so that whatever opens the table shows it: what begins like a formula is marked."""
    return f"'{text}" if text.startswith(_STARTS) else text

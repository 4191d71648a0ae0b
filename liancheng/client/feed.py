"""Where one stands in the changes, and the check that they follow on each other."""

import re
from typing import Any, cast

from liancheng.client import answers
from liancheng.client.errors import BrokenFeed
from liancheng.client.plans import Reply
from liancheng.client.types import Change, ChangesPage

_CURSOR = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))?")
_WHOLE_VERSION = 10**18

Position = tuple[int, int]


def position(cursor: str) -> Position:
    """Return what orders cursors: ``"41.3"`` is after change 3 of version 41, ``"41"`` after all of version 41."""
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise ValueError('a cursor is "0", "41" or "41.3", as the service gave it')
    version, number = found.groups()
    return int(version), _WHOLE_VERSION if number is None else int(number)


class Order:
    """A place in the changes that only moves forward."""

    def __init__(self, after: str) -> None:
        """Stand after a cursor; raise `ValueError` if it is none."""
        self.cursor = after
        self._position = position(after)

    def take(self, change: object, said: str | None = None) -> Change:
        """Return the change, having moved behind it; raise `BrokenFeed` if it does not come later than the last.

        ``said`` is the cursor that stood beside it, where one did.
        """
        cursor = change.get("cursor") if isinstance(change, dict) else None
        if not isinstance(change, dict) or not isinstance(cursor, str) or not isinstance(change.get("listing"), dict):
            raise BrokenFeed("a change is not what the service sends")
        if said is not None and said != cursor:
            raise BrokenFeed("a change has another cursor than its event")
        if not self._moves(cursor):
            raise BrokenFeed(f"a change came again or out of order, after {self.cursor}")
        return cast("Change", change)

    def move(self, cursor: str) -> None:
        """Stand where a page that was checked ends."""
        self._moves(cursor)

    def _moves(self, cursor: str) -> bool:
        there = _position_or_broken(cursor)
        if there <= self._position:
            return False
        self.cursor, self._position = cursor, there
        return True


def page_of(reply: Reply, after: str) -> ChangesPage:
    """Return a page of changes after a cursor, checked to follow on it and in itself."""
    page: dict[str, Any] = answers.reading(changes=list, cursor=str, list_version=int, more=bool)(reply)
    order = Order(after)
    for change in page["changes"]:
        order.take(change)
    moved = order.cursor != after
    ends, stands = _position_or_broken(page["cursor"]), position(order.cursor)
    if ends < stands:
        raise BrokenFeed("a page of changes ends before its last change, or before where it began")
    if page["more"] and not moved and ends == stands:
        raise BrokenFeed("the pages of the changes do not go on")
    return cast("ChangesPage", page)


def _position_or_broken(cursor: str) -> Position:
    try:
        return position(cursor)
    except ValueError:
        raise BrokenFeed("the service gave a cursor that is none") from None

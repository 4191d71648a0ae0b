"""What is wrong with a row as a whole: which of its fields go together.

It is told of what is given, whether or not that can be read: so a row whose fields are wrong as well gets all of its
errors at once, and not one kind after the other.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Given = Mapping[str, Any]
"""A row's fields by name, as they were sent or as they were read."""
WholeError = tuple[str, str]
"""A stable code, and the Chinese sentence."""

_LISTING = ("target", "请用 listing_id，或同时用 uscc 与 decision_no 指明一条列入记录（只用一种）。")
_UNIT = ("target", "请用 uscc（该单位的全部记录）、uscc 加 decision_no，或 listing_id 指明（只用一种）。")
_PERSON = ("person_target", "请用 id_number 或 person_id 指明一名人员（只用一种）。")
_FILER = ("person_target", "请用 id_number 或 person_id 指明提出异议的人员（只用一种），单位提出的都不写。")
_BAN = ("ban_either_way", "任职限制须且只须写明 until（截止日）或 for_life: true（终身）之一。")
_NONCONFORMING = ("missing", "列入不合规代码须同时写明 nonconforming_code: true 与原因（nonconforming_reason）。")
_ADDS = ("facts", "basis", "conduct_code", "published_until")
_NOTHING_ADDED = ("nothing_given", f"没有要补充的内容：请至少给出 {'、'.join(_ADDS)} 之一。")
_NOTHING_SET = ("nothing_given", "没有要更正的内容：请在 set 中至少给出一个字段。")


def names_one_listing(row: Given) -> Iterator[WholeError]:
    """Check that a row names one listing, in one way."""
    by_decision = _has(row, "uscc") and _has(row, "decision_no")
    parts_given = _has(row, "uscc") or _has(row, "decision_no")
    if _has(row, "listing_id") == parts_given or parts_given != by_decision:
        yield _LISTING


def names_unit_or_listing(row: Given) -> Iterator[WholeError]:
    """Check that a renaming names a unit, or one listing, in one way."""
    if _has(row, "listing_id") == _has(row, "uscc") or (_has(row, "decision_no") and not _has(row, "uscc")):
        yield _UNIT


def names_one_person(row: Given) -> Iterator[WholeError]:
    """Check that a row names one listing and one person of it, each in one way."""
    yield from names_one_listing(row)
    if _has(row, "id_number") == _has(row, "person_id"):
        yield _PERSON


def names_one_filer(row: Given) -> Iterator[WholeError]:
    """Check that a row names one listing, and at most one person of it as who objects."""
    yield from names_one_listing(row)
    if _has(row, "id_number") and _has(row, "person_id"):
        yield _FILER


def adds_something(row: Given) -> Iterator[WholeError]:
    """Check that there is something to add to the listing that is named."""
    yield from names_one_listing(row)
    if not any(_has(row, name) for name in _ADDS):
        yield _NOTHING_ADDED


def sets_something(row: Given) -> Iterator[WholeError]:
    """Check that there is something to correct of the listing that is named; ``set`` as a mapping, if it is one."""
    yield from names_one_listing(row)
    values = row.get("set")
    if isinstance(values, Mapping) and not any(_has(values, name) for name in values):
        yield _NOTHING_SET


def ends_or_lasts(ban: Given) -> Iterator[WholeError]:
    """Check that a ban has a last day or is for life, and not both."""
    if _has(ban, "until") == (_has(ban, "for_life") and ban["for_life"] is not False):
        yield _BAN


def says_why_nonconforming(row: Given) -> Iterator[WholeError]:
    """Check that a code which is listed knowingly comes with its reason, and a reason with such a code."""
    knowingly = row.get("nonconforming_code")
    if knowingly in (None, True, False) and bool(knowingly) != _has(row, "nonconforming_reason"):
        yield _NONCONFORMING


def errors_in(row: Given, op: str) -> Iterator[tuple[str, WholeError]]:
    """Yield what is wrong with a row as it was sent, and with the bans in it, each with the field it is wrong in."""
    if op == "list":
        for error in says_why_nonconforming(row):
            yield "nonconforming_reason", error
    for error in _OF_OPERATION.get(op, _nothing)(row):
        yield "", error
    for path, ban in _bans(row):
        for error in ends_or_lasts(ban):
            yield f"{path}position_ban", error


def _bans(row: Given) -> Iterator[tuple[str, Given]]:
    """Yield every ban of a row, and the way to it: the row's own, its person's, those of its persons."""
    persons = row.get("persons")
    holders = [("", row), ("person.", row.get("person"))]
    holders += [(f"persons[{index}].", one) for index, one in enumerate(persons)] if isinstance(persons, list) else []
    for path, holder in holders:
        # A plain dictionary, as every reader makes them.
        ban = holder.get("position_ban") if isinstance(holder, dict) else None
        if isinstance(ban, dict):
            yield path, ban


def _has(row: Given, name: str) -> bool:
    return row.get(name) is not None


def _nothing(_: Given) -> Iterator[WholeError]:
    yield from ()


_OF_OPERATION: Mapping[str, Callable[[Given], Iterator[WholeError]]] = {
    "amend": adds_something,
    "correct": sets_something,
    "rename": names_unit_or_listing,
    "remove": names_one_listing,
    "restore": names_one_listing,
    "add_person": names_one_listing,
    "end_person": names_one_person,
    "ban": names_one_person,
    "file_objection": names_one_filer,
    "decide_objection": names_one_listing,
}

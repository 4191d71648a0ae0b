"""What a change changed, field by field, from the listing before it and the listing after it.

Both are states as revisions keep them (JSON): values are compared and told as they stand there, persons by their id.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_IDENTITY = frozenset({"listing_id", "persons", "objections"})
# Lists of things that are told apart by one of their fields.
_PARTS = (("persons", "person_id"), ("objections", "objection_no"))
_NOTHING: tuple[Any, ...] = (None, [], False)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs; of a person ``persons[<id>].roles``, of an objection ``objections[<no>].outcome``."""

    field: str
    before: Any
    after: Any


def difference(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """Return what differs, in the order of the fields; nothing for a listing that is new, for all of it is."""
    if before is None:
        return ()
    found = list(_fields("", "listing_id", before, after))
    for parts, key in _PARTS:
        # What an earlier release did not keep was not there.
        earlier = {one[key]: one for one in before.get(parts, ())}
        for one in after.get(parts, ()):
            found.extend(_fields(f"{parts}[{one[key]}].", key, earlier.get(one[key], {}), one))
    return tuple(found)


def _fields(prefix: str, key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[FieldChange]:
    for field, value in after.items():
        if field in _IDENTITY or field == key:
            continue
        earlier = before.get(field)
        if earlier != value and not (earlier is None and value in _NOTHING):
            yield FieldChange(prefix + field, earlier, value)

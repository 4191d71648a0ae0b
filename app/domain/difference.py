"""What a change changed, field by field, from the listing before it and the listing after it.

Both are states as revisions keep them (JSON): values are compared and told as they stand there, persons by their id.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_IDENTITY = frozenset({"listing_id", "persons"})
_NOTHING: tuple[Any, ...] = (None, [], False)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs; of a person, ``persons[<person_id>].roles``."""

    field: str
    before: Any
    after: Any


def difference(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """Return what differs, in the order of the fields; nothing for a listing that is new, for all of it is."""
    if before is None:
        return ()
    found = list(_fields("", before, after))
    persons_before = {person["person_id"]: person for person in before["persons"]}
    for person in after["persons"]:
        name = f"persons[{person['person_id']}]."
        found.extend(_fields(name, persons_before.get(person["person_id"], {}), person))
    return tuple(found)


def _fields(prefix: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[FieldChange]:
    for field, value in after.items():
        if field in _IDENTITY or field == "person_id":
            continue
        # What an earlier release did not keep was not there.
        earlier = before.get(field)
        if earlier != value and not (earlier is None and value in _NOTHING):
            yield FieldChange(prefix + field, earlier, value)

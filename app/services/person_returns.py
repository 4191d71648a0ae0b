"""First days that a snapshot tells of persons and that nothing but the history of their listing knows.

Who came back on the very day on which they had left was never away, so the listing as it is has no day of their return.
A file that tells that day, because the bureau's register does, must not take it for a correction of their first day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from app.domain.listing import Entry, PersonEnd, RelatedPerson
from app.domain.operations import ListOperation, PersonGiven, Target
from app.domain.person_rules import knows_since, left_and_came_back
from app.services.push_people import Identities
from app.services.row_reading import ReadRow
from app.store import revisions
from app.store.database import Session


async def without_known_returns(
    session: Session, rows: Sequence[ReadRow], known: Mapping[Target, Entry], identities: Identities
) -> list[ReadRow]:
    """Return the rows of a snapshot without the first days of such returns: they tell nothing that would be new.

    The history is asked only about listings of which a row tells a first day that they do not have.
    """
    doubted = {
        before.listing.listing_id
        for row in rows
        if isinstance(row.operation, ListOperation) and (before := known.get(row.operation.target)) is not None
        if any(_unknown(given, before, identities) is not None for given in row.operation.persons)
    }
    if not doubted:
        return list(rows)
    ends = await revisions.ends_of_persons(session, doubted)
    return [_without(row, known, identities, ends) for row in rows]


def _without(
    row: ReadRow,
    known: Mapping[Target, Entry],
    identities: Identities,
    ends: Mapping[tuple[UUID, UUID], Sequence[PersonEnd]],
) -> ReadRow:
    operation = row.operation
    before = known.get(operation.target) if isinstance(operation, ListOperation) else None
    if before is None or not isinstance(operation, ListOperation):
        return row

    def told(given: PersonGiven) -> PersonGiven:
        person = _unknown(given, before, identities)
        if person is None or given.since is None:
            return given
        theirs = ends.get((before.listing.listing_id, person.person_id), ())
        return replace(given, since=None) if left_and_came_back(person, given.since, theirs) else given

    return replace(row, operation=replace(operation, persons=tuple(map(told, operation.persons))))


def _unknown(given: PersonGiven, before: Entry, identities: Identities) -> RelatedPerson | None:
    """Return the person of the listing who is given, if their given first day is none that it has."""
    ids = identities.ids_of(given.number)
    same = (one for one in before.persons if one.person_id in ids and one.name == given.name)
    return next((one for one in same if not knows_since(one, given.since)), None)

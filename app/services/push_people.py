"""Who the numbers in a push belong to: finding recorded identities, and recording those that are new."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.chain import commitment, new_salt
from app.domain.codes import ResidentId
from app.domain.identity import BlindIndex, IdentityVault
from app.domain.operations import (
    AddPersonOperation,
    BanOperation,
    CorrectOperation,
    EndPersonOperation,
    FileObjectionOperation,
    ListOperation,
    Operation,
    PersonGiven,
)
from app.domain.transitions import Identity
from app.store import persons
from app.store.database import WriteSession
from app.store.persons import FoundPerson, StoredPerson


class Identities:
    """The identities that a part of a push speaks of; implements ``domain.transitions.People``."""

    def __init__(self, vault: IdentityVault, indexes: dict[str, tuple[BlindIndex, ...]]) -> None:
        """Take the numbers with everything that each may be stored under."""
        self._vault = vault
        self._indexes = indexes
        self._recorded: dict[bytes, list[FoundPerson]] = {}
        self._new: list[StoredPerson] = []

    @classmethod
    def named_in(cls, operations: Sequence[Operation], vault: IdentityVault) -> "Identities":
        """Compute the indexes of every number in these operations; the costly part, touching nothing."""
        numbers = {number.reveal(): number for operation in operations for number in _numbers(operation)}
        return cls(vault, {clear: vault.blind_indexes(number) for clear, number in numbers.items()})

    async def find(self, session: WriteSession) -> None:
        """Ask which of the numbers are recorded."""
        if not self._indexes:
            return
        wanted = [index for indexes in self._indexes.values() for index in indexes]
        for one in await persons.found_by(session, wanted):
            self._recorded.setdefault(one.blind_index, []).append(one)

    def identity(self, person: PersonGiven) -> Identity:
        """Return the identity of a given name and number, new if it is not recorded."""
        for index in self._indexes[person.number.reveal()]:
            for one in self._recorded.get(index.value, ()):
                if one.name == person.name:
                    return Identity(one.person_id, one.commitment)
        new = self._record(person)
        return Identity(new.person_id, new.commitment)

    def ids_of(self, number: ResidentId) -> frozenset[UUID]:
        """Return every id that the number is recorded under, whatever the name."""
        return frozenset(one.person_id for one in self._of(number))

    def _of(self, number: ResidentId) -> list[FoundPerson]:
        indexes = self._indexes[number.reveal()]
        return [one for index in indexes for one in self._recorded.get(index.value, ())]

    def _record(self, person: PersonGiven) -> FoundPerson:
        person_id, salt = uuid7(), new_salt()
        index = self._indexes[person.number.reveal()][0]
        bound = commitment(salt, person.name, person.number)
        sealed = self._vault.seal(person.number, person_id)
        self._new.append(StoredPerson(person_id, person.name, index, sealed, person.number.masked, salt, bound))
        known = FoundPerson(person_id, person.name, index.value, bound)
        self._recorded.setdefault(index.value, []).append(known)
        return known

    async def write_new(self, session: WriteSession) -> None:
        """Record the identities that turned out to be new, and what all of them would be found by under other keys."""
        if self._new:
            await persons.add(session, self._new)
            await persons.note_index_key(session, self._vault.current_key_ids[0])
            self._new = []
        await persons.add_aliases(session, self._aliases())

    def _aliases(self) -> Iterator[tuple[UUID, BlindIndex]]:
        """Yield what the numbers give under further keys; none while there is only one key."""
        if len(self._vault.index_key_ids) == 1:
            return
        for indexes in self._indexes.values():
            for person in (one for index in indexes for one in self._recorded.get(index.value, ())):
                yield from ((person.person_id, index) for index in indexes if index.value != person.blind_index)


def _numbers(operation: Operation) -> list[ResidentId]:
    match operation:
        case ListOperation(persons=given):
            return [person.number for person in given]
        case CorrectOperation(persons=people):
            return [person.number for person in people or ()]
        case AddPersonOperation(person=given_person):
            return [given_person.number]
        case EndPersonOperation(person=named) | BanOperation(person=named) | FileObjectionOperation(filed_by=named):
            return [] if named is None or isinstance(named, UUID) else [named]
        case _:
            return []

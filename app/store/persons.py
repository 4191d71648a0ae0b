"""Recorded identities: finding one by its blind index, adding one, and writing them anew under other keys."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    LargeBinary,
    RowMapping,
    Text,
    Uuid,
    any_,
    cast,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from app.domain.identity import BlindIndex, SealedNumber
from app.store.bulk import copy_in, fetch
from app.store.database import Session, WriteSession
from app.store.tables import identity_keys, index_keys_in_use, person_index_aliases, persons, related_persons


@dataclass(frozen=True, slots=True)
class StoredPerson:
    """One row of ``persons``."""

    person_id: UUID
    name: str
    blind_index: BlindIndex
    sealed_number: SealedNumber
    masked_number: str
    salt: bytes | None
    commitment: str | None


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A recorded identity, found by its number."""

    person_id: UUID
    name: str
    blind_index: bytes
    commitment: str | None


_FOUND_BY = "SELECT person_id, name, blind_index, commitment FROM persons WHERE blind_index = ANY ($1::bytea[])"


async def found_by(session: Session, indexes: Sequence[BlindIndex]) -> list[FoundPerson]:
    """Return who is recorded under any of these indexes."""
    return [FoundPerson(*row) for row in await fetch(session, _FOUND_BY, [index.value for index in indexes])]


async def add(session: WriteSession, new: Sequence[StoredPerson]) -> None:
    """Record identities that are not recorded yet."""
    columns = tuple(_row(new[0])) if new else ()
    await copy_in(session, persons, columns, [tuple(_row(person).values()) for person in new])


async def add_aliases(session: WriteSession, aliases: Iterable[tuple[UUID, BlindIndex]]) -> None:
    """Keep what these persons' numbers give under other keys than the one that they are recorded under."""
    rows = list(aliases)
    if not rows:
        return
    given = (
        func.unnest(
            cast([person_id for person_id, _ in rows], ARRAY(Uuid)),
            cast([index.key_id for _, index in rows], ARRAY(Text)),
            cast([index.value for _, index in rows], ARRAY(LargeBinary)),
        )
        .table_valued("person_id", "index_key_id", "blind_index")
        .render_derived()
    )
    added = upsert(person_index_aliases).from_select(["person_id", "index_key_id", "blind_index"], select(given))
    await session.execute(added.on_conflict_do_nothing())


async def keep_aliases_under(session: WriteSession, key_ids: Iterable[str]) -> None:
    """Forget aliases under any other keys than these; only the database's owner may."""
    await session.execute(delete(person_index_aliases).where(person_index_aliases.c.index_key_id.not_in(list(key_ids))))


async def whole(session: Session) -> AsyncIterator[StoredPerson | UUID]:
    """Go through everybody as they are recorded, of an erased person the id; only the database's owner may."""
    query = select(persons).order_by(persons.c.person_id).execution_options(yield_per=1000)
    async for row in (await session.stream(query)).mappings():
        yield _person(row) if row["erased_at"] is None else row["person_id"]


async def erase(session: WriteSession, person_ids: Iterable[UUID], at: datetime) -> None:
    """Erase who these persons are, for good, in their own rows; only the database's owner may."""
    gone = dict.fromkeys(("name", "blind_index", "index_key_id", "sealed_number", "cipher_key_id", "masked_number"))
    wanted = cast(list(person_ids), ARRAY(Uuid))
    statement = update(persons).where(persons.c.person_id == any_(wanted))
    await session.execute(statement.values(**gone, salt=None, erased_at=at))
    await session.execute(delete(person_index_aliases).where(person_index_aliases.c.person_id == any_(wanted)))


async def in_no_listing(session: Session) -> UUID | None:
    """Return somebody who is recorded and stands in no listing, if there is anybody."""
    query = (
        select(persons.c.person_id).where(~exists().where(related_persons.c.person_id == persons.c.person_id)).limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def listings_with(session: Session, person_ids: Iterable[UUID]) -> set[UUID]:
    """Return the listings that any of these persons was ever recorded in."""
    wanted = cast(list(person_ids), ARRAY(Uuid))
    query = select(related_persons.c.listing_id).where(related_persons.c.person_id == any_(wanted))
    return set((await session.execute(query)).scalars())


async def under_other_keys(session: Session, index_key_id: str, cipher_key_id: str, limit: int) -> list[StoredPerson]:
    """Return up to ``limit`` identities that the current keys did not write."""
    query = (
        select(persons)
        .where(or_(persons.c.index_key_id != index_key_id, persons.c.cipher_key_id != cipher_key_id))
        .where(persons.c.erased_at.is_(None))
        .order_by(persons.c.person_id)
        .limit(limit)
    )
    return [_person(row) for row in (await session.execute(query)).mappings()]


def _person(row: RowMapping) -> StoredPerson:
    return StoredPerson(
        row["person_id"],
        row["name"],
        BlindIndex(row["index_key_id"], row["blind_index"]),
        SealedNumber(row["cipher_key_id"], row["sealed_number"]),
        row["masked_number"],
        row["salt"],
        row["commitment"],
    )


async def register_keys(session: WriteSession, check_values: Mapping[tuple[str, str], bytes]) -> list[tuple[str, str]]:
    """Note which keys the identifiers stand for; return those (kind, id) that stand for another key already."""
    rows = [{"kind": kind, "key_id": key_id, "check_value": value} for (kind, key_id), value in check_values.items()]
    await session.execute(upsert(identity_keys).on_conflict_do_nothing(), rows)
    known = (await session.execute(select(identity_keys))).all()
    return [(kind, key_id) for kind, key_id, value in known if check_values.get((kind, key_id), value) != value]


async def index_keys_ever(session: Session) -> set[str]:
    """Return every index key that was ever configured here."""
    query = select(identity_keys.c.key_id).where(identity_keys.c.kind == "index")
    return set((await session.execute(query)).scalars())


async def note_index_key(session: WriteSession, key_id: str) -> None:
    """Note that persons are recorded under this index key from now on."""
    await session.execute(upsert(index_keys_in_use).values(key_id=key_id).on_conflict_do_nothing())


async def index_keys_used(session: Session) -> set[str]:
    """Return the index keys that persons are recorded under."""
    return set((await session.execute(select(index_keys_in_use.c.key_id))).scalars())


async def unnoted_index_key(session: Session) -> str | None:
    """Return a key that somebody is recorded under and that is not noted, if there is one."""
    noted = exists().where(index_keys_in_use.c.key_id == persons.c.index_key_id)
    query = select(persons.c.index_key_id).where(persons.c.index_key_id.is_not(None), ~noted).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def forget_other_index_keys(session: WriteSession, key_id: str) -> None:
    """Note that persons are recorded under this key only; the database's owner may, once all are rewritten."""
    await session.execute(delete(index_keys_in_use).where(index_keys_in_use.c.key_id != key_id))


async def rewrite(session: WriteSession, person: StoredPerson) -> None:
    """Write an identity under its new keys; only the database's owner may."""
    await session.execute(update(persons).where(persons.c.person_id == person.person_id).values(_row(person)))


def _row(person: StoredPerson) -> dict[str, object]:
    return {
        "person_id": person.person_id,
        "name": person.name,
        "blind_index": person.blind_index.value,
        "index_key_id": person.blind_index.key_id,
        "sealed_number": person.sealed_number.value,
        "cipher_key_id": person.sealed_number.key_id,
        "masked_number": person.masked_number,
        "salt": person.salt,
        "commitment": person.commitment,
    }

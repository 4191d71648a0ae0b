"""Who read the audit: the record of it that can only be added to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, LargeBinary, any_, cast, insert, select

from app.store.database import Session, WriteSession
from app.store.tables import clients, readings_of_audit


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading: by a client with its key, or by an operator of the command line; persons by blind index only."""

    reading_id: UUID
    read_at: datetime
    kind: str
    client_id: UUID | None
    key_id: str | None
    operator: str | None
    request_id: str | None
    filters: Mapping[str, Any]
    blind_index: bytes | None
    index_key_id: str | None
    records: int


@dataclass(frozen=True, slots=True)
class ReadingShown:
    """A reading with the name of whoever read."""

    reading: Reading
    reader: str


async def add(session: WriteSession, reading: Reading) -> None:
    """Keep that the audit was read."""
    values = {column.name: getattr(reading, column.name) for column in readings_of_audit.columns}
    await session.execute(insert(readings_of_audit).values(values))


async def index_keys(session: Session) -> set[str]:
    """Return under which index keys the audit was read about somebody."""
    query = select(readings_of_audit.c.index_key_id).where(readings_of_audit.c.index_key_id.is_not(None)).distinct()
    return set((await session.execute(query)).scalars())


async def newest(session: Session, limit: int, blind_indexes: Sequence[bytes] | None = None) -> list[ReadingShown]:
    """Return the newest readings, all or those about one person."""
    query = select(readings_of_audit, clients.c.name.label("client_name")).outerjoin(clients)
    if blind_indexes is not None:
        query = query.where(readings_of_audit.c.blind_index == any_(cast(list(blind_indexes), ARRAY(LargeBinary))))
    query = query.order_by(readings_of_audit.c.reading_id.desc()).limit(limit)
    shown = []
    for row in (await session.execute(query)).mappings():
        values = dict(row)
        name = values.pop("client_name")
        shown.append(ReadingShown(Reading(**values), name or values["operator"]))
    return shown

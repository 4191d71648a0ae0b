"""Clients of the API and their keys."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, insert, select, update

from app.store.database import Session, WriteSession
from app.store.tables import api_keys, clients


@dataclass(frozen=True, slots=True)
class StoredClient:
    """A system of a department that may ask."""

    client_id: UUID
    name: str
    department: str


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One API key of a client; the secret itself is not kept."""

    key_id: str
    client: StoredClient
    secret_digest: bytes
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def usable(self, now: datetime) -> bool:
        """Whether the key opens anything now."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


async def add_client(session: WriteSession, client: StoredClient) -> None:
    """Record a client; its name is not taken yet."""
    await session.execute(
        insert(clients).values(client_id=client.client_id, name=client.name, department=client.department)
    )


async def client_named(session: Session, name: str) -> StoredClient | None:
    """Return the client of this name."""
    query = select(clients.c.client_id, clients.c.name, clients.c.department).where(clients.c.name == name)
    row = (await session.execute(query)).one_or_none()
    return StoredClient(*row) if row else None


async def all_clients(session: Session) -> list[StoredClient]:
    """Return every client, by name."""
    query = select(clients.c.client_id, clients.c.name, clients.c.department).order_by(clients.c.name)
    return [StoredClient(*row) for row in await session.execute(query)]


async def add_key(session: WriteSession, key: StoredKey) -> None:
    """Record a key of a client that is recorded."""
    values = {
        "key_id": key.key_id,
        "client_id": key.client.client_id,
        "secret_digest": key.secret_digest,
        "scopes": sorted(key.scopes),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
    }
    await session.execute(insert(api_keys).values(values))


async def key_by_id(session: Session, key_id: str) -> StoredKey | None:
    """Return one key with its client: a single statement, run for every request."""
    row = (await session.execute(_keys().where(api_keys.c.key_id == key_id))).one_or_none()
    return _key(row) if row else None


async def keys_of(session: Session, client_id: UUID) -> list[StoredKey]:
    """Return a client's keys, the oldest first."""
    query = _keys().where(api_keys.c.client_id == client_id).order_by(api_keys.c.created_at)
    return [_key(row) for row in await session.execute(query)]


async def end_key(
    session: WriteSession, key_id: str, *, revoked_at: datetime | None = None, expires_at: datetime | None = None
) -> None:
    """Revoke a key, or set the moment from which it opens nothing."""
    values = {"revoked_at": revoked_at} if revoked_at else {"expires_at": expires_at}
    await session.execute(update(api_keys).where(api_keys.c.key_id == key_id).values(values))


_Columns = tuple[UUID, str, str, str, bytes, list[str], datetime, datetime | None, datetime | None]


def _keys() -> "Select[*_Columns]":
    return select(
        clients.c.client_id,
        clients.c.name,
        clients.c.department,
        api_keys.c.key_id,
        api_keys.c.secret_digest,
        api_keys.c.scopes,
        api_keys.c.created_at,
        api_keys.c.expires_at,
        api_keys.c.revoked_at,
    ).join_from(api_keys, clients)


def _key(row: "_Columns") -> StoredKey:
    client_id, name, department, key_id, digest, scopes, created_at, expires_at, revoked_at = row
    client = StoredClient(client_id, name, department)
    return StoredKey(key_id, client, digest, frozenset(scopes), created_at, expires_at, revoked_at)

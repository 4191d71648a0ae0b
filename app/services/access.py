"""Who may call: clients, their keys and scopes.

A key reads ``lc_<id>_<secret>``. The id finds it; of the secret, 256 random bits, only the SM3 digest is kept. A key is
checked against the database for every request, so that revoking one takes effect at once on every process.
"""

import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from uuid_utils.compat import uuid7

from app.domain.catalogue import Catalogue
from app.domain.text import contains_identity_number, unprintable_position
from app.errors import Conflict, FieldError, Forbidden, InvalidField, NotFound, Unauthenticated
from app.store import clients as store
from app.store.clients import StoredClient, StoredKey
from app.store.database import Session, WriteSession

_KEY = re.compile(r"lc_([0-9a-f]{12})_([0-9a-f]{64})")


class Scope(StrEnum):
    """What a key may be used for."""

    LOOKUP = "lookup"
    """ask about units and persons"""
    LIST_PUSH = "list:push"
    """change the list"""
    LIST_APPROVE = "list:approve"
    """approve or refuse pushes of other clients"""
    LIST_READ = "list:read"
    """read the list and its history"""
    CHANGES_READ = "changes:read"
    """follow the list's changes and keep a copy"""


@dataclass(frozen=True, slots=True)
class Caller:
    """The client behind a request, with the scopes of the key it used."""

    client_id: UUID
    key_id: str
    name: str
    department: str
    scopes: frozenset[str]
    key_digest: bytes = field(repr=False)
    """of the key's secret, by which the statement that answers checks the key once more"""

    def require(self, scope: Scope) -> None:
        """Raise :class:`Forbidden` unless the key carries the scope."""
        if scope.value not in self.scopes:
            raise Forbidden(f"此密钥没有“{scope.value}”权限。请向系统管理员申请。")


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key: the only moment at which its text is known."""

    text: str
    key: StoredKey


def names_a_key(text: str) -> bool:
    """Whether the text has the form of a key; only then is it worth asking the database."""
    return _KEY.fullmatch(text) is not None


class NamedKey(NamedTuple):
    """A key as it is kept: its id, and the digest of its secret."""

    key_id: str
    digest: bytes


def named_key(text: str) -> NamedKey | None:
    """Return what is kept of the key that this text would be, if it has the form of one."""
    parts = _KEY.fullmatch(text)
    return NamedKey(parts.group(1), _digest(parts.group(2))) if parts else None


async def authenticate(session: Session, key_text: str | None, now: datetime) -> Caller:
    """Return the caller behind a key, or raise :class:`Unauthenticated`: the same for every kind of bad key."""
    named = named_key(key_text or "")
    key = await store.key_by_id(session, named.key_id) if named else None
    if named is None or key is None or not hmac.compare_digest(key.secret_digest, named.digest):
        raise refused()
    if not key.usable(now):
        raise refused()
    client = key.client
    return Caller(client.client_id, key.key_id, client.name, client.department, key.scopes, key.secret_digest)


async def require_still_usable(session: Session, caller: Caller, now: datetime) -> None:
    """Raise :class:`Unauthenticated` if the caller's key has ended since they were authenticated."""
    key = await store.key_by_id(session, caller.key_id)
    if key is None or not key.usable(now):
        raise refused()


def refused() -> Unauthenticated:
    """Return the one error for every kind of bad key."""
    return Unauthenticated("缺少有效的 API 密钥。请在 Authorization 头中以 Bearer 方式提供。")


def _digest(secret: str) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(secret.encode())
    return digest.finalize()


async def add_client(session: WriteSession, catalogue: Catalogue, *, name: str, department: str) -> StoredClient:
    """Record a client of a signatory; the department may be given by any name the memo prints for it."""
    known = catalogue.department_named(department)
    if known is None:
        names = "、".join(one.name for one in catalogue.departments)
        raise InvalidField(FieldError("department", "unknown_department", f"备忘录没有这个部门。可用：{names}。"))
    if not name.strip() or unprintable_position(name) is not None or contains_identity_number(name):
        raise InvalidField(FieldError("name", "unusable_name", "客户端名称不得为空白，不得含有不可见字符或身份号码。"))
    if await store.client_named(session, name) is not None:
        raise Conflict(f"已有名为“{name}”的客户端。如需新密钥，请用 liancheng clients rotate。")
    client = StoredClient(uuid7(), name, known.name)
    await store.add_client(session, client)
    return client


async def issue_key(
    session: WriteSession, client: StoredClient, scopes: Collection[Scope], now: datetime, expires_at: datetime | None
) -> IssuedKey:
    """Make a key for a client."""
    key_id, secret = secrets.token_hex(6), secrets.token_hex(32)
    granted = frozenset(scope.value for scope in scopes)
    key = StoredKey(key_id, client, _digest(secret), granted, now, expires_at, None)
    await store.add_key(session, key)
    return IssuedKey(f"lc_{key_id}_{secret}", key)


async def rotate(
    session: WriteSession, name: str, now: datetime, *, overlap: timedelta, expires_at: datetime | None
) -> tuple[IssuedKey, list[StoredKey]]:
    """Make a new key with the scopes of the client's usable ones, which end after ``overlap``; return both."""
    client = await require_client(session, name)
    old = [key for key in await store.keys_of(session, client.client_id) if key.usable(now)]
    if not old:
        raise Conflict(f"客户端“{name}”没有有效的密钥，无从轮换。请用 liancheng clients add-key 新发。")
    scopes = frozenset[str]().union(*(key.scopes for key in old))
    issued = await issue_key(session, client, [Scope(scope) for scope in scopes], now, expires_at)
    ends = now + overlap
    ended = [replace(key, expires_at=min(ends, key.expires_at or ends)) for key in old]
    for key in ended:
        await store.end_key(session, key.key_id, expires_at=key.expires_at)
    return issued, ended


async def revoke(session: WriteSession, name: str, key_id: str | None, now: datetime) -> list[StoredKey]:
    """Revoke one key of a client, or all of them, from this moment on; return those that were usable."""
    client = await require_client(session, name)
    keys = await store.keys_of(session, client.client_id)
    chosen = [key for key in keys if key_id in {None, key.key_id}]
    if not chosen:
        raise NotFound(f"客户端“{name}”没有这个密钥标识。")
    revoked = [key for key in chosen if key.revoked_at is None]
    for key in revoked:
        await store.end_key(session, key.key_id, revoked_at=now)
    return revoked


async def require_client(session: Session, name: str) -> StoredClient:
    """Return the client of this name or raise :class:`NotFound`."""
    client = await store.client_named(session, name)
    if client is None:
        raise NotFound(f"没有名为“{name}”的客户端。可用 liancheng clients list 查看。")
    return client

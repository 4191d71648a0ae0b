"""Who may call: clients, their keys and scopes.

A key reads ``lc_<id>_<secret>``. The id finds it; of the secret, 256 random bits, only the SM3 digest is kept. A key is
checked against the database for every request, so that revoking one takes effect at once on every process.
"""

import hmac
import re
import secrets
from collections.abc import Collection, Mapping
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

_NOTHING_DIGESTED = hashes.Hash(hashes.SM3())
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
    ENFORCEMENT_REPORT = "enforcement:report"
    """see what one's own department has to do and whom it cleared too early, and report what it did"""
    ENFORCEMENT_READ = "enforcement:read"
    """see what every department has to do and did: for the bureau and the credit office"""
    AUDIT_READ = "audit:read"
    """read who asked about whom"""
    WEBHOOKS_MANAGE = "webhooks:manage"
    """have one's own systems told that the list has changed"""


class ClientRole(StrEnum):
    """What a client is to the list: a name for the scopes that go with it."""

    BUREAU = "bureau"
    """市应急管理局: keeps the list, and sees what comes of it"""
    CREDIT_OFFICE = "credit_office"
    """市发展和改革局: is reported to by everybody, and is a department itself"""
    DEPARTMENT = "department"
    """asks, follows the list, and reports what it did"""
    AUDITOR = "auditor"
    """reads who asked about whom, and nothing else"""


_OF_A_DEPARTMENT = frozenset({Scope.LOOKUP, Scope.CHANGES_READ, Scope.ENFORCEMENT_REPORT, Scope.WEBHOOKS_MANAGE})
_OVERSEEING = _OF_A_DEPARTMENT | {Scope.LIST_READ, Scope.ENFORCEMENT_READ}
# Nobody approves their own push, whatever their scopes: a bureau's second client approves the first one's.
ROLE_SCOPES: Mapping[ClientRole, frozenset[Scope]] = {
    ClientRole.BUREAU: _OVERSEEING | {Scope.LIST_PUSH, Scope.LIST_APPROVE},
    ClientRole.CREDIT_OFFICE: _OVERSEEING,
    ClientRole.DEPARTMENT: _OF_A_DEPARTMENT,
    ClientRole.AUDITOR: frozenset({Scope.AUDIT_READ}),
}
# A slip here would let another department change the list.
_ONLY_OF = {ClientRole.BUREAU: "市应急管理局", ClientRole.CREDIT_OFFICE: "市发展和改革局"}


def role_of(scopes: Collection[str]) -> ClientRole | None:
    """Return the role whose scopes these are, exactly; ``None`` where they were put together by hand."""
    return next((role for role, own in ROLE_SCOPES.items() if own == set(scopes)), None)


def scopes_for(role: ClientRole | None, scopes: Collection[Scope], department: str) -> frozenset[Scope]:
    """Return the scopes of a role and those named besides; of neither, that of looking up.

    Raises :class:`InvalidField` for a role that is another department's.
    """
    if role is not None and _ONLY_OF.get(role, department) != department:
        told = f"角色 {role.value} 只能授予“{_ONLY_OF[role]}”的客户端；其他部门请用 department。"
        raise InvalidField(FieldError("role", "role_of_another_department", told))
    return (ROLE_SCOPES[role] if role else frozenset()) | frozenset(scopes) or frozenset({Scope.LOOKUP})


def changing_anothers_list(scopes: Collection[Scope], department: str) -> Collection[Scope]:
    """Return the scopes by which a department that is not the bureau could change the list: a slip, most likely."""
    if department == _ONLY_OF[ClientRole.BUREAU]:
        return ()
    return [scope for scope in (Scope.LIST_PUSH, Scope.LIST_APPROVE) if scope in scopes]


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

    def require(self, *scopes: Scope) -> None:
        """Raise :class:`Forbidden` unless the key carries one of the scopes."""
        if not any(self.holds(scope) for scope in scopes):
            needed = "或".join(f"“{scope.value}”" for scope in scopes)
            raise Forbidden(f"此密钥没有{needed}权限。请向系统管理员申请。")

    def holds(self, scope: Scope) -> bool:
        """Whether the key carries the scope."""
        return scope.value in self.scopes


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
    # Copied, because to look the algorithm up costs as much as all the rest, and every lookup comes through here.
    digest = _NOTHING_DIGESTED.copy()
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
        raise Conflict(f"已有名为“{name}”的客户端。换发密钥请用 liancheng clients rotate，再发一个请用 add-key。")
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

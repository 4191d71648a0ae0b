"""Erasing who a person is, by order: name and number are gone, and the chain over the history is as whole as before.

The erasure is a change like any other, so that copies of the list learn of it; what the history keeps of the person is
a commitment that tells nothing once its salt is gone. The record of lookups keeps that somebody was asked about.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from uuid_utils.compat import uuid7

from app.domain.catalogue import Catalogue
from app.domain.codes import ResidentId
from app.domain.identity import IdentityVault
from app.domain.listing import Entry, RelatedPerson
from app.domain.moment import Moment
from app.domain.operations import Op
from app.errors import Conflict, FieldError, IdentityKeysMissing, InvalidField, NotFound
from app.services import access
from app.services.fields import ShortText, told
from app.services.identity_keys import note_keys
from app.services.version_making import VersionMaking
from app.store import audit, audit_readings, clients, listings, persons, pushes, revisions, waiting_pushes
from app.store.clients import StoredClient
from app.store.database import WriteSession
from app.store.pushes import StoredPush

MAINTENANCE = "运维命令行"
_KEEPER = "市应急管理局"
_LOCK_SECONDS = 60.0
_DOCUMENT: TypeAdapter[str] = TypeAdapter(ShortText)


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: in which version of the list, from how many listings and records of lookups."""

    list_version: int
    listings: int
    audit_records: int


async def erase(
    session: WriteSession, vault: IdentityVault, catalogue: Catalogue, number: ResidentId, document: str
) -> Erased:
    """Erase the person with this number, as the database's owner; ``document`` is the order that demands it.

    Raises :class:`InvalidField` for a document that may not stand in the history, :class:`IdentityKeysMissing` if a
    part of what is recorded of them could not be found, :class:`NotFound` if nobody is recorded with the number, and
    :class:`Conflict` while pushes wait for approval, for the number may be in one of them.
    """
    document = _readable(document)
    await _require_all_keys(session, vault)
    version = await pushes.lock_version(session, _LOCK_SECONDS) + 1
    if await waiting_pushes.undecided(session):
        raise Conflict("有推送正在等待审批，其中可能含有此号码。请先批准或否决它们，再删除身份。")
    indexes = vault.blind_indexes(number)
    known = await persons.found_by(session, indexes)
    if not known:
        raise NotFound("没有记录此号码的人员。")
    ids = frozenset(one.person_id for one in known)
    making = VersionMaking(uuid7(), version)
    await making.begin(session)
    concerned = await listings.named(session, await persons.listings_with(session, ids))
    entries = [_without(entry, ids, version) for key, entry in concerned.items() if isinstance(key, UUID)]
    await persons.erase(session, ids, Moment.current().now)
    await listings.write(session, entries)
    detail = {"document": document}
    made = [making.revision(entry, op=Op.ERASE.value, row=None, detail=detail) for entry in entries]
    await revisions.add(session, made)
    client = await _maintenance_client(session, catalogue)
    await making.finish(session, _record(vault, making, client, document, len(made)))
    forgotten = await audit.forget_person(session, [index.value for index in indexes])
    return Erased(version, len(entries), forgotten)


def _readable(document: str) -> str:
    """Return the document as it is kept for good, in the history and the feed."""
    try:
        return _DOCUMENT.validate_python(document)
    except ValidationError as error:
        (found, *_) = told(error.errors(include_url=False, include_input=False))
        raise InvalidField(FieldError("document", found.code, f"文书：{found.detail}")) from None


async def _require_all_keys(session: WriteSession, vault: IdentityVault) -> None:
    """Raise :class:`IdentityKeysMissing` where the person could stand under a key that is not configured here.

    They would be erased in part, and nobody would see that something is left.
    """
    await note_keys(session, vault)
    used = await persons.index_keys_used(session) | await audit.index_keys(session)
    missing = (used | await audit_readings.index_keys(session)) - set(vault.index_key_ids)
    if missing:
        raise IdentityKeysMissing(
            f"库中有以索引密钥 {'、'.join(sorted(missing))} 保存的身份或查询记录，本机没有这些密钥。"
            "可能删除不全，故未删除。请把它们加回 LIANCHENG_IDENTITY_INDEX_KEYS（排在当前密钥之后）再试。"
        )


def _without(entry: Entry, ids: frozenset[UUID], version: int) -> Entry:
    listing = replace(entry.listing, revision=entry.listing.revision + 1, list_version=version)
    return Entry(listing, tuple(_erased(one) if one.person_id in ids else one for one in entry.persons))


def _erased(person: RelatedPerson) -> RelatedPerson:
    return replace(person, name=listings.ERASED_NAME, masked_number=listings.ERASED_NUMBER, erased=True)


async def _maintenance_client(session: WriteSession, catalogue: Catalogue) -> StoredClient:
    known = await clients.client_named(session, MAINTENANCE)
    return known or await access.add_client(session, catalogue, name=MAINTENANCE, department=_KEEPER)


def _record(
    vault: IdentityVault, making: VersionMaking, client: StoredClient, document: str, changes: int
) -> StoredPush:
    index_key_id, _ = vault.current_key_ids
    return StoredPush(
        push_id=making.push_id,
        list_version=making.version,
        client_id=client.client_id,
        idempotency_key=f"erase-{making.push_id}",
        body_fingerprint=b"",
        fingerprint_key_id=index_key_id,
        source_document=document,
        committed_at=Moment.current().now,
        mode="maintenance",
        counts={Op.ERASE.value: changes},
        approved_by=None,
        head=b"",
    )

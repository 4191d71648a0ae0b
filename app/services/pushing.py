"""Changing the list: all of a push or nothing of it, one after another, each remembered.

The order matters: the lock first, then whether this very push was made before, then whether it may be made. What it
did is written as listings, revisions and changes in the same transaction that moves the list's version.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.identity import IdentityVault
from app.domain.listing import ListedUnit, Listing, RelatedPerson, Removal
from app.domain.moment import Moment
from app.domain.operations import ListOperation, Operation, PersonGiven, Target, allowed
from app.errors import FieldError, IdempotencyKeyReused, ListVersionMoved, NotFound, PushRejected
from app.services.access import Caller, require_still_usable
from app.services.identity_keys import require_index_keys
from app.services.push_rows import read_rows
from app.store import listings, persons, pushes
from app.store.database import Session, WriteSession
from app.store.listings import Change
from app.store.pushes import PushedRow, StoredPush


@dataclass(frozen=True, slots=True)
class PushRequest:
    """A push as it was sent: its rows unread, and its body for telling a repetition from another push."""

    rows: Sequence[object]
    body: bytes
    idempotency_key: str
    expected_list_version: int | None
    source_document: str | None


@dataclass(frozen=True, slots=True)
class PushDone:
    """What a push did, or in a dry run would do: then it has no id, and its version is the one it would make."""

    push_id: UUID | None
    list_version: int
    committed_at: datetime | None
    source_document: str | None
    rows: Sequence[PushedRow]


class PushService:
    """Takes pushes, with one set of identity keys."""

    def __init__(self, vault: IdentityVault, wait: float) -> None:
        """Wait up to ``wait`` seconds for the push before."""
        self._vault = vault
        self._wait = wait

    async def push(self, session: WriteSession, caller: Caller, request: PushRequest) -> tuple[PushDone, bool]:
        """Carry out a push; return what it did and whether it had been done already.

        Raises :class:`PushRejected` with every error of every row, :class:`IdempotencyKeyReused`,
        :class:`ListVersionMoved` or :class:`PushInProgress`; then nothing of it is kept.
        """
        version = await pushes.lock_version(session, self._wait)
        # The wait may have been long: the time of the push is now, and the key must still be good.
        moment = Moment.current()
        await require_still_usable(session, caller, moment.now)
        await require_index_keys(session, self._vault)
        earlier = await pushes.by_idempotency_key(session, caller.client_id, request.idempotency_key)
        if earlier is not None:
            known = earlier.fingerprint_key_id in self._vault.index_key_ids
            if not known or self._fingerprint(request, earlier.fingerprint_key_id) != earlier.body_fingerprint:
                raise IdempotencyKeyReused("此 Idempotency-Key 已用于另一次内容不同的推送，请换一个新的。")
            return await _done(session, earlier), True
        operations, existing = await _checked(session, request, version, moment)
        version += 1
        push_id = uuid7()
        fingerprint_key_id, _ = self._vault.current_key_ids
        made = StoredPush(
            push_id=push_id,
            list_version=version,
            client_id=caller.client_id,
            idempotency_key=request.idempotency_key,
            body_fingerprint=self._fingerprint(request, fingerprint_key_id),
            fingerprint_key_id=fingerprint_key_id,
            source_document=request.source_document,
            committed_at=moment.now,
        )
        await pushes.set_version(session, version)
        await pushes.add(session, made)
        changed = await self._changes(session, operations, existing)
        await listings.record(session, changed, push_id=push_id, list_version=version, at=moment.now)
        return await _done(session, made), False

    async def dry_run(self, session: Session, request: PushRequest, moment: Moment) -> PushDone:
        """Say what the push would do; raise what it would raise."""
        version = await pushes.current_version(session)
        operations, existing = await _checked(session, request, version, moment)
        rows = []
        for operation in operations:
            found = existing.get(operation.target)
            rows.append(
                PushedRow(
                    row=operation.row,
                    op=operation.op,
                    listing_id=found.listing_id if found else None,
                    revision=found.revision + 1 if found else 1,
                    uscc=found.unit.uscc if found else _new(operation).uscc.value,
                    decision_no=found.decision_no if found else _new(operation).decision_no,
                )
            )
        return PushDone(None, version + 1, None, request.source_document, rows)

    async def was_made(self, session: Session, caller: Caller, idempotency_key: str) -> bool:
        """Whether the caller has made a push with this key."""
        return await pushes.by_idempotency_key(session, caller.client_id, idempotency_key) is not None

    def _fingerprint(self, request: PushRequest, key_id: str) -> bytes:
        # Keyed, because a body that is known but for one identity number could be tried out against a plain hash.
        return self._vault.keyed_hash(b"push\0" + request.body, key_id)

    async def _changes(
        self, session: WriteSession, operations: Sequence[Operation], existing: dict[Target, Listing]
    ) -> list[Change]:
        given = [p for operation in operations if isinstance(operation, ListOperation) for p in operation.persons]
        known = await self._recorded(session, given)
        removed = [existing[one.target].listing_id for one in operations if one.target in existing]
        related = await listings.persons_of(session, removed)
        changed = []
        for operation in operations:
            if isinstance(operation, ListOperation):
                people = tuple(
                    RelatedPerson(known[p.number.reveal(), p.name], p.name, p.number.masked, p.roles, p.position_ban)
                    for p in operation.persons
                )
                changed.append(Change(operation.row, operation.op, _new_listing(operation), people))
            else:
                before = existing[operation.target]
                removal = Removal(operation.removed_on, operation.reason, operation.decision_no)
                after = replace(before, revision=before.revision + 1, removal=removal)
                changed.append(Change(operation.row, operation.op, after, related.get(before.listing_id, ())))
        return changed

    async def _recorded(self, session: WriteSession, given: Sequence[PersonGiven]) -> dict[tuple[str, str], UUID]:
        """Return the id of each given identity (number, name), recording those that are new."""
        wanted = {(person.number.reveal(), person.name): person.number for person in given}
        indexes = {key: self._vault.blind_indexes(number) for key, number in wanted.items()}
        found = await persons.found_by(session, [index for one in indexes.values() for index in one])
        ids: dict[tuple[str, str], UUID] = {}
        new = []
        for key, number in wanted.items():
            _, name = key
            matches = [found[index.value, name] for index in indexes[key] if (index.value, name) in found]
            if matches:
                ids[key] = matches[0]
                continue
            person_id = ids[key] = uuid7()
            sealed = self._vault.seal(number, person_id)
            new.append(persons.StoredPerson(person_id, name, indexes[key][0], sealed, number.masked))
        if new:
            await persons.add(session, new)
            await persons.note_index_key(session, self._vault.current_key_ids[0])
        return ids


async def find(session: Session, push_id: UUID) -> PushDone:
    """Return what an earlier push did, or raise :class:`NotFound`."""
    push = await pushes.by_id(session, push_id)
    if push is None:
        raise NotFound("没有这次推送。")
    return await _done(session, push)


async def _done(session: Session, push: StoredPush) -> PushDone:
    # Always read back from what was written, so that a repetition and a later question get the first answer.
    rows = await pushes.rows_of(session, push.list_version)
    return PushDone(push.push_id, push.list_version, push.committed_at, push.source_document, rows)


async def _checked(
    session: Session, request: PushRequest, version: int, moment: Moment
) -> tuple[list[Operation], dict[Target, Listing]]:
    expected = request.expected_list_version
    if expected is not None and expected != version:
        raise ListVersionMoved(
            f"名单现为第 {version} 版，而推送是针对第 {expected} 版准备的。请核对其间的变化后重新提交。"
        )
    operations, errors = read_rows(request.rows, moment.today)
    existing = await listings.named(session, [operation.target for operation in operations])
    errors.extend(allowed(operations, existing, moment.today))
    if errors:
        raise _rejected(errors)
    return operations, existing


def _rejected(errors: list[FieldError]) -> PushRejected:
    in_order = sorted(errors, key=lambda error: (error.row or 0, error.field or ""))
    rows = len({error.row for error in errors})
    return PushRejected(
        f"共 {rows} 行有 {len(errors)} 处错误，整批均未入库。请逐项改正后重新提交（最多列出一千处）。",
        errors=tuple(in_order),
    )


def _new(operation: Operation) -> ListOperation:
    assert isinstance(operation, ListOperation)  # noqa: S101 - a removal without a listing was refused before
    return operation


def _new_listing(operation: ListOperation) -> Listing:
    return Listing(
        listing_id=uuid7(),
        revision=1,
        unit=ListedUnit(operation.uscc.value, operation.unit_name, ()),
        decision_no=operation.decision_no,
        decided_by=operation.decided_by,
        conduct=operation.conduct,
        tier=operation.tier,
        listed_on=operation.listed_on,
        valid_until=operation.valid_until,
        removal=None,
    )

"""Pushes that wait for a second pair of eyes: the body sealed, in parts, until somebody else has decided."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.identity import IdentityVault
from app.domain.moment import Moment
from app.errors import AlreadyDecided, Forbidden, NotFound
from app.files.spool import Spool
from app.services import push_reports
from app.services.access import Caller
from app.services.push_reports import PushReport, Status
from app.store import waiting_pushes
from app.store.database import Session, WriteSession
from app.store.waiting_pushes import WaitingPush

_PART_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a push that has to wait, beside its body."""

    push_id: UUID
    client_id: UUID
    idempotency_key: str
    body_fingerprint: bytes
    fingerprint_key_id: str
    media_type: str
    options: dict[str, Any]
    list_version: int
    outcome: dict[str, Any]


async def keep(session: WriteSession, vault: IdentityVault, kept: Kept, body: Spool) -> PushReport:
    """Keep a push until it is decided; return what is answered meanwhile."""
    _, cipher_key_id = vault.current_key_ids
    push = WaitingPush(
        push_id=kept.push_id,
        client_id=kept.client_id,
        idempotency_key=kept.idempotency_key,
        body_fingerprint=kept.body_fingerprint,
        fingerprint_key_id=kept.fingerprint_key_id,
        received_at=Moment.current().now,
        list_version=kept.list_version,
        media_type=kept.media_type,
        options=kept.options,
        outcome=kept.outcome,
        cipher_key_id=cipher_key_id,
        decided_at=None,
        decided_by=None,
        approved=None,
    )
    await waiting_pushes.add(session, push)
    with body.reader() as reader:
        part_no = 0
        while piece := await asyncio.to_thread(reader.read, _PART_BYTES):
            sealed = vault.seal_part(piece, _context(kept.push_id, part_no))
            await waiting_pushes.add_part(session, kept.push_id, part_no, sealed)
            part_no += 1
    return report_of(push)


def _context(push_id: UUID, part_no: int) -> bytes:
    # A part moved to another push or another place does not open.
    return push_id.bytes + part_no.to_bytes(8, "big")


async def body_of(session: Session, vault: IdentityVault, push: WaitingPush) -> Spool:
    """Return the body of a push that waits."""
    spool = Spool()
    async for part_no, sealed in waiting_pushes.parts(session, push.push_id):
        spool.write(vault.open_part(sealed, push.cipher_key_id, _context(push.push_id, part_no)))
    return spool


async def to_decide(session: Session, caller: Caller, push_id: UUID) -> WaitingPush:
    """Return a push that the caller may decide, or raise what keeps them from it."""
    push = await waiting_pushes.by_id(session, push_id)
    if push is None:
        raise NotFound("没有这次待审批的推送。")
    if push.client_id == caller.client_id:
        raise Forbidden("不能审批自己提交的推送，须由另一客户端审批。")
    if push.approved is not None:
        raise AlreadyDecided("该推送已经" + ("批准。" if push.approved else "否决。"))
    return push


async def decide(session: WriteSession, push_id: UUID, caller: Caller, at: datetime, *, approved: bool) -> None:
    """Note the decision; the body is not needed any more."""
    await waiting_pushes.decide(session, push_id, caller.client_id, at, approved=approved)


def report_of(push: WaitingPush) -> PushReport:
    """Return what is answered about a push that waits, or was refused."""
    status: Status = "rejected" if push.approved is False else "awaiting_approval"
    report = PushReport(
        push_id=push.push_id,
        status=status,
        mode=push.options["mode"],
        list_version=push.list_version + 1,
        committed_at=None,
        source_document=push.options["source_document"],
        counts={},
        rows=(),
    )
    return push_reports.from_kept(push.outcome, report)

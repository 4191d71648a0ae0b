"""Changing the list: all of a push or nothing of it, one after another, each remembered.

The order matters: the lock first, then whether this very push was made before, then whether it may be made. What it
did is written as listings and revisions in the same transaction that moves the list's version. A dry run is the same
run, taken back; so is a push that needs a second pair of eyes, of which only the sealed body is kept until then.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain import chain
from app.domain.identity import IdentityVault
from app.domain.list_rules import ListRules
from app.domain.moment import Moment
from app.errors import FieldError, IdempotencyKeyReused, ListVersionMoved, NotFound, PushRejected
from app.files.rows import JSON, FileRow, RowSource, open_rows
from app.files.spool import Spool
from app.services import push_reports, waiting
from app.services.access import Caller, require_still_usable
from app.services.identity_keys import require_index_keys
from app.services.push_options import PushOptions, merged
from app.services.push_reports import PushReport
from app.services.push_run import PushRun, RunBroken
from app.services.push_snapshot import RemovalTerms, SnapshotRun
from app.store import pushes, waiting_pushes
from app.store.database import Session, WriteSession, tentatively
from app.store.pushes import StoredPush
from app.store.waiting_pushes import WaitingPush

_ANY_NUMBER_OF_ROWS = 2**31
"""Rows are counted where they are carried out; the reader need not."""
_READ_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PushTerms:
    """What an installation allows: rows in a push, seconds to wait for the push before, and when to ask a second."""

    most_rows: int
    wait: float
    most_removed_share: float
    approval_above: int | None


@dataclass(frozen=True, slots=True)
class PushRequest:
    """A push as it was sent: its body unread, and what was said of it outside the body.

    ``still_there`` says whether somebody waits for the answer. A dry run for nobody ends; a push goes on, for whoever
    sent it finds out by its key what became of it.
    """

    body: Spool
    media_type: str
    idempotency_key: str
    outside: dict[str, Any]
    dry_run: bool = False
    still_there: Callable[[], Awaitable[bool]] | None = None


@dataclass(frozen=True, slots=True)
class _Opened:
    """A push whose body has been opened: its options whole, its rows not yet read."""

    source: RowSource
    options: PushOptions
    request: PushRequest


@dataclass(frozen=True, slots=True)
class _Sender:
    """Whose push it is, how it is recognised again, and who approved it."""

    push_id: UUID
    client_id: UUID
    idempotency_key: str
    fingerprint: bytes
    fingerprint_key_id: str
    approved_by: UUID | None


class PushService:
    """Takes pushes, with one set of identity keys and one set of rules."""

    def __init__(self, vault: IdentityVault, rules: ListRules, terms: PushTerms) -> None:
        """Take pushes on these terms."""
        self._vault = vault
        self._rules = rules
        self._terms = terms

    async def push(self, session: WriteSession, caller: Caller, request: PushRequest) -> tuple[PushReport, bool]:
        """Carry out a push; return what it did and whether it had been done already.

        Raises :class:`PushRejected` with the errors of every row, :class:`IdempotencyKeyReused`,
        :class:`ListVersionMoved`, :class:`TooManyRemovals` or :class:`PushInProgress`; then nothing of it is kept.
        """
        opened = await self._open(request)
        version = await pushes.lock_version(session, self._terms.wait)
        # The wait may have been long: the time of the push is now, and the key must still be good.
        moment = Moment.current()
        await require_still_usable(session, caller, moment.now)
        await require_index_keys(session, self._vault)
        if not request.dry_run:
            earlier = await self._earlier(session, caller, request)
            if earlier is not None:
                return earlier, True
        _require_version(opened.options.expected_list_version, version)
        return await self._carry_out(session, caller, opened, version, moment), False

    async def _open(self, request: PushRequest) -> _Opened:
        moment = Moment.current()

        def opened() -> RowSource:
            return open_rows(
                request.body.reader(),
                request.media_type,
                today=moment.today,
                default_op="list",
                most_rows=_ANY_NUMBER_OF_ROWS,
            )

        source = await asyncio.to_thread(opened)
        return _Opened(source, merged(request.outside, source.options), request)

    async def _earlier(self, session: Session, caller: Caller, request: PushRequest) -> PushReport | None:
        """Return what was answered to this very push before, or raise :class:`IdempotencyKeyReused`."""
        key = request.idempotency_key
        made = await pushes.by_idempotency_key(session, caller.client_id, key)
        kept = None if made else await waiting_pushes.by_idempotency_key(session, caller.client_id, key)
        if made is None and kept is None:
            return None
        found = made or kept
        assert found is not None  # noqa: S101 - one of the two is there
        known = found.fingerprint_key_id in self._vault.index_key_ids
        if not known or await self._fingerprint(request, found.fingerprint_key_id) != found.body_fingerprint:
            raise IdempotencyKeyReused("此 Idempotency-Key 已用于另一次内容不同的推送，请换一个新的。")
        return await push_reports.of_push(session, made) if made else waiting.report_of(kept) if kept else None

    async def _fingerprint(self, request: PushRequest, key_id: str) -> bytes:
        # Keyed, because a body that is known but for one identity number could be tried out against a plain hash.
        def computed() -> bytes:
            mac = self._vault.keyed_hasher(key_id)
            mac.update(b"push\0")
            with request.body.reader() as reader:
                while piece := reader.read(_READ_BYTES):
                    mac.update(piece)
            said = {name: value for name, value in request.outside.items() if value is not None}
            if not request.media_type.startswith(JSON):
                # The same bytes are another push where they are read in another way.
                said["media_type"] = request.media_type
            if said:
                mac.update(b"\0options\0" + chain.canonical(said))
            return mac.finalize()

        return await asyncio.to_thread(computed)

    async def _carry_out(
        self, session: WriteSession, caller: Caller, opened: _Opened, version: int, moment: Moment
    ) -> PushReport:
        push_id, request = uuid7(), opened.request
        async with tentatively(session) as tentative:
            run = await self._run(session, opened, push_id, version + 1, moment)
            if run.findings.errors_total and not request.dry_run:
                raise _rejected(run)
            report = await _report(session, run, opened.options)
            most = self._terms.approval_above
            waits = most is not None and run.making.change_no > most
            if request.dry_run or waits:
                await tentative.take_back()
        shown = replace(report, rows=push_reports.without_new_ids(report.rows))
        if request.dry_run:
            return shown
        if waits:
            return await self._let_wait(session, caller, opened, shown, run)
        fingerprint_key_id, _ = self._vault.current_key_ids
        fingerprint = await self._fingerprint(request, fingerprint_key_id)
        sender = _Sender(push_id, caller.client_id, request.idempotency_key, fingerprint, fingerprint_key_id, None)
        return await _commit(session, run, opened.options, sender)

    async def _run(
        self, session: WriteSession, opened: _Opened, push_id: UUID, version: int, moment: Moment
    ) -> PushRun:
        kind = SnapshotRun if opened.options.mode == "snapshot" else PushRun
        run = kind(session, self._vault, self._rules, push_id, version, moment)
        await run.begin()
        rows: Iterator[FileRow] = iter(opened.source)
        try:
            asked = opened.request
            await run.carry_out(rows, self._terms.most_rows, asked.still_there if asked.dry_run else None)
            await run.warn_of_unfinished()
            # What the file holds and the list does not keep is left out knowingly, and told.
            run.findings.warn(FieldError(None, one.code, one.detail) for one in opened.source.notices)
            if isinstance(run, SnapshotRun) and not run.findings.errors_total:
                options = opened.options
                terms = RemovalTerms(options.removal_reason, options.confirm_removals, self._terms.most_removed_share)
                await run.remove_missing(terms, proposed_only=opened.request.dry_run)
        except RunBroken:
            # Nothing can be read back from a transaction that the database has given up.
            raise _rejected(run) from None
        return run

    async def _let_wait(
        self,
        session: WriteSession,
        caller: Caller,
        opened: _Opened,
        report: PushReport,
        run: PushRun,
    ) -> PushReport:
        fingerprint_key_id, _ = self._vault.current_key_ids
        fingerprint = await self._fingerprint(opened.request, fingerprint_key_id)
        kept = waiting.Kept(
            push_id=uuid7(),
            client_id=caller.client_id,
            idempotency_key=opened.request.idempotency_key,
            body_fingerprint=fingerprint,
            fingerprint_key_id=fingerprint_key_id,
            media_type=opened.request.media_type,
            options=opened.options.model_dump(mode="json"),
            list_version=run.version - 1,
            outcome=push_reports.as_kept(report, run.findings),
        )
        return await waiting.keep(session, self._vault, kept, opened.request.body)

    async def decide(self, session: WriteSession, caller: Caller, push_id: UUID, *, approve: bool) -> PushReport:
        """Approve or refuse a push that waits, as another client than its own.

        Raises :class:`NotFound`, :class:`AlreadyDecided`, :class:`Forbidden`, or :class:`ListVersionMoved` where the
        list is no longer the one that the push was checked against, or it would no longer do what was shown.
        """
        version = await pushes.lock_version(session, self._terms.wait)
        moment = Moment.current()
        await require_still_usable(session, caller, moment.now)
        await require_index_keys(session, self._vault)
        kept = await waiting.to_decide(session, caller, push_id)
        if not approve:
            await waiting.decide(session, push_id, caller, moment.now, approved=False)
            return replace(waiting.report_of(kept), status="rejected")
        if version != kept.list_version:
            raise ListVersionMoved(
                f"名单现为第 {version} 版，而该推送是针对第 {kept.list_version} 版核对的。请否决后重新提交。"
            )
        with await waiting.body_of(session, self._vault, kept) as body:
            request = PushRequest(body, kept.media_type, kept.idempotency_key, kept.options)
            source = (await self._open(replace(request, outside={}))).source
            opened = _Opened(source, PushOptions.model_validate(kept.options), request)
            run = await self._run(session, opened, push_id, version + 1, moment)
            if run.findings.errors_total:
                raise _rejected(run)
            _require_as_shown(run, kept)
            sender = _Sender(
                push_id,
                kept.client_id,
                kept.idempotency_key,
                kept.body_fingerprint,
                kept.fingerprint_key_id,
                caller.client_id,
            )
            report = await _commit(session, run, opened.options, sender)
            await waiting.decide(session, push_id, caller, moment.now, approved=True)
        return report

    async def was_made(self, session: Session, caller: Caller, idempotency_key: str) -> bool:
        """Whether the caller has made a push with this key."""
        return await pushes.by_idempotency_key(session, caller.client_id, idempotency_key) is not None


async def find(session: Session, push_id: UUID, past: int, limit: int) -> PushReport:
    """Return what an earlier push did, from the change after ``past`` on, or raise :class:`NotFound`."""
    push = await pushes.by_id(session, push_id)
    if push is not None:
        return await push_reports.of_push(session, push, past, limit)
    kept = await waiting_pushes.by_id(session, push_id)
    if kept is None:
        raise NotFound("没有这次推送。")
    return waiting.report_of(kept)


def _require_version(expected: int | None, version: int) -> None:
    if expected is not None and expected != version:
        raise ListVersionMoved(
            f"名单现为第 {version} 版，而推送是针对第 {expected} 版准备的。请核对其间的变化后重新提交。"
        )


def _require_as_shown(run: PushRun, kept: WaitingPush) -> None:
    """Raise :class:`ListVersionMoved` where a push does not do what whoever approves it was shown.

    That is so where a period has ended by itself since, and where its body is not whole any more: one of lines that was
    cut off between two of them looks whole.
    """
    now = push_reports.counted(run.findings.counts, run.findings.unchanged)
    if now != push_reports.counted(kept.outcome["counts"]):
        raise ListVersionMoved(
            "该推送现在的变更与提交时核对的不同（期限已到，或所保存的内容不完整）。请否决后重新提交。"
        )


async def _commit(session: WriteSession, run: PushRun, options: PushOptions, sender: _Sender) -> PushReport:
    counts = push_reports.counted(run.findings.counts, run.findings.unchanged)
    record = StoredPush(
        push_id=sender.push_id,
        list_version=run.version,
        client_id=sender.client_id,
        idempotency_key=sender.idempotency_key,
        body_fingerprint=sender.fingerprint,
        fingerprint_key_id=sender.fingerprint_key_id,
        source_document=options.source_document,
        committed_at=run.moment.now,
        mode=options.mode,
        counts={name: count for name, count in counts.items() if count},
        approved_by=sender.approved_by,
        head=b"",
    )
    made = await run.making.finish(session, record)
    return replace(await push_reports.of_push(session, made), warnings=run.findings.warnings)


async def _report(session: Session, run: PushRun, options: PushOptions) -> PushReport:
    found = run.findings
    return PushReport(
        push_id=None,
        status="dry_run",
        mode=options.mode,
        list_version=run.version,
        committed_at=None,
        source_document=options.source_document,
        counts=push_reports.counted(found.counts, found.unchanged),
        rows=await push_reports.rows_of(session, run.version, 0, push_reports.ROWS_IN_A_REPORT),
        warnings=found.warnings,
        errors=found.errors,
        errors_total=found.errors_total,
    )


def _rejected(run: PushRun) -> PushRejected:
    found = run.findings
    in_order = sorted(found.errors, key=lambda error: (error.row or 0, error.field or ""))
    return PushRejected(
        f"共 {found.rows_with_errors} 行有 {found.errors_total} 处错误，整批均未入库。"
        "请逐项改正后重新提交（最多列出一千处）。",
        errors=tuple(in_order),
    )

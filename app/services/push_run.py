"""Carrying out the rows of a push, part by part, in one transaction and with memory for one part only.

Each part is read, decided by the domain, and written at once, so that later parts see what earlier ones did. Whoever
calls decides at the end whether all of it is kept: a dry run is the same run, taken back.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any
from uuid import UUID

from app.domain.identity import IdentityVault
from app.domain.list_rules import ListRules
from app.domain.listing import Entry
from app.domain.moment import Moment
from app.domain.objections import ObjectionOutcome
from app.domain.operations import (
    OBJECTION_OPS,
    PERSON_OPS,
    AmendOperation,
    CorrectOperation,
    DecideObjectionOperation,
    ListOperation,
    Op,
    Operation,
    RemoveOperation,
    RenameOperation,
    RestoreOperation,
    Target,
)
from app.domain.transitions import Refused, decide, target_field
from app.errors import ClientGone, FieldError, InvalidField
from app.files.row_types import FileRow
from app.services.push_people import Identities
from app.services.reading_ahead import read_ahead
from app.services.row_reading import ReadRow, RenamesOfUnit, placed, read_row
from app.services.version_making import VersionMaking
from app.store import listings, pushes, revisions
from app.store.database import Collision, WriteSession
from app.store.pushes import Touched
from app.store.revisions import NewRevision

ROWS_IN_A_PART = 1000
MOST_TOLD = 1000
"""Errors and warnings that are kept; all of them are counted."""


@dataclass
class Findings:
    """What a run has found so far: the first of its errors and warnings, and how many there are."""

    errors: list[FieldError] = field(default_factory=list)
    errors_total: int = 0
    rows_with_errors: int = 0
    warnings: list[FieldError] = field(default_factory=list)
    unchanged: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def refuse(self, errors: Sequence[FieldError]) -> None:
        """Note the errors of one row."""
        self.errors_total += len(errors)
        self.rows_with_errors += 1
        self.errors.extend(errors[: max(0, MOST_TOLD - len(self.errors))])

    def warn(self, warnings: Iterable[FieldError]) -> None:
        """Note warnings."""
        self.warnings.extend(islice(warnings, max(0, MOST_TOLD - len(self.warnings))))


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that are carried out together, read, with the indexes of the numbers in them."""

    rows: list[ReadRow]
    identities: Identities


@dataclass(frozen=True, slots=True)
class Step:
    """One operation to carry out, and where it came from; ``None`` for what a snapshot implies."""

    operation: Operation
    source: FileRow | None


class PushRun:
    """One push under way: its place in the chain, and what it has found and done."""

    def __init__(
        self, session: WriteSession, vault: IdentityVault, rules: ListRules, push_id: UUID, version: int, moment: Moment
    ) -> None:
        """Prepare to make ``version`` of the list."""
        self.session = session
        self.version = version
        self.moment = moment
        self.findings = Findings()
        self.making = VersionMaking(push_id, version)
        self._vault = vault
        self._rules = rules
        self._upheld: dict[UUID, Step] = {}

    async def begin(self) -> None:
        """Continue from the head of the version before."""
        await self.making.begin(self.session)

    def identities_for(self, operations: Sequence[Operation]) -> Identities:
        """Return the identities that these operations speak of, not yet asked for."""
        return Identities.named_in(operations, self._vault)

    async def carry_out(
        self, rows: Iterator[FileRow], most: int, still_there: Callable[[], Awaitable[bool]] | None = None
    ) -> None:
        """Carry out all rows; everything that stands against them is in the findings.

        Raises :class:`ClientGone` between two parts once ``still_there`` says so: others wait for their turn.
        """
        count = 0
        # In threads: reading and validating would keep the lookups of this process waiting.
        async with read_ahead(lambda: self._next_part(rows)) as next_part:
            while (part := await next_part()).rows:
                if still_there is not None and not await still_there():
                    raise ClientGone("发送方已断开连接，试运行中止，未作任何改动。")
                count += len(part.rows)
                if count > most:
                    told = f"一次推送最多 {most} 项操作，请分批发送。"
                    raise InvalidField(FieldError("operations", "too_many", told))
                await self.take(part)

    def _next_part(self, rows: Iterator[FileRow]) -> Part:
        read = [read_row(row, self._rules, self.moment.today) for row in islice(rows, ROWS_IN_A_PART)]
        operations = [one.operation for one in read if one.operation and not isinstance(one.operation, RenamesOfUnit)]
        return Part(read, self.identities_for(operations))

    async def take(self, part: Part) -> None:
        """Carry out one part; a snapshot does this its own way."""
        await part.identities.find(self.session)
        for row in part.rows:
            if row.errors:
                self.findings.refuse(row.errors)
        steps = await self.steps([row for row in part.rows if row.operation is not None])
        await self.do(steps, part.identities)

    async def steps(self, rows: Sequence[ReadRow]) -> list[Step]:
        """Return the operations of rows; a renaming of a unit is one for each of its listings."""
        renames = [row.operation for row in rows if isinstance(row.operation, RenamesOfUnit)]
        entries = await listings.of_units(self.session, [one.uscc for one in renames]) if renames else []
        steps: list[Step] = []
        for row in rows:
            if not isinstance(row.operation, RenamesOfUnit):
                steps.append(Step(row.operation, row.source))  # type: ignore[arg-type]  # rows without one were left out
                continue
            asked = row.operation
            theirs = [one.listing for one in entries if one.listing.unit.uscc == asked.uscc]
            # Those that have the name already are left alone; if all do, the first of them says so.
            left = [one for one in theirs if one.unit.name != asked.new_name] or theirs[:1]
            targets = [one.listing_id for one in left]
            if not targets:
                told = "名单中没有该单位尚未移出的列入记录，请核对统一社会信用代码。"
                self.findings.refuse([placed(FieldError("uscc", "listing_not_found", told), row.source)])
            steps.extend(
                Step(RenameOperation(asked.row, one, asked.new_name, asked.renamed_on, asked.document), row.source)
                for one in targets
            )
        return steps

    async def do(self, steps: Sequence[Step], identities: Identities, known: dict[Target, Entry] | None = None) -> None:
        """Decide and write these operations, in their order; ``known`` are their listings, if they were asked for."""
        now = await self._standing(steps, known)
        # Deciding a thousand rows takes a while too, and touches nothing.
        decided = await asyncio.to_thread(self._decide_all, steps, identities, now)
        await self._write(decided, identities)

    def _decide_all(
        self, steps: Sequence[Step], identities: Identities, now: "_Standing"
    ) -> list[tuple[Operation, Entry]]:
        done: list[tuple[Operation, Entry]] = []
        for step in steps:
            before = now.entries.get(step.operation.target)
            try:
                after = self._decided(step, before, identities, now)
            except Refused as refused:
                self.refused(step, refused.errors)
                continue
            now.note(step, before, after)
            done.append((step.operation, after))
            self.findings.counts[step.operation.op.value] += 1
            if isinstance(step.operation, RemoveOperation):
                self._warn_of_removal(step, after)
            elif isinstance(step.operation, DecideObjectionOperation) and step.operation.outcome in _UPHELD:
                self._upheld[after.listing.listing_id] = step
        return done

    async def warn_of_unfinished(self) -> None:
        """Note the objections that were upheld without anything being done about the listing in the same push."""
        touched = await pushes.touched(self.session, self.version, self._upheld) if self._upheld else {}
        for listing_id, step in self._upheld.items():
            if all(one.operation in OBJECTION_OPS for one in touched[listing_id]):
                told = "异议成立，而本次推送没有随之更正或移出该记录；请核对是否遗漏。"
                self.findings.warn(
                    [self._placed(FieldError("outcome", "upheld_without_change", told, step.operation.row), step)]
                )

    def refused(self, step: Step, errors: Sequence[FieldError]) -> None:
        """Note what stands against an operation."""
        self.findings.refuse([self._placed(one, step) for one in errors])

    def _decided(self, step: Step, before: Entry | None, identities: Identities, now: "_Standing") -> Entry:
        repeated = _repetition(step.operation, before, now)
        if repeated:
            raise Refused(repeated)
        after = decide(step.operation, before, identities, self.moment.today, self.version)
        against = self._against_rules(step.operation, after)
        if against:
            raise Refused(against)
        return after

    async def _standing(self, steps: Sequence[Step], known: dict[Target, Entry] | None) -> "_Standing":
        entries = known
        if entries is None:
            entries = await listings.named(self.session, {step.operation.target for step in steps})
        corrected = {
            _corrected_key(one.operation, entries) for one in steps if isinstance(one.operation, CorrectOperation)
        }
        others = {key for key in corrected if key is not None and key not in entries}
        if others:
            entries |= await listings.named(self.session, others)
        mine = {entry.listing.listing_id for entry in entries.values() if entry.listing.list_version == self.version}
        touched = await pushes.touched(self.session, self.version, mine) if mine else {}
        return _Standing(entries, touched)

    def _against_rules(self, operation: Operation, after: Entry) -> tuple[FieldError, ...]:
        """Hold what an operation changed of tier and period against the rules of the list."""
        if isinstance(operation, AmendOperation) and operation.conduct_code is not None:
            prefix = ""
        elif isinstance(operation, CorrectOperation) and operation.values.keys() & _RULED:
            prefix = "set."
        elif isinstance(operation, RestoreOperation) and operation.valid_until is not None:
            prefix = ""
        else:
            return ()
        listing = after.listing
        errors = self._rules.check(listing.tier, listing.conduct_code, listing.listed_on, listing.valid_until)
        return tuple(replace(one, field=f"{prefix}{one.field}") for one in errors)

    def _warn_of_removal(self, step: Step, after: Entry) -> None:
        listing, removal = after.listing, after.listing.removal
        if removal is not None:
            warnings = self._rules.warnings_for_removal(listing.tier, listing.listed_on, removal.on, removal.reason)
            whose = "" if step.source else f"{listing.unit.name}（{listing.decision_no}）："
            self.findings.warn(self._placed(replace(one, detail=whose + one.detail), step) for one in warnings)

    def _placed(self, error: FieldError, step: Step) -> FieldError:
        return placed(error, step.source) if step.source else error

    async def _write(self, decided: Sequence[tuple[Operation, Entry]], identities: Identities) -> None:
        if not decided:
            return
        # The chain is continued while the database takes what it does not depend on.
        linking = asyncio.create_task(asyncio.to_thread(self._linked, decided))
        try:
            try:
                await identities.write_new(self.session)
                await listings.write(self.session, [entry for _, entry in decided])
            finally:
                linked = await linking
            await revisions.add(self.session, linked)
        except Collision:
            told = "本次推送中有两项操作会产生同一条列入记录（统一社会信用代码与决定书文号相同）。"
            self.findings.refuse([FieldError("decision_no", "duplicate_in_push", told)])
            raise RunBroken from None

    def _linked(self, decided: Sequence[tuple[Operation, Entry]]) -> list[NewRevision]:
        return [
            self.making.revision(entry, op=operation.op.value, row=operation.row, detail=_detail(operation))
            for operation, entry in decided
        ]


def _repetition(operation: Operation, before: Entry | None, now: "_Standing") -> tuple[FieldError, ...]:
    """Say what stands against an operation because of others in the same push, or of another listing."""
    if before is not None and before.listing.listing_id in now.touched:
        earlier = [one for one in now.touched[before.listing.listing_id] if one.operation not in OBJECTION_OPS]
        of_persons = operation.op in PERSON_OPS and all(one.operation in PERSON_OPS for one in earlier)
        if earlier and operation.op not in OBJECTION_OPS and not of_persons:
            told = (
                f"与第 {earlier[-1].row} 行是同一条列入记录；"
                "一次推送中每条记录只能出现一次（人员操作、异议的提出与处理除外）。"
            )
            return (FieldError(target_field(operation), "duplicate_in_push", told),)
    if isinstance(operation, CorrectOperation) and before is not None:
        key = _corrected_key(operation, now.entries)
        other = now.entries.get(key) if key else None
        if other is not None and other.listing.listing_id != before.listing.listing_id:
            told = "更正后的统一社会信用代码与决定书文号属于名单中的另一条记录。"
            return (FieldError("set.decision_no", "already_listed", told),)
    return ()


class RunBroken(Exception):
    """The transaction cannot go on; the findings say why."""


_UPHELD = frozenset({ObjectionOutcome.UPHELD, ObjectionOutcome.UPHELD_IN_PART})
_RULED = frozenset({"tier", "conduct_code", "listed_on", "valid_until"})


@dataclass(slots=True)
class _Standing:
    """The listings that a part speaks of, as they stand while it is decided."""

    entries: dict[Target, Entry]
    touched: dict[UUID, list[Touched]]

    def note(self, step: Step, before: Entry | None, after: Entry) -> None:
        listing = after.listing
        if before is not None:
            self.entries.pop((before.listing.unit.uscc, before.listing.decision_no), None)
        self.entries[listing.listing_id] = after
        self.entries[listing.unit.uscc, listing.decision_no] = after
        done = Touched(step.operation.row, step.operation.op.value)
        self.touched.setdefault(listing.listing_id, []).append(done)


def _corrected_key(operation: CorrectOperation, entries: Mapping[Target, Entry]) -> Target | None:
    """Return the key that a listing will have once it is corrected; ``None`` if there is no such listing."""
    before = entries.get(operation.target)
    if before is None:
        return None
    uscc = operation.values.get("uscc", before.listing.unit.uscc)
    return (str(uscc), str(operation.values.get("decision_no", before.listing.decision_no)))


def _detail(operation: Operation) -> dict[str, Any]:
    """Return what an operation says beyond the state that it leads to; never a number."""
    names = ("reason", "document", "renamed_on", "restored_on")
    if operation.op is Op.LIST or isinstance(operation, ListOperation):
        return {}
    said = {name: getattr(operation, name, None) for name in names}
    if isinstance(operation, RemoveOperation):
        said = {}
    return {name: str(value) for name, value in said.items() if value is not None}

"""A snapshot: the whole list as it should be, compared with the list as it is.

What is new is listed, what differs is corrected or renamed, what is missing is removed, and the rest is left alone. A
file that lacks much of the list is more likely cut off than right: beyond a share, the number has to be confirmed.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app.domain.listing import Entry, RemovalReason
from app.domain.operations import (
    CorrectOperation,
    ListOperation,
    Operation,
    RemoveOperation,
    RenameOperation,
    Target,
)
from app.domain.person_rules import knows_since
from app.errors import FieldError, TooManyRemovals
from app.services.person_returns import without_known_returns
from app.services.push_people import Identities
from app.services.push_run import ROWS_IN_A_PART, Part, PushRun, Step
from app.services.row_reading import ReadRow, placed
from app.store import listings, snapshot_seen

_REQUIRED = ("decided_by", "conduct", "tier", "listed_on", "valid_until")
_OPTIONAL = ("conduct_code", "facts", "basis", "published_until")


@dataclass(frozen=True, slots=True)
class RemovalTerms:
    """On which terms a snapshot may remove what it lacks.

    ``most_share`` of the listings in force may go without ``confirmed`` being exactly how many there are.
    """

    reason: RemovalReason | None
    confirmed: int | None
    most_share: float


class SnapshotRun(PushRun):
    """A push whose rows are the whole list."""

    async def begin(self) -> None:
        """Continue from the version before, and note from here on which listings the file holds."""
        await super().begin()
        await snapshot_seen.begin(self.session)

    async def take(self, part: Part) -> None:
        """Compare one part of the file with the list, and carry out what follows."""
        await part.identities.find(self.session)
        for row in part.rows:
            if row.errors:
                self.findings.refuse(row.errors)
        rows = [row for row in part.rows if row.operation is not None]
        keys = [row.operation.target for row in rows if isinstance(row.operation, ListOperation)]
        known = await listings.named(self.session, keys)
        rows = await without_known_returns(self.session, rows, known, part.identities)
        again = await snapshot_seen.note(self.session, [(*key, row.source.number) for key, row in _keyed(rows)])
        steps = await asyncio.to_thread(self._compared, rows, known, again, part.identities)
        await self.do(steps, part.identities, known)

    def _compared(
        self,
        rows: Sequence[ReadRow],
        known: Mapping[Target, Entry],
        again: Mapping[int, int],
        identities: Identities,
    ) -> list[Step]:
        """Return what makes the list say what the rows say."""
        steps: list[Step] = []
        for row in rows:
            operation = row.operation
            if not isinstance(operation, ListOperation):
                told = "全量快照中每一行都是一条应在名单上的记录，只能是列入（list）。"
                self.findings.refuse([placed(FieldError("op", "not_allowed", told), row.source)])
            elif row.source.number in again:
                told = f"与第 {again[row.source.number]} 行是同一条列入记录；同一记录的各名人员请写在相邻的行。"
                self.findings.refuse([placed(FieldError("decision_no", "duplicate_in_push", told), row.source)])
            else:
                wanted = _wanted(row, operation, known.get(operation.target), identities, self.moment.today)
                if wanted is None:
                    self.findings.unchanged += 1
                else:
                    steps.append(Step(wanted, row.source))
        return steps

    async def remove_missing(self, terms: RemovalTerms, *, proposed_only: bool) -> None:
        """Remove what is in force and not in the file; ``proposed_only`` notes what keeps it from being done.

        Raises :class:`TooManyRemovals` where the number has to be confirmed.
        """
        today = self.moment.today
        missing, in_force = await snapshot_seen.missing(self.session, today)
        if missing == 0:
            return
        refusal = _refusal(terms, missing, in_force)
        if refusal is not None and not proposed_only and refusal.code != "removal_reason_missing":
            raise TooManyRemovals(refusal.detail)
        if refusal is not None:
            self.findings.refuse([refusal])
        if terms.reason is None:
            return
        past: UUID | None = None
        while ids := await snapshot_seen.missing_page(self.session, today, past, ROWS_IN_A_PART):
            removals = [RemoveOperation(None, one, today, terms.reason, None) for one in ids]
            await self.do([Step(one, None) for one in removals], self.identities_for([]))
            past = ids[-1]


def _refusal(terms: RemovalTerms, missing: int, in_force: int) -> FieldError | None:
    if terms.reason is None:
        told = (
            f"快照缺少现行名单中的 {missing} 条记录，将被移出；"
            "请写明移出原因 removal_reason（repaired、revoked 或 corrected）。"
        )
        return FieldError("removal_reason", "removal_reason_missing", told)
    if terms.confirmed == missing:
        return None
    if terms.confirmed is not None:
        told = f"确认的移出数（{terms.confirmed}）与实际将移出的 {missing} 条不符，请重新核对。"
        return FieldError("confirm_removals", "too_many_removals", told)
    share = missing / in_force
    if share <= terms.most_share:
        return None
    told = (
        f"快照将移出现行名单 {in_force} 条中的 {missing} 条（{share:.1%}），超过上限 {terms.most_share:.1%}。"
        f"请确认文件完整；确属如此的，请带 confirm_removals={missing} 重新提交。"
    )
    return FieldError("confirm_removals", "too_many_removals", told)


def _keyed(rows: Sequence[ReadRow]) -> Iterable[tuple[tuple[str, str], ReadRow]]:
    for row in rows:
        if isinstance(row.operation, ListOperation):
            yield row.operation.target, row


def _wanted(
    row: ReadRow, operation: ListOperation, before: Entry | None, identities: Identities, today: date
) -> Operation | None:
    """Return what makes the list say what the row says; ``None`` where it says so already."""
    if before is None or before.listing.removal is not None:
        # Of a removed listing, listing it again is refused with what to do instead.
        return operation
    listing = before.listing
    values: dict[str, Any] = {
        name: getattr(operation, name) for name in _REQUIRED if getattr(operation, name) != getattr(listing, name)
    }
    if not row.period_given and not values.keys() & {"tier", "listed_on"}:
        # What a new listing lasts unasked is no correction of a period that was decided, or is over.
        values.pop("valid_until", None)
    for name in _OPTIONAL:
        given = getattr(operation, name)
        if given is not None and given != getattr(listing, name):
            values[name] = given
    persons = None
    if row.persons_given and not _same_persons(operation, before, identities):
        persons = operation.persons
    renamed = operation.unit_name != listing.unit.name
    if renamed and not values and persons is None:
        return RenameOperation(operation.row, listing.listing_id, operation.unit_name, today)
    if renamed:
        values["unit_name"] = operation.unit_name
    if not values and persons is None:
        return None
    return CorrectOperation(operation.row, listing.listing_id, values, None, persons=persons)


def _same_persons(operation: ListOperation, before: Entry, identities: Identities) -> bool:
    recorded = [person for person in before.persons if person.end is None and not person.erased]
    numbers = {given.number for given in operation.persons}
    if not len(recorded) == len(operation.persons) == len(numbers):
        return False
    for given in operation.persons:
        person = before.person(identities.ids_of(given.number))
        if person is None or person.end is not None or person.name != given.name:
            return False
        same_held = person.roles == given.roles and given.position_ban in {None, person.position_ban}
        if not (same_held and knows_since(person, given.since)):
            return False
    return True

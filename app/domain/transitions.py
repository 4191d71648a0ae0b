"""What may happen to a listing in which state, and what it is afterwards: decided from the data alone.

Each operation has a function that says everything that stands against it, with row and field, and returns the listing
as it would be; those for a listing's persons are in ``domain/person_transitions.py``. ``today`` is always a parameter.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, cast
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.listing import (
    MOST_FACTS,
    Entry,
    ListedUnit,
    Listing,
    ListingState,
    Removal,
    RemovalReason,
    Span,
)
from app.domain.names import OPERATIONS, REMOVAL_REASONS
from app.domain.objection_transitions import objection_decided, objection_filed, why_not_decided
from app.domain.operations import (
    AmendOperation,
    CorrectOperation,
    DecideObjectionOperation,
    ListOperation,
    Op,
    Operation,
    RemoveOperation,
    RenameOperation,
    RestoreOperation,
    RestoreReason,
)
from app.domain.person_rules import refusals_of_persons, with_persons
from app.domain.person_transitions import (
    Identity,
    People,
    person_added,
    person_banned,
    person_ended,
    recorded_person,
)
from app.domain.refusals import Refusals, Refused
from app.domain.text import contains_identity_number
from app.errors import FieldError

__all__ = ["Identity", "People", "Refused", "decide", "legal_operations", "target_field"]

_VOID = frozenset({RemovalReason.REVOKED, RemovalReason.CORRECTED})


def decide(operation: Operation, before: Entry | None, people: People, today: date, version: int = 0) -> Entry:
    """Return the listing after the operation; raise :class:`Refused` with everything that stands against it.

    ``version`` is that of the list which is being made.
    """
    if isinstance(operation, ListOperation):
        return _listed(operation, before, people, today, version)
    if before is None:
        told = "名单中没有这条列入记录，请核对统一社会信用代码与决定书文号，或 listing_id。"
        raise Refused([FieldError(target_field(operation), "listing_not_found", told, operation.row)])
    state = before.listing.state(today)
    if operation.op not in legal_operations(before.listing):
        raise Refused([_illegal(operation, before.listing)])
    changed = _CHANGES[operation.op](operation, before, people, Refusals(operation.row), today)
    if changed == before:
        told = f"与现有记录（{_state_name(before.listing, state)}）完全相同，没有可改动之处。"
        raise Refused([FieldError(None, "nothing_changed", told, operation.row)])
    revised = replace(changed.listing, revision=before.listing.revision + 1, list_version=version)
    return replace(changed, listing=revised)


def legal_operations(listing: Listing) -> frozenset[Op]:
    """Return what may happen to a listing now; its period being over changes nothing, for a period ends by itself."""
    undecided = any(one.decision is None for one in listing.objections)
    # What was filed is decided, whatever has become of the listing since.
    deciding = {Op.DECIDE_OBJECTION} if undecided else set()
    if listing.removal is None:
        return frozenset(_CHANGES) - {Op.RESTORE, Op.DECIDE_OBJECTION} | deciding
    possible = {Op.CORRECT, Op.RESTORE} | deciding
    # A ban outlives a repair and the period, and both may be contested; what was revoked or a mistake, no ban can rest
    # on, and nothing of it is left to object to.
    return frozenset(possible if listing.removal.reason in _VOID else possible | {Op.BAN, Op.FILE_OBJECTION})


def target_field(operation: Operation) -> str:
    """Return the field that names the operation's listing."""
    return "listing_id" if isinstance(operation.target, UUID) else "decision_no"


def _illegal(operation: Operation, listing: Listing) -> FieldError:
    removal = listing.removal
    if isinstance(operation, DecideObjectionOperation):
        return why_not_decided(operation, listing)
    legal = "、".join(f"{OPERATIONS[op]}（{op}）" for op in Op if op in legal_operations(listing))
    if removal is None:
        told = f"该记录没有移出，无从恢复。现在可用的操作：{legal}。"
        return FieldError(target_field(operation), "not_removed", told, operation.row)
    code = "already_removed" if operation.op is Op.REMOVE else "illegal_transition"
    told = f"该记录已于 {removal.on} 移出（{REMOVAL_REASONS[removal.reason]}）。现在可用的操作：{legal}。"
    return FieldError(target_field(operation), code, told, operation.row)


def _state_name(listing: Listing, state: ListingState) -> str:
    if listing.removal is not None:
        return f"已于 {listing.removal.on} 移出"
    return "期限已满" if state is ListingState.EXPIRED else "现仍有效"


def _listed(operation: ListOperation, before: Entry | None, people: People, today: date, version: int) -> Entry:
    refusals = Refusals(operation.row)
    if before is not None:
        found = before.listing
        now = {
            ListingState.REMOVED: "且已移出；如移出有误，请用恢复（restore），不能重新列入同一决定书",
            ListingState.EXPIRED: "且期限已满",
        }.get(found.state(today), "现仍有效")
        told = f"该单位已按此决定书列入（{found.listed_on}），{now}。"
        refusals.against("decision_no", "already_listed", told)
    if operation.listed_on > today:
        refusals.against("listed_on", "date_in_future", "列入日期不能晚于今天。")
    if operation.valid_until < operation.listed_on:
        refusals.against("valid_until", "date_order", "有效期截止日不能早于列入日期。")
    for field, code, detail in refusals_of_persons(operation.persons, operation.listed_on, today):
        refusals.against(field, code, detail)
    refusals.settle()
    listing = Listing(
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
        conduct_code=operation.conduct_code,
        facts=operation.facts,
        basis=operation.basis,
        published_until=operation.published_until,
        nonconforming_reason=operation.nonconforming_reason,
        list_version=version,
    )
    return Entry(listing, tuple(recorded_person(given, people) for given in operation.persons))


def _amended(op: AmendOperation, before: Entry, _: People, refusals: Refusals, __: date) -> Entry:
    listing = before.listing
    added: dict[str, Any] = {}
    for field in ("basis", "conduct_code", "published_until"):
        given = getattr(op, field)
        if given is not None and getattr(listing, field) is not None:
            refusals.against(field, "already_recorded", "此项已有记录；如记录有误，请用更正（correct）。")
        elif given is not None:
            added[field] = given
    if op.facts is not None:
        added["facts"] = facts = op.facts if listing.facts is None else f"{listing.facts}\n{op.facts}"
        # What stands in the list can be given again as it stands: whoever pushes a snapshot of it does.
        if len(facts) > MOST_FACTS:
            told = f"与已有的失信事实合计不得超过 {MOST_FACTS} 个字符；如需重写，请用更正（correct）。"
            refusals.against("facts", "too_long", told)
        elif contains_identity_number(facts):
            told = "接在已有的失信事实之后，会连成公民身份号码，请改写。"
            refusals.against("facts", "identity_number_in_text", told)
    refusals.settle()
    return replace(before, listing=replace(listing, **added))


def _corrected(op: CorrectOperation, before: Entry, people: People, refusals: Refusals, today: date) -> Entry:
    values: dict[str, Any] = dict(op.values)
    listing, unit, removal = before.listing, before.listing.unit, before.listing.removal
    if removal is None and values.keys() & {"removed_on", "removal_decision_no"}:
        refusals.refuse("set.removed_on", "not_removed", "该记录没有移出，不能更正移出日期或移出决定书文号。")
    if "uscc" in values or "unit_name" in values:
        uscc, name = values.pop("uscc", unit.uscc), values.pop("unit_name", unit.name)
        unit = ListedUnit(uscc, name, _formerly(unit, name))
        if uscc != listing.unit.uscc:
            values["nonconforming_reason"] = None
    if removal is not None:
        on = values.pop("removed_on", removal.on)
        removal = replace(removal, on=on, decision_no=values.pop("removal_decision_no", removal.decision_no))
    after = replace(listing, unit=unit, removal=removal, **values)
    refusals.day("set.listed_on", "列入日期", after.listed_on, today=today)
    if after.valid_until < after.listed_on:
        refusals.against("set.valid_until", "date_order", "有效期截止日不能早于列入日期。")
    if after.removal is not None:
        first = _earliest_removal(after)
        refusals.day("set.removed_on", "移出日期", after.removal.on, first=first, today=today)
        if (after.removal.on, after.valid_until) != (listing.removal and listing.removal.on, listing.valid_until):
            field = "set.removed_on" if "removed_on" in op.values else "set.valid_until"
            _not_before_its_end(after, after.removal, field, refusals)
    persons = before.persons
    if op.persons is not None:
        for field, code, detail in refusals_of_persons(op.persons, after.listed_on, today):
            refusals.against(field, code, detail)
        refusals.settle()
        given = [recorded_person(person, people) for person in op.persons]
        ids = [people.ids_of(person.number) for person in op.persons]
        persons = with_persons(persons, given, ids, today)
    refusals.settle()
    return Entry(after, persons)


def _formerly(unit: ListedUnit, new_name: str) -> tuple[str, ...]:
    """Return the former names once the unit has the new one; none twice, and not the name it has."""
    return tuple(dict.fromkeys(name for name in (*unit.former_names, unit.name) if name != new_name))


def _renamed(op: RenameOperation, before: Entry, _: People, refusals: Refusals, today: date) -> Entry:
    unit = before.listing.unit
    refusals.day("renamed_on", "变更日期", op.renamed_on, today=today)
    refusals.settle()
    renamed = replace(unit, name=op.new_name, former_names=_formerly(unit, op.new_name))
    return replace(before, listing=replace(before.listing, unit=renamed))


def _earliest_removal(listing: Listing) -> date:
    return max([listing.listed_on, *(span.until for span in listing.suspensions)])


def _not_before_its_end(listing: Listing, removal: Removal, field: str, refusals: Refusals) -> None:
    if removal.reason is RemovalReason.EXPIRED and removal.on <= listing.valid_until:
        told = f"期限至 {listing.valid_until} 才满，不能以期满为由提前移出。"
        refusals.against(field, "not_yet_expired", told)


def _removed(op: RemoveOperation, before: Entry, _: People, refusals: Refusals, today: date) -> Entry:
    listing = before.listing
    refusals.day("removed_on", "移出日期", op.removed_on, first=_earliest_removal(listing), today=today)
    removal = Removal(op.removed_on, op.reason, op.decision_no)
    _not_before_its_end(listing, removal, "reason", refusals)
    refusals.settle()
    return replace(before, listing=replace(listing, removal=removal))


def _restored(op: RestoreOperation, before: Entry, _: People, refusals: Refusals, today: date) -> Entry:
    listing = before.listing
    removal = cast("Removal", listing.removal)
    refusals.day("restored_on", "恢复日期", op.restored_on, first=removal.on, today=today)
    by_mistake = op.reason is RestoreReason.RECORDED_BY_MISTAKE
    if not by_mistake and removal.reason is not RemovalReason.REPAIRED:
        told = f"移出原因是{REMOVAL_REASONS[removal.reason]}，只有信用修复可以撤销（repair_revoked）。"
        refusals.against("reason", "not_repaired", told)
    if by_mistake and op.restored_on != removal.on:
        told = f"误录的移出自始不存在，恢复日期应为移出日期 {removal.on}。"
        refusals.against("restored_on", "date_order", told)
    valid_until = op.valid_until or listing.valid_until
    if valid_until < op.restored_on and not by_mistake:
        told = f"期限已于 {listing.valid_until} 届满；恢复后仍应执行的，请同时给出恢复日期之后的 valid_until。"
        if op.valid_until is not None:
            told = f"恢复后的有效期截止日不能早于恢复日期 {op.restored_on}。"
        refusals.against("valid_until", "period_over", told)
    if valid_until < listing.listed_on:
        refusals.against("valid_until", "date_order", "有效期截止日不能早于列入日期。")
    refusals.settle()
    spans = Span(removal.on, op.restored_on).after(listing.suspensions)
    return replace(before, listing=replace(listing, removal=None, suspensions=spans, valid_until=valid_until))


_CHANGES: dict[Op, Callable[[Any, Entry, People, Refusals, date], Entry]] = {
    Op.AMEND: _amended,
    Op.CORRECT: _corrected,
    Op.RENAME: _renamed,
    Op.REMOVE: _removed,
    Op.RESTORE: _restored,
    Op.ADD_PERSON: person_added,
    Op.END_PERSON: person_ended,
    Op.BAN: person_banned,
    Op.FILE_OBJECTION: objection_filed,
    Op.DECIDE_OBJECTION: objection_decided,
}

"""What may happen to a listing in which state, and what it is afterwards: decided from the data alone.

Each operation has a function that says everything that stands against it, with row and field, and returns the listing
as it would be. ``today`` is always a parameter.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NoReturn, Protocol, cast
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.codes import ResidentId
from app.domain.listing import (
    Entry,
    ListedUnit,
    Listing,
    ListingState,
    PersonEnd,
    PersonEndReason,
    RelatedPerson,
    Removal,
    RemovalReason,
    Span,
)
from app.domain.operations import (
    AddPersonOperation,
    AmendOperation,
    BanOperation,
    CorrectOperation,
    EndPersonOperation,
    ListOperation,
    Op,
    Operation,
    PersonGiven,
    PersonNamed,
    RemoveOperation,
    RenameOperation,
    RestoreOperation,
    RestoreReason,
)
from app.domain.person_rules import objections_to_persons, with_persons
from app.errors import FieldError

_VOID = frozenset({RemovalReason.REVOKED, RemovalReason.CORRECTED})
_OP_NAMES = {
    Op.AMEND: "补充（amend）",
    Op.CORRECT: "更正（correct）",
    Op.RENAME: "更名（rename）",
    Op.REMOVE: "移出（remove）",
    Op.RESTORE: "恢复（restore）",
    Op.ADD_PERSON: "增加人员（add_person）",
    Op.END_PERSON: "人员离任（end_person）",
    Op.BAN: "任职限制（ban）",
}
_REASON_NAMES = {
    RemovalReason.REPAIRED: "信用修复",
    RemovalReason.EXPIRED: "期满",
    RemovalReason.REVOKED: "决定撤销",
    RemovalReason.CORRECTED: "更正",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """A recorded identity: the id it is known by, and its commitment."""

    person_id: UUID
    commitment: str | None


class People(Protocol):
    """Who the numbers in a push belong to."""

    def identity(self, person: PersonGiven) -> Identity:
        """Return the identity of a given name and number."""

    def ids_of(self, number: ResidentId) -> frozenset[UUID]:
        """Return every id that the number is recorded under, whatever the name."""


class Refused(Exception):
    """An operation that is not allowed: everything that stands against it. Caught where rows are gathered."""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        """Keep the objections."""
        super().__init__("refused")
        self.errors = tuple(errors)


def decide(operation: Operation, before: Entry | None, people: People, today: date) -> Entry:
    """Return the listing after the operation; raise :class:`Refused` with everything that stands against it."""
    if isinstance(operation, ListOperation):
        return _listed(operation, before, people, today)
    if before is None:
        told = "名单中没有这条列入记录，请核对统一社会信用代码与决定书文号，或 listing_id。"
        raise Refused([FieldError(target_field(operation), "listing_not_found", told, operation.row)])
    state = before.listing.state(today)
    if operation.op not in legal_operations(before.listing):
        raise Refused([_illegal(operation, before.listing)])
    changed = _CHANGES[operation.op](operation, before, people, _Objections(operation.row), today)
    revised = replace(changed.listing, revision=before.listing.revision + 1)
    if replace(changed, listing=revised) == replace(before, listing=replace(before.listing, revision=revised.revision)):
        told = f"与现有记录（{_state_name(before.listing, state)}）完全相同，没有可改动之处。"
        raise Refused([FieldError(None, "nothing_changed", told, operation.row)])
    return replace(changed, listing=revised)


def legal_operations(listing: Listing) -> frozenset[Op]:
    """Return what may happen to a listing now; its period being over changes nothing, for a period ends by itself."""
    if listing.removal is None:
        return frozenset(_CHANGES) - {Op.RESTORE}
    possible = {Op.CORRECT, Op.RESTORE}
    # A ban outlives a repair and the period; what was revoked or a mistake, no ban can rest on.
    return frozenset(possible if listing.removal.reason in _VOID else possible | {Op.BAN})


def target_field(operation: Operation) -> str:
    """Return the field that names the operation's listing."""
    return "listing_id" if isinstance(operation.target, UUID) else "decision_no"


def _illegal(operation: Operation, listing: Listing) -> FieldError:
    removal = listing.removal
    legal = "、".join(_OP_NAMES[op] for op in Op if op in legal_operations(listing))
    if removal is None:
        told = f"该记录没有移出，无从恢复。现在可用的操作：{legal}。"
        return FieldError(target_field(operation), "not_removed", told, operation.row)
    code = "already_removed" if operation.op is Op.REMOVE else "illegal_transition"
    told = f"该记录已于 {removal.on} 移出（{_REASON_NAMES[removal.reason]}）。现在可用的操作：{legal}。"
    return FieldError(target_field(operation), code, told, operation.row)


def _state_name(listing: Listing, state: ListingState) -> str:
    if listing.removal is not None:
        return f"已于 {listing.removal.on} 移出"
    return "期限已满" if state is ListingState.EXPIRED else "现仍有效"


class _Objections:
    """What stands against one row, gathered so that all of it is told at once."""

    def __init__(self, row: int | None) -> None:
        self._row = row
        self._errors: list[FieldError] = []

    def against(self, field: str | None, code: str, detail: str) -> None:
        self._errors.append(FieldError(field, code, detail, self._row))

    def day(self, field: str, name: str, on: date, *, first: date | None = None, today: date) -> None:
        """Object to a day in the future, or before ``first``."""
        if on > today:
            self.against(field, "date_in_future", f"{name}不能晚于今天。")
        if first is not None and on < first:
            self.against(field, "date_order", f"{name}不能早于 {first}。")

    def settle(self) -> None:
        """Raise what was gathered, if anything."""
        if self._errors:
            raise Refused(self._errors)

    def refuse(self, field: str | None, code: str, detail: str) -> NoReturn:
        self.against(field, code, detail)
        raise Refused(self._errors)


def _listed(operation: ListOperation, before: Entry | None, people: People, today: date) -> Entry:
    objections = _Objections(operation.row)
    if before is not None:
        found = before.listing
        now = {
            ListingState.REMOVED: "且已移出；如移出有误，请用恢复（restore），不能重新列入同一决定书",
            ListingState.EXPIRED: "且期限已满",
        }.get(found.state(today), "现仍有效")
        told = f"该单位已按此决定书列入（{found.listed_on}），{now}。"
        objections.against("decision_no", "already_listed", told)
    if operation.listed_on > today:
        objections.against("listed_on", "date_in_future", "列入日期不能晚于今天。")
    if operation.valid_until < operation.listed_on:
        objections.against("valid_until", "date_order", "有效期截止日不能早于列入日期。")
    for field, code, detail in objections_to_persons(operation.persons, operation.listed_on, today):
        objections.against(field, code, detail)
    objections.settle()
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
    )
    return Entry(listing, tuple(_person(given, people) for given in operation.persons))


def _person(given: PersonGiven, people: People) -> RelatedPerson:
    identity = people.identity(given)
    return RelatedPerson(
        identity.person_id,
        given.name,
        given.number.masked,
        given.roles,
        given.position_ban,
        since=given.since,
        commitment=identity.commitment,
    )


def _amended(op: AmendOperation, before: Entry, _: People, objections: _Objections, __: date) -> Entry:
    listing = before.listing
    added: dict[str, Any] = {}
    for field in ("basis", "conduct_code", "published_until"):
        given = getattr(op, field)
        if given is not None and getattr(listing, field) is not None:
            objections.against(field, "already_recorded", "此项已有记录；如记录有误，请用更正（correct）。")
        elif given is not None:
            added[field] = given
    if op.facts is not None:
        added["facts"] = op.facts if listing.facts is None else f"{listing.facts}\n{op.facts}"
    objections.settle()
    return replace(before, listing=replace(listing, **added))


def _corrected(op: CorrectOperation, before: Entry, people: People, objections: _Objections, today: date) -> Entry:
    values: dict[str, Any] = dict(op.values)
    listing, unit, removal = before.listing, before.listing.unit, before.listing.removal
    if removal is None and values.keys() & {"removed_on", "removal_decision_no"}:
        objections.refuse("set.removed_on", "not_removed", "该记录没有移出，不能更正移出日期或移出决定书文号。")
    if "uscc" in values or "unit_name" in values:
        uscc, name = values.pop("uscc", unit.uscc), values.pop("unit_name", unit.name)
        unit = ListedUnit(uscc, name, _formerly(unit, name))
        if uscc != listing.unit.uscc:
            values["nonconforming_reason"] = None
    if removal is not None:
        on = values.pop("removed_on", removal.on)
        removal = replace(removal, on=on, decision_no=values.pop("removal_decision_no", removal.decision_no))
    after = replace(listing, unit=unit, removal=removal, **values)
    objections.day("set.listed_on", "列入日期", after.listed_on, today=today)
    if after.valid_until < after.listed_on:
        objections.against("set.valid_until", "date_order", "有效期截止日不能早于列入日期。")
    if after.removal is not None:
        first = _earliest_removal(after)
        objections.day("set.removed_on", "移出日期", after.removal.on, first=first, today=today)
    persons = before.persons
    if op.persons is not None:
        for field, code, detail in objections_to_persons(op.persons, after.listed_on, today):
            objections.against(field, code, detail)
        objections.settle()
        given = [_person(person, people) for person in op.persons]
        ids = [people.ids_of(person.number) for person in op.persons]
        persons = with_persons(persons, given, ids, today)
    objections.settle()
    return Entry(after, persons)


def _formerly(unit: ListedUnit, new_name: str) -> tuple[str, ...]:
    """Return the former names once the unit has the new one; none twice, and not the name it has."""
    return tuple(dict.fromkeys(name for name in (*unit.former_names, unit.name) if name != new_name))


def _renamed(op: RenameOperation, before: Entry, _: People, objections: _Objections, today: date) -> Entry:
    unit = before.listing.unit
    objections.day("renamed_on", "变更日期", op.renamed_on, today=today)
    objections.settle()
    renamed = replace(unit, name=op.new_name, former_names=_formerly(unit, op.new_name))
    return replace(before, listing=replace(before.listing, unit=renamed))


def _earliest_removal(listing: Listing) -> date:
    return max([listing.listed_on, *(span.until for span in listing.suspensions)])


def _removed(op: RemoveOperation, before: Entry, _: People, objections: _Objections, today: date) -> Entry:
    listing = before.listing
    objections.day("removed_on", "移出日期", op.removed_on, first=_earliest_removal(listing), today=today)
    if op.reason is RemovalReason.EXPIRED and op.removed_on <= listing.valid_until:
        told = f"期限至 {listing.valid_until} 才满，不能以期满为由提前移出。"
        objections.against("reason", "not_yet_expired", told)
    objections.settle()
    removal = Removal(op.removed_on, op.reason, op.decision_no)
    return replace(before, listing=replace(listing, removal=removal))


def _restored(op: RestoreOperation, before: Entry, _: People, objections: _Objections, today: date) -> Entry:
    listing = before.listing
    removal = cast("Removal", listing.removal)
    objections.day("restored_on", "恢复日期", op.restored_on, first=removal.on, today=today)
    by_mistake = op.reason is RestoreReason.RECORDED_BY_MISTAKE
    if not by_mistake and removal.reason is not RemovalReason.REPAIRED:
        told = f"移出原因是{_REASON_NAMES[removal.reason]}，只有信用修复可以撤销（repair_revoked）。"
        objections.against("reason", "not_repaired", told)
    if by_mistake and op.restored_on != removal.on:
        told = f"误录的移出自始不存在，恢复日期应为移出日期 {removal.on}。"
        objections.against("restored_on", "date_order", told)
    valid_until = op.valid_until or listing.valid_until
    if valid_until < op.restored_on and not by_mistake:
        told = f"期限已于 {listing.valid_until} 届满；恢复后仍应执行的，请同时给出恢复日期之后的 valid_until。"
        objections.against("valid_until", "period_over", told)
    if valid_until < listing.listed_on:
        objections.against("valid_until", "date_order", "有效期截止日不能早于列入日期。")
    objections.settle()
    spans = Span(removal.on, op.restored_on).after(listing.suspensions)
    return replace(before, listing=replace(listing, removal=None, suspensions=spans, valid_until=valid_until))


def _person_added(op: AddPersonOperation, before: Entry, people: People, objections: _Objections, today: date) -> Entry:
    for field, code, detail in objections_to_persons([op.person], before.listing.listed_on, today):
        objections.against(field.replace("persons[0]", "person"), code, detail)
    objections.settle()
    given = _person(op.person, people)
    current = before.person(people.ids_of(op.person.number))
    if current is not None and current.end is None:
        told = "此人已在本条记录中。身份有变的，请先用人员离任（end_person），再增加。"
        objections.refuse("person.id_number", "person_already_recorded", told)
    known = before.person(frozenset({given.person_id}))
    if known is None or known.end is None:
        return replace(before, persons=(*before.persons, given))
    if known.end.reason is PersonEndReason.LEFT:
        if given.since is None or given.since < known.end.on:
            told = f"此人已于 {known.end.on} 离任；重新任职请写明不早于该日的 since。"
            objections.refuse("person.since", "date_order", told)
        absences = Span(known.end.on, given.since).after(known.absences)
        ban = given.position_ban or known.position_ban
        given = replace(given, since=known.since, absences=absences, position_ban=ban)
    # Of who never was in it, as the record says, what it held is no part of what it holds now.
    return replace(before, persons=_exchanged(before, given))


def _person_ended(op: EndPersonOperation, before: Entry, people: People, objections: _Objections, today: date) -> Entry:
    person = _named(op.person, before, people, objections)
    if person.end is not None:
        told = f"此人已于 {person.end.on} 离任或更正，不能再次结束。"
        objections.refuse(_person_field(op.person), "person_already_ended", told)
    first = max([before.listing.listed_on, *([person.since] if person.since else [])])
    objections.day("ended_on", "离任日期", op.ended_on, first=first, today=today)
    if any(op.ended_on < span.until for span in person.absences):
        objections.against("ended_on", "date_order", "离任日期不能早于此人最近一次任职的开始。")
    objections.settle()
    return replace(before, persons=_exchanged(before, replace(person, end=PersonEnd(op.ended_on, op.reason))))


def _banned(op: BanOperation, before: Entry, people: People, objections: _Objections, today: date) -> Entry:
    person = _named(op.person, before, people, objections)
    if person.end is not None and person.end.reason is PersonEndReason.CORRECTED:
        told = "此人的记录已作为错误更正，不能对其作出任职限制。"
        objections.refuse(_person_field(op.person), "person_already_ended", told)
    ban = op.position_ban
    if ban.since is not None:
        objections.day("position_ban.since", "任职限制起始日", ban.since, first=before.listing.listed_on, today=today)
    if ban.until is not None and ban.until < (ban.since or before.listing.listed_on):
        objections.against("position_ban.until", "date_order", "任职限制截止日不能早于其起始日或列入日期。")
    objections.settle()
    return replace(before, persons=_exchanged(before, replace(person, position_ban=ban)))


def _named(named: PersonNamed, before: Entry, people: People, objections: _Objections) -> RelatedPerson:
    ids = frozenset({named}) if isinstance(named, UUID) else people.ids_of(named)
    person = before.person(ids)
    if person is None or person.erased:
        told = "本条记录中没有这个人员，请核对号码或 person_id。"
        objections.refuse(_person_field(named), "person_not_found", told)
    return person


def _person_field(named: PersonNamed) -> str:
    return "person_id" if isinstance(named, UUID) else "id_number"


def _exchanged(before: Entry, changed: RelatedPerson) -> tuple[RelatedPerson, ...]:
    return tuple(changed if person.person_id == changed.person_id else person for person in before.persons)


_CHANGES: dict[Op, Callable[[Any, Entry, People, _Objections, date], Entry]] = {
    Op.AMEND: _amended,
    Op.CORRECT: _corrected,
    Op.RENAME: _renamed,
    Op.REMOVE: _removed,
    Op.RESTORE: _restored,
    Op.ADD_PERSON: _person_added,
    Op.END_PERSON: _person_ended,
    Op.BAN: _banned,
}

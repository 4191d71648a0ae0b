"""What may happen to a listing in which state: every objection with its row and field, and what it is afterwards."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.codes import ResidentId, Uscc
from app.domain.listing import (
    Entry,
    ListedUnit,
    Listing,
    PersonEndReason,
    PositionBan,
    RelatedPerson,
    Removal,
    RemovalReason,
    Role,
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
    RemoveOperation,
    RenameOperation,
    RestoreOperation,
    RestoreReason,
    Target,
)
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.domain.transitions import Identity, Refused, decide
from app.errors import FieldError

DAY = timedelta(days=1)
TODAY = date(2026, 11, 24)
FIRST, LAST = date(2026, 3, 1), date(2027, 2, 28)


def person(n: int = 1, *roles: Role, ban: PositionBan | None = None, name: str = "虚构") -> PersonGiven:
    return PersonGiven(name, ResidentId(synthetic_resident_id(n)), roles or (Role.PRINCIPAL,), ban)


def listing_of(row: int = 1, n: int = 1, *persons: PersonGiven) -> ListOperation:
    return ListOperation(
        row=row,
        uscc=Uscc(synthetic_uscc(n)),
        unit_name="示例（虚构）有限公司",
        decision_no=f"虚构列〔2026〕{n}号",
        decided_by="清远市应急管理局（测试）",
        conduct="虚构行为",
        tier="严重失信主体",
        listed_on=FIRST,
        valid_until=LAST,
        persons=persons,
    )


def removal_of(target: Target, row: int = 1, on: date = TODAY, reason: str = "repaired") -> RemoveOperation:
    return RemoveOperation(row, target, on, RemovalReason(reason), None)


def recorded(n: int = 1, removed_on: date | None = None) -> Listing:
    return Listing(
        listing_id=UUID(int=n),
        revision=1,
        unit=ListedUnit(synthetic_uscc(n), "示例（虚构）有限公司", ()),
        decision_no=f"虚构列〔2026〕{n}号",
        decided_by="清远市应急管理局（测试）",
        conduct="虚构行为",
        tier="严重失信主体",
        listed_on=FIRST,
        valid_until=LAST,
        removal=Removal(removed_on, RemovalReason.REPAIRED, None) if removed_on else None,
    )


def key(n: int = 1) -> Target:
    return (synthetic_uscc(n), f"虚构列〔2026〕{n}号")


class Nobody:
    """Numbers that are not recorded yet."""

    def identity(self, person: PersonGiven) -> Identity:
        """Return a fresh identity."""
        return Identity(UUID(int=abs(hash(person.number.reveal())) + 1), None)

    def ids_of(self, number: ResidentId) -> frozenset[UUID]:  # noqa: ARG002 - whoever is asked about
        """Return none."""
        return frozenset()


def against(operation: Operation, found: Listing | None, today: date) -> tuple[FieldError, ...]:
    """Return what stands against an operation on a listing."""
    try:
        decide(operation, Entry(found, ()) if found else None, Nobody(), today)
    except Refused as refused:
        return refused.errors
    return ()


def objections(
    *operations: Operation, existing: tuple[Listing, ...] = (), today: date = TODAY
) -> list[tuple[int | None, str | None, str]]:
    known: dict[Target, Listing] = {one.listing_id: one for one in existing}
    known |= {(one.unit.uscc, one.decision_no): one for one in existing}
    return [
        (error.row, error.field, error.code)
        for operation in operations
        for error in against(operation, known.get(operation.target), today)
    ]


def test_a_first_listing_and_the_removal_of_one_in_force_are_allowed() -> None:
    assert objections(listing_of(), removal_of(key(2), row=2), existing=(recorded(2),)) == []
    assert objections(removal_of(UUID(int=2)), existing=(recorded(2),)) == []
    assert objections() == []


@pytest.mark.parametrize(
    ("existing", "today", "told"),
    [
        (recorded(), TODAY, "现仍有效"),
        (recorded(), LAST, "现仍有效"),
        (recorded(), LAST + DAY, "期限已满"),
        (recorded(removed_on=TODAY), TODAY, "已移出"),
    ],
)
def test_one_decision_lists_a_unit_once(existing: Listing, today: date, told: str) -> None:
    (error,) = against(listing_of(), existing, today)
    assert (error.row, error.field, error.code) == (1, "decision_no", "already_listed")
    assert told in error.detail


def test_another_unit_by_the_same_decision_and_another_decision_on_the_same_unit_are_other_listings() -> None:
    other_unit = replace(listing_of(2), uscc=Uscc(synthetic_uscc(2)))
    other_decision = replace(listing_of(3), decision_no="虚构列〔2026〕9号")
    assert objections(listing_of(), other_unit, other_decision) == []


@pytest.mark.parametrize(
    ("listed_on", "valid_until", "expected"),
    [
        (TODAY, TODAY, []),
        (TODAY + DAY, LAST, [(1, "listed_on", "date_in_future")]),
        (FIRST, FIRST, []),
        (FIRST, FIRST - DAY, [(1, "valid_until", "date_order")]),
        (TODAY + DAY, TODAY, [(1, "listed_on", "date_in_future"), (1, "valid_until", "date_order")]),
    ],
)
def test_a_listing_begins_today_at_the_latest_and_ends_no_sooner_than_it_begins(
    listed_on: date, valid_until: date, expected: list[object]
) -> None:
    assert objections(replace(listing_of(), listed_on=listed_on, valid_until=valid_until)) == expected


def test_one_person_stands_in_a_listing_once_whatever_the_name() -> None:
    twice = listing_of(1, 1, person(1), person(2), person(1, name="虚构乙"))
    assert objections(twice) == [(1, "persons[2].id_number", "duplicate_person")]
    assert objections(listing_of(1, 1, person(1)), listing_of(2, 2, person(1))) == []


def test_a_persons_roles_are_each_named_once() -> None:
    repeated = person(1, Role.PRINCIPAL, Role.SAFETY_LEAD, Role.PRINCIPAL)
    assert objections(listing_of(1, 1, person(2), repeated)) == [(1, "persons[1].roles", "duplicate_role")]


@pytest.mark.parametrize(
    ("until", "wrong"), [(FIRST - DAY, True), (FIRST, False), (LAST + DAY, False), (date.max, False), (None, False)]
)
def test_a_ban_ends_no_sooner_than_the_listing_begins(until: date | None, wrong: bool) -> None:  # noqa: FBT001 - the expected answer
    expected = [(1, "persons[0].position_ban.until", "date_order")] if wrong else []
    assert objections(listing_of(1, 1, person(1, ban=PositionBan(until)))) == expected


@pytest.mark.parametrize(("target", "field"), [(key(), "decision_no"), (UUID(int=1), "listing_id")])
def test_what_is_not_there_or_not_any_more_cannot_be_removed(target: Target, field: str) -> None:
    assert objections(removal_of(target)) == [(1, field, "listing_not_found")]
    gone = recorded(removed_on=TODAY - DAY)
    assert objections(removal_of(target), existing=(gone,)) == [(1, field, "already_removed")]


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (FIRST, []),
        (TODAY, []),
        (FIRST - DAY, [(1, "removed_on", "date_order")]),
        (TODAY + DAY, [(1, "removed_on", "date_in_future")]),
    ],
)
def test_a_removal_is_between_the_listing_and_today(on: date, expected: list[object]) -> None:
    assert objections(removal_of(key(), on=on), existing=(recorded(),)) == expected


@pytest.mark.parametrize(("on", "wrong"), [(LAST - DAY, True), (LAST, True), (LAST + DAY, False)])
def test_a_period_is_over_only_after_its_last_day(on: date, wrong: bool) -> None:  # noqa: FBT001 - the expected answer
    expected = [(1, "reason", "not_yet_expired")] if wrong else []
    later = LAST + 10 * DAY
    assert objections(removal_of(key(), on=on, reason="expired"), existing=(recorded(),), today=later) == expected
    for reason in ("repaired", "revoked", "corrected"):
        assert objections(removal_of(key(), on=on, reason=reason), existing=(recorded(),), today=later) == []


def test_every_row_is_told_everything_that_stands_against_it_in_whichever_order() -> None:
    wrong = replace(listing_of(1), listed_on=TODAY + DAY, valid_until=TODAY)
    missing = removal_of(key(5), 2, TODAY + DAY)
    expected = {
        (1, "decision_no", "already_listed"),
        (1, "listed_on", "date_in_future"),
        (1, "valid_until", "date_order"),
        (2, "decision_no", "listing_not_found"),
    }
    assert set(objections(wrong, missing, existing=(recorded(),))) == expected
    assert set(objections(missing, wrong, existing=(recorded(),))) == expected


def test_no_objection_repeats_an_identity_number() -> None:
    twice = listing_of(1, 1, person(1), person(1))
    for error in against(twice, None, TODAY):
        assert synthetic_resident_id(1) not in error.detail


WITH_PERSON = RelatedPerson(UUID(int=9), "虚构", "44**", (Role.PRINCIPAL,), None)
EVERY_OPERATION: dict[Op, Operation] = {
    Op.AMEND: AmendOperation(1, key(), facts="补充"),
    Op.CORRECT: CorrectOperation(1, key(), {"conduct": "改"}, "错"),
    Op.RENAME: RenameOperation(1, key(), "新名", TODAY),
    Op.REMOVE: removal_of(key()),
    Op.RESTORE: RestoreOperation(1, key(), TODAY, RestoreReason.REPAIR_REVOKED),
    Op.ADD_PERSON: AddPersonOperation(1, key(), person(3)),
    Op.END_PERSON: EndPersonOperation(1, key(), WITH_PERSON.person_id, TODAY, PersonEndReason.LEFT),
    Op.BAN: BanOperation(1, key(), WITH_PERSON.person_id, PositionBan(None)),
}


def outcome(operation: Operation, removal: Removal | None, today: date = TODAY) -> Entry | str:
    """Return the listing after an operation, or the code of what stands against it."""
    before = Entry(replace(recorded(), removal=removal), (WITH_PERSON,))
    try:
        return decide(operation, before, Nobody(), today)
    except Refused as refused:
        return refused.errors[0].code


@pytest.mark.parametrize("op", [op for op in Op if op not in {Op.LIST, Op.ERASE}])
def test_each_state_allows_what_it_allows_and_nothing_else(op: Op) -> None:
    operation = EVERY_OPERATION[op]
    in_force, over = outcome(operation, None), outcome(operation, None, LAST + DAY)
    repaired = outcome(operation, Removal(TODAY, RemovalReason.REPAIRED, None))
    revoked = outcome(operation, Removal(TODAY, RemovalReason.REVOKED, None))
    if op is Op.RESTORE:
        assert in_force == over == "not_removed"
        assert isinstance(repaired, Entry)
        assert revoked == "not_repaired"
        return
    assert isinstance(in_force, Entry)
    assert isinstance(over, Entry)
    refused = "already_removed" if op is Op.REMOVE else "illegal_transition"
    assert isinstance(repaired, Entry) if op in {Op.CORRECT, Op.BAN} else repaired == refused
    assert isinstance(revoked, Entry) if op is Op.CORRECT else revoked == refused
    assert in_force.listing.revision == 2


@given(gone=st.integers(0, 200), back=st.integers(0, 200), on=st.integers(-10, 400))
def test_a_restored_listing_is_in_force_as_before_but_for_the_days_between(gone: int, back: int, on: int) -> None:
    removed_on, day = FIRST + gone * DAY, FIRST + on * DAY
    restored_on = removed_on + back * DAY
    restoring = RestoreOperation(1, key(), restored_on, RestoreReason.REPAIR_REVOKED)
    after = outcome(restoring, Removal(removed_on, RemovalReason.REPAIRED, None), today=FIRST + 500 * DAY)
    if restored_on > LAST:
        assert after == "period_over"
        return
    assert isinstance(after, Entry)
    assert after.listing.in_force(day) == (recorded().in_force(day) and not removed_on <= day < restored_on)


def test_a_removal_that_never_was_leaves_no_gap_whatever_its_reason() -> None:
    for reason in RemovalReason:
        undone = RestoreOperation(1, key(), TODAY, RestoreReason.RECORDED_BY_MISTAKE)
        after = outcome(undone, Removal(TODAY, reason, None))
        assert isinstance(after, Entry)
        assert (after.listing.removal, after.listing.suspensions) == (None, ())
        assert outcome(replace(undone, restored_on=TODAY - DAY), Removal(TODAY, reason, None)) == "date_order"


@given(names=st.lists(st.sampled_from("甲乙丙丁"), max_size=8))
def test_no_former_name_is_ever_lost_and_none_stands_twice(names: list[str]) -> None:
    entry = Entry(recorded(), ())
    had = {entry.listing.unit.name}
    for name in names:
        if name != entry.listing.unit.name:
            entry = decide(RenameOperation(1, key(), name, TODAY), entry, Nobody(), TODAY)
        had.add(name)
    unit = entry.listing.unit
    assert {*unit.former_names, unit.name} == had
    assert len(unit.former_names) == len(had) - 1


def test_what_changes_nothing_is_told() -> None:
    assert outcome(CorrectOperation(1, key(), {"conduct": "虚构行为"}, "错"), None) == "nothing_changed"
    assert outcome(RenameOperation(1, key(), "示例（虚构）有限公司", TODAY), None) == "nothing_changed"

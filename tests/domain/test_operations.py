"""Whether the list as it is allows what a push asks for: every objection, with its row and field."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from app.domain.codes import ResidentId, Uscc
from app.domain.listing import ListedUnit, Listing, PositionBan, Removal, RemovalReason, Role
from app.domain.operations import ListOperation, Operation, PersonGiven, RemoveOperation, Target, allowed
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc

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


def objections(
    *operations: Operation, existing: tuple[Listing, ...] = (), today: date = TODAY
) -> list[tuple[int | None, str | None, str]]:
    known: dict[Target, Listing] = {one.listing_id: one for one in existing}
    known |= {(one.unit.uscc, one.decision_no): one for one in existing}
    return [(error.row, error.field, error.code) for error in allowed(operations, known, today)]


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
    (error,) = allowed([listing_of()], {key(): existing}, today)
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


@pytest.mark.parametrize(("first", "second"), [(key(), UUID(int=1)), (UUID(int=1), key()), (key(), key())])
def test_a_listing_occurs_once_in_a_push_under_whichever_name(first: Target, second: Target) -> None:
    field = "listing_id" if isinstance(second, UUID) else "decision_no"
    found = objections(removal_of(first, 4), removal_of(second, 7), existing=(recorded(),))
    assert found == [(7, field, "duplicate_in_push")]


def test_a_listing_cannot_be_made_twice_nor_made_and_removed_in_one_push() -> None:
    assert objections(listing_of(1), listing_of(2)) == [(2, "decision_no", "duplicate_in_push")]
    together = objections(listing_of(1), removal_of(key(), 2))
    assert together == [(2, "decision_no", "duplicate_in_push"), (2, "decision_no", "listing_not_found")]


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
    for error in allowed([twice], {}, TODAY):
        assert synthetic_resident_id(1) not in error.detail

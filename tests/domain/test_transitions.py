"""What may happen to a listing in which state: every refusal with its row and field, and what would be legal."""

from dataclasses import replace
from datetime import date

import pytest

from app.domain.codes import Uscc
from app.domain.listing import Entry, Listing, PersonEndReason, PositionBan, RemovalReason, Role
from app.domain.objections import Objection, ObjectionOutcome
from app.domain.operations import (
    AddPersonOperation,
    AmendOperation,
    BanOperation,
    CorrectOperation,
    DecideObjectionOperation,
    EndPersonOperation,
    FileObjectionOperation,
    Op,
    Operation,
    RenameOperation,
    RestoreOperation,
    RestoreReason,
    Target,
)
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.domain.transitions import decide, legal_operations
from tests.domain.deciding import (
    DAY,
    FIRST,
    LAST,
    TODAY,
    Register,
    Told,
    against,
    entry,
    key,
    listing_of,
    person,
    recorded,
    recorded_as,
    removal_of,
    told,
)

UUID_TARGET = recorded().listing_id


def refusals(*operations: Operation, existing: tuple[Listing, ...] = (), today: date = TODAY) -> list[Told]:
    """Return what stands against each of several operations on these listings."""
    known: dict[Target, Listing] = {one.listing_id: one for one in existing}
    known |= {(one.unit.uscc, one.decision_no): one for one in existing}
    return [
        one
        for operation in operations
        for one in told(
            operation, entry(listing=known[operation.target]) if operation.target in known else None, today=today
        )
    ]


def test_a_first_listing_and_the_removal_of_one_in_force_are_allowed() -> None:
    assert refusals(listing_of(), removal_of(key(2), row=2), existing=(recorded(2),)) == []
    assert refusals(removal_of(recorded(2).listing_id), existing=(recorded(2),)) == []
    assert refusals() == []


def test_a_new_listing_holds_what_the_row_gives_and_begins_its_own_history() -> None:
    register = Register()
    given = person(1, Role.PRINCIPAL, Role.OTHER, ban=PositionBan(None, FIRST), since=FIRST + DAY)
    asked = replace(
        listing_of(1, 1, given),
        conduct_code="YJ11-06-1",
        facts="事实（虚构）",
        basis="依据（虚构）",
        published_until=LAST,
        nonconforming_reason="试点地区早期代码（虚构）",
    )
    made = decide(asked, None, register, TODAY)
    same = ("decision_no", "decided_by", "conduct", "conduct_code", "tier", "facts", "basis", "listed_on")
    for name in (*same, "valid_until", "published_until", "nonconforming_reason"):
        assert getattr(made.listing, name) == getattr(asked, name), name
    unit = made.listing.unit
    assert (unit.uscc, unit.name, unit.former_names) == (asked.uscc.value, asked.unit_name, ())
    assert (made.listing.revision, made.listing.removal, made.listing.suspensions) == (1, None, ())
    assert made.persons == (recorded_as(given, register),)
    assert decide(asked, None, register, TODAY).listing.listing_id != made.listing.listing_id


@pytest.mark.parametrize(
    ("existing", "today", "sentence"),
    [
        (recorded(), TODAY, "现仍有效"),
        (recorded(), LAST, "现仍有效"),
        (recorded(), LAST + DAY, "期限已满"),
        (recorded(removed_on=TODAY), TODAY, "已移出"),
    ],
)
def test_one_decision_lists_a_unit_once(existing: Listing, today: date, sentence: str) -> None:
    (error,) = against(listing_of(), entry(listing=existing), today=today)
    assert (error.row, error.field, error.code) == (1, "decision_no", "already_listed")
    assert sentence in error.detail
    assert ("恢复（restore）" in error.detail) is (existing.removal is not None)


def test_another_unit_by_the_same_decision_and_another_decision_on_the_same_unit_are_other_listings() -> None:
    other_unit = replace(listing_of(2), uscc=Uscc(synthetic_uscc(2)))
    other_decision = replace(listing_of(3), decision_no="虚构列〔2026〕9号")
    assert refusals(listing_of(), other_unit, other_decision) == []


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
    listed_on: date, valid_until: date, expected: list[Told]
) -> None:
    assert refusals(replace(listing_of(), listed_on=listed_on, valid_until=valid_until)) == expected


def test_one_person_stands_in_a_listing_once_whatever_the_name() -> None:
    twice = listing_of(1, 1, person(1), person(2), person(1, name="虚构乙"))
    assert refusals(twice) == [(1, "persons[2].id_number", "duplicate_person")]
    assert refusals(listing_of(1, 1, person(1)), listing_of(2, 2, person(1))) == []


def test_a_persons_roles_are_each_named_once() -> None:
    repeated = person(1, Role.PRINCIPAL, Role.SAFETY_LEAD, Role.PRINCIPAL)
    assert refusals(listing_of(1, 1, person(2), repeated)) == [(1, "persons[1].roles", "duplicate_role")]


@pytest.mark.parametrize(
    ("until", "wrong"), [(FIRST - DAY, True), (FIRST, False), (LAST + DAY, False), (date.max, False), (None, False)]
)
def test_a_ban_ends_no_sooner_than_the_listing_begins(until: date | None, wrong: bool) -> None:  # noqa: FBT001 - the expected answer
    expected = [(1, "persons[0].position_ban.until", "date_order")] if wrong else []
    assert refusals(listing_of(1, 1, person(1, ban=PositionBan(until)))) == expected


@pytest.mark.parametrize(("target", "field"), [(key(), "decision_no"), (UUID_TARGET, "listing_id")])
def test_what_is_not_there_or_not_any_more_cannot_be_removed(target: Target, field: str) -> None:
    assert refusals(removal_of(target)) == [(1, field, "listing_not_found")]
    gone = recorded(removed_on=TODAY - DAY)
    assert refusals(removal_of(target), existing=(gone,)) == [(1, field, "already_removed")]


def test_every_row_is_told_everything_that_stands_against_it_in_whichever_order() -> None:
    wrong = replace(listing_of(1), listed_on=TODAY + DAY, valid_until=TODAY)
    missing = removal_of(key(5), 2, TODAY + DAY)
    expected = {
        (1, "decision_no", "already_listed"),
        (1, "listed_on", "date_in_future"),
        (1, "valid_until", "date_order"),
        (2, "decision_no", "listing_not_found"),
    }
    assert set(refusals(wrong, missing, existing=(recorded(),))) == expected
    assert set(refusals(missing, wrong, existing=(recorded(),))) == expected


def test_no_objection_repeats_an_identity_number() -> None:
    twice = listing_of(1, 1, person(1), person(1))
    (error,) = against(twice, None)
    assert synthetic_resident_id(1) not in error.detail
    assert synthetic_resident_id(1)[-4:] not in error.detail


REGISTER = Register()
SOMEBODY = recorded_as(person(1), REGISTER)
EVERY_OPERATION: dict[Op, Operation] = {
    Op.AMEND: AmendOperation(1, key(), facts="补充"),
    Op.CORRECT: CorrectOperation(1, key(), {"conduct": "改"}, "错"),
    Op.RENAME: RenameOperation(1, key(), "新名", TODAY),
    Op.REMOVE: removal_of(key()),
    Op.RESTORE: RestoreOperation(1, key(), TODAY, RestoreReason.RECORDED_BY_MISTAKE),
    Op.ADD_PERSON: AddPersonOperation(1, key(), person(3)),
    Op.END_PERSON: EndPersonOperation(1, key(), SOMEBODY.person_id, TODAY, PersonEndReason.LEFT),
    Op.BAN: BanOperation(1, key(), SOMEBODY.person_id, PositionBan(None)),
    Op.FILE_OBJECTION: FileObjectionOperation(1, key(), "异2号", TODAY, "虚构事项", SOMEBODY.person_id),
    Op.DECIDE_OBJECTION: DecideObjectionOperation(1, key(), "异1号", ObjectionOutcome.REJECTED, TODAY),
}
CHINESE = {
    Op.AMEND: "补充",
    Op.CORRECT: "更正",
    Op.RENAME: "更名",
    Op.REMOVE: "移出",
    Op.RESTORE: "恢复",
    Op.ADD_PERSON: "增加人员",
    Op.END_PERSON: "人员离任",
    Op.BAN: "任职限制",
    Op.FILE_OBJECTION: "异议提出",
    Op.DECIDE_OBJECTION: "异议处理",
}
CONTESTED = (Objection("异1号", FIRST, "虚构事项", None),)
ON_THE_LIST = set(EVERY_OPERATION) - {Op.RESTORE, Op.DECIDE_OBJECTION}
ENDED = {Op.CORRECT, Op.RESTORE, Op.BAN, Op.FILE_OBJECTION}
STATES: dict[str, tuple[Listing, date, set[Op]]] = {
    "in force": (recorded(), TODAY, ON_THE_LIST),
    "on its last day": (recorded(), LAST, ON_THE_LIST),
    "over": (recorded(), LAST + DAY, ON_THE_LIST),
    "contested": (replace(recorded(), objections=CONTESTED), TODAY, ON_THE_LIST | {Op.DECIDE_OBJECTION}),
    "repaired": (recorded(removed_on=TODAY), TODAY, ENDED),
    "repaired and contested": (
        replace(recorded(removed_on=TODAY), objections=CONTESTED),
        TODAY,
        ENDED | {Op.DECIDE_OBJECTION},
    ),
    "expired": (recorded(removed_on=TODAY, reason="expired"), TODAY, ENDED),
    "revoked": (recorded(removed_on=TODAY, reason="revoked"), TODAY, {Op.CORRECT, Op.RESTORE}),
    "a mistake": (recorded(removed_on=TODAY, reason="corrected"), TODAY, {Op.CORRECT, Op.RESTORE}),
    "a mistake, contested before": (
        replace(recorded(removed_on=TODAY, reason="corrected"), objections=CONTESTED),
        TODAY,
        {Op.CORRECT, Op.RESTORE, Op.DECIDE_OBJECTION},
    ),
}
REASONS = {
    "repaired": "信用修复",
    "repaired and contested": "信用修复",
    "expired": "期满",
    "revoked": "决定撤销",
    "a mistake": "更正",
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("op", EVERY_OPERATION)
def test_each_state_allows_what_it_allows_and_says_of_the_rest_what_it_would(op: Op, state: str) -> None:
    listing, today, legal = STATES[state]
    before = entry(SOMEBODY, listing=listing)
    assert legal_operations(listing) == legal
    if op in legal:
        after = decide(EVERY_OPERATION[op], before, REGISTER, today)
        assert (after.listing.listing_id, after.listing.revision) == (listing.listing_id, listing.revision + 1)
        return
    (error,) = against(EVERY_OPERATION[op], before, REGISTER, today)
    if op is Op.DECIDE_OBJECTION:
        assert (error.row, error.field, error.code) == (1, "objection_no", "objection_not_found")
        assert "未决的异议：无" in error.detail
        return
    expected = "not_removed" if listing.removal is None else "illegal_transition"
    expected = "already_removed" if op is Op.REMOVE else expected
    assert (error.row, error.field, error.code) == (1, "decision_no", expected)
    offered = error.detail.partition("现在可用的操作：")[2]
    assert {one for one in EVERY_OPERATION if f"{CHINESE[one]}（{one.value}）" in offered} == legal
    assert REASONS.get(state, "") in error.detail


@pytest.mark.parametrize("op", EVERY_OPERATION)
@pytest.mark.parametrize(("target", "field"), [(key(), "decision_no"), (UUID_TARGET, "listing_id")])
def test_nothing_can_happen_to_what_is_not_on_the_list(op: Op, target: Target, field: str) -> None:
    operation = replace(EVERY_OPERATION[op], target=target)  # type: ignore[arg-type]  # every one of them has a target
    assert told(operation, None) == [(1, field, "listing_not_found")]


@pytest.mark.parametrize("op", EVERY_OPERATION)
def test_an_operation_leaves_alone_what_it_is_not_about(op: Op) -> None:
    removed = op is Op.RESTORE
    listing = replace(recorded(removed_on=TODAY if removed else None), objections=CONTESTED)
    before = entry(SOMEBODY, recorded_as(person(2), REGISTER), listing=listing)
    after = decide(EVERY_OPERATION[op], before, REGISTER, TODAY)
    touched = {
        Op.AMEND: {"facts"},
        Op.CORRECT: {"conduct"},
        Op.RENAME: {"unit"},
        Op.REMOVE: {"removal"},
        Op.RESTORE: {"removal"},
        Op.FILE_OBJECTION: {"objections"},
        Op.DECIDE_OBJECTION: {"objections"},
    }.get(op, set())
    changed = {name for name in Listing.__slots__ if getattr(before.listing, name) != getattr(after.listing, name)}
    assert changed == touched | {"revision"}
    others = [one for one in after.persons if one.person_id == before.persons[1].person_id]
    assert others == [before.persons[1]]
    if touched:
        assert after.persons == before.persons


@pytest.mark.parametrize("reason", RemovalReason)
def test_what_changes_nothing_is_told_with_how_the_listing_stands(reason: RemovalReason) -> None:
    same = CorrectOperation(4, key(), {"conduct": "虚构行为"}, "错")
    stands: list[tuple[Entry, date, str]] = [
        (entry(), TODAY, "现仍有效"),
        (entry(), LAST + DAY, "期限已满"),
        (entry(listing=recorded(removed_on=TODAY, reason=reason)), TODAY, f"已于 {TODAY} 移出"),
    ]
    for before, today, sentence in stands:
        (error,) = against(same, before, today=today)
        assert (error.row, error.field, error.code) == (4, None, "nothing_changed")
        assert sentence in error.detail


def test_what_the_record_says_already_is_no_change_whichever_operation_says_it() -> None:
    banned = replace(SOMEBODY, position_ban=PositionBan(None))
    unchanged: list[tuple[Operation, Entry]] = [
        (RenameOperation(1, key(), "示例（虚构）有限公司", TODAY), entry()),
        (AmendOperation(1, key()), entry()),
        (BanOperation(1, key(), banned.person_id, PositionBan(None)), entry(banned)),
        (CorrectOperation(1, key(), {"removed_on": FIRST}, "错"), entry(listing=recorded(removed_on=FIRST))),
    ]
    for operation, before in unchanged:
        assert told(operation, before, REGISTER) == [(1, None, "nothing_changed")]

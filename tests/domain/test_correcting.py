"""Facts are added, mistakes corrected and units renamed: what becomes of the listing, and what stands against it."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.listing import Entry, ListedUnit, Listing, PersonEnd, PersonEndReason, Removal, RemovalReason, Span
from app.domain.operations import AmendOperation, CorrectOperation, RenameOperation
from app.domain.synthetic import synthetic_uscc
from app.domain.transitions import decide
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
    person,
    recorded,
    recorded_as,
    told,
    with_listing,
)

GIVEN: dict[str, str | date] = {"basis": "依据（虚构）", "conduct_code": "YJ11-06-1", "published_until": LAST}
NAME = recorded().unit.name


def correcting(**values: str | date) -> CorrectOperation:
    return CorrectOperation(1, key(), values, "录错（虚构）")


def corrected(before: Entry, **values: str | date) -> Listing:
    return decide(correcting(**values), before, Register(), TODAY).listing


@given(added=st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=5))
def test_facts_are_put_after_those_that_are_there_and_none_is_lost(added: list[str]) -> None:
    now = entry()
    for facts in added:
        now = decide(AmendOperation(1, key(), facts=facts), now, Register(), TODAY)
    assert now.listing.facts == "\n".join(added)


@pytest.mark.parametrize("field", GIVEN)
def test_what_was_not_recorded_is_filled_in_and_what_was_is_not_overwritten(field: str) -> None:
    operation = AmendOperation(1, key(), **{field: GIVEN[field]})  # type: ignore[arg-type]  # each its own type
    after = decide(operation, entry(), Register(), TODAY)
    assert getattr(after.listing, field) == GIVEN[field]
    (error,) = against(operation, after)
    assert (error.row, error.field, error.code) == (1, field, "already_recorded")
    assert "更正（correct）" in error.detail


def test_everything_that_is_recorded_already_is_told_and_then_nothing_is_added() -> None:
    before = with_listing(entry(), **GIVEN)
    operation = AmendOperation(3, key(), facts="事实（虚构）", **GIVEN)  # type: ignore[arg-type]  # each its own type
    assert {(row, field) for row, field, _ in told(operation, before)} == {(3, field) for field in GIVEN}


VALUES: dict[str, str | date] = {
    "decision_no": "虚构列〔2026〕8号",
    "decided_by": "清远市别的局（测试）",
    "conduct": "别的行为（虚构）",
    "conduct_code": "YJ11-06-2",
    "tier": "联合惩戒对象",
    "facts": "别的事实（虚构）",
    "basis": "别的依据（虚构）",
    "listed_on": FIRST + DAY,
    "valid_until": LAST - DAY,
    "published_until": LAST,
}


@pytest.mark.parametrize("field", VALUES)
def test_a_correction_changes_the_one_field_it_names(field: str) -> None:
    after = corrected(entry(), **{field: VALUES[field]})
    changed = {name for name in Listing.__slots__ if getattr(after, name) != getattr(recorded(), name)}
    assert changed == {field, "revision"}
    assert getattr(after, field) == VALUES[field]


def test_all_fields_are_corrected_at_once() -> None:
    after = corrected(entry(), **VALUES, uscc=synthetic_uscc(7), unit_name="别的（虚构）有限公司")
    assert {name: getattr(after, name) for name in VALUES} == VALUES
    assert after.unit == ListedUnit(synthetic_uscc(7), "别的（虚构）有限公司", (NAME,))


def test_another_code_takes_along_no_reason_why_the_first_one_failed_its_check_character() -> None:
    before = with_listing(entry(), nonconforming_reason="试点地区早期代码（虚构）")
    assert corrected(before, uscc=synthetic_uscc(7)).nonconforming_reason is None
    assert corrected(before, unit_name="别的（虚构）有限公司").nonconforming_reason is not None
    assert corrected(before, uscc=synthetic_uscc(1), conduct="改").nonconforming_reason is not None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"listed_on": TODAY}, []),
        ({"listed_on": TODAY + DAY}, [(1, "set.listed_on", "date_in_future")]),
        ({"valid_until": FIRST}, []),
        ({"valid_until": FIRST - DAY}, [(1, "set.valid_until", "date_order")]),
        ({"listed_on": FIRST - 9 * DAY, "valid_until": FIRST - 9 * DAY}, []),
        (
            {"listed_on": TODAY + DAY, "valid_until": TODAY},
            [(1, "set.listed_on", "date_in_future"), (1, "set.valid_until", "date_order")],
        ),
        ({"removed_on": TODAY}, [(1, "set.removed_on", "not_removed")]),
        ({"removal_decision_no": "虚构移〔2026〕1号"}, [(1, "set.removed_on", "not_removed")]),
    ],
)
def test_a_corrected_listing_keeps_to_what_holds_for_a_new_one(
    values: dict[str, str | date], expected: list[Told]
) -> None:
    assert told(correcting(**values), entry()) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"removed_on": FIRST + 9 * DAY}, []),
        ({"removed_on": FIRST + 8 * DAY}, [(1, "set.removed_on", "date_order")]),
        ({"removed_on": TODAY}, []),
        ({"removed_on": TODAY + DAY}, [(1, "set.removed_on", "date_in_future")]),
        ({"listed_on": FIRST + 20 * DAY}, []),
        ({"listed_on": FIRST + 21 * DAY}, [(1, "set.removed_on", "date_order")]),
    ],
)
def test_a_corrected_removal_is_between_the_last_restoring_and_today(
    values: dict[str, str | date], expected: list[Told]
) -> None:
    before = with_listing(
        entry(listing=recorded(removed_on=FIRST + 20 * DAY)), suspensions=(Span(FIRST + DAY, FIRST + 9 * DAY),)
    )
    assert told(correcting(**values), before) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"removed_on": FIRST + 21 * DAY}, []),
        ({"removed_on": FIRST + 20 * DAY}, [(1, "set.removed_on", "not_yet_expired")]),
        ({"valid_until": FIRST + 21 * DAY}, []),
        ({"valid_until": FIRST + 22 * DAY}, [(1, "set.valid_until", "not_yet_expired")]),
        ({"valid_until": FIRST + 30 * DAY, "removed_on": FIRST + 31 * DAY}, []),
    ],
)
def test_what_ended_because_its_period_was_over_did_not_end_within_it(
    values: dict[str, str | date], expected: list[Told]
) -> None:
    expired = recorded(removed_on=FIRST + 22 * DAY, reason="expired")
    before = with_listing(entry(listing=expired), valid_until=FIRST + 20 * DAY)
    assert told(correcting(**values), before) == expected


def test_a_removal_is_corrected_without_a_word_on_its_reason() -> None:
    before = entry(listing=recorded(removed_on=FIRST + DAY, reason="revoked"))
    after = corrected(before, removed_on=FIRST + 2 * DAY, removal_decision_no="虚构移〔2026〕1号")
    assert after.removal == Removal(FIRST + 2 * DAY, RemovalReason.REVOKED, "虚构移〔2026〕1号")
    assert corrected(before, conduct="改").removal == before.listing.removal


@given(names=st.lists(st.tuples(st.sampled_from("甲乙丙丁"), st.booleans()), max_size=8))
def test_no_former_name_is_ever_lost_and_none_stands_twice(names: list[tuple[str, bool]]) -> None:
    now, had = entry(), {NAME}
    for name, by_correction in names:
        if name != now.listing.unit.name:
            renaming = RenameOperation(1, key(), name, TODAY)
            now = decide(correcting(unit_name=name) if by_correction else renaming, now, Register(), TODAY)
        had.add(name)
    unit = now.listing.unit
    assert {*unit.former_names, unit.name} == had
    assert len(unit.former_names) == len(had) - 1


def test_former_names_stand_in_the_order_in_which_they_were_first_given_up() -> None:
    now = entry()
    for name in ("甲", "乙", NAME, "甲"):
        now = decide(RenameOperation(1, key(), name, TODAY), now, Register(), TODAY)
    assert now.listing.unit == ListedUnit(recorded().unit.uscc, "甲", ("乙", NAME))


@pytest.mark.parametrize(
    ("on", "expected"), [(date(1999, 1, 1), []), (TODAY, []), (TODAY + DAY, [(1, "renamed_on", "date_in_future")])]
)
def test_a_unit_was_renamed_today_at_the_latest(on: date, expected: list[Told]) -> None:
    assert told(RenameOperation(1, key(), "新名（虚构）", on), entry()) == expected


def test_a_correction_of_the_persons_makes_the_given_ones_everybody() -> None:
    register = Register()
    stays, goes = recorded_as(person(1), register), recorded_as(person(2), register)
    operation = replace(correcting(), persons=(person(1), person(3)))
    after = decide(operation, entry(stays, goes), register, TODAY)
    gone = replace(goes, end=PersonEnd(TODAY, PersonEndReason.LEFT))
    assert after.persons == (stays, gone, recorded_as(person(3), register))


def test_what_is_wrong_with_corrected_persons_is_told_along_with_the_rest() -> None:
    operation = replace(correcting(valid_until=FIRST - DAY), persons=(person(1), person(1)))
    assert told(operation, entry()) == [
        (1, "set.valid_until", "date_order"),
        (1, "persons[1].id_number", "duplicate_person"),
    ]

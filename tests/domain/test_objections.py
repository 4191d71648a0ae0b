"""An objection contests a listing from the day it is filed until the day it is decided, and keeps it in force."""

from dataclasses import replace
from datetime import date

import pytest

from app.domain.listing import Entry
from app.domain.objections import Objection, ObjectionDecision, ObjectionOutcome
from app.domain.operations import DecideObjectionOperation, FileObjectionOperation, PersonNamed
from app.domain.transitions import decide
from tests.domain.deciding import DAY, FIRST, TODAY, Register, against, entry, key, number, person, recorded_as, told

REGISTER = Register()
SOMEBODY = recorded_as(person(1), REGISTER)
FILED_ON = TODAY - 10 * DAY


def filing(no: str = "虚构异1号", on: date = FILED_ON, by: PersonNamed | None = None) -> FileObjectionOperation:
    return FileObjectionOperation(3, key(), no, on, "事实有误（虚构）", by)


def decision(no: str = "虚构异1号", on: date = TODAY, outcome: str = "upheld") -> DecideObjectionOperation:
    return DecideObjectionOperation(3, key(), no, ObjectionOutcome(outcome), on, "虚构异决1号")


def contested() -> Entry:
    return decide(filing(), entry(SOMEBODY), REGISTER, TODAY)


@pytest.mark.parametrize("outcome", ObjectionOutcome)
def test_an_objection_contests_from_its_filing_until_its_decision_and_suspends_nothing(
    outcome: ObjectionOutcome,
) -> None:
    after = decide(decision(outcome=outcome), contested(), REGISTER, TODAY)
    listing = after.listing
    days = (FILED_ON - DAY, FILED_ON, TODAY - DAY, TODAY)
    assert [bool(listing.open_objections(day)) for day in days] == [False, True, True, False]
    assert all(listing.in_force(day) for day in days)
    expected = Objection(
        "虚构异1号", FILED_ON, "事实有误（虚构）", None, ObjectionDecision(outcome, TODAY, "虚构异决1号")
    )
    assert listing.objections == (expected,)
    assert contested().listing.open_objections(date.max) == contested().listing.objections


@pytest.mark.parametrize("named", [SOMEBODY.person_id, number(1)], ids=["by id", "by number"])
def test_a_person_of_the_listing_may_object_even_one_who_left_or_was_never_meant(named: PersonNamed) -> None:
    for reason in (None, "left", "corrected"):
        one = recorded_as(person(1), REGISTER, ended_on=TODAY if reason else None, reason=reason or "left")
        (objection,) = decide(filing(by=named), entry(one), REGISTER, TODAY).listing.objections
        assert objection.filed_by_person == one.person_id
    field = "id_number" if named == number(1) else "person_id"
    for stranger in (entry(), entry(replace(SOMEBODY, erased=True))):
        assert told(filing(by=named), stranger, REGISTER) == [(3, field, "person_not_found")]


def test_several_objections_stand_side_by_side_each_under_its_number() -> None:
    both = decide(filing("虚构异2号"), contested(), REGISTER, TODAY)
    after = decide(decision("虚构异2号", outcome="withdrawn"), both, REGISTER, TODAY)
    assert [one.objection_no for one in after.listing.open_objections(TODAY)] == ["虚构异1号"]
    assert told(filing(), contested()) == [(3, "objection_no", "objection_already_filed")]


@pytest.mark.parametrize(
    ("on", "code"), [(FIRST - DAY, "date_order"), (FIRST, None), (TODAY, None), (TODAY + DAY, "date_in_future")]
)
def test_it_is_filed_from_the_day_of_listing_on_and_not_in_the_future(on: date, code: str | None) -> None:
    assert told(filing(on=on), entry()) == ([(3, "filed_on", code)] if code else [])


@pytest.mark.parametrize(
    ("on", "code"), [(FILED_ON - DAY, "date_order"), (FILED_ON, None), (TODAY, None), (TODAY + DAY, "date_in_future")]
)
def test_it_is_decided_from_its_filing_on_and_not_in_the_future(on: date, code: str | None) -> None:
    assert told(decision(on=on), contested()) == ([(3, "decided_on", code)] if code else [])


def test_what_cannot_be_decided_is_told_with_what_it_is_and_what_could_be() -> None:
    both = decide(filing("虚构异2号"), contested(), REGISTER, TODAY)
    decided = decide(decision(), both, REGISTER, TODAY)
    (again,) = against(decision(), decided)
    assert (again.field, again.code) == ("objection_no", "objection_already_decided")
    assert f"已于 {TODAY} 处理（成立）" in again.detail
    (unknown,) = against(decision("虚构异9号"), decided)
    assert (unknown.field, unknown.code) == ("objection_no", "objection_not_found")
    assert all("未决的异议：虚构异2号。" in one.detail for one in (again, unknown))

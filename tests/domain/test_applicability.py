"""Which measures reach whom, how, and whose they are to carry out."""

import pytest

from app.domain.applicability import AppliedMeasure, Grounds, Reach, Yours, applicable, whose
from app.domain.subjects import SubjectKind
from tests.support import CATALOGUE

LISTED = Grounds(listed=True, banned=False)
BANNED = Grounds(listed=False, banned=True)
BOTH = Grounds(listed=True, banned=True)
NONE = Grounds(listed=False, banned=False)
UNIT, PERSON = SubjectKind.UNIT, SubjectKind.PERSON
DIRECT, THROUGH = Reach.DIRECT, Reach.THROUGH_RELATED_PERSONS


def reaches(applied: tuple[AppliedMeasure, ...]) -> dict[int, Reach]:
    return {one.measure.no: one.reach for one in applied}


def parts(applied: AppliedMeasure) -> dict[int, Reach]:
    return {part.sub_measure.no: part.reach for part in applied.sub_measures}


def test_every_measure_reaches_a_listed_unit_and_9_and_15_through_its_persons() -> None:
    expected = dict.fromkeys(range(1, 25), DIRECT) | {9: THROUGH, 15: THROUGH}
    assert reaches(applicable(CATALOGUE, UNIT, LISTED)) == expected


def test_a_person_of_a_listed_unit_is_reached_by_1_9_15_and_23_and_directly() -> None:
    assert reaches(applicable(CATALOGUE, PERSON, LISTED)) == dict.fromkeys([1, 9, 15, 23], DIRECT)


def test_a_person_whose_position_ban_outlived_the_listing_is_reached_by_measure_9_alone() -> None:
    assert reaches(applicable(CATALOGUE, PERSON, BANNED)) == {9: DIRECT}


def test_a_ban_beside_a_listing_adds_nothing_and_takes_nothing_away() -> None:
    for kind in SubjectKind:
        assert applicable(CATALOGUE, kind, BOTH) == applicable(CATALOGUE, kind, LISTED)


@pytest.mark.parametrize("kind", SubjectKind)
def test_nothing_applies_without_grounds(kind: SubjectKind) -> None:
    assert applicable(CATALOGUE, kind, NONE) == ()


@pytest.mark.parametrize("kind", SubjectKind)
def test_measures_stand_in_the_order_of_the_memo(kind: SubjectKind) -> None:
    numbers = [one.measure.no for one in applicable(CATALOGUE, kind, LISTED)]
    assert numbers == sorted(numbers)


def test_a_unit_is_reached_by_all_six_sub_measures_and_by_the_third_through_its_persons() -> None:
    first = applicable(CATALOGUE, UNIT, LISTED)[0]
    assert parts(first) == dict.fromkeys(range(1, 7), DIRECT) | {3: THROUGH}


def test_a_person_is_reached_by_the_sub_measures_3_5_and_6() -> None:
    first = applicable(CATALOGUE, PERSON, LISTED)[0]
    assert parts(first) == dict.fromkeys([3, 5, 6], DIRECT)


def test_the_other_measures_have_no_sub_measures() -> None:
    assert not any(one.sub_measures for one in applicable(CATALOGUE, UNIT, LISTED)[1:])


@pytest.mark.parametrize(
    ("no", "department", "expected"),
    [
        (2, "市发展和改革局", Yours.NAMED),
        (2, "市税务局", Yours.NO),
        (4, "市财政局", Yours.NAMED),
        (4, "市税务局", Yours.OPEN_CLASS),
        (1, "市应急管理局", Yours.NAMED),
        (1, "清远海关", Yours.OPEN_CLASS),
        (6, "中国人民银行清远市中心支行", Yours.NAMED),
        (12, "市财政局", Yours.NAMED),
        (12, "市国资委", Yours.NO),
        (23, "市应急管理局", Yours.OPEN_CLASS),
        (23, "没有签署的部门", Yours.OPEN_CLASS),
        (16, "没有签署的部门", Yours.NO),
    ],
)
def test_a_measure_is_a_departments_own_if_its_row_names_it_and_undecided_if_it_names_a_class(
    no: int, department: str, expected: Yours
) -> None:
    assert whose(CATALOGUE.measures[no - 1], department) is expected


def test_the_customs_are_named_in_16_17_and_18_and_no_open_class_is_taken_for_them() -> None:
    found: dict[Yours, list[int]] = {yours: [] for yours in Yours}
    for measure in CATALOGUE.measures:
        found[whose(measure, "清远海关")].append(measure.no)
    assert found[Yours.NAMED] == [16, 17, 18]
    assert found[Yours.OPEN_CLASS] == [1, 3, 4, 5, 23, 24]
    assert len(found[Yours.NO]) == 24 - 3 - 6

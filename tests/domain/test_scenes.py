"""What of the measures that apply matters in a scene, and whose the scene is."""

import pytest

from app.domain.applicability import Grounds, Reach, Yours, applicable
from app.domain.scenes import MatteringMeasure, Scene, mattering
from app.domain.subjects import SubjectKind
from tests.support import CATALOGUE, SCENES

LISTED, BANNED = Grounds(listed=True, banned=False), Grounds(listed=False, banned=True)
UNIT, PERSON = SubjectKind.UNIT, SubjectKind.PERSON
DIRECT, THROUGH = Reach.DIRECT, Reach.THROUGH_RELATED_PERSONS


def scene(code: str) -> Scene:
    found = SCENES.named(code)
    assert found is not None
    return found.scene


def matters(code: str, kind: SubjectKind, grounds: Grounds = LISTED) -> tuple[MatteringMeasure, ...]:
    return mattering(scene(code), kind, applicable(CATALOGUE, kind, grounds))


def asks(found: MatteringMeasure) -> list[tuple[str, int | None, Reach]]:
    return [("/".join(one.ask.one_of), one.ask.sub_measure, one.reach) for one in found.asks]


def test_a_scene_leaves_just_its_own_measures_in_the_order_of_the_memo() -> None:
    assert [one.applied.measure.no for one in matters("funding", UNIT)] == [2, 4, 24]


def test_only_the_sub_measures_that_the_scene_asks_for_are_left() -> None:
    (first,) = matters("safety.supervision", UNIT)
    assert [part.sub_measure.no for part in first.applied.sub_measures] == [1, 2, 3]
    assert asks(first) == [("inspect_more", 1, DIRECT), ("inspect_more", 2, DIRECT), ("interview", 3, THROUGH)]
    (of_person,) = matters("safety.supervision", PERSON)
    assert [part.sub_measure.no for part in of_person.applied.sub_measures] == [3]
    assert asks(of_person) == [("interview", 3, DIRECT)]


def test_a_person_is_refused_nothing_that_the_memo_refuses_to_units() -> None:
    by_no = {one.applied.measure.no: asks(one) for one in matters("honours", PERSON)}
    assert by_no == {15: [("restrict", None, DIRECT)], 23: [("take_into_account", None, DIRECT)]}
    of_unit = {one.applied.measure.no: asks(one) for one in matters("honours", UNIT)}
    assert of_unit[23] == [("take_into_account", None, DIRECT), ("refuse", None, DIRECT)]


def test_a_position_ban_that_outlived_the_listing_matters_where_offices_are_given_and_nowhere_else() -> None:
    where = [one.code for one in SCENES.scenes if matters(one.code, PERSON, BANNED)]
    assert where == ["registration.officer", "appointment"]


@pytest.mark.parametrize("kind", SubjectKind)
def test_a_scene_adds_nothing_to_what_applies(kind: SubjectKind) -> None:
    for one in SCENES.scenes:
        assert mattering(one, kind, ()) == ()
        applied = {measure.measure.no for measure in applicable(CATALOGUE, kind, LISTED)}
        assert {found.applied.measure.no for found in matters(one.code, kind)} <= applied


def test_every_measure_that_applies_to_a_unit_matters_in_some_scene() -> None:
    assert {found.applied.measure.no for one in SCENES.scenes for found in matters(one.code, UNIT)} == set(range(1, 25))


def test_whose_a_scene_is_and_an_open_class_stays_open() -> None:
    assert scene("customs.aeo").whose("清远海关") is Yours.NAMED
    assert scene("customs.aeo").whose("市税务局") is Yours.NO
    assert scene("honours").whose("市税务局") is Yours.OPEN_CLASS
    assert scene("concession").whose("市财政局") is Yours.OPEN_CLASS

"""What a change changed is told field by field, and nothing that it did not."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.difference import FieldChange, difference

State = dict[str, Any]
VALUES = st.none() | st.booleans() | st.text(max_size=2) | st.lists(st.text(max_size=2), max_size=2)
PERSONS: st.SearchStrategy[list[State]] = st.lists(
    st.fixed_dictionaries({"person_id": st.sampled_from("pqr"), "roles": VALUES, "since": VALUES}),
    max_size=3,
    unique_by=lambda one: one["person_id"],
)
STATES: st.SearchStrategy[State] = st.fixed_dictionaries(
    {"listing_id": st.just("l"), "tier": VALUES, "facts": VALUES, "persons": PERSONS}
)


def is_nothing(value: object) -> bool:
    return value is None or value is False or value == []


@given(state=STATES)
def test_two_equal_states_do_not_differ(state: State) -> None:
    assert difference(state, deepcopy(state)) == ()


@given(after=STATES)
def test_of_a_new_listing_nothing_is_told_for_all_of_it_is_new(after: State) -> None:
    assert difference(None, after) == ()


@given(before=STATES, after=STATES)
def test_exactly_the_fields_that_differ_are_told_each_with_both_its_values(before: State, after: State) -> None:
    changes = [one for one in difference(before, after) if not one.field.startswith("persons[")]
    differ = {
        name
        for name in ("tier", "facts")
        if before[name] != after[name] and not (before[name] is None and is_nothing(after[name]))
    }
    assert {one.field for one in changes} == differ
    assert all((one.before, one.after) == (before[one.field], after[one.field]) for one in changes)


@given(before=STATES, after=STATES)
def test_a_person_is_compared_with_themselves_wherever_they_stand(before: State, after: State) -> None:
    backwards = after | {"persons": after["persons"][::-1]}
    assert set(map(repr, difference(before, after))) == set(map(repr, difference(before, backwards)))
    assert difference(after, backwards) == ()


@given(before=STATES, after=STATES)
def test_carrying_out_what_is_told_leads_from_one_state_to_the_other(before: State, after: State) -> None:
    """But for what is nothing either way: not recorded, or recorded as none."""
    reached = before | {one.field: one.after for one in difference(before, after) if one.field in before}
    for name in ("tier", "facts"):
        assert reached[name] == after[name] or (is_nothing(reached[name]) and is_nothing(after[name]))


def test_of_a_person_it_is_told_who_and_what() -> None:
    person = {"person_id": "p", "roles": ["other"], "since": None}
    other = {"person_id": "q", "roles": ["principal"], "since": None}
    before, after = {"persons": [person, other]}, {"persons": [other, person | {"roles": ["principal"]}]}
    assert difference(before, after) == (FieldChange("persons[p].roles", ["other"], ["principal"]),)


def test_of_somebody_who_is_new_it_is_told_what_is_recorded_of_them() -> None:
    person = {"person_id": "p", "roles": ["other"], "since": None, "absences": [], "erased": False}
    assert difference({"persons": []}, {"persons": [person]}) == (FieldChange("persons[p].roles", None, ["other"]),)


@pytest.mark.parametrize("value", [None, [], False])
def test_what_an_earlier_release_did_not_keep_was_not_there(value: object) -> None:
    assert difference({"persons": []}, {"suspensions": value, "persons": []}) == ()
    assert difference({"persons": []}, {"suspensions": "x", "persons": []}) == (FieldChange("suspensions", None, "x"),)


@pytest.mark.parametrize("nothing", [None, [], False])
def test_what_is_no_longer_there_is_told(nothing: object) -> None:
    assert difference({"facts": "x", "persons": []}, {"facts": nothing, "persons": []}) == (
        FieldChange("facts", "x", nothing),
    )

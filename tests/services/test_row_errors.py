"""Every field of every row that is wrong is told by its path and a stable code, all of them at once."""

import pytest

from app.domain.operations import (
    ListOperation,
)
from app.services.push_rows import MOST_PERSONS
from tests.services.rows import (
    CODE,
    GOOD,
    ID,
    IRREGULAR,
    IRREGULAR_UNIT,
    JSON,
    LIST,
    NUMBER,
    PERSON,
    ROW,
    WRONG_NUMBER,
    errors,
    read,
    row,
)


def required(op: str) -> list[str]:
    """Return the fields that a row cannot do without, the way to its listing or person left aside."""
    optional = {"op", "uscc", "decision_no", "id_number"} if op != "list" else {"op"}
    optional |= {"facts"} if op == "amend" else set()
    return [name for name in GOOD[op] if name not in optional]


@pytest.mark.parametrize(("op", "field"), [(op, field) for op in GOOD for field in required(op)])
def test_a_field_that_is_required_is_missed_by_name(op: str, field: str) -> None:
    assert errors(row(op, **{field: ...})) == {(field, "missing")}


@pytest.mark.parametrize("op", GOOD)
def test_a_field_that_there_is_not_is_told(op: str) -> None:
    assert errors(row(op, remarks="x")) == {("remarks", "unknown_field")}
    assert errors(row(op, **{NUMBER: "x"})) == {("?", "unknown_field")}, "a name may be a number too"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(
            row("remove", decision_no=..., removed_on=..., reason="x"),
            {(None, "target"), ("removed_on", "missing"), ("reason", "not_allowed")},
            id="no listing named, and fields missing and wrong",
        ),
        pytest.param(
            row("ban", uscc=..., id_number=..., position_ban={"until": "x", "for_life": True}),
            {
                (None, "target"),
                (None, "person_target"),
                ("position_ban", "ban_either_way"),
                ("position_ban.until", "date_format"),
            },
            id="neither listing nor person named, and a ban of two kinds",
        ),
        pytest.param(
            row("end_person", decision_no=..., id_number=...),
            {(None, "target"), (None, "person_target")},
            id="every field can be read, and two things are wrong with the whole",
        ),
        pytest.param(
            row("correct", decision_no=..., set={}, reason=...),
            {(None, "target"), (None, "nothing_given"), ("reason", "missing")},
            id="nothing to correct, without a reason, of no listing",
        ),
        pytest.param(
            row("correct", decision_no=..., set={"uscc": IRREGULAR}),
            {(None, "target"), ("set.uscc", "code_check_character")},
            id="a code that fails its check, of no listing",
        ),
        pytest.param(row("rename", uscc=..., new_name=" "), {(None, "target"), ("new_name", "blank")}, id="a renaming"),
        pytest.param(
            row("amend", decision_no=..., facts=..., remarks="x"),
            {(None, "target"), (None, "nothing_given"), ("remarks", "unknown_field")},
            id="nothing to add, and a field that there is not",
        ),
        pytest.param(
            row(
                "list",
                decision_no=...,
                tier="没有这个",
                conduct_code="没有这个",
                nonconforming_code=True,
                persons=[PERSON | {"position_ban": {}}, PERSON | {"roles": [], "position_ban": {}}],
            ),
            {
                ("decision_no", "missing"),
                ("tier", "unknown_tier"),
                ("conduct_code", "unknown_conduct"),
                ("nonconforming_reason", "missing"),
                ("persons[0].position_ban", "ban_either_way"),
                ("persons[1].position_ban", "ban_either_way"),
                ("persons[1].roles", "too_few"),
            },
            id="a listing against the rules, with fields missing and wrong",
        ),
        pytest.param(
            row("list", tier="没有这个", persons=[PERSON | {"position_ban": {}}]),
            {("tier", "unknown_tier"), ("persons[0].position_ban", "ban_either_way")},
            id="every field can be read",
        ),
        pytest.param(
            row("list", decided_by=..., valid_until="2099-01-01"),
            {("decided_by", "missing"), ("valid_until", "period_too_long")},
            id="too long a period, and a field missing",
        ),
    ],
)
def test_what_is_wrong_with_a_whole_row_is_told_at_once_with_what_is_wrong_with_its_fields(
    value: JSON, expected: set[tuple[str | None, str]]
) -> None:
    assert errors(value) == expected


@pytest.mark.parametrize("value", [[], "x", 7, None, {"op": ["list"]}, {"op": {}}, {"op": "list", "persons": [[], {}]}])
def test_what_is_no_row_at_all_is_refused_and_nothing_else_happens(value: object) -> None:
    assert errors(value)


LONG = "虚" * 1001
BAD: list[tuple[str, str, object, str, str]] = [
    ("list", "unit", "x", "unit", "wrong_type"),
    ("list", "unit", {"uscc": CODE}, "unit.name", "missing"),
    ("list", "unit", {"uscc": CODE, "name": " "}, "unit.name", "blank"),
    ("list", "unit", {"uscc": CODE, "name": LONG}, "unit.name", "too_long"),
    ("list", "unit", {"uscc": 914418, "name": "虚构"}, "unit.uscc", "wrong_type"),
    ("list", "unit", {"uscc": CODE[:-1], "name": "虚构"}, "unit.uscc", "code_length"),
    ("list", "unit", {"uscc": IRREGULAR, "name": "虚构"}, "unit.uscc", "code_check_character"),
    ("list", "unit", {"uscc": "9" * 65, "name": "虚构"}, "unit.uscc", "too_long"),
    ("list", "decision_no", 1, "decision_no", "wrong_type"),
    ("list", "decision_no", "虚\u0000构", "decision_no", "unprintable_character"),
    ("list", "decided_by", "虚" * 101, "decided_by", "too_long"),
    ("list", "conduct", "", "conduct", "blank"),
    ("list", "conduct", f"虚构{NUMBER}", "conduct", "identity_number_in_text"),
    ("list", "conduct_code", "没有这个", "conduct_code", "unknown_conduct"),
    ("list", "tier", "没有这个", "tier", "unknown_tier"),
    ("list", "facts", LONG * 10, "facts", "too_long"),
    ("list", "facts", "虚\n\u0000构", "facts", "unprintable_character"),
    ("list", "facts", " \r\n ", "facts", "blank"),
    ("list", "facts", f"虚构{NUMBER[:6]}\n{NUMBER[6:]}", "facts", "identity_number_in_text"),
    ("list", "basis", "虚\n构", "basis", "unprintable_character"),
    ("list", "basis", [], "basis", "wrong_type"),
    ("list", "listed_on", "2026/3/1", "listed_on", "date_format"),
    ("list", "listed_on", 20260301, "listed_on", "date_format"),
    ("list", "listed_on", "2026-02-30", "listed_on", "impossible_date"),
    ("list", "valid_until", "2029-03-02", "valid_until", "period_too_long"),
    ("list", "published_until", "永久", "published_until", "date_format"),
    ("list", "persons", {}, "persons", "wrong_type"),
    ("list", "persons", [PERSON] * (MOST_PERSONS + 1), "persons", "too_many"),
    ("list", "persons", [PERSON, {"id_number": NUMBER, "roles": ["other"]}], "persons[1].name", "missing"),
    ("list", "persons", [PERSON | {"roles": []}], "persons[0].roles", "too_few"),
    ("list", "persons", [PERSON | {"roles": ["厂长"]}], "persons[0].roles[0]", "not_allowed"),
    ("list", "persons", [PERSON | {"id_number": WRONG_NUMBER}], "persons[0].id_number", "code_check_character"),
    ("list", "persons", [PERSON | {"id_number": 44}], "persons[0].id_number", "wrong_type"),
    ("list", "persons", [PERSON | {"name": NUMBER}], "persons[0].name", "identity_number_in_text"),
    ("list", "persons", [PERSON | {"position_ban": {}}], "persons[0].position_ban", "ban_either_way"),
    ("list", "nonconforming_code", "true", "nonconforming_code", "wrong_type"),
    ("amend", "facts", " ", "facts", "blank"),
    ("amend", "published_until", "x", "published_until", "date_format"),
    ("amend", "conduct_code", "虚" * 101, "conduct_code", "too_long"),
    ("amend", "document", 3, "document", "wrong_type"),
    ("correct", "set", [], "set", "wrong_type"),
    ("correct", "set", {"revision": 3}, "set.revision", "unknown_field"),
    ("correct", "set", {"uscc": "x"}, "set.uscc", "code_length"),
    ("correct", "set", {"uscc": IRREGULAR}, "set.uscc", "code_check_character"),
    ("correct", "set", {"unit_name": NUMBER}, "set.unit_name", "identity_number_in_text"),
    ("correct", "set", {"removed_on": "x"}, "set.removed_on", "date_format"),
    ("correct", "reason", " ", "reason", "blank"),
    ("rename", "new_name", "虚" * 201, "new_name", "too_long"),
    ("rename", "renamed_on", None, "renamed_on", "date_format"),
    ("remove", "removed_on", "昨天", "removed_on", "date_format"),
    ("remove", "reason", "forgotten", "reason", "not_allowed"),
    ("remove", "removal_decision_no", "", "removal_decision_no", "blank"),
    ("restore", "restored_on", "2026-13-01", "restored_on", "impossible_date"),
    ("restore", "reason", "repaired", "reason", "not_allowed"),
    ("restore", "valid_until", "x", "valid_until", "date_format"),
    ("add_person", "person", PERSON | {"since": "x"}, "person.since", "date_format"),
    ("add_person", "person", PERSON | {"id_number": WRONG_NUMBER}, "person.id_number", "code_check_character"),
    ("add_person", "person", PERSON | {"position_ban": {"for_life": 1}}, "person.position_ban.for_life", "wrong_type"),
    ("end_person", "ended_on", "", "ended_on", "date_format"),
    ("end_person", "reason", "retired", "reason", "not_allowed"),
    ("end_person", "id_number", WRONG_NUMBER, "id_number", "code_check_character"),
    ("ban", "position_ban", {}, "position_ban", "ban_either_way"),
    ("ban", "position_ban", {"until": "2027-01-01", "for_life": True}, "position_ban", "ban_either_way"),
    ("ban", "position_ban", {"until": "x"}, "position_ban.until", "date_format"),
    ("ban", "position_ban", {"for_life": True, "since": "x"}, "position_ban.since", "date_format"),
]


@pytest.mark.parametrize(
    ("op", "field", "value", "where", "code"), BAD, ids=[f"{n} {one[0]} {one[3]}" for n, one in enumerate(BAD)]
)
def test_a_bad_field_is_told_by_its_path_and_a_stable_code_and_never_repeated(
    op: str, field: str, value: object, where: str, code: str
) -> None:
    found = read(row(op, **{field: value}))
    assert found.operation is None
    assert [(one.row, one.field, one.code, one.column) for one in found.errors] == [(ROW, where, code, None)]
    for secret in (NUMBER, WRONG_NUMBER, NUMBER[6:14], IRREGULAR):
        assert secret not in repr(found.errors)


@pytest.mark.parametrize("op", ["listing_id", "person_id"])
def test_an_id_is_a_uuid(op: str) -> None:
    by_id = {"listing_id": "5", "uscc": ..., "decision_no": ...} if op == "listing_id" else {"person_id": "5"}
    assert errors(row("end_person", id_number=..., **{"person_id": str(ID)} | by_id)) == {(op, "wrong_type")}


@pytest.mark.parametrize("op", ["end_person", "ban"])
@pytest.mark.parametrize("changed", [{"person_id": str(ID)}, {"id_number": ...}])
def test_a_person_is_named_in_one_of_the_two_ways(op: str, changed: JSON) -> None:
    assert errors(row(op, **changed)) == {(None, "person_target")}


@pytest.mark.parametrize(
    "value", [row("amend", facts=...), row("correct", set={}), row("correct", set={"facts": None})]
)
def test_an_operation_that_gives_nothing_is_told(value: JSON) -> None:
    assert errors(value) == {(None, "nothing_given")}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "wrong_type"),
        ("list", "wrong_type"),
        ([LIST], "wrong_type"),
        ({}, "missing"),
        ({"op": "erase"}, "not_allowed"),
        ({"op": ["list"]}, "not_allowed"),
        ({"op": NUMBER}, "not_allowed"),
    ],
)
def test_what_is_no_operation_is_told_as_a_whole(value: object, code: str) -> None:
    assert errors(value) == {(None, code)}
    assert NUMBER not in repr(read(value).errors)


def test_everything_that_is_wrong_with_a_row_is_told_at_once() -> None:
    persons = [PERSON | {"roles": []}, {"name": " "}]
    wrong = row("list", unit={"uscc": IRREGULAR}, tier=..., listed_on="x", persons=persons)
    assert errors(wrong) == {
        ("unit.uscc", "code_check_character"),
        ("unit.name", "missing"),
        ("tier", "missing"),
        ("listed_on", "date_format"),
        ("persons[0].roles", "too_few"),
        ("persons[1].name", "blank"),
        ("persons[1].id_number", "missing"),
        ("persons[1].roles", "missing"),
    }
    slip = row("correct", set={"uscc": IRREGULAR, "facts": " "})
    assert errors(slip) == {("set.uscc", "code_check_character"), ("set.facts", "blank")}
    against_rules = row("list", tier="没有这个", conduct_code="没有这个", unit={"uscc": IRREGULAR, "name": "虚构"})
    assert errors(against_rules) == {
        ("tier", "unknown_tier"),
        ("conduct_code", "unknown_conduct"),
        ("unit.uscc", "code_check_character"),
    }


KNOWINGLY = {"nonconforming_code": True, "nonconforming_reason": "试点地区早期代码（虚构）"}


def test_a_code_that_fails_its_check_character_is_listed_knowingly() -> None:
    found = read(row("list", unit=IRREGULAR_UNIT, **KNOWINGLY)).operation
    assert isinstance(found, ListOperation)
    assert (found.uscc.value, found.nonconforming_reason) == (IRREGULAR, KNOWINGLY["nonconforming_reason"])


@pytest.mark.parametrize(
    ("unit", "said", "expected"),
    [
        (IRREGULAR_UNIT, {"nonconforming_code": True}, {("nonconforming_reason", "missing")}),
        (
            IRREGULAR_UNIT,
            {"nonconforming_reason": "x"},
            {("unit.uscc", "code_check_character"), ("nonconforming_reason", "missing")},
        ),
        (LIST["unit"], KNOWINGLY, {("nonconforming_code", "code_is_conforming")}),
        (LIST["unit"], {"nonconforming_reason": "x"}, {("nonconforming_reason", "missing")}),
        ({"uscc": CODE[:-1], "name": "虚构"}, KNOWINGLY, {("unit.uscc", "code_length")}),
    ],
)
def test_what_is_said_of_a_code_must_be_so_and_have_a_reason(
    unit: JSON, said: JSON, expected: set[tuple[str, str]]
) -> None:
    assert errors(row("list", unit=unit, **said)) == expected


@pytest.mark.parametrize(
    ("said", "given"), [({}, False), ({"persons": None}, False), ({"persons": []}, True), ({"persons": [PERSON]}, True)]
)
def test_a_row_that_names_nobody_differs_from_one_that_leaves_the_persons_open(
    said: JSON,
    given: bool,  # noqa: FBT001 - the expected answer
) -> None:
    assert read(row("list", **said)).persons_given is given

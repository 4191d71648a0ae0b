"""From rows to operations: every operation, persons in several rows, and what is wrong, told by its column."""

from typing import Any

import pytest

from app.domain.names import OPERATIONS, ROLES
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.files.columns import COLUMNS
from tests.files.files import HEADER, only_error, operation, read_csv, read_xlsx, row, value_of, values

USCC = synthetic_uscc(1)
NUMBER = synthetic_resident_id(1)
DECISION = "虚构列〔2026〕1号"
TARGET = {"uscc": USCC, "decision_no": DECISION}
DAY = "2026-03-01"


def table(*rows: dict[str, str]) -> tuple[list[str], ...]:
    """Return a table with the template's columns; cells by the columns' keys."""
    keys = [column.key for column in COLUMNS]
    for one in rows:
        assert one.keys() <= set(keys)
    return ([column.header for column in COLUMNS], *([one.get(key, "") for key in keys] for one in rows))


EVERY_OPERATION: list[tuple[dict[str, str], dict[str, Any]]] = [
    (
        {
            "op": "列入",
            **TARGET,
            "unit_name": "示例（虚构）",
            "decided_by": "虚构局",
            "conduct": "虚构行为",
            "conduct_code": "A01",
            "tier": "严重",
            "facts": "虚构事实",
            "basis": "虚构依据",
            "listed_on": "2026年3月1日",
            "valid_until": "20290228",
            "published_until": "2029/2/28",
            "nonconforming_reason": "已向登记机关核实",
            "person_name": "虚构甲",
            "id_number": NUMBER,
            "roles": "法定代表人、主要负责人，分管安全负责人",
            "since": "2020.1.2",
            "ban_until": "终身",
            "ban_since": DAY,
        },
        {
            "op": "list",
            "unit": {"uscc": USCC, "name": "示例（虚构）"},
            "nonconforming_code": True,
            "nonconforming_reason": "已向登记机关核实",
            "decision_no": DECISION,
            "decided_by": "虚构局",
            "conduct": "虚构行为",
            "conduct_code": "A01",
            "tier": "严重",
            "facts": "虚构事实",
            "basis": "虚构依据",
            "listed_on": DAY,
            "valid_until": "2029-02-28",
            "published_until": "2029-02-28",
            "persons": [
                {
                    "name": "虚构甲",
                    "id_number": NUMBER,
                    "roles": ["legal_representative", "principal", "safety_lead"],
                    "since": "2020-01-02",
                    "position_ban": {"for_life": True, "since": DAY},
                }
            ],
        },
    ),
    (
        {"op": "补充", **TARGET, "facts": "虚构", "published_until": DAY, "document": "虚构函1号"},
        {"op": "amend", **TARGET, "facts": "虚构", "published_until": DAY, "document": "虚构函1号"},
    ),
    (
        {
            "op": "更正",
            **TARGET,
            "unit_name": "新（虚构）",
            "tier": "一般",
            "valid_until": DAY,
            "removed_on": DAY,
            "removal_decision_no": "虚构移1号",
            "reason": "录入有误",
        },
        {
            "op": "correct",
            **TARGET,
            "set": {
                "unit_name": "新（虚构）",
                "tier": "一般",
                "valid_until": DAY,
                "removed_on": DAY,
                "removal_decision_no": "虚构移1号",
            },
            "reason": "录入有误",
        },
    ),
    (
        {"op": "更名", "uscc": USCC, "unit_name": "旧（虚构）", "new_name": "新（虚构）", "renamed_on": DAY},
        {"op": "rename", "uscc": USCC, "new_name": "新（虚构）", "renamed_on": DAY},
    ),
    (
        {"op": "移出", "listing_id": "b0d5", "removed_on": DAY, "removal_reason": "信用修复"},
        {"op": "remove", "listing_id": "b0d5", "removed_on": DAY, "reason": "repaired"},
    ),
    (
        {"op": "恢复", **TARGET, "restored_on": DAY, "restore_reason": "移出有误", "valid_until": DAY},
        {"op": "restore", **TARGET, "restored_on": DAY, "reason": "recorded_by_mistake", "valid_until": DAY},
    ),
    (
        {"op": "增加人员", **TARGET, "person_name": "虚构甲", "id_number": NUMBER, "roles": "其他", "ban_until": DAY},
        {
            "op": "add_person",
            **TARGET,
            "person": {"name": "虚构甲", "id_number": NUMBER, "roles": ["other"], "position_ban": {"until": DAY}},
        },
    ),
    (
        {
            "op": "人员离任",
            **TARGET,
            "person_name": "虚构甲",
            "id_number": NUMBER,
            "ended_on": DAY,
            "end_reason": "离任",
        },
        {"op": "end_person", **TARGET, "id_number": NUMBER, "ended_on": DAY, "reason": "left"},
    ),
    (
        {"op": "任职限制", **TARGET, "id_number": NUMBER, "ban_until": "终身", "document": "虚构函2号"},
        {
            "op": "ban",
            **TARGET,
            "id_number": NUMBER,
            "position_ban": {"for_life": True},
            "document": "虚构函2号",
        },
    ),
    (
        {
            "op": "异议提出",
            **TARGET,
            "objection_no": "虚构异1号",
            "filed_on": DAY,
            "matter": "事实有误（虚构）",
            "id_number": NUMBER,
        },
        {
            "op": "file_objection",
            **TARGET,
            "objection_no": "虚构异1号",
            "filed_on": DAY,
            "matter": "事实有误（虚构）",
            "id_number": NUMBER,
        },
    ),
    (
        {"op": "异议处理", **TARGET, "objection_no": "虚构异1号", "outcome": "部分成立", "decided_on": DAY},
        {
            "op": "decide_objection",
            **TARGET,
            "objection_no": "虚构异1号",
            "outcome": "upheld_in_part",
            "decided_on": DAY,
        },
    ),
]


@pytest.mark.parametrize(("cells", "expected"), EVERY_OPERATION, ids=OPERATIONS.values())
def test_every_operation_can_be_a_row(cells: dict[str, str], expected: dict[str, Any]) -> None:
    for read_it in (read_csv, read_xlsx):
        assert values(read_it(*table(cells))) == [expected]
    code = next(code for code, name in OPERATIONS.items() if name == cells["op"])
    assert values(read_csv(*table(cells | {"op": code}))) == [expected]


@pytest.mark.parametrize("op", [op for op in OPERATIONS if op != "list"])
def test_what_every_operation_needs_is_left_to_the_validator_part_by_part(op: str) -> None:
    (value,) = values(read_csv(*table({"op": op, **TARGET})))
    containers: dict[str, dict[str, Any]] = {
        "correct": {"set": {}},
        "add_person": {"person": {}},
        "ban": {"position_ban": {}},
    }
    assert value == {"op": op, **TARGET} | containers.get(op, {})


def test_a_row_is_a_listing_unless_it_says_otherwise() -> None:
    assert values(read_csv(HEADER, row(1))) == [operation(1)]
    error = only_error(read_csv(HEADER, row(1), default_op=None))
    assert (error.field, error.code, error.row, error.column) == ("op", "missing", 2, None)
    (one,) = read_csv(*table({"op": "删除", **TARGET}))
    assert one.value is None
    assert (only_error([one]).code, only_error([one]).column) == ("not_allowed", "A 操作")


def test_fields_lead_back_to_their_columns() -> None:
    (one,) = read_csv([*HEADER, "任职限制截止日期", "操作"], [*row(1), "2030-01-01", ""])
    assert one.columns == {
        "unit": "A 统一社会信用代码",
        "unit.uscc": "A 统一社会信用代码",
        "unit.name": "B 单位名称",
        "decision_no": "C 列入决定书文号",
        "listed_on": "D 列入日期",
        "persons[0]": "E 人员姓名",
        "persons[0].name": "E 人员姓名",
        "persons[0].id_number": "F 身份号码",
        "persons[0].roles": "G 职务身份",
        "persons[0].position_ban": "H 任职限制截止日期",
        "persons[0].position_ban.until": "H 任职限制截止日期",
        "op": "I 操作",
    }


# Persons in several rows


def further(n: int, person: int, **changed: Any) -> list[Any]:
    blank = {"name": "", "listed_on": ""}
    return row(n, **blank | {"person": f"虚构{person}", "id_number": synthetic_resident_id(person)} | changed)


def test_rows_of_one_listing_are_one_operation_with_all_persons() -> None:
    rows = read_csv(HEADER, row(1), further(1, 5, roles="其他"), further(1, 6, listed_on="2026/3/1"), row(2))
    first, second = values(rows)
    assert [person["name"] for person in first["persons"]] == ["虚构1", "虚构5", "虚构6"]
    assert first["persons"][1]["roles"] == ["other"]
    assert second == operation(2)
    assert [(one.number, one.person_rows) for one in rows] == [(2, (2, 3, 4)), (5, (5,))]
    assert rows[0].columns["persons[2].id_number"] == "F 身份号码"
    assert "persons[3].id_number" not in rows[0].columns


def test_only_adjacent_rows_are_one_listing() -> None:
    assert [one.person_rows for one in read_csv(HEADER, row(1), row(2), further(1, 5))] == [(2,), (3,), (4,)]


def test_a_row_repeated_without_a_person_is_a_listing_of_its_own_for_the_validator_to_refuse() -> None:
    assert len(read_csv(HEADER, row(1), row(1, person="", id_number="", roles=""))) == 2


def test_a_further_row_that_contradicts_the_first_is_told() -> None:
    rows = read_csv(HEADER, row(1), further(1, 5, name="另一（虚构）有限公司"), further(1, 6, listed_on="2026-03-02"))
    (one,) = rows
    assert [(error.code, error.field, error.row, error.column) for error in one.errors] == [
        ("differs_from_first_row", "unit.name", 3, "B 单位名称"),
        ("differs_from_first_row", "listed_on", 4, "D 列入日期"),
    ]


def test_merging_ends_somewhere() -> None:
    rows = read_csv(HEADER, row(1), *(further(1, n) for n in range(2, 302)))
    assert [len(one.person_rows) for one in rows] == [200, 101]


def test_errors_of_a_further_row_name_its_person_and_row() -> None:
    (one,) = read_csv(HEADER, row(1), further(1, 5, roles="董事长"))
    error = only_error([one])
    assert (error.code, error.field, error.row, error.column) == ("not_allowed", "persons[1].roles", 3, "G 职务身份")
    for role in ROLES.values():
        assert role in error.detail


def test_a_representative_has_columns_of_their_own_beside_other_persons() -> None:
    names = [*HEADER, "法定代表人", "法定代表人证件号码"]
    representative = ["虚构法", synthetic_resident_id(9)]
    rows = read_csv(
        names, [*row(1, roles="其他"), *representative], [*further(1, 5), *representative], [*row(2), "", ""]
    )
    first, second = values(rows)
    assert [person["name"] for person in first["persons"]] == ["虚构法", "虚构1", "虚构5"]
    assert first["persons"][0] == {
        "name": "虚构法",
        "id_number": synthetic_resident_id(9),
        "roles": ["legal_representative"],
    }
    assert len(second["persons"]) == 1
    assert rows[0].person_rows == (2, 2, 3)
    assert rows[0].columns["persons[0].id_number"] == "I 法定代表人证件号码"
    assert rows[0].columns["persons[1].id_number"] == "F 身份号码"
    (one,) = read_csv(names, [*row(1), *representative], [*further(1, 5), "虚构另", ""])
    assert [error.code for error in one.errors] == ["differs_from_first_row"]


@pytest.mark.parametrize(
    ("names", "cells", "column"),
    [
        (HEADER, row(1, id_number=""), "F 身份号码"),
        (HEADER[:5], row(1)[:5], "E 人员姓名"),
        ((*HEADER[:4], "法定代表人", "法定代表人身份证号"), [*row(1)[:5], ""], "F 法定代表人身份证号"),
        ((*HEADER[:4], "CF_FRDB"), row(1)[:5], "E CF_FRDB"),
    ],
)
def test_a_name_without_a_number_is_told(names: list[str], cells: list[str], column: str) -> None:
    error = only_error(read_csv(names, cells))
    assert (error.code, error.field, error.column) == ("missing", "persons[0].id_number", column)


# Cells


@pytest.mark.parametrize("nothing", ["", " ", "\u3000", "/", "-", "—", "——", "无", "／", " / ", "N/A"])
def test_a_cell_with_a_sign_for_nothing_is_empty(nothing: str) -> None:
    (value,) = values(read_csv(HEADER, row(1, listed_on=nothing, person=nothing, id_number=nothing, roles=nothing)))
    assert "listed_on" not in value
    assert "persons" not in value


def test_cells_are_stripped_and_otherwise_as_they_were_typed() -> None:
    (value,) = values(read_csv(HEADER, row(1, name=" \u3000示例 甲（虚构）\t", uscc="9144-1800 PDY0")))
    assert value["unit"] == {"name": "示例 甲（虚构）", "uscc": "9144-1800 PDY0"}


DATES = {
    "2026-03-01": DAY,
    "2026-3-1": DAY,
    "2026/3/1": DAY,
    "2026.3.1": DAY,
    "2026年3月1日": DAY,
    "2026 年 03 月 01 日": DAY,
    "20260301": DAY,
    "２０２６－０３－０１": DAY,
    "２０２６年３月１日": DAY,
    "2026-03-01 00:00:00": DAY,
    "2026/3/1 0:00": DAY,
    "2028-02-29": "2028-02-29",
    "2026-02-29": "impossible_date",
    "2026年13月1日": "impossible_date",
    "20260230": "impossible_date",
    "1026-03-01": "impossible_date",
    "9999-12-31": "impossible_date",
    "2026-3/1": "date_format",
    "26-3-1": "date_format",
    "3/1/2026": "date_format",
    "2026-03": "date_format",
    "46082": "date_format",
    "长期": "date_format",
    "2026-03-01起": "date_format",
    "٢٠٢٦-٠٣-٠١": "date_format",
}


@pytest.mark.parametrize(("typed", "expected"), DATES.items(), ids=DATES)
def test_a_day_is_read_in_every_form_that_is_clear(typed: str, expected: str) -> None:
    for read_it in (read_csv, read_xlsx):
        (one,) = read_it(HEADER, row(1, listed_on=typed))
        if expected.startswith("20"):
            assert value_of(one)["listed_on"] == expected
        else:
            error = only_error([one])
            assert (error.code, error.field, error.column) == (expected, "listed_on", "D 列入日期")
            assert isinstance(one.value, dict)
            assert "listed_on" not in one.value


@pytest.mark.parametrize("typed", ["4.418E+17", "4.41800197001E+17", "9.1E+17", "4e+17"])
def test_a_number_in_scientific_notation_has_lost_its_digits(typed: str) -> None:
    error = only_error(read_csv(HEADER, row(1, id_number=typed)))
    assert (error.code, error.column) == ("number_lost_digits", "F 身份号码")
    assert "文本" in error.detail
    assert only_error(read_csv(HEADER, row(1, uscc=typed))).column == "A 统一社会信用代码"


@pytest.mark.parametrize("kept", [f'="{NUMBER}"', f"'{NUMBER}", f"{NUMBER}\t", f" {NUMBER}"])
def test_a_code_that_was_kept_as_text_by_a_trick_is_the_code(kept: str) -> None:
    assert values(read_csv(HEADER, row(1, id_number=kept)))[0]["persons"][0]["id_number"] == NUMBER


def test_a_flag_is_yes_or_no() -> None:
    names = [*HEADER, "nonconforming_code"]
    for typed, expected in {"是": True, "true": True, "1": True, "否": False, "FALSE": False, "0": False}.items():
        assert values(read_csv(names, [*row(1), typed]))[0]["nonconforming_code"] is expected
    assert values(read_xlsx(names, [*row(1), True]))[0]["nonconforming_code"] is True
    assert only_error(read_csv(names, [*row(1), "也许"])).code == "not_allowed"


def test_a_cell_that_the_operation_has_no_use_for_is_told_and_not_dropped() -> None:
    error = only_error(read_csv(*table({"op": "移出", **TARGET, "removed_on": DAY, "facts": "虚构"})))
    assert (error.code, error.row, error.column) == ("not_for_this_operation", 2, "J 失信事实")
    assert "移出" in error.detail


def test_cells_outside_the_header_are_told() -> None:
    for read_it in (read_csv, read_xlsx):
        for names, cells, column in (
            (HEADER, [*row(1), "", "多", "余"], "I"),
            ([*HEADER, "", "依据文件"], [*row(1), "多", ""], "H"),
        ):
            error = only_error(read_it(names, cells))
            assert (error.code, error.row, error.column) == ("too_many_cells", 2, column)
        assert values(read_it(HEADER, [*row(1), "", " "])) == [operation(1)]


def test_empty_rows_are_skipped_and_counted() -> None:
    for read_it in (read_csv, read_xlsx):
        rows = read_it(HEADER, [], row(1), ["", " "], ["/"], row(2), [])
        assert [one.number for one in rows] == [3, 6]


def test_no_error_of_a_row_repeats_an_identity_number() -> None:
    for wrong in (*HEADER, "操作"):
        names = [*HEADER, "操作", "移出原因", "移出日期"]
        cells: list[Any] = [*row(1), "", NUMBER, NUMBER]
        cells[names.index(wrong)] = f"{NUMBER}0"
        for read_it in (read_csv, read_xlsx):
            told = repr([error for one in read_it(names, cells, further(1, 1)) for error in one.errors])
            assert NUMBER not in told
            assert NUMBER[:10] not in told

"""Every good row is read into what it asks for; of a table, what is wrong is told where it stands."""

from datetime import date

import pytest

from app.domain.codes import ResidentId, Uscc
from app.domain.listing import PersonEndReason, PositionBan, RemovalReason, Role
from app.domain.objections import ObjectionOutcome
from app.domain.operations import (
    AddPersonOperation,
    AmendOperation,
    BanOperation,
    CorrectOperation,
    DecideObjectionOperation,
    EndPersonOperation,
    FileObjectionOperation,
    ListOperation,
    PersonGiven,
    RemoveOperation,
    RenameOperation,
    RestoreOperation,
    RestoreReason,
)
from app.domain.synthetic import synthetic_uscc
from app.errors import FieldError
from app.files.row_types import FileRow
from app.services.row_reading import ReadRow, RenamesOfUnit, placed
from tests.services.rows import (
    CODE,
    DECISION,
    GOOD,
    ID,
    IRREGULAR,
    IRREGULAR_UNIT,
    JSON,
    KEY,
    NUMBER,
    PERSON,
    ROW,
    WRONG_NUMBER,
    errors,
    read,
    row,
)

PERSON_GIVEN = PersonGiven("虚构", ResidentId(NUMBER), (Role.PRINCIPAL,), None)
LISTED = {
    "row": ROW,
    "uscc": Uscc(CODE),
    "unit_name": "示例（虚构）有限公司",
    "decision_no": DECISION,
    "decided_by": "清远市应急管理局（测试）",
    "conduct": "虚构行为",
    "tier": "严重失信主体",
    "listed_on": date(2026, 3, 1),
    "valid_until": date(2029, 2, 28),
    "persons": (),
}
READ: list[tuple[JSON, object]] = [
    (row("list"), ListOperation(**LISTED)),  # type: ignore[arg-type]  # each its own type
    (
        row(
            "list",
            conduct_code="YJ11-06-1",
            facts="事实（虚构）",
            basis="依据（虚构）",
            valid_until="2027-02-28",
            published_until="2027-03-01",
            persons=[
                PERSON
                | {
                    "roles": ["principal", "other"],
                    "since": "2026-02-01",
                    "position_ban": {"until": "2030-01-01", "since": "2026-03-02"},
                }
            ],
        ),
        ListOperation(
            **LISTED  # type: ignore[arg-type]  # each its own type
            | {
                "conduct_code": "YJ11-06-1",
                "facts": "事实（虚构）",
                "basis": "依据（虚构）",
                "valid_until": date(2027, 2, 28),
                "published_until": date(2027, 3, 1),
                "persons": (
                    PersonGiven(
                        "虚构",
                        ResidentId(NUMBER),
                        (Role.PRINCIPAL, Role.OTHER),
                        PositionBan(date(2030, 1, 1), date(2026, 3, 2)),
                        date(2026, 2, 1),
                    ),
                ),
            }
        ),
    ),
    (row("amend"), AmendOperation(ROW, KEY, "事实（虚构）")),
    (
        row(
            "amend",
            facts=...,
            basis="依据（虚构）",
            conduct_code="YJ11-06-1",
            published_until="2027-01-01",
            document="虚构补1号",
        ),
        AmendOperation(ROW, KEY, None, "依据（虚构）", "YJ11-06-1", date(2027, 1, 1), "虚构补1号"),
    ),
    (row("correct"), CorrectOperation(ROW, KEY, {"conduct": "改"}, "录错（虚构）")),
    (
        row("correct", set={"uscc": synthetic_uscc(2).lower(), "listed_on": "2026-03-02"}, document="虚构更1号"),
        CorrectOperation(
            ROW, KEY, {"uscc": synthetic_uscc(2), "listed_on": date(2026, 3, 2)}, "录错（虚构）", "虚构更1号"
        ),
    ),
    (row("rename"), RenameOperation(ROW, KEY, "新名（虚构）", date(2026, 5, 1))),
    (
        row("rename", uscc=..., decision_no=..., listing_id=str(ID), document="虚构函1号"),
        RenameOperation(ROW, ID, "新名（虚构）", date(2026, 5, 1), "虚构函1号"),
    ),
    (row("rename", decision_no=...), RenamesOfUnit(ROW, CODE, "新名（虚构）", date(2026, 5, 1), None)),
    (row("remove"), RemoveOperation(ROW, KEY, date(2026, 5, 1), RemovalReason.REPAIRED, None)),
    (
        row("remove", reason="revoked", removal_decision_no="虚构移1号"),
        RemoveOperation(ROW, KEY, date(2026, 5, 1), RemovalReason.REVOKED, "虚构移1号"),
    ),
    (row("restore"), RestoreOperation(ROW, KEY, date(2026, 6, 1), RestoreReason.REPAIR_REVOKED)),
    (
        row("restore", reason="recorded_by_mistake", valid_until="2027-01-01", document="虚构复1号"),
        RestoreOperation(ROW, KEY, date(2026, 6, 1), RestoreReason.RECORDED_BY_MISTAKE, "虚构复1号", date(2027, 1, 1)),
    ),
    (row("add_person"), AddPersonOperation(ROW, KEY, PERSON_GIVEN)),
    (row("end_person"), EndPersonOperation(ROW, KEY, ResidentId(NUMBER), date(2026, 5, 1), PersonEndReason.LEFT)),
    (
        row("end_person", id_number=..., person_id=str(ID), reason="corrected"),
        EndPersonOperation(ROW, KEY, ID, date(2026, 5, 1), PersonEndReason.CORRECTED),
    ),
    (row("ban"), BanOperation(ROW, KEY, ResidentId(NUMBER), PositionBan(None))),
    (
        row("ban", id_number=..., person_id=str(ID), position_ban={"until": "2027-01-01"}, document="虚构限1号"),
        BanOperation(ROW, KEY, ID, PositionBan(date(2027, 1, 1)), "虚构限1号"),
    ),
    (row("file_objection"), FileObjectionOperation(ROW, KEY, "虚构异1号", date(2026, 5, 1), "事实有误（虚构）")),
    (
        row("file_objection", id_number=NUMBER, document="虚构收1号"),
        FileObjectionOperation(
            ROW, KEY, "虚构异1号", date(2026, 5, 1), "事实有误（虚构）", ResidentId(NUMBER), "虚构收1号"
        ),
    ),
    (
        row("decide_objection", document="虚构异决1号"),
        DecideObjectionOperation(ROW, KEY, "虚构异1号", ObjectionOutcome.UPHELD, date(2026, 5, 20), "虚构异决1号"),
    ),
]


@pytest.mark.parametrize(("value", "expected"), READ, ids=[f"{n} {one['op']}" for n, (one, _) in enumerate(READ)])
def test_a_good_row_is_read_into_what_it_asks_for(value: JSON, expected: object) -> None:
    found = read(value)
    assert (found.source, found.operation, found.errors) == (FileRow(ROW, value), expected, ())


BY_TARGET = [op for op in GOOD if op != "list"]


@pytest.mark.parametrize("op", BY_TARGET)
def test_every_operation_names_its_listing_by_id_as_well(op: str) -> None:
    found = read(row(op, uscc=..., decision_no=..., listing_id=str(ID)))
    assert found.errors == ()
    assert found.operation is not None
    assert getattr(found.operation, "target", None) == ID


@pytest.mark.parametrize("op", BY_TARGET)
def test_a_listing_is_named_in_one_of_the_two_ways_and_whole(op: str) -> None:
    for changed in ({"listing_id": str(ID)}, {"uscc": ...}, {"uscc": ..., "decision_no": ...}):
        assert errors(row(op, **changed)) == {(None, "target")}
    if op != "rename":
        assert errors(row(op, decision_no=...)) == {(None, "target")}


@pytest.mark.parametrize("op", BY_TARGET)
def test_a_listing_whose_code_fails_its_check_character_can_be_named(op: str) -> None:
    found = read(row(op, uscc=IRREGULAR))
    assert found.errors == ()
    assert getattr(found.operation, "target", None) == (IRREGULAR, DECISION)


COLUMNS = {
    "unit": "B 统一社会信用代码",
    "unit.uscc": "B 统一社会信用代码",
    "unit.name": "C 单位名称",
    "listed_on": "H 列入日期",
    "persons[0].id_number": "L 身份号码",
    "persons[0].roles": "M 职务身份",
    "persons[1].id_number": "L 身份号码",
    "persons[1].roles": "M 职务身份",
}


def test_what_is_wrong_in_a_table_is_placed_in_its_column_and_in_the_persons_own_row() -> None:
    persons = [PERSON | {"id_number": WRONG_NUMBER}, PERSON | {"id_number": "44", "roles": []}]
    value = row("list", unit=IRREGULAR_UNIT, listed_on="x", persons=persons)
    found = read(value, columns=COLUMNS, person_rows=(ROW, ROW + 1)).errors
    assert {(one.row, one.column, one.code) for one in found} == {
        (ROW, "B 统一社会信用代码", "code_check_character"),
        (ROW, "H 列入日期", "date_format"),
        (ROW, "L 身份号码", "code_check_character"),
        (ROW + 1, "L 身份号码", "code_length"),
        (ROW + 1, "M 职务身份", "too_few"),
    }


def test_what_has_no_column_or_row_of_its_own_is_placed_in_the_row_only() -> None:
    source = FileRow(ROW, {}, COLUMNS, (), (ROW,))
    assert placed(FieldError("tier", "x", ""), source) == FieldError("tier", "x", "", ROW)
    assert placed(FieldError(None, "x", ""), source) == FieldError(None, "x", "", ROW)
    # The rules name the row that the operation begins in; a further person has another.
    further = FileRow(ROW, {}, COLUMNS, (), (ROW, ROW + 1))
    assert placed(FieldError("persons[1].id_number", "x", "", ROW), further).row == ROW + 1
    beyond = FieldError("persons[9].id_number", "x", "")
    assert placed(beyond, source) == FieldError("persons[9].id_number", "x", "", ROW)
    elsewhere = FieldError("unit.uscc", "x", "", 3, "Z 别处")
    assert placed(elsewhere, source) == elsewhere


UNREAD = FieldError("unit.uscc", "code_scientific_notation", "（虚构）", ROW, "B 统一社会信用代码")


def test_what_could_not_be_read_of_a_table_is_not_told_a_second_time_as_missing() -> None:
    value = row("list", unit={"name": "虚构"}, listed_on="x")
    found = read(value, columns=COLUMNS, errors=(UNREAD,)).errors
    assert found[0] == UNREAD
    assert [(one.column, one.code) for one in found[1:]] == [("H 列入日期", "date_format")]


def test_a_row_that_could_not_be_read_at_all_is_told_by_its_reader_alone() -> None:
    broken = FieldError(None, "json_invalid", "（虚构）", ROW)
    assert read(None, errors=(broken,)) == ReadRow(FileRow(ROW, None, errors=(broken,)), None, (broken,))


def test_a_row_with_an_unread_cell_is_not_carried_out_though_all_the_rest_is_right() -> None:
    unread = FieldError("facts", "formula", "（虚构）", ROW, "J 失信事实")
    found = read(row("list"), columns=COLUMNS, errors=(unread,))
    assert (found.operation, found.errors) == (None, (unread,))


@pytest.mark.parametrize(
    ("value", "unread"),
    [
        (row("remove", uscc=...), "uscc"),
        (row("remove", decision_no=...), "decision_no"),
        (row("end_person", id_number=...), "id_number"),
        (row("ban", position_ban={}), "position_ban.until"),
        (row("amend", facts=...), "facts"),
        (row("correct", set={}), "set.valid_until"),
    ],
)
def test_what_only_follows_from_an_unread_cell_is_not_told(value: JSON, unread: str) -> None:
    error = FieldError(unread, "date_format", "（虚构）", ROW, "B 某列")
    found = read(value, columns={unread: "B 某列"}, errors=(error,))
    assert (found.operation, found.errors) == (None, (error,))


def test_what_does_not_follow_from_an_unread_cell_is_told_all_the_same() -> None:
    error = FieldError("valid_until", "date_format", "（虚构）", ROW, "D 有效期截止日")
    value = row("restore", uscc=...)
    found = read(value, columns={"valid_until": "D 有效期截止日"}, errors=(error,)).errors
    assert [(one.field, one.code) for one in found] == [("valid_until", "date_format"), (None, "target")]

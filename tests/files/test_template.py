"""The spreadsheet to fill in: it says what is needed, and what is filled in is read back."""

import io
from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.workbook import Workbook

from app.domain import names
from app.domain.codes import parse_resident_id, parse_uscc
from app.errors import MalformedRequest
from app.files.columns import COLUMNS, Kind
from app.files.headers import letter
from app.files.rows import XLSX
from app.files.template import write_template
from app.files.template_texts import REQUIRED_TO_LIST
from tests.files.files import TODAY, opened, operation, read, refused, row, saved, values

TIERS = ["一般失信主体", "严重失信主体"]
CONDUCTS = [("A01", "虚构行为一"), ("A02", "虚构行为二")]


@pytest.fixture
def template(tmp_path: Path) -> Workbook:
    """Return the template as a spreadsheet program opens it."""
    path = tmp_path / "template.xlsx"
    write_template(path, tiers=TIERS, conducts=CONDUCTS)
    return load_workbook(path)


def test_it_has_every_column_each_explained_and_the_required_ones_coloured(template: Workbook) -> None:
    sheet = template["名单"]
    assert template.sheetnames[:3] == ["名单", "示例", "填写说明"]
    assert template.active is sheet
    assert [cell.value for cell in sheet[1]] == [column.header for column in COLUMNS]
    assert sheet.freeze_panes == "A2"
    colours = {column.key: cell.fill.fgColor.rgb for column, cell in zip(COLUMNS, sheet[1], strict=True)}
    assert {colours[key] for key in REQUIRED_TO_LIST} == {colours["uscc"]}
    assert colours["uscc"] not in {colour for key, colour in colours.items() if key not in REQUIRED_TO_LIST}
    for column, cell in zip(COLUMNS, sheet[1], strict=True):
        assert cell.comment is not None
        assert column.explained in cell.comment.text


def test_codes_stay_texts_and_days_are_days(template: Workbook) -> None:
    for index, column in enumerate(COLUMNS):
        expected = "yyyy-mm-dd" if column.kind in {Kind.DATE, Kind.UNTIL} else "@"
        assert template["名单"].column_dimensions[letter(index)].number_format == expected


def test_what_is_chosen_from_is_offered(template: Workbook) -> None:
    sheet = template["名单"]
    offered = {}
    for validation in sheet.data_validations.dataValidation:
        name, _, cells = validation.formula1.replace("'", "").partition("!")
        first = str(validation.sqref).partition(":")[0]
        offered[sheet[first[:-1] + "1"].value] = [row[0].value for row in template[name][cells.replace("$", "")]]
    assert offered["操作"] == list(names.OPERATIONS.values())
    assert offered["惩戒等级"] == TIERS
    assert offered["职务身份"] == list(names.ROLES.values())
    assert offered["移出原因"] == list(names.REMOVAL_REASONS.values())
    assert offered["恢复原因"] == list(names.RESTORE_REASONS.values())
    assert offered["任职结束原因"] == list(names.END_REASONS.values())
    assert offered["列入原因"] == ["虚构行为一", "虚构行为二"]
    assert offered["失信行为代码"] == ["A01", "A02"]


def test_every_operation_and_column_is_explained(template: Workbook) -> None:
    told = [cell.value for line in template["填写说明"] for cell in line if cell.value]
    for name in (*names.OPERATIONS.values(), *(column.header for column in COLUMNS), *TIERS, "常见错误"):
        assert name in told


def test_an_empty_template_has_no_rows_and_its_examples_are_never_read(template: Workbook) -> None:
    assert refused(saved(template), XLSX).code == "empty_file"
    template["名单"].title = "Sheet1"
    assert refused(saved(template), XLSX).code == "empty_file"
    del template["Sheet1"]
    assert refused(saved(template), XLSX).code == "xlsx_invalid"


def test_what_is_filled_in_is_read_back(template: Workbook) -> None:
    sheet = template["名单"]
    keys = ("uscc", "unit_name", "decision_no", "listed_on", "person_name", "id_number", "roles")
    places = [next(n for n, column in enumerate(COLUMNS, start=1) if column.key == key) for key in keys]
    for number in (1, 2):
        for place, value in zip(places, row(number, listed_on=date(2026, 3, 1)), strict=True):
            sheet.cell(number + 1, place, value)
    assert values(read(saved(template), XLSX)) == [operation(1), operation(2)]


def test_the_examples_are_right_and_invented(template: Workbook) -> None:
    examples = template["示例"]
    template["名单"].title = "空"
    examples.title = "名单"
    listed, removed = values(read(saved(template), XLSX))
    parse_uscc(listed["unit"]["uscc"])
    assert "虚构" in listed["unit"]["name"]
    assert len(listed["persons"]) == 2
    for person in listed["persons"]:
        parse_resident_id(person["id_number"], today=TODAY)
        assert "虚构" in person["name"]
    assert removed["op"] == "remove"
    assert removed["reason"] == "repaired"


def test_without_rules_nothing_is_offered_for_them(tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    write_template(path, tiers=[], conducts=[])
    with pytest.raises(MalformedRequest):
        list(opened(path.read_bytes(), XLSX))
    assert load_workbook(io.BytesIO(path.read_bytes())).sheetnames[0] == "名单"

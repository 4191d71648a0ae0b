"""The clerk's spreadsheet given back: wrong cells marked, everything else kept, and fit to be pushed again."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from app.domain.synthetic import synthetic_resident_id
from app.errors import FieldError, MalformedRequest, UnsupportedMediaType
from app.files import marked
from app.files.marked import write_marked
from app.files.rows import CSV, NDJSON, XLSX
from tests.files.files import (
    HEADER,
    csv_bytes,
    new_workbook,
    operation,
    read,
    refusal,
    row,
    saved,
    value_of,
    values,
    xlsx_bytes,
)
from tests.files.test_xlsx_rows import with_part

RED = "FFFF7C80"
WRONG_DATE = FieldError("listed_on", "date_format", "不是日期。", 3, "D 列入日期")
WRONG_NUMBER = FieldError("persons[0].id_number", "code_check_character", "校验不符。", 3, "F 身份号码")
WRONG_ROW = FieldError(None, "duplicate_in_push", "重复。", 4)
ERRORS = [WRONG_DATE, WRONG_NUMBER, WRONG_ROW]


def marked_sheet(tmp_path: Path, body: bytes, media_type: str, errors: Sequence[FieldError]) -> tuple[Worksheet, bytes]:
    """Return the marked sheet of a file, and the whole marked file."""
    source, target = tmp_path / "source", tmp_path / "marked.xlsx"
    source.write_bytes(body)
    write_marked(source, media_type, errors, target)
    sheet = load_workbook(target)["名单"]
    assert isinstance(sheet, Worksheet)
    return sheet, target.read_bytes()


def red_cells(sheet: Worksheet) -> dict[str, str]:
    """Return the comment of each red cell."""
    return {
        cell.coordinate: cell.comment.text if cell.comment else ""
        for line in sheet.iter_rows()
        for cell in line
        if cell.fill.fgColor.rgb == RED
    }


TABLE = (HEADER, row(1), row(2), row(3))


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (xlsx_bytes(*TABLE), XLSX),
        (csv_bytes(*TABLE), CSV),
        (csv_bytes(*TABLE, encoding="gb18030"), "text/csv; charset=gb18030"),
        (csv_bytes(*TABLE, encoding="utf-16", delimiter="\t"), CSV),
    ],
    ids=["xlsx", "csv", "gb18030", "utf-16"],
)
def test_wrong_cells_are_red_and_each_row_tells_its_errors(tmp_path: Path, body: bytes, media_type: str) -> None:
    sheet, again = marked_sheet(tmp_path, body, media_type, ERRORS)
    assert red_cells(sheet) == {"D3": "不是日期。", "F3": "校验不符。"}
    assert [cell.value for cell in sheet["H"]] == [
        "错误说明",
        None,
        "D 列入日期：不是日期。\nF 身份号码：校验不符。",
        "重复。",
    ]
    assert values(read(again, XLSX)) == [operation(1), operation(2), operation(3)]


def test_what_the_clerk_made_of_the_workbook_stays(tmp_path: Path) -> None:
    book, sheet = new_workbook(["清远市失信名单（虚构）"], HEADER, row(1, listed_on=date(2026, 3, 1)), row(2))
    sheet.merge_cells("A1:G1")
    sheet["B3"].font = Font(bold=True)
    sheet["B3"].comment = Comment("请核对", "虚构科员")
    sheet["F4"].comment = Comment("已核对", "虚构科员")
    sheet.column_dimensions["B"].width = 55
    book.create_sheet("另外")["A1"] = "留着"
    error = FieldError("persons[0].id_number", "code_length", "少一位。", 4, "F 身份号码")
    result, again = marked_sheet(tmp_path, saved(book), XLSX, [error])
    assert result["B3"].font.bold
    assert result["B3"].comment is not None
    assert result["B3"].comment.text == "请核对"
    assert result.column_dimensions["B"].width == 55
    assert red_cells(result) == {"F4": "少一位。\n已核对"}
    assert result["H2"].value == "错误说明"
    assert "A1:G1" in result.merged_cells
    assert load_workbook(tmp_path / "marked.xlsx")["另外"]["A1"].value == "留着"
    assert values(read(again, XLSX)) == [operation(1), operation(2)]


def test_marks_of_an_earlier_time_are_taken_away(tmp_path: Path) -> None:
    _, once = marked_sheet(tmp_path, xlsx_bytes(*TABLE), XLSX, ERRORS)
    sheet, again = marked_sheet(tmp_path, once, XLSX, [FieldError("tier", "x", "另一处。", 2, "B 单位名称")])
    assert red_cells(sheet) == {"B2": "另一处。"}
    assert [cell.value for cell in sheet["H"]] == ["错误说明", "B 单位名称：另一处。", None, None]
    assert sheet.max_column == 8
    assert len(read(again, XLSX)) == 3


def test_a_marked_csv_keeps_titles_and_row_numbers(tmp_path: Path) -> None:
    body = csv_bytes(["标题"], [], HEADER, row(1), [], row(2))
    error = FieldError("unit.name", "x", "错。", 6, "B 单位名称")
    sheet, again = marked_sheet(tmp_path, body, CSV, [error])
    assert red_cells(sheet) == {"B6": "错。"}
    assert [one.number for one in read(again, XLSX)] == [4, 6]


def test_nothing_in_a_csv_becomes_a_formula_or_a_number(tmp_path: Path) -> None:
    names = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "甲\x07乙"]
    body = csv_bytes(HEADER, *(row(n, name=name) for n, name in enumerate(names, start=1)))
    sheet, again = marked_sheet(tmp_path, body, CSV, [])
    assert [cell.data_type for cell in sheet["B"]] == ["s"] * 7
    assert [cell.data_type for cell in sheet["F"]] == ["s"] * 7
    assert {cell.number_format for cell in sheet["F"]} == {"@"}
    assert [value["unit"]["name"] for value in values(read(again, XLSX))] == [*names[:5], "甲乙"]


@pytest.mark.parametrize("media_type", [CSV, XLSX])
def test_of_a_long_table_only_the_wrong_rows_are_given_back(
    tmp_path: Path, media_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marked, "MOST_ROWS_COPIED", 3)
    table = (["标题"], *TABLE)
    body = csv_bytes(*table) if media_type == CSV else xlsx_bytes(*table)
    error = FieldError("unit.name", "x", "错。", 4, "B 单位名称")
    sheet, again = marked_sheet(tmp_path, body, media_type, [error])
    assert red_cells(sheet) == {"B2": "错。"}
    assert [[cell.value for cell in line[6:]] for line in sheet] == [
        ["职务身份", "原行号", "错误说明"],
        ["法定代表人", "4", "B 单位名称：错。"],
    ]
    assert values(read(again, XLSX)) == [operation(2)]
    sheet, _ = marked_sheet(tmp_path, again, XLSX, [FieldError("unit.name", "x", "还错。", 2, "B 单位名称")])
    assert [cell.value for cell in sheet[1]].count("错误说明") == 1


def test_a_number_that_lost_its_digits_never_becomes_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = xlsx_bytes(HEADER, row(1, id_number=441800197003190005))
    (error,) = read(body, XLSX)[0].errors
    _, again = marked_sheet(tmp_path, body, XLSX, [error])
    assert [one.code for one in read(again, XLSX)[0].errors] == ["number_lost_digits"]
    monkeypatch.setattr(marked, "MOST_ROWS_COPIED", 0)
    _, again = marked_sheet(tmp_path, body, XLSX, [error])
    assert [one.code for one in read(again, XLSX)[0].errors] == ["missing"]


def test_a_formula_is_given_back_as_the_value_that_was_read(tmp_path: Path) -> None:
    book, sheet = new_workbook(HEADER, row(1))
    sheet["B2"] = "=1/0"
    (error,) = read(saved(book), XLSX)[0].errors
    assert error.code == "formula_without_value"
    result, _ = marked_sheet(tmp_path, saved(book), XLSX, [error])
    assert "B2" in red_cells(result)


@pytest.mark.parametrize("media_type", [CSV, XLSX])
def test_what_is_wrong_with_the_header_is_marked_there(tmp_path: Path, media_type: str) -> None:
    table = (["标题"], [*HEADER, "经办人电话"], [*row(1), "1"])
    body = csv_bytes(*table) if media_type == CSV else xlsx_bytes(*table)
    errors = refusal(body, media_type).errors
    sheet, _ = marked_sheet(tmp_path, body, media_type, errors)
    red = red_cells(sheet)
    assert red.keys() == {"H2", "I2"}
    assert sheet["I2"].value == "错误说明"
    assert "经办人电话" in red["H2"]


def test_errors_that_belong_to_no_row_are_told_at_the_header(tmp_path: Path) -> None:
    for media_type, body in ((CSV, csv_bytes(*TABLE)), (XLSX, xlsx_bytes(*TABLE))):
        sheet, _ = marked_sheet(tmp_path, body, media_type, [FieldError(None, "too_many", "太多。")])
        assert red_cells(sheet) == {"H1": "太多。"}


@pytest.mark.parametrize("media_type", [CSV, XLSX])
def test_cells_outside_the_header_are_kept_and_marked(tmp_path: Path, media_type: str) -> None:
    table = (HEADER, [*row(1), "", "多"])
    body = csv_bytes(*table) if media_type == CSV else xlsx_bytes(*table)
    (error,) = read(body, media_type)[0].errors
    sheet, _ = marked_sheet(tmp_path, body, media_type, [error])
    assert sheet["I2"].value == "多"
    assert red_cells(sheet).keys() == {"I2"}
    assert sheet["J1"].value == "错误说明"


def test_merged_cells_can_be_marked(tmp_path: Path) -> None:
    book, sheet = new_workbook(
        HEADER,
        row(1),
        row(1, person="虚构5", id_number=synthetic_resident_id(5)),
        row(1, person="虚构6", id_number="1"),
    )
    for letter in "ABCD":
        sheet.merge_cells(f"{letter}2:{letter}4")
    errors = [FieldError("unit.uscc", "x", "错。", row_, "A 统一社会信用代码") for row_ in (2, 3)]
    result, again = marked_sheet(tmp_path, saved(book), XLSX, errors)
    assert red_cells(result)["A2"] == "错。"
    assert len(read(again, XLSX)) == 1


def test_a_workbook_that_openpyxl_does_not_take_is_written_anew(tmp_path: Path) -> None:
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    inside = '<fills><fill/></fills><cellXfs><xf fillId="7"/></cellXfs>'
    styles = f'<styleSheet xmlns="{namespace}">{inside}</styleSheet>'
    body = with_part(xlsx_bytes(*TABLE), "xl/styles.xml", styles)
    sheet, again = marked_sheet(tmp_path, body, XLSX, ERRORS)
    assert red_cells(sheet).keys() == {"D3", "F3"}
    assert value_of(read(again, XLSX)[0]) == operation(1)


def test_only_tables_can_be_marked(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"{}")
    with pytest.raises(UnsupportedMediaType):
        write_marked(source, NDJSON, [], tmp_path / "marked.xlsx")
    with pytest.raises(MalformedRequest):
        write_marked(source, XLSX, [], tmp_path / "marked.xlsx")
    assert not (tmp_path / "marked.xlsx").exists()


@pytest.mark.parametrize(("body", "media_type"), [(csv_bytes(*TABLE), CSV), (xlsx_bytes(*TABLE), XLSX)])
def test_nobody_else_may_read_the_marked_file_than_who_may_read_the_clerks_own(
    tmp_path: Path, body: bytes, media_type: str
) -> None:
    """The same numbers are in both."""
    source, target = tmp_path / "source", tmp_path / "marked.xlsx"
    source.write_bytes(body)
    source.chmod(0o600)
    write_marked(source, media_type, ERRORS, target)
    assert target.stat().st_mode & 0o777 == 0o600

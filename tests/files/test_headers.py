"""Which columns a table has: by our names, plain Chinese ones, double-publicity ones and English ones."""

import pytest

from app.domain.synthetic import synthetic_resident_id
from app.errors import MalformedRequest
from app.files.columns import COLUMNS, OTHER_COLUMNS, Column
from app.files.headers import Header, find_header, letter
from app.files.rows import CSV, XLSX
from tests.files.files import HEADER, csv_bytes, opened, operation, read_csv, read_xlsx, refusal, refused, row, values


def header_of(*names: str) -> Header:
    found = find_header([(1, names)])
    assert found is not None
    return found


@pytest.mark.parametrize("column", [*COLUMNS, *OTHER_COLUMNS], ids=lambda column: column.key)
def test_every_name_of_a_column_is_recognised(column: Column) -> None:
    for name in (column.header, *column.aliases):
        for written in (name, f" {name}\n", f"*{name}", f"{name}：", name.upper(), f"{name}（必填）"):
            beside = (
                ("记录编号", "依据文件") if column.key not in {"listing_id", "document"} else ("信用代码", "更正说明")
            )
            found = header_of(written, *beside).columns[0]
            assert found is not None
            assert found.key == column.key


def test_the_letters_of_columns_are_those_of_the_spreadsheet_program() -> None:
    assert [letter(n) for n in (0, 25, 26, 51, 52, 701, 702, 16_383)] == [
        "A", "Z", "AA", "AZ", "BA", "ZZ", "AAA", "XFD",
    ]  # fmt: skip


def test_a_double_publicity_table_is_read_and_says_what_it_left_out() -> None:
    names = ("CF_XDR_MC", "CF_XDR_SHXYM", "CF_WSH", "CF_CFLB", "CF_NR", "CF_JDRQ", "CF_FRDB", "CF_FRDB_ZJHM", "备注")
    one = row(1)
    cells = [one[1], one[0], one[2], "警告", "内容", "2026/03/01", one[4], one[5], "无"]
    source = opened(csv_bytes(names, cells), CSV)
    assert values(list(source)) == [operation(1)]
    (notice,) = source.notices
    for told in ("D 列“CF_CFLB”", "E 列“CF_NR”", "I 列“备注”"):
        assert told in notice.detail


def test_english_names_are_read() -> None:
    names = ("op", "uscc", "decision_no", "removed_on", "reason", "removal_decision_no")
    one = row(1)
    rows = read_csv(names, ["remove", one[0], one[2], "2026-03-01", "repaired", ""])
    assert values(rows) == [
        {"op": "remove", "uscc": one[0], "decision_no": one[2], "removed_on": "2026-03-01", "reason": "repaired"}
    ]
    assert rows[0].columns["reason"] == "E reason"


@pytest.mark.parametrize("titles", range(6))
def test_titles_may_stand_above_the_header(titles: int) -> None:
    above = [[f"清远市失信名单（虚构）之{n}", "", ""] for n in range(titles)]
    for read_it in (read_csv, read_xlsx):
        rows = read_it(*above, [], HEADER, row(1), row(2))
        assert values(rows) == [operation(1), operation(2)]
        assert [one.number for one in rows] == [titles + 3, titles + 4]


def test_a_header_further_down_is_not_looked_for() -> None:
    assert refused(csv_bytes(*[["标题"]] * 6, HEADER, row(1)), CSV).code == "header_missing"


@pytest.mark.parametrize("names", [["单位名称", "列入日期"], ["统一社会信用代码"], ["一", "二"]])
def test_a_table_without_a_header_is_refused(names: list[str]) -> None:
    error = refused(csv_bytes(names, row(1)), CSV)
    assert error.code == "header_missing"
    assert "统一社会信用代码" in error.detail


def test_everything_wrong_with_a_header_is_told_at_once() -> None:
    names = ("统一社会信用代码", "单位全称", "单位名称", "统一社会信用代玛", "经办人电话", "列入日期")
    error = refusal(csv_bytes(["标题"], names, row(1)), CSV)
    assert isinstance(error, MalformedRequest)
    assert [(one.code, one.row, one.column) for one in error.errors] == [
        ("unknown_column", 2, "D 统一社会信用代玛"),
        ("unknown_column", 2, "E 经办人电话"),
        ("duplicate_column", 2, "C 单位名称"),
    ]
    assert "是否应为“统一社会信用代码”" in error.errors[0].detail
    assert "B 列" in error.errors[2].detail
    assert "3 处" in error.detail


def test_a_header_that_may_be_a_number_of_somebody_is_not_repeated() -> None:
    number = synthetic_resident_id(1)
    names = ("统一社会信用代码", "单位名称", number, f"张三{number}", "１２３４５６")
    error = refusal(csv_bytes(names), CSV)
    assert [one.column for one in error.errors] == ["C", "D", "E"]
    assert number not in repr(error.errors)
    assert "１２３" not in repr(error.errors)


def test_too_many_columns_are_refused() -> None:
    assert refused(csv_bytes([*HEADER, *(f"列{n}" for n in range(300))]), CSV).code == "too_many_columns"


def test_the_number_of_a_sole_representative_may_stand_in_the_column_for_persons() -> None:
    names = ("统一社会信用代码", "法定代表人", "身份证号")
    one = row(1)
    assert values(read_csv(names, [one[0], one[4], one[5]]))[0]["persons"] == operation(1)["persons"]


def test_our_own_marks_are_skipped_without_a_word() -> None:
    source = opened(csv_bytes([*HEADER, "原行号", "错误说明"], [*row(1), "17", "C 列：错"]), CSV)
    assert values(list(source)) == [operation(1)]
    assert source.notices == []
    assert read_xlsx([*HEADER, "原行号", "错误说明"], [*row(1), "17", "错"])[0].errors == ()
    assert refused(b"", XLSX).code == "empty_file"

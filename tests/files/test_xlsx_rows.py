"""XLSX as spreadsheet programs write it: what became of codes and dates, which sheet, merged cells, and large ones."""

import io
import re
import zipfile
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from app.domain.synthetic import synthetic_resident_id
from app.files import xlsx_strings
from app.files.rows import XLSX
from app.files.xlsx_package import open_workbook
from tests.files.files import (
    HEADER,
    new_workbook,
    only_error,
    opened,
    operation,
    read,
    read_xlsx,
    refused,
    row,
    saved,
    value_of,
    values,
    xlsx_bytes,
)

DAY = "2026-03-01"


def with_part(body: bytes, name: str, text: str) -> bytes:
    """Return an XLSX file with one of its parts replaced or added."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            if member != name:
                new.writestr(member, old.read(member))
        new.writestr(name, text)
    return file.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"


def sheet_xml(*rows: str, prefix: str = "") -> str:
    """Return a worksheet's part; rows as they stand in it."""
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    declared = f'xmlns:{prefix[:-1]}="{namespace}"' if prefix else f'xmlns="{namespace}"'
    inside = "".join(rows)
    return f"<{prefix}worksheet {declared}><{prefix}sheetData>{inside}</{prefix}sheetData></{prefix}worksheet>"


def inline(*texts: str, prefix: str = "") -> str:
    """Return a row of texts, without the references that most programs write."""
    p = prefix
    cells = (f'<{p}c t="inlineStr"><{p}is><{p}t>{text}</{p}t></{p}is></{p}c>' for text in texts)
    return f"<{p}row>{''.join(cells)}</{p}row>"


# What became of codes, dates and formulas


@pytest.mark.parametrize("number", [441800197003190005, 4.41800197003190e17, 10**15, -(10**17)])
def test_a_code_that_became_a_number_is_refused_and_never_guessed(number: float) -> None:
    error = only_error(read_xlsx(HEADER, row(1, id_number=number)))
    assert (error.code, error.field, error.column) == ("number_lost_digits", "persons[0].id_number", "F 身份号码")
    assert error.detail == "Excel 已把该号码转成数字，末几位已丢失，无法还原；请把该列设为“文本”后重新填写。"
    assert only_error(read_xlsx(HEADER, row(1, uscc=number))).column == "A 统一社会信用代码"
    assert only_error(read_xlsx(HEADER, row(1, decision_no=number))).column == "C 列入决定书文号"


@pytest.mark.parametrize(
    ("number", "text"),
    [(441800700319000, "441800700319000"), (12.0, "12"), (0, "0"), (2026.5, "2026.5"), (1e3, "1000")],
)
def test_a_number_that_lost_nothing_is_its_digits(number: float, text: str) -> None:
    (value,) = values(read_xlsx(HEADER, row(1, id_number=number, decision_no=number)))
    assert value["persons"][0]["id_number"] == text
    assert value["decision_no"] == text


@pytest.mark.parametrize(
    "cell",
    [date(2026, 3, 1), datetime(2026, 3, 1), datetime(2026, 3, 1, 15, 30), 46082, 46082.75, 20260301, "20260301"],  # noqa: DTZ001 - cells have no time zone
)
def test_a_day_is_read_from_every_kind_of_cell(cell: Any) -> None:
    assert values(read_xlsx(HEADER, row(1, listed_on=cell))) == [operation(1)]


def test_days_are_counted_from_1904_where_the_workbook_says_so() -> None:
    book, sheet = new_workbook(HEADER)
    book.epoch = CALENDAR_MAC_1904
    sheet.append(row(1, listed_on=date(2026, 3, 1)))
    sheet.append(row(2, listed_on=46082 - 1462))
    assert [value["listed_on"] for value in values(read(saved(book), XLSX))] == [DAY, DAY]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (60, "impossible_date"),
        (2026, "impossible_date"),
        (1e9, "impossible_date"),
        (1e300, "impossible_date"),
        (20260230, "impossible_date"),
        (-5, "impossible_date"),
        (True, "date_format"),
    ],
)
def test_a_number_that_is_no_plausible_day_is_told(cell: Any, code: str) -> None:
    error = only_error(read_xlsx(HEADER, row(1, listed_on=cell)))
    assert (error.code, error.column) == (code, "D 列入日期")


def test_a_text_that_became_a_date_is_told() -> None:
    error = only_error(read_xlsx(HEADER, row(1, decision_no=date(2026, 3, 1))))
    assert (error.code, error.column) == ("cell_is_date", "C 列入决定书文号")
    book, sheet = new_workbook(HEADER, row(1, decision_no=46082))
    sheet["C2"].number_format = 'yyyy"年"m"月"'
    assert only_error(read(saved(book), XLSX)).code == "cell_is_date"
    sheet["C2"].number_format = '0.00"米"'
    assert values(read(saved(book), XLSX))[0]["decision_no"] == "46082"


@pytest.mark.parametrize("value", ["#N/A", "#REF!", "#VALUE!"])
def test_an_error_value_is_told(value: str) -> None:
    error = only_error(read_xlsx(HEADER, row(1, name=value)))
    assert (error.code, error.field, error.column) == ("cell_error", "unit.name", "B 单位名称")


def test_a_formula_without_its_value_is_told() -> None:
    error = only_error(read_xlsx(HEADER, row(1, name='="示例"&A2')))
    assert (error.code, error.column) == ("formula_without_value", "B 单位名称")


def test_a_formula_is_its_value() -> None:
    texts = [f'<c t="str"><f>A1</f><v>{cell}</v></c>' for cell in row(1)]
    texts[3] = "<c><f>TODAY()</f><v>46082</v></c>"
    body = with_part(xlsx_bytes(), SHEET, sheet_xml(inline(*HEADER), f"<row>{''.join(texts)}</row>"))
    assert values(read(body, XLSX)) == [operation(1)]
    texts[4] = texts[5] = texts[6] = '<c t="str"><f>A1</f><v></v></c>'
    body = with_part(xlsx_bytes(), SHEET, sheet_xml(inline(*HEADER), f"<row>{''.join(texts)}</row>"))
    assert "persons" not in values(read(body, XLSX))[0]


# How programs write


def test_texts_are_read_in_every_way_that_programs_write_them() -> None:
    name = (
        '<c t="inlineStr"><is><r><t>示例</t></r><r><rPr/><t xml:space="preserve"> 甲_x000D_\n（虚构）</t></r>'
        "<rPh><t>shili</t></rPh></is></c>"
    )
    cells = inline(*row(1)).replace(inline(row(1)[1])[5:-6], name)
    (value,) = values(read(with_part(xlsx_bytes(), SHEET, sheet_xml(inline(*HEADER), cells)), XLSX))
    assert value["unit"]["name"] == "示例 甲\r\n（虚构）"


def test_a_prefix_for_the_namespace_makes_no_difference() -> None:
    xml = sheet_xml(inline(*HEADER, prefix="x:"), inline(*row(1), prefix="x:"), prefix="x:")
    assert values(read(with_part(xlsx_bytes(), SHEET, xml), XLSX)) == [operation(1)]


def test_either_edition_of_the_standard_is_read() -> None:
    body = with_shared_texts(xlsx_bytes(HEADER, row(1)))
    for part in (SHEET, "xl/workbook.xml", RELATIONS, "xl/sharedStrings.xml", "xl/styles.xml"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            xml = archive.read(part).decode()
        xml = xml.replace(
            "http://schemas.openxmlformats.org/spreadsheetml/2006", "http://purl.oclc.org/ooxml/spreadsheetml"
        )
        xml = xml.replace(
            "http://schemas.openxmlformats.org/officeDocument/2006", "http://purl.oclc.org/ooxml/officeDocument"
        )
        body = with_part(body, part, xml)
    assert values(read(body, XLSX)) == [operation(1)]


def test_a_number_that_is_written_with_leading_zeros_keeps_them() -> None:
    """No spreadsheet program writes one; some programs that export codes do."""
    cells = [f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row(1)]
    cells[2] = "<c><v>0012345</v></c>"
    xml = sheet_xml(inline(*HEADER), f"<row>{''.join(cells)}</row>")
    assert values(read(with_part(xlsx_bytes(), SHEET, xml), XLSX))[0]["decision_no"] == "0012345"


def test_rows_and_cells_may_be_left_out() -> None:
    book, sheet = new_workbook()
    for index, (name, cell) in enumerate(zip(HEADER, row(1), strict=True)):
        sheet.cell(4, 2 * index + 3, name)
        sheet.cell(9, 2 * index + 3, cell)
    (one,) = read(saved(book), XLSX)
    assert value_of(one) == operation(1)
    assert one.number == 9
    assert one.columns["unit.uscc"] == "C 统一社会信用代码"


def with_shared_texts(body: bytes) -> bytes:
    """Return an XLSX file as Excel writes it: with its texts in a part that the cells refer to."""
    texts: list[str] = []

    def share(found: re.Match[str]) -> str:
        texts.append(found[1])
        return f't="s"><v>{len(texts) - 1}</v></c>'

    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        sheet = re.sub('t="inlineStr"><is><t>(.*?)</t></is></c>', share, archive.read(SHEET).decode())
        relations = archive.read(RELATIONS).decode()
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    relation = f'<Relationship Type="{kind}" Target="sharedStrings.xml" Id="rId99"/></Relationships>'
    items = "".join(f"<si><r><t>{text}</t></r><rPh><t>phonetic</t></rPh></si>" for text in texts)
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    body = with_part(body, SHEET, sheet)
    body = with_part(body, RELATIONS, relations.replace("</Relationships>", relation))
    return with_part(body, "xl/sharedStrings.xml", f'<sst xmlns="{namespace}">{items}</sst>')


def test_texts_may_be_shared() -> None:
    body = with_shared_texts(xlsx_bytes(HEADER, row(1), row(2)))
    assert values(read(body, XLSX)) == [operation(1), operation(2)]


def test_many_shared_texts_are_kept_on_disk() -> None:
    body = with_shared_texts(xlsx_bytes(HEADER, *(row(n) for n in range(1, 3000))))
    strings = xlsx_strings.shared_strings(open_workbook(io.BytesIO(body)))
    assert isinstance(strings, xlsx_strings.StringsOnDisk)
    assert values(read(body, XLSX)) == [operation(n) for n in range(1, 3000)]
    assert strings[20_000] == row(2857)[1]
    with pytest.raises(IndexError):
        strings[1_000_000]


# Which sheet


def test_the_sheet_called_the_list_is_read_wherever_it_is() -> None:
    book, sheet = new_workbook(HEADER, row(1), title="Sheet1")
    other = book.create_sheet("名单")
    other.append(HEADER)
    other.append(row(2))
    assert values(read(saved(book), XLSX)) == [operation(2)]
    sheet.title = "名单 "
    other.title = "另外"
    assert values(read(saved(book), XLSX)) == [operation(1)]


def test_otherwise_the_first_visible_sheet_with_a_header_is_read() -> None:
    book, first = new_workbook(["封面"], title="封面")
    for title, n in (("示例", 1), ("隐藏", 2), ("汇总", 3), ("其他", 4)):
        sheet = book.create_sheet(title)
        sheet.append(HEADER)
        sheet.append(row(n))
    book["隐藏"].sheet_state = "hidden"
    book.create_chartsheet("图")
    assert values(read(saved(book), XLSX)) == [operation(3)]
    assert first.title == "封面"


def test_a_workbook_without_the_list_is_refused() -> None:
    assert refused(xlsx_bytes(["封面"], title="封面"), XLSX).code == "header_missing"
    assert refused(xlsx_bytes(HEADER, row(1), title="示例"), XLSX).code == "xlsx_invalid"
    assert refused(xlsx_bytes(HEADER), XLSX).code == "empty_file"


# Merged cells


def test_cells_merged_over_the_rows_of_several_persons_count_for_each() -> None:
    persons = [row(1), *(row(1, person=f"虚构{n}", id_number=synthetic_resident_id(n)) for n in (5, 6)), row(2)]
    book, sheet = new_workbook(["清远市失信名单（虚构）"], HEADER, *persons)
    sheet.merge_cells("A1:G1")
    for letter in "ABCD":
        sheet.merge_cells(f"{letter}3:{letter}5")
    assert sheet["A4"].value is None
    rows = read(saved(book), XLSX)
    first, second = values(rows)
    assert [person["name"] for person in first["persons"]] == ["虚构1", "虚构5", "虚构6"]
    assert rows[0].person_rows == (3, 4, 5)
    assert second == operation(2)


def test_cells_that_are_only_left_empty_are_not_guessed() -> None:
    rows = read_xlsx(HEADER, row(1), ["", "", "", "", "虚构5", synthetic_resident_id(5), "其他"])
    assert len(rows) == 2
    assert value_of(rows[1])["unit"] == {}


# What a clerk does not see


def test_rows_that_are_hidden_or_filtered_away_are_read_and_told_of() -> None:
    book, sheet = new_workbook(HEADER, *(row(n) for n in range(1, 9)))
    for number in (3, 5, *range(7, 12)):
        sheet.row_dimensions[number].hidden = True
    source = opened(saved(book), XLSX)
    assert len(list(source)) == 8
    (notice,) = source.notices
    assert notice.code == "rows_hidden"
    # Rows 10 and 11 hold nothing.
    assert "第 3、5、7、8、9 行被隐藏" in notice.detail


def test_a_second_sheet_that_holds_a_list_is_told_of_as_not_read() -> None:
    book, _ = new_workbook(HEADER, row(1), title="3月")
    others = {"4月": row(2), "441800197003190005": row(3), "空": (), "示例": row(4), "隐藏": row(5)}
    for name, cells in others.items():
        sheet = book.create_sheet(name)
        sheet.append(list(HEADER))
        sheet.append(list(cells))
        sheet.sheet_state = "hidden" if name == "隐藏" else "visible"
    book.create_sheet("说明").append(["随便写的"])
    source = opened(saved(book), XLSX)
    assert values(list(source)) == [operation(1)]
    assert [one.code for one in source.notices] == ["sheet_not_read"] * 2
    assert "第 2 个工作表“4月”" in source.notices[0].detail
    assert "“3月”" in source.notices[0].detail
    # A name that might be somebody's number is not repeated.
    assert "第 3 个工作表中" in source.notices[1].detail


def test_a_damaged_sheet_that_is_not_read_is_no_reason_to_refuse_the_list() -> None:
    book, _ = new_workbook(HEADER, row(1))
    book.create_sheet("别的").append(list(HEADER))
    body = with_part(saved(book), "xl/worksheets/sheet2.xml", "<worksheet")
    assert values(read(body, XLSX)) == [operation(1)]

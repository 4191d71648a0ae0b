"""CSV as spreadsheet programs write it: in every encoding, with every delimiter, and broken in every way."""

import codecs

import pytest

from app.domain.synthetic import synthetic_resident_id
from app.files.rows import CSV
from tests.files.files import HEADER, csv_bytes, only_error, operation, read, refused, row, values

ROWS = (HEADER, row(1), row(2, name="示例㐂𠮷（虚构）有限公司"))
EXPECTED = [operation(1), operation(2, unit=operation(2)["unit"] | {"name": "示例㐂𠮷（虚构）有限公司"})]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_every_encoding_and_delimiter_is_found_out(encoding: str, delimiter: str) -> None:
    assert values(read(csv_bytes(*ROWS, encoding=encoding, delimiter=delimiter), CSV)) == EXPECTED


def test_utf16_may_be_of_either_order() -> None:
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        assert values(read(mark + csv_bytes(*ROWS, encoding=encoding, delimiter="\t"), CSV)) == EXPECTED


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("utf-8", "utf-8"), ("UTF-8", "utf-8-sig"), ("gb18030", "gb18030"), ("GBK", "gb18030"), ("gb2312", "gb18030")],
)
def test_a_declared_encoding_is_held_to(charset: str, encoding: str) -> None:
    assert values(read(csv_bytes(*ROWS, encoding=encoding), f"text/csv; charset={charset}")) == EXPECTED
    other = "utf-8" if encoding == "gb18030" else "gb18030"
    wrong = refused(csv_bytes(*ROWS, ["某"], encoding=other), f'text/csv; charset="{charset}"')
    assert wrong.code in {"encoding_invalid", "header_missing"}


def test_an_encoding_that_we_do_not_read_is_refused() -> None:
    assert refused(csv_bytes(*ROWS), "text/csv; charset=latin-1").code == "encoding_invalid"


def test_where_a_file_cannot_be_decoded_is_told() -> None:
    body = csv_bytes(*ROWS).replace("示例第1".encode(), b"\xff\xff")
    error = refused(body, CSV)
    assert (error.code, error.row) == ("encoding_invalid", 2)
    assert "UTF-8" in error.detail
    assert f"第 {body.index(0xFF) + 1} 个字节" in error.detail


def test_where_a_file_cannot_be_decoded_is_told_far_behind() -> None:
    for encoding in ("utf-8", "gb18030"):
        filler = csv_bytes(*(row(n) for n in range(20_000)), encoding=encoding)
        body = csv_bytes(HEADER, encoding=encoding) + filler + b"\xff\xff\r\n"
        error = refused(body, CSV)
        assert (error.code, error.row) == ("encoding_invalid", 20_002)
        assert f"第 {body.index(0xFF, len(filler)) + 1} 个字节" in error.detail


def test_a_file_that_ends_within_a_character_is_told_as_cut_off() -> None:
    for charset, encoding in (("utf-8", "utf-8"), ("gbk", "gb18030")):
        body = csv_bytes(*ROWS, encoding=encoding).rstrip(b"\r\n") + "虚".encode(encoding)[:1]
        error = refused(body, f"text/csv; charset={charset}")
        assert error.code == "encoding_invalid"
        assert "不完整" in error.detail


def test_a_broken_utf8_file_that_happens_to_be_gb18030_is_doubted() -> None:
    body = csv_bytes(["统一社会信用代码", "单位名称", "列入日期"], ["1", "示例", "2026-03-01"]) + b"\x81\x40\r\n"
    assert body.decode("gb18030")
    error = refused(body, CSV)
    assert error.code == "header_missing"
    assert f"UTF-8，则第 3 行附近、第 {body.index(0x81, -4) + 1} 个字节起无法解码" in error.detail


def test_files_of_another_kind_are_told_as_what_they_are() -> None:
    assert refused(b"", CSV).code == "empty_file"
    assert "XLSX" in refused(b"PK\x03\x04rest", CSV).detail
    assert ".xlsx" in refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", CSV).detail
    assert refused(csv_bytes(HEADER), CSV).code == "empty_file"
    error = refused(csv_bytes(["uscc", "unit_name"], encoding="utf-16-le"), CSV)
    assert (error.code, error.row) == ("csv_invalid", 1)


def test_a_nul_character_is_refused_with_its_row() -> None:
    error = refused(csv_bytes(HEADER, row(1), row(2, name="甲\0乙")), CSV)
    assert (error.code, error.row) == ("csv_invalid", 3)


@pytest.mark.parametrize(
    "broken",
    ['"never ended', '"ended" and on', '"' + "x" * 200_000],
)
def test_a_quote_that_is_wrong_is_told_with_the_row_it_begins_in(broken: str) -> None:
    body = csv_bytes(HEADER, row(1)) + f"{broken},2,3\r\n".encode() + csv_bytes(*(row(n) for n in range(2, 2000)))
    error = refused(body, CSV)
    assert (error.code, error.row) == ("csv_invalid", 3)
    assert "引号" in error.detail


def test_a_quote_that_is_wrong_in_the_header_is_told() -> None:
    error = refused('统一社会信用代码,"单位名称,列入日期\r\n1,2,3\r\n'.encode(), CSV)
    assert (error.code, error.row) == ("csv_invalid", 1)


def test_a_file_without_lines_is_refused_and_not_kept_in_memory() -> None:
    body = csv_bytes(HEADER, row(1)) + b"," * 5_000_000
    assert refused(body, CSV).code == "csv_invalid"


def test_line_breaks_within_a_cell_belong_to_it_and_to_one_row() -> None:
    rows = read(csv_bytes([*HEADER[:6], "职务\r\n身份"], row(1, name="示例\n（虚构）"), row(2)), CSV)
    assert [one.number for one in rows] == [2, 3]
    assert values(rows)[0]["unit"]["name"] == "示例\n（虚构）"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_any_way(ending: str) -> None:
    body = csv_bytes(*ROWS).replace(b"\r\n", ending.encode())
    assert values(read(body, CSV)) == EXPECTED
    assert values(read(body.rstrip(b"\r\n"), CSV)) == EXPECTED


def test_a_last_row_that_is_cut_off_is_told() -> None:
    body = csv_bytes(HEADER, row(1), row(2))
    rows = read(body[: body.rindex(b",")], CSV)
    error = only_error(rows)
    assert (error.code, error.row, error.column) == ("row_cut_off", 3, "G 职务身份")
    assert values(read(csv_bytes(HEADER, row(1)[:4]), CSV)) == [
        {k: v for k, v in operation(1).items() if k != "persons"}
    ]


def test_an_excel_hint_about_the_delimiter_does_no_harm() -> None:
    assert values(read(b"sep=;\r\n" + csv_bytes(*ROWS, delimiter=";"), CSV)) == EXPECTED


def test_more_rows_than_may_be_are_refused() -> None:
    error = refused(csv_bytes(HEADER, row(1), row(2), row(3)), CSV, most_rows=2)
    assert (error.code, error.row) == ("too_many_rows", 4)


def test_no_refusal_repeats_an_identity_number() -> None:
    number = synthetic_resident_id(1)
    for body in (
        csv_bytes([number, number]),
        csv_bytes([*HEADER, number], row(1)),
        csv_bytes(HEADER, row(1)) + f'"{number}'.encode(),
        csv_bytes(HEADER, row(1)) + f"{number}\0".encode(),
        csv_bytes(HEADER, row(1)) + number.encode() + b"\xff",
    ):
        assert number not in repr(refused(body, CSV))

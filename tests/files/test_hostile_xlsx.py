"""XLSX files that are none, that are damaged, and that are made to do harm: each is refused with a clear sentence."""

import io
import random
import zipfile

import pytest

from app.errors import LianchengError
from app.files import xlsx_package
from app.files.rows import XLSX
from app.files.xlsx_elements import LONGEST_TEXT
from tests.files.files import HEADER, read, refused, row, xlsx_bytes
from tests.files.test_xlsx_rows import SHEET, inline, sheet_xml, with_part, with_shared_texts

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BODY = xlsx_bytes(HEADER, row(1), row(2))


@pytest.mark.parametrize(
    "body", [b"no zip at all", b"PK", b"PK\x03\x04" + b"x" * 100, BODY[:-30], BODY[: len(BODY) // 2]]
)
def test_what_is_no_whole_archive_is_refused(body: bytes) -> None:
    assert refused(body, XLSX).code == "xlsx_invalid"


def test_an_archive_of_something_else_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "<document/>")
    assert refused(file.getvalue(), XLSX).code == "xlsx_invalid"


def test_a_workbook_with_a_password_is_told_as_such() -> None:
    body = OLE + bytes(1024 * 1024 - 20) + "EncryptedPackage".encode("utf-16-le") + bytes(2000)
    error = refused(body, XLSX)
    assert error.code == "xlsx_encrypted"
    assert "密码" in error.detail


def test_the_old_format_is_told_as_such() -> None:
    error = refused(OLE + bytes(2000), XLSX)
    assert error.code == "xlsx_invalid"
    assert ".xls" in error.detail


def test_an_archive_with_a_password_is_told_as_such() -> None:
    body = bytearray(BODY)
    at = body.index(b"PK\x01\x02")
    body[at + 8] |= 1
    assert refused(bytes(body), XLSX).code == "xlsx_encrypted"


def test_a_bomb_is_refused_before_it_is_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = with_part(BODY, SHEET, sheet_xml(inline(*HEADER), "<row/>" * 2_000_000))
    assert refused(bomb, XLSX).code == "too_large_inflated"
    monkeypatch.setattr(xlsx_package, "MOST_INFLATED_BYTES", 10_000)
    assert refused(BODY, XLSX).code == "too_large_inflated"


def test_a_directory_that_is_too_long_is_refused_before_it_is_read() -> None:
    body = bytearray(BODY)
    at = body.rindex(b"PK\x05\x06")
    body[at + 12 : at + 16] = b"\xff\xff\xff\x7f"
    assert refused(bytes(body), XLSX).code == "xlsx_invalid"


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml"])
def test_entities_are_not_read(part: str) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    body = with_shared_texts(BODY)
    xml = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&l9;&e;</x>'
    assert refused(with_part(body, part, xml), XLSX).code == "xlsx_invalid"


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml"])
def test_a_dtd_is_refused_whatever_it_holds(part: str) -> None:
    body = with_shared_texts(BODY)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        xml = archive.read(part).decode()
    assert refused(with_part(body, part, f"<!DOCTYPE x>{xml}"), XLSX).code == "xlsx_invalid"


HOSTILE_ROWS = {
    "a cell that never ends": inline("x" * (LONGEST_TEXT + 1)),
    "a tag that never ends": f'<row a="{"x" * 3_000_000}"/>',
    "a shared text that is none": '<row><c t="s"><v>123456</v></c></row>',
    "a shared text below none": '<row><c t="s"><v>-1</v></c></row>',
    "a shared text without a number": '<row><c t="s"><v>x</v></c></row>',
    "a column that is none": '<row><c r="ZZZZ1"><v>1</v></c></row>',
    "a row that is none": '<row r="x"><c><v>1</v></c></row>',
    "a row again": '<row r="7"><c><v>1</v></c></row><row r="7"><c><v>1</v></c></row>',
    "more columns than there are": f"<row>{'<c><v>1</v></c>' * 16_385}</row>",
    "cells within cells": "<c>" * 500_000 + "</c>" * 500_000,
    "a tag that is not closed": "<row><c></row>",
}


@pytest.mark.parametrize("hostile", HOSTILE_ROWS.values(), ids=HOSTILE_ROWS.keys())
def test_sheets_that_no_program_writes_are_refused(hostile: str) -> None:
    body = with_part(with_shared_texts(BODY), SHEET, sheet_xml(inline(*HEADER), inline(*row(1)), hostile))
    assert refused(body, XLSX).code == "xlsx_invalid"


def test_numbers_that_no_program_writes_are_errors_of_their_rows() -> None:
    numbers = ["9" * 5000, "1e999", "nan", "x", "-"]
    for number in numbers:
        cells = f"<row>{''.join(f'<c><v>{number}</v></c>' for _ in HEADER)}</row>"
        (one,) = read(with_part(BODY, SHEET, sheet_xml(inline(*HEADER), cells)), XLSX)
        assert {error.code for error in one.errors} <= {
            "number_lost_digits", "cell_error", "date_format", "impossible_date", "not_allowed",
        }  # fmt: skip
        assert len(one.errors) >= 5


@pytest.mark.parametrize("part", [SHEET, "xl/sharedStrings.xml"])
def test_a_part_that_is_not_what_was_written_is_refused(part: str) -> None:
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(with_shared_texts(BODY))) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as new,
    ):
        for member in old.namelist():
            behind = b" " * 200_000 + b"<!--written-->" if member == part else b""
            new.writestr(member, old.read(member) + behind)
    assert len(read(file.getvalue(), XLSX)) == 2
    assert refused(file.getvalue().replace(b"<!--written-->", b"<!--changed-->"), XLSX).code == "xlsx_invalid"


def test_a_flipped_bit_gives_our_errors_or_none() -> None:
    chance = random.Random(1)  # noqa: S311 - nothing secret
    for _ in range(400):
        body = bytearray(BODY)
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        try:
            read(bytes(body), XLSX)
        except LianchengError as error:
            assert error.errors[0].code  # noqa: PT017 - either way is right, only nothing else may be raised

"""What the tests make files with, and read them with."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.errors import FieldError, LianchengError, MalformedRequest
from app.files.rows import CSV, XLSX, FileRow, RowSource, open_rows

TODAY = date(2026, 11, 24)
HEADER = ("统一社会信用代码", "单位名称", "列入决定书文号", "列入日期", "人员姓名", "身份号码", "职务身份")
Cells = Sequence[Any]


def row(n: int = 1, **changed: Any) -> list[Any]:
    """Return the cells of a `list` row under `HEADER`; changes are by the names below."""
    cells = {
        "uscc": synthetic_uscc(n),
        "name": f"示例第{n}（虚构）有限公司",
        "decision_no": f"虚构列〔2026〕{n}号",
        "listed_on": "2026-03-01",
        "person": f"虚构{n}",
        "id_number": synthetic_resident_id(n),
        "roles": "法定代表人",
    }
    assert changed.keys() <= cells.keys()
    return list((cells | changed).values())


def operation(n: int = 1, **changed: Any) -> dict[str, Any]:
    """Return the operation that `row` is."""
    return {
        "op": "list",
        "unit": {"uscc": synthetic_uscc(n), "name": f"示例第{n}（虚构）有限公司"},
        "decision_no": f"虚构列〔2026〕{n}号",
        "listed_on": "2026-03-01",
        "persons": [
            {"name": f"虚构{n}", "id_number": synthetic_resident_id(n), "roles": ["legal_representative"]},
        ],
    } | changed


def csv_bytes(*rows: Cells, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    """Return a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def new_workbook(*rows: Cells, title: str = "名单") -> tuple[Workbook, Worksheet]:
    """Return a workbook with one sheet."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = title
    for cells in rows:
        sheet.append(list(cells))
    return book, sheet


def saved(book: Workbook) -> bytes:
    """Return the file of a workbook."""
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def xlsx_bytes(*rows: Cells, title: str = "名单") -> bytes:
    """Return an XLSX file with one sheet."""
    return saved(new_workbook(*rows, title=title)[0])


def opened(body: bytes, media_type: str, **changed: Any) -> RowSource:
    """Open a file as a push would."""
    options: dict[str, Any] = {"today": TODAY, "default_op": "list", "most_rows": 1_000_000} | changed
    return open_rows(io.BytesIO(body), media_type, **options)


def read(body: bytes, media_type: str, **changed: Any) -> list[FileRow]:
    """Read every row of a file."""
    return list(opened(body, media_type, **changed))


def read_csv(*rows: Cells, **changed: Any) -> list[FileRow]:
    """Read rows as CSV."""
    return read(csv_bytes(*rows), CSV, **changed)


def read_xlsx(*rows: Cells, **changed: Any) -> list[FileRow]:
    """Read rows as XLSX."""
    return read(xlsx_bytes(*rows), XLSX, **changed)


def refusal(body: bytes, media_type: str, **changed: Any) -> LianchengError:
    """Return the error that a file is refused with."""
    with pytest.raises(LianchengError) as caught:
        read(body, media_type, **changed)
    return caught.value


def refused(body: bytes, media_type: str, **changed: Any) -> FieldError:
    """Return the one thing that is wrong with a file that cannot be read."""
    error = refusal(body, media_type, **changed)
    assert isinstance(error, MalformedRequest)
    (only,) = error.errors
    assert only.detail == error.detail
    return only


def only_error(rows: Sequence[FileRow]) -> FieldError:
    """Return the one error of all rows."""
    (error,) = (error for one in rows for error in one.errors)
    return error


def value_of(one: FileRow) -> Mapping[str, Any]:
    """Return the operation of a row without errors."""
    assert one.errors == ()
    assert isinstance(one.value, dict)
    return one.value


def values(rows: Sequence[FileRow]) -> list[Mapping[str, Any]]:
    """Return the operations of rows without errors."""
    return [value_of(one) for one in rows]

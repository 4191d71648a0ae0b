"""Which reader a file is given to."""

import io
from pathlib import Path

import pytest

from app.errors import UnsupportedMediaType
from app.files.rows import CSV, JSON, NDJSON, XLSX, media_type_of, open_rows
from tests.files.files import HEADER, TODAY, csv_bytes, operation, read, refusal, row, values, xlsx_bytes

BODIES = {
    "application/json": b'{"operations": [{"op": "x"}]}',
    "Application/JSON; charset=utf-8": b'{"operations": [{"op": "x"}]}',
    "application/x-ndjson": b'{"op": "x"}',
    "application/ndjson": b'{"op": "x"}',
}


@pytest.mark.parametrize(("media_type", "body"), BODIES.items(), ids=BODIES)
def test_a_media_type_may_be_written_in_any_of_its_spellings(media_type: str, body: bytes) -> None:
    assert values(read(body, media_type)) == [{"op": "x"}]


def test_tables_have_media_types_too() -> None:
    assert values(read(csv_bytes(HEADER, row(1)), 'text/csv; header=present; charset="UTF-8"')) == [operation(1)]
    assert values(read(xlsx_bytes(HEADER, row(1)), XLSX)) == [operation(1)]


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/vnd.ms-excel", "multipart/form-data", "x"])
def test_other_media_types_are_refused(media_type: str) -> None:
    assert isinstance(refusal(b"{}", media_type), UnsupportedMediaType)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.json", JSON), ("a.NDJSON", NDJSON), ("a.jsonl", NDJSON), ("名单.csv", CSV), ("a.b.XLSX", XLSX)],
)
def test_a_files_name_says_its_media_type(name: str, expected: str) -> None:
    assert media_type_of(Path(name)) == expected


@pytest.mark.parametrize(
    ("name", "told"), [("a.xls", "另存为 .xlsx"), ("a.et", "另存为 .xlsx"), ("a", ".csv"), ("a.txt", ".csv")]
)
def test_a_name_of_another_kind_is_refused_with_what_to_do(name: str, told: str) -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        media_type_of(Path(name))
    assert told in caught.value.detail


def test_the_file_stays_its_callers_to_close() -> None:
    for media_type, body in ((CSV, csv_bytes(HEADER, row(1))), (XLSX, xlsx_bytes(HEADER, row(1)))):
        file = io.BytesIO(body)
        for _ in range(2):
            assert values(list(open_rows(file, media_type, today=TODAY, default_op="list", most_rows=9))) == [
                operation(1)
            ]
        assert not file.closed

"""A large file is read in little memory."""

import io
import json
import tracemalloc
from collections.abc import Iterable

import pytest

from app.files.rows import CSV, JSON, NDJSON, XLSX, open_rows
from app.files.spool import Spool
from tests.files.files import HEADER, TODAY, csv_bytes, operation, read, row, xlsx_bytes
from tests.files.test_xlsx_rows import SHEET, inline, sheet_xml, with_part

ROWS = 100_000
# Of files of 14 to 29 MB, but for the spreadsheet; what is in memory does not grow with them.
MOST_BYTES = 12 * 1024**2


def csv_chunks() -> Iterable[bytes]:
    yield csv_bytes(HEADER)
    for n in range(0, ROWS, 1000):
        yield csv_bytes(*(row(m) for m in range(n, n + 1000)))


def ndjson_chunks() -> Iterable[bytes]:
    for n in range(ROWS):
        yield json.dumps(operation(n), ensure_ascii=False).encode() + b"\n"


def json_chunks() -> Iterable[bytes]:
    yield b'{"operations": [0'
    for n in range(1, ROWS // 2):
        yield b"," + json.dumps(operation(n), ensure_ascii=False).encode()
    yield b'], "mode": "delta"}'


def xlsx_chunks() -> Iterable[bytes]:
    yield xlsx_bytes(HEADER, *(row(n) for n in range(5_000)))


@pytest.mark.parametrize(
    ("media_type", "chunks", "count"),
    [
        (CSV, csv_chunks(), ROWS),
        (NDJSON, ndjson_chunks(), ROWS),
        (JSON, json_chunks(), ROWS // 2),
        (XLSX, xlsx_chunks(), 5_000),
    ],
    ids=["csv", "ndjson", "json", "xlsx"],
)
def test_a_large_file_is_read_in_little_memory(media_type: str, chunks: Iterable[bytes], count: int) -> None:
    with Spool() as spool:
        for chunk in chunks:
            spool.write(chunk)
        tracemalloc.start()
        try:
            source = open_rows(spool.reader(), media_type, today=TODAY, default_op="list", most_rows=ROWS)
            assert sum(1 for one in source if not one.errors) == count
            assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
        finally:
            tracemalloc.stop()


def test_nothing_is_read_of_a_table_before_it_is_asked_for() -> None:
    """Rows come one by one: a reader that stops early has not read the rest."""
    body = io.BytesIO(b"".join(csv_chunks()))
    source = iter(open_rows(body, CSV, today=TODAY, default_op="list", most_rows=ROWS))
    assert next(source).number == 2
    assert body.tell() < body.getbuffer().nbytes / 100


def test_nothing_is_kept_of_the_rows_of_a_sheet() -> None:
    """Some sheets are formatted down to the last row."""
    rows = (f'<row r="{number}" ht="12.5"><c r="A{number}" s="0"/></row>' for number in range(3, 20_000))
    body = with_part(xlsx_bytes(), SHEET, sheet_xml(inline(*HEADER), inline(*row(1)), *rows))
    tracemalloc.start()
    try:
        assert len(read(body, XLSX)) == 1
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES / 2
    finally:
        tracemalloc.stop()

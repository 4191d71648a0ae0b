"""Opening a file of operations, in any of the formats that are read."""

from collections.abc import Mapping
from datetime import date
from email.message import Message
from pathlib import Path
from typing import BinaryIO, Final

from app.errors import UnsupportedMediaType
from app.files.csv_rows import open_csv
from app.files.json_rows import open_json
from app.files.ndjson_rows import open_ndjson
from app.files.row_types import FileRow, RowSource
from app.files.xlsx_rows import open_xlsx

__all__ = [
    "CSV",
    "JSON",
    "MEDIA_TYPES",
    "NDJSON",
    "XLSX",
    "FileRow",
    "RowSource",
    "media_type_of",
    "open_rows",
    "parsed_media_type",
]

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES: Final = (JSON, NDJSON, CSV, XLSX)

_ALIASES: Final = {"application/ndjson": NDJSON}
_SUFFIXES: Final[Mapping[str, str]] = {".json": JSON, ".ndjson": NDJSON, ".jsonl": NDJSON, ".csv": CSV, ".xlsx": XLSX}


def open_rows(file: BinaryIO, media_type: str, *, today: date, default_op: str | None, most_rows: int) -> RowSource:
    """Open a seekable file that is of the media type given, which may carry a ``charset``.

    ``default_op`` is what a row of a table is that names no operation. Raises `MalformedRequest` (or `InvalidField`,
    for the outermost form of a JSON document) if the file cannot be read, `UnsupportedMediaType` for other types.
    """
    kind, charset = parsed_media_type(media_type)
    if kind == JSON:
        return open_json(file, most_rows=most_rows)
    if kind == NDJSON:
        return open_ndjson(file, most_rows=most_rows)
    if kind == CSV:
        return open_csv(file, charset, today=today, default_op=default_op, most_rows=most_rows)
    if kind == XLSX:
        return open_xlsx(file, today=today, default_op=default_op, most_rows=most_rows)
    raise UnsupportedMediaType("不支持这种格式：请发送 JSON、NDJSON、CSV 或 XLSX，并设置相应的 Content-Type。")


def parsed_media_type(media_type: str) -> tuple[str, str | None]:
    """Return a media type without its parameters, and the ``charset`` among these."""
    parsed = Message()
    parsed["content-type"] = media_type
    kind = parsed.get_content_type()
    return _ALIASES.get(kind, kind), parsed.get_content_charset()


def media_type_of(path: Path) -> str:
    """Return the media type that a file's name says."""
    suffix = path.suffix.lower()
    if suffix in {".xls", ".et"}:
        raise UnsupportedMediaType("不支持旧的 .xls 格式：请在 Excel 或 WPS 中另存为 .xlsx 后再推送。")
    if suffix not in _SUFFIXES:
        raise UnsupportedMediaType("不支持这种文件：应为 .json、.ndjson、.jsonl、.csv 或 .xlsx。")
    return _SUFFIXES[suffix]

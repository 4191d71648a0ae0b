"""Files as they arrive: the same mistakes told alike in every format, encodings as declared, and nothing guessed."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.files.rows import CSV, JSON, NDJSON, XLSX
from tests.api.test_push_formats import HEADER, OPERATIONS, cells, send
from tests.files.files import csv_bytes, xlsx_bytes
from tests.support import Api, today

FORMATS = [JSON, NDJSON, CSV, XLSX]
WRONG: dict[str, str] = {
    "单位名称": "有\u200b不可见字符",
    "惩戒等级": "没有的等级",
    "列入日期": (today() + timedelta(days=1)).isoformat(),
    "身份号码": synthetic_resident_id(2)[:-1] + ("1" if synthetic_resident_id(2)[-1] != "1" else "2"),
    "职务身份": "国王",
}


def body(media_type: str, second: dict[str, str], *, encoding: str = "utf-8") -> bytes:
    """Return the two operations as a file, with these cells of the second changed."""
    rows = [HEADER, cells(1), list((dict(zip(HEADER, cells(2), strict=True)) | second).values())]
    if media_type == CSV:
        return csv_bytes(*rows, encoding=encoding)
    if media_type == XLSX:
        return xlsx_bytes(*rows)
    operations = [OPERATIONS[0], operation(second)]
    if media_type == JSON:
        return json.dumps({"operations": operations}).encode()
    return b"".join(json.dumps(one).encode() + b"\n" for one in operations)


def operation(changed: dict[str, str]) -> dict[str, Any]:
    """Return the second operation with the same values changed."""
    two: dict[str, Any] = json.loads(json.dumps(OPERATIONS[1]))
    for column, value in changed.items():
        match column:
            case "单位名称":
                two["unit"]["name"] = value
            case "惩戒等级":
                two["tier"] = value
            case "列入日期":
                two["listed_on"] = value
            case "身份号码":
                two["persons"][0]["id_number"] = value
            case "职务身份":
                two["persons"][0]["roles"] = [value]
    return two


@pytest.mark.parametrize(
    ("column", "letter", "field", "code"),
    [
        ("单位名称", "C", "unit.name", "unprintable_character"),
        ("惩戒等级", "G", "tier", "unknown_tier"),
        ("列入日期", "H", "listed_on", "date_in_future"),
        ("身份号码", "K", "persons[0].id_number", "code_check_character"),
        ("职务身份", "L", "persons[0].roles", "not_allowed"),
    ],
)
async def test_a_mistake_is_told_alike_in_every_format(
    api: Api, column: str, letter: str, field: str, code: str
) -> None:
    for media_type in FORMATS:
        content = body(media_type, {column: WRONG[column]})
        refused = await send(api, content, media_type)
        assert (refused.status_code, refused.json()["code"]) == (422, "push_rejected"), media_type
        (error,) = refused.json()["errors"]
        assert error["code"] == code, media_type
        assert error["field"].startswith(field), media_type
        in_table = media_type in {CSV, XLSX}
        assert (error["row"], error["column"]) == ((3, f"{letter} {column}") if in_table else (2, None))
        assert WRONG[column] not in refused.text
        tried = await send(api, content, media_type, "?dry_run=true")
        assert (tried.status_code, tried.json()["errors"]) == (200, [error])
    assert await api.rows("SELECT 1 FROM listings") == []


@pytest.mark.parametrize(
    ("media_type", "encoding", "told"),
    [
        ("text/csv; charset=utf-8", "gb18030", "encoding_invalid"),
        ("text/csv; charset=latin-1", "utf-8", "encoding_invalid"),
        ("text/csv; charset=GBK", "gb18030", None),
        ('Text/CSV; header=present; charset="UTF-8"', "utf-8-sig", None),
        (CSV, "utf-16", None),
    ],
)
async def test_an_encoding_is_what_it_is_declared_to_be(
    api: Api, media_type: str, encoding: str, told: str | None
) -> None:
    response = await send(api, body(CSV, {}, encoding=encoding), media_type)
    if told:
        assert (response.status_code, response.json()["code"]) == (400, "malformed_request")
        assert response.json()["errors"][0]["code"] == told
        assert await api.rows("SELECT 1 FROM pushes") == []
    else:
        assert response.status_code == httpx.codes.CREATED, response.text
        assert (await api.rows("SELECT unit_name FROM listings ORDER BY uscc"))[0][
            "unit_name"
        ] == "示例第1（虚构）有限公司"


@pytest.mark.parametrize(
    "media_type",
    ["multipart/form-data; boundary=x", "application/vnd.ms-excel", "text/plain", "application/octet-stream", "text/*"],
)
async def test_another_type_is_refused_naming_those_that_are_read(api: Api, media_type: str) -> None:
    response = await send(api, body(CSV, {}), media_type)
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")
    assert all(one in response.json()["detail"] for one in FORMATS)


@pytest.mark.parametrize("media_type", FORMATS)
async def test_a_file_of_another_type_than_it_is_said_to_be_is_not_carried_out(api: Api, media_type: str) -> None:
    for written in FORMATS:
        if written != media_type:
            response = await send(api, body(written, {}), media_type)
            assert response.status_code in {400, 422}, f"{written} as {media_type}"
    assert await api.rows("SELECT 1 FROM pushes") == []
    assert (await send(api, body(media_type, {}), media_type)).status_code == httpx.codes.CREATED


@pytest.mark.parametrize("media_type", FORMATS)
async def test_a_file_that_was_cut_off_is_not_carried_out(api: Api, media_type: str) -> None:
    whole = body(media_type, {})
    last_row = len(whole) - whole.rindex(b"\n", 0, -1) if media_type in {CSV, NDJSON} else len(whole)
    for missing in (2, 30, last_row // 2):
        response = await send(api, whole[: len(whole) - max(missing, 3)], media_type)
        assert response.status_code in {400, 422}, f"{missing} bytes are missing"
    assert await api.rows("SELECT 1 FROM pushes") == []


async def test_ndjson_has_two_names(api: Api) -> None:
    assert (await send(api, body(NDJSON, {}), "application/ndjson; charset=utf-8")).status_code == httpx.codes.CREATED


async def test_a_unit_with_several_persons_takes_several_rows_and_one_change(api: Api) -> None:
    more = dict(zip(HEADER, cells(1), strict=True)) | {"人员姓名": "虚构另", "身份号码": synthetic_resident_id(3)}
    rows = [HEADER, cells(1), list((more | {"职务身份": "分管安全的负责人、其他有关人员"}).values()), cells(2)]
    done = (await send(api, csv_bytes(*rows), CSV)).json()
    assert [(one["row"], one["uscc"]) for one in done["rows"]] == [(2, synthetic_uscc(1)), (4, synthetic_uscc(2))]
    answer = await api.asked(synthetic_resident_id(3), subject_kind="person")
    assert answer["listings"][0]["person"]["roles"] == ["safety_lead", "other"]
    wrong = [HEADER, cells(1), list((more | {"身份号码": WRONG["身份号码"]}).values())]
    refused = (await send(api, csv_bytes(*wrong), CSV, key="wrong")).json()
    assert (3, "K 身份号码") in [(one["row"], one["column"]) for one in refused["errors"]], "its own row, not the first"

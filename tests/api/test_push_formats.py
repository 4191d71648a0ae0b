"""The same operations in every format that is read make the same list; what is wrong is told with row and column."""

import csv
import io
import json
from collections.abc import Callable

import httpx
import openpyxl
import pytest

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.files.rows import CSV, NDJSON, XLSX
from tests.support import JSON, Api

OPERATIONS: list[JSON] = [
    {
        "op": "list",
        "unit": {"uscc": synthetic_uscc(n), "name": f"示例第{n}（虚构）有限公司"},
        "decision_no": f"虚构列〔2026〕{n}号",
        "decided_by": "清远市应急管理局（测试）",
        "conduct": "瞒报事故（虚构）",
        "tier": "严重失信主体",
        "listed_on": "2026-03-01",
        "valid_until": "2029-02-28",
        "persons": [{"name": f"虚构{n}", "id_number": synthetic_resident_id(n), "roles": ["legal_representative"]}],
    }
    for n in (1, 2)
]
HEADER = ["操作", "统一社会信用代码", "单位名称", "列入决定书文号", "作出列入决定机关", "列入原因", "惩戒等级"]
HEADER += ["列入日期", "有效期至", "人员姓名", "身份号码", "职务身份"]
XK_HEADER = ["CF_XDR_SHXYM", "CF_XDR_MC", "CF_WSH", "CF_CFJG", "CF_WFXW", "惩戒等级", "CF_JDRQ", "CF_YXQ", "CF_NR"]


def cells(n: int, day: str = "2026/3/1") -> list[str]:
    unit = [synthetic_uscc(n), f"示例第{n}（虚构）有限公司", f"虚构列〔2026〕{n}号", "清远市应急管理局（测试）"]
    rest = ["瞒报事故（虚构）", "严重失信主体", day, "2029年2月28日"]
    return ["列入", *unit, *rest, f"虚构{n}", synthetic_resident_id(n), "法定代表人"]


def as_csv(encoding: str) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([HEADER, cells(1), cells(2)])
    return out.getvalue().encode(encoding)


def as_xlsx() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (HEADER, cells(1), cells(2)):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


FORMATS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "json": ("application/json", lambda: json.dumps({"operations": OPERATIONS}).encode()),
    "ndjson": (NDJSON, lambda: "\n".join(json.dumps(one, ensure_ascii=False) for one in OPERATIONS).encode()),
    "utf-8": (CSV, lambda: as_csv("utf-8")),
    "with a byte order mark": (CSV, lambda: as_csv("utf-8-sig")),
    "gb18030": (CSV, lambda: as_csv("gb18030")),
    "gb18030 said": (f"{CSV}; charset=gb18030", lambda: as_csv("gb18030")),
    "xlsx": (XLSX, as_xlsx),
}


async def send(api: Api, content: bytes, media_type: str, query: str = "", key: str = "formats") -> httpx.Response:
    headers = api.headers(**{"Content-Type": media_type, "Idempotency-Key": key})
    return await api.http.post(f"/v1/pushes{query}", content=content, headers=headers)


@pytest.mark.parametrize("name", FORMATS)
async def test_every_format_makes_the_same_list(api: Api, name: str) -> None:
    media_type, content = FORMATS[name]
    done = await send(api, content(), media_type, "?source_document=虚构发1号")
    assert done.status_code == 201, done.text
    assert (done.json()["counts"]["list"], done.json()["source_document"]) == (2, "虚构发1号")
    states = await api.rows(
        "SELECT state->>'uscc' AS uscc, state->>'unit_name' AS name, state->>'listed_on' AS first, "
        "state->>'valid_until' AS last, state->'persons'->0->'roles' AS roles FROM listing_revisions ORDER BY change_no"
    )
    assert states == [
        {
            "uscc": synthetic_uscc(n),
            "name": f"示例第{n}（虚构）有限公司",
            "first": "2026-03-01",
            "last": "2029-02-28",
            "roles": ["legal_representative"],
        }
        for n in (1, 2)
    ]
    for n in (1, 2):
        assert (await api.asked(synthetic_resident_id(n), subject_kind="person"))["verdict"] == "listed"


@pytest.mark.parametrize("name", ["gb18030", "xlsx"])
async def test_what_is_wrong_in_a_table_is_told_with_its_row_and_column(api: Api, name: str) -> None:
    media_type, content = FORMATS[name]
    wrong = content()
    if name == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(wrong))
        sheet = book.active
        assert sheet is not None
        sheet["H3"], sheet["K3"] = "2026-02-30", 4.41800197001e17
        out = io.BytesIO()
        book.save(out)
        wrong = out.getvalue()
    else:
        text = (
            as_csv("utf-8").decode().replace(synthetic_resident_id(2), "4.41800E+17").replace("2026/3/1", "2026-02-30")
        )
        wrong = text.encode("gb18030")
    response = await send(api, wrong, media_type)
    told = {(one["row"], one["column"], one["code"]) for one in response.json()["errors"]}
    assert response.status_code == 422
    assert (3, "H 列入日期", "impossible_date") in told
    assert (3, "K 身份号码", "number_lost_digits") in told
    assert "4418001970" not in response.text
    assert await api.rows("SELECT 1 FROM listings") == []


async def test_the_double_publicity_names_are_understood_and_what_is_not_kept_is_told(api: Api) -> None:
    out = io.StringIO()
    values = [
        synthetic_uscc(1),
        "示例（虚构）有限公司",
        "虚构罚1号",
        "测试局",
        "瞒报（虚构）",
        "严重失信主体",
        "20260301",
    ]
    csv.writer(out).writerows([XK_HEADER, [*values, "2029-02-28", "罚款（虚构）"]])
    done = await send(api, out.getvalue().encode("gb18030"), CSV)
    assert done.status_code == 201, done.text
    (warning,) = done.json()["warnings"]
    assert warning["code"] == "column_not_kept"
    assert "CF_NR" in warning["detail"]


@pytest.mark.parametrize(
    ("content", "media_type", "status", "code"),
    [
        (b"\x81\xff\xff\xfe,", CSV, 400, "encoding_invalid"),
        (b"", CSV, 422, "missing"),
        ("甲,乙\r\n1,2\r\n".encode(), CSV, 400, "header_missing"),
        (b"PK\x03\x04 cut off", XLSX, 400, "xlsx_invalid"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), XLSX, 400, None),
        (b'{"operations": [', "application/json", 400, "json_invalid"),
    ],
)
async def test_a_file_that_cannot_be_read_says_why_and_what_to_do(
    api: Api, content: bytes, media_type: str, status: int, code: str | None
) -> None:
    response = await send(api, content, media_type)
    assert response.status_code == status, response.text
    assert code in {None, response.json()["errors"][0]["code"]}
    assert await api.rows("SELECT 1 FROM pushes") == []


async def test_one_malformed_line_is_that_rows_error(api: Api) -> None:
    lines = [json.dumps(OPERATIONS[0]), '{"op": "list", ', json.dumps(OPERATIONS[1])]
    response = await send(api, "\n".join(lines).encode(), NDJSON)
    assert [(one["row"], one["code"]) for one in response.json()["errors"]] == [(2, "json_invalid")]


async def test_the_version_that_was_expected_may_stand_in_if_match(api: Api) -> None:
    media_type, content = FORMATS["ndjson"]
    headers = api.headers(**{"Content-Type": media_type, "Idempotency-Key": "k"})
    for tag, status in (('"7"', 409), ("7", 422), ('W/"0"', 422), ('"0"', 201)):
        response = await api.http.post("/v1/pushes", content=content(), headers=headers | {"If-Match": tag})
        assert response.status_code == status, tag
    both = await api.http.post(
        "/v1/pushes?expected_list_version=3", content=content(), headers=headers | {"If-Match": '"2"'}
    )
    assert both.json()["code"] == "contradictory"


async def test_the_same_bytes_meant_otherwise_are_another_push(api: Api) -> None:
    media_type, content = FORMATS["utf-8"]
    assert (await send(api, content(), media_type, key="one")).status_code == 201
    again = await send(api, content(), media_type, key="one")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    otherwise = await send(api, content(), media_type, "?mode=snapshot", key="one")
    assert otherwise.json()["code"] == "idempotency_key_reused"

"""An identity number in clear: not in the list, its history or its feed, and not in what is said of a file."""

import asyncio
import io
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from sqlalchemy import text

from app.domain.synthetic import synthetic_uscc
from app.files.rows import CSV, JSON, NDJSON, XLSX
from app.services.access import Scope
from app.settings import Settings
from tests.api.service import serving
from tests.api.watching import (
    MISTYPED,
    NUMBER,
    OTHER,
    WRITTEN,
    Watched,
    holds_a_number,
    nothing_is_kept,
    nothing_is_logged,
)
from tests.support import BUREAU, Api, list_operation, make_key, person, today

TARGET = {"uscc": synthetic_uscc(1), "decision_no": "虚构列〔2026〕1号"}
DAY = today().isoformat()
NOBODY = "01990000-0000-7000-8000-000000000000"


@pytest.mark.parametrize("number", WRITTEN.values(), ids=WRITTEN.keys())
async def test_in_questions_about_the_list(
    quiet: Api, settings_at_debug: Settings, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    names = "state tier conduct conduct_code decided_by uscc name listed_from listed_to valid_from valid_to on known_at"
    queries = [f"{name}={number}" for name in (*names.split(), "after", "limit", number)]
    urls = [f"/v1/listings?{query}" for query in queries]
    urls += [f"/v1/listings/{number}", f"/v1/listings/{number}/history", f"/v1/listings/{NOBODY}?on={number}"]
    urls += [f"/v1/listings/snapshot?{name}={number}" for name in ("at", "after", number)]
    urls += [f"/v1/changes?{name}={number}" for name in ("after", "limit", "wait", number)]
    urls += [f"/v1/chain/{number}", f"/v1/pushes/{number}/approval", f"/v1/pushes/{NOBODY}?after={number}"]
    async with serving(settings_at_debug) as http:
        watched = Watched(http, quiet)
        for url in urls:
            for headers in ({}, {"Authorization": "Bearer nonsense"}, {"If-None-Match": f'"{number}"'}):
                await watched.call("GET", url, headers=headers)
            await watched.call("POST", url, json={"approve": number})
        for name in ("Last-Event-ID", "Accept", "If-None-Match", number):
            if name.isascii():
                await watched.call("GET", "/v1/changes", headers={name: number})
                await watched.call("GET", "/v1/listings", headers={name: number})
        if number.isascii():
            # What a header cannot hold is not sent at all, and the stream would never end.
            stream = {"Accept": "text/event-stream", "Last-Event-ID": number}
            assert (await watched.call("GET", "/v1/changes", headers=stream)).is_client_error
        refused = await watched.call("GET", f"/v1/listings?uscc={NUMBER}")
        assert (refused.status_code, refused.json()["code"]) == (400, "identity_number_in_url")
    await nothing_is_logged(capsys, 4 * len(urls))
    await nothing_is_kept(quiet)


async def test_in_the_list_its_history_and_its_feed(
    quiet: Api, settings_at_debug: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = {"id_number": NUMBER}, {"id_number": OTHER}
    await quiet.pushed(
        {"op": "ban", **TARGET, **one, "position_ban": {"for_life": True}},
        {"op": "end_person", **TARGET, **other, "ended_on": DAY, "reason": "left"},
        list_operation(2, persons=[person(4711)]),
    )
    async with serving(settings_at_debug) as http:
        watched = Watched(http, quiet)
        listed = (await watched.call("GET", "/v1/listings")).json()["listings"]
        assert len({person["person_id"] for listing in listed for person in listing["persons"]}) == 2
        for listing in listed:
            await watched.call("GET", f"/v1/listings/{listing['listing_id']}?known_at=2026-01-01T00:00:00Z")
            await watched.call("GET", f"/v1/listings/{listing['listing_id']}/history")
        assert len((await watched.call("GET", "/v1/changes")).json()["changes"]) == 4
        assert (await watched.call("GET", "/v1/listings/snapshot")).text.count("name_masked") == 3
        asked: dict[str, Any] = {"id_numbers": [NUMBER, OTHER, MISTYPED, NUMBER[:17], "x"], "purpose": "测试"}
        answer = (await watched.post("/v1/persons/tokens", asked)).json()["tokens"]
        assert ["tokens" in one for one in answer] == [True, True, False, False, False]
        for wrong in (
            {"id_numbers": NUMBER},
            {"id_numbers": [[NUMBER]]},
            {"id_numbers": [NUMBER * 5]},
            {"purpose": f"为{NUMBER}"},
            {NUMBER: NUMBER},
        ):
            assert (await watched.post("/v1/persons/tokens", asked | wrong)).is_client_error
    await nothing_is_logged(capsys, 8)
    await nothing_is_kept(quiet)


async def test_in_what_is_said_about_persons_who_cannot_be_changed(
    quiet: Api, settings_at_debug: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    await quiet.pushed(list_operation(2))
    elsewhere = TARGET | {"uscc": synthetic_uscc(2), "decision_no": "虚构列〔2026〕2号"}
    ban = {"for_life": True}
    objection = {"objection_no": "虚构异1号", "filed_on": DAY, "matter": "事项（虚构）"}
    wrong: list[dict[str, Any]] = [
        {"op": "add_person", **TARGET, "person": person(4711)},
        {"op": "add_person", **TARGET, "person": person(4711, since="2999-01-01")},
        {"op": "add_person", **TARGET, "person": person(4711, id_number=MISTYPED)},
        {"op": "end_person", **elsewhere, "id_number": NUMBER, "ended_on": DAY, "reason": "left"},
        {"op": "end_person", **TARGET, "id_number": NUMBER, "ended_on": "2000-01-01", "reason": "left"},
        {"op": "end_person", **TARGET, "id_number": NUMBER, "person_id": NUMBER, "ended_on": DAY, "reason": "left"},
        {"op": "end_person", **TARGET, "id_number": NUMBER, "ended_on": DAY, "reason": NUMBER},
        {"op": "ban", **elsewhere, "id_number": NUMBER, "position_ban": ban},
        {"op": "ban", **TARGET, "id_number": MISTYPED, "position_ban": ban},
        {"op": "ban", **TARGET, "id_number": NUMBER, "position_ban": ban, "document": f"依{NUMBER}"},
        {"op": "file_objection", **elsewhere, **objection, "id_number": NUMBER},
        {"op": "file_objection", **TARGET, **objection, "id_number": MISTYPED},
        {"op": "file_objection", **TARGET, **objection, "id_number": NUMBER, "person_id": NUMBER},
        {"op": "file_objection", **TARGET, **objection, "matter": f"本人{NUMBER}"},
        {"op": "decide_objection", **TARGET, "objection_no": NUMBER, "outcome": NUMBER, "decided_on": NUMBER},
        {"op": "amend", **TARGET, "facts": f"当事人{NUMBER}"},
        {"op": "correct", **TARGET, "set": {"facts": NUMBER}, "reason": "x"},
        {"op": "correct", **TARGET, "set": {NUMBER: NUMBER}, "reason": "x"},
        {"op": "correct", **TARGET, "set": {"uscc": NUMBER}, "reason": NUMBER},
        {"op": "rename", "uscc": synthetic_uscc(1), "new_name": NUMBER, "renamed_on": DAY},
        {"op": "restore", **TARGET, "restored_on": NUMBER, "reason": NUMBER, "document": NUMBER},
    ]
    async with serving(settings_at_debug) as http:
        watched = Watched(http, quiet)
        for operation in wrong:
            response = await watched.post("/v1/pushes", {"operations": [operation]})
            assert response.status_code == httpx.codes.UNPROCESSABLE_ENTITY, operation["op"]
            assert (await watched.post("/v1/pushes?dry_run=true", {"operations": [operation]})).is_success
    await nothing_is_logged(capsys, 2 * len(wrong))
    await nothing_is_kept(quiet)


async def test_in_how_a_push_is_meant(
    quiet: Api, settings_at_debug: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("mode", "expected_list_version", "source_document", "removal_reason", "confirm_removals", "dry_run")
    async with serving(settings_at_debug) as http:
        watched = Watched(http, quiet)
        for name in (*options, NUMBER):
            response = await watched.post(f"/v1/pushes?{name}={NUMBER}", {"operations": [list_operation(2)]})
            assert response.is_client_error, name
        for name in ("If-Match", "Content-Type"):
            for value in (NUMBER, f'"{NUMBER}"', f"{CSV}; charset={NUMBER}", f"{JSON}; {NUMBER}={NUMBER}"):
                await watched.post("/v1/pushes?dry_run=1", {"operations": [list_operation(2)]}, **{name: value})
        snapshot = {"operations": [list_operation(3, persons=[person(4711)])], "mode": "snapshot"}
        lacking = await watched.post("/v1/pushes", snapshot)
        assert lacking.json()["errors"][0]["code"] == "removal_reason_missing"
        too_many = await watched.post("/v1/pushes", snapshot | {"removal_reason": "revoked"})
        assert too_many.json()["code"] == "too_many_removals"
    await nothing_is_logged(capsys, 10)
    await nothing_is_kept(quiet)


CELLS = {
    "操作": "列入",
    "统一社会信用代码": synthetic_uscc(2),
    "单位名称": "示例（虚构）有限公司",
    "列入决定书文号": "虚构列〔2026〕2号",
    "作出列入决定机关": "测试局",
    "列入原因": "虚构行为",
    "惩戒等级": "严重失信主体",
    "列入日期": "2026-03-01",
    "人员姓名": "虚构乙",
    "身份号码": OTHER,
    "职务身份": "法定代表人",
    "任职起始日期": "2026-03-01",
    "任职限制截止日期": "2030-01-01",
}
RIGHT = [tuple(CELLS), tuple(CELLS.values())]
Table = list[tuple[str, ...]]


def tables(number: str) -> list[Table]:
    """Return tables with a number in every place that is not for one, in each by itself."""
    header, cells = RIGHT
    wrong = [[header, tuple((CELLS | {name: number}).values())] for name in CELLS if name != "身份号码"]
    named = [
        [tuple(number if one == name else one for one in header), cells] for name in ("操作", "单位名称", "身份号码")
    ]
    longer = [
        [(*header, number), (*cells, number)],
        [header, (*cells, number, number)],
        [(number,) * len(cells), cells],
    ]
    odd = [[header, tuple((CELLS | {"身份号码": value}).values())] for value in (f"{number}9", f"{number} {number}")]
    return wrong + named + longer + odd


def as_csv(rows: Table) -> bytes:
    return "".join(",".join(row) + "\r\n" for row in rows).encode("gb18030")


def as_xlsx(rows: Table) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = NUMBER
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(("media_type", "written"), [(CSV, as_csv), (XLSX, as_xlsx)], ids=["csv", "xlsx"])
async def test_in_tables(
    quiet: Api,
    settings_at_debug: Settings,
    capsys: pytest.CaptureFixture[str],
    media_type: str,
    written: Callable[[Table], bytes],
) -> None:
    bodies = [written(table) for table in tables(NUMBER)]
    right = written(RIGHT)
    cut_off = [right[: len(right) - n] for n in (30, 60, 200) if n < len(right)]
    async with serving(settings_at_debug) as http:
        watched = Watched(http, quiet)
        headers = {"Content-Type": media_type}
        good = await watched.call("POST", "/v1/pushes?dry_run=true", content=right, headers=headers)
        assert good.json()["counts"]["list"] == 1, good.text
        refused = 0
        for body in bodies + cut_off:
            await watched.call("POST", "/v1/pushes?dry_run=true", content=body, headers=headers)
            refused += (await watched.call("POST", "/v1/pushes", content=body, headers=headers)).is_client_error
        assert refused >= len(bodies)
    await nothing_is_logged(capsys, 2 * len(bodies))
    await nothing_is_kept(quiet)


async def test_in_lines_of_json(quiet: Api, settings_at_debug: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    whole = json.dumps(list_operation(2, persons=[person(4711)]))
    lines = [
        whole[:-9],
        f'{{"{NUMBER}": 1, "{NUMBER}": 2}}',
        f'"{NUMBER}',
        NUMBER,
        f"[{NUMBER}]",
        f'{{"op": "{NUMBER}"}}',
    ]
    lines += [whole.replace(NUMBER, f"{NUMBER}\\ud800"), whole.replace('"', f'"{NUMBER}"', 1)]
    async with serving(settings_at_debug) as http:
        watched = Watched(http, quiet)
        headers = {"Content-Type": NDJSON}
        for content in (*lines, "\n".join(lines)):
            for query in ("", "?dry_run=true"):
                await watched.call("POST", f"/v1/pushes{query}", content=content.encode(), headers=headers)
        told = await watched.call("POST", "/v1/pushes", content="\n".join(lines).encode(), headers=headers)
        assert {one["row"] for one in told.json()["errors"]} == set(range(1, len(lines) + 1))
    await nothing_is_logged(capsys, 2 * len(lines))
    await nothing_is_kept(quiet)


async def test_in_the_file_that_a_push_is_received_into(quiet: Api) -> None:
    """While the push waits its turn, its body lies on the disk: in no file that anybody could name, and enciphered."""
    body = {"operations": [list_operation(n, persons=[person(4711)], facts="长" * 900) for n in range(2, 1000)]}
    content = json.dumps(body, ensure_ascii=False).encode()
    before = open_files()
    async with quiet.owner.writing() as session:
        await session.execute(text("SELECT list_version FROM list_state FOR UPDATE"))
        headers = quiet.headers(**{"Content-Type": JSON, "Idempotency-Key": "waits"})
        sending = asyncio.create_task(quiet.http.post("/v1/pushes", content=content, headers=headers))
        await asyncio.sleep(1)
        received = {fd: data for fd, data in open_files().items() if fd not in before}
        assert sum(len(data) for data in received.values()) >= len(content), "the body is not where it was looked for"
        for data in received.values():
            assert not holds_a_number(data.decode("latin-1"))
            assert "长".encode() * 10 not in data
    assert (await sending).status_code == httpx.codes.CREATED
    left = open_files().values()
    assert not [data for data in received.values() if data in left], "the body is gone with its answer"


def open_files() -> dict[str, bytes]:
    """Return what stands in every regular file without a name that this process has open."""
    found = {}
    for link in Path("/proc/self/fd").iterdir():
        try:
            if stat.S_ISREG(link.stat().st_mode) and link.stat().st_nlink == 0:
                found[link.name] = link.read_bytes()
        except FileNotFoundError:
            # It was closed since.
            continue
    return found


async def test_in_a_push_that_waits_for_approval(
    quiet: Api, settings_at_debug: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(settings_at_debug.model_copy(update={"approval_above": 0})) as http:
        watched = Watched(http, quiet)
        operations = [list_operation(2, persons=[person(4711), person(4713)])]
        waiting = (await watched.post("/v1/pushes", {"operations": operations})).json()
        assert waiting["status"] == "awaiting_approval"
        await nothing_is_kept(quiet)
        await watched.call("GET", f"/v1/pushes/{waiting['push_id']}")
        approval = f"/v1/pushes/{waiting['push_id']}/approval"
        quiet.key = await make_key(quiet.database, *Scope, department=BUREAU)
        await watched.post(approval, {"approve": NUMBER})
        await watched.post(approval, {"approve": True, NUMBER: NUMBER})
        assert (await watched.post(approval, {"approve": True})).json()["status"] == "committed"
    await nothing_is_logged(capsys, 5)
    await nothing_is_kept(quiet)

"""A clerk pushes files: with real processes, real spreadsheets and a real service."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openpyxl
import pytest

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.access import Scope
from tests.cli.commands import liancheng, printed
from tests.end_to_end.serving import Process, serving
from tests.support import BUREAU, Api, list_operation, make_key

HEADER = (
    "操作,统一社会信用代码,单位名称,列入决定书文号,作出列入决定机关,列入原因,惩戒等级,列入日期,"
    "人员姓名,身份号码,职务身份"
)
NUMBER = synthetic_resident_id(1)


def row(n: int, *, listed_on: str = "2026/3/1", conduct: str = "瞒报事故（虚构）", person: bool = True) -> str:
    who = f"虚构{n},{synthetic_resident_id(n)},法定代表人" if person else ",,"
    unit = f"{synthetic_uscc(n)},示例第{n}（虚构）有限公司,虚构列〔2026〕{n}号"
    return f"列入,{unit},清远市应急管理局（测试）,{conduct},严重失信主体,{listed_on},{who}"


def csv(folder: Path, *rows: str, encoding: str = "gb18030") -> Path:
    file = folder / "名单.csv"
    file.write_text("\r\n".join([HEADER, *rows]) + "\r\n", encoding=encoding, newline="")
    return file


@pytest.fixture
def service(api: Api) -> Iterator[Process]:
    with serving(api.settings) as process:
        yield process


def environment(api: Api, url: str) -> dict[str, str]:
    return {"LIANCHENG_URL": url, "LIANCHENG_API_KEY": api.key}


async def test_a_clerks_gb18030_file_goes_in_with_its_difference_shown(
    api: Api, service: Process, tmp_path: Path
) -> None:
    file = csv(tmp_path, row(1), row(2, listed_on="2026年3月2日", person=False))
    done = liancheng(api.settings, "push", str(file), "--yes", **environment(api, service.url))
    assert done.returncode == 0, done.stderr
    assert "新列入" in done.stderr
    assert "示例第1（虚构）有限公司" in done.stderr
    assert "第 1 版" in done.stderr
    assert (await api.asked(NUMBER, subject_kind="person"))["verdict"] == "listed"
    assert NUMBER not in done.stdout + done.stderr


async def test_the_template_is_filled_in_and_goes_in(api: Api, service: Process, tmp_path: Path) -> None:
    file = tmp_path / "模板.xlsx"
    printed(api.settings, "template", str(file))
    again = liancheng(api.settings, "template", str(file))
    assert again.returncode == 1
    assert "--force" in again.stderr
    book = openpyxl.load_workbook(file)
    sheet = book["名单"]
    columns = {str(cell.value): number for number, cell in enumerate(sheet[1], start=1)}
    values = dict(zip(HEADER.split(","), row(3).split(","), strict=True))
    for name, value in values.items():
        sheet.cell(2, columns[name], value)
    book.save(file)
    done = liancheng(api.settings, "push", str(file), "--yes", "--json", **environment(api, service.url))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["status"], told["counts"]["list"]) == ("committed", 1)
    assert (await api.asked(synthetic_uscc(3)))["verdict"] == "listed"


async def test_what_is_wrong_comes_back_marked_in_the_spreadsheet_and_nothing_is_sent(
    api: Api, service: Process, tmp_path: Path
) -> None:
    wrong = row(2, listed_on="2026-02-30").replace(synthetic_uscc(2), synthetic_uscc(2)[:-1] + "?")
    file = csv(tmp_path, row(1), wrong)
    done = liancheng(api.settings, "push", str(file), "--yes", **environment(api, service.url))
    assert done.returncode == 3
    assert "列入日期" in done.stderr
    assert "日历上没有这一天" in done.stderr
    sheet = openpyxl.load_workbook(tmp_path / "名单-错误.xlsx").active
    assert sheet is not None
    marked = {cell.coordinate: cell.comment.text for line in sheet.iter_rows() for cell in line if cell.comment}
    assert "日历上没有这一天" in marked["H3"]
    assert "B3" in marked
    assert "H2" not in marked
    assert NUMBER not in done.stdout + done.stderr
    assert await api.rows("SELECT 1 FROM pushes") == []


async def test_what_only_the_service_knows_is_wrong_is_marked_too(api: Api, service: Process, tmp_path: Path) -> None:
    await api.pushed(list_operation(1))
    file = csv(tmp_path, row(1), row(2))
    done = liancheng(api.settings, "push", str(file), "--yes", "--json", **environment(api, service.url))
    assert done.returncode == 3
    (error,) = json.loads(done.stdout)["errors"]
    assert (error["row"], error["code"]) == (2, "already_listed")
    sheet = openpyxl.load_workbook(tmp_path / "名单-错误.xlsx").active
    assert sheet is not None
    assert any("已按此决定书列入" in str(cell.value) for cell in sheet[2])
    assert len(await api.rows("SELECT 1 FROM listings")) == 1


async def test_a_snapshot_shows_what_it_changes_and_removes_and_needs_the_number(
    api: Api, service: Process, tmp_path: Path
) -> None:
    first = csv(tmp_path, row(1), row(2), row(3))
    variables = environment(api, service.url)
    assert liancheng(api.settings, "push", str(first), "--yes", **variables).returncode == 0
    file = csv(tmp_path, row(1), row(2, conduct="谎报事故（虚构）"), encoding="utf-8-sig")
    snapshot = ("push", str(file), "--mode", "snapshot", "--removal-reason", "repaired", "--yes")
    refused = liancheng(api.settings, *snapshot, **variables)
    assert refused.returncode == 3
    assert "confirm_removals=1" in refused.stderr
    done = liancheng(api.settings, *snapshot, "--confirm-removals", "1", "--json", **variables)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)["counts"]
    assert (counts["correct"], counts["remove"], counts["unchanged"]) == (1, 1, 1)
    assert "瞒报事故（虚构） → 谎报事故（虚构）" in done.stderr
    assert "快照缺少" in done.stderr


async def test_a_dry_run_keeps_nothing_and_without_a_terminal_one_has_to_say_yes(
    api: Api, service: Process, tmp_path: Path
) -> None:
    file = csv(tmp_path, row(1))
    variables = environment(api, service.url)
    tried = liancheng(api.settings, "push", str(file), "--dry-run", "--json", **variables)
    assert (tried.returncode, json.loads(tried.stdout)["status"]) == (0, "dry_run")
    unasked = liancheng(api.settings, "push", str(file), **variables)
    assert unasked.returncode == 1
    assert "--yes" in unasked.stderr
    assert await api.rows("SELECT 1 FROM pushes") == []


async def test_a_push_above_the_threshold_waits_until_somebody_else_approves_it(api: Api, tmp_path: Path) -> None:
    other = await make_key(api.database, Scope.LIST_APPROVE, Scope.LIST_PUSH, department=BUREAU)
    with serving(api.settings, LIANCHENG_APPROVAL_ABOVE="1") as process:
        variables = environment(api, process.url)
        file = csv(tmp_path, row(1), row(2))
        waits = liancheng(api.settings, "push", str(file), "--yes", "--json", **variables)
        assert waits.returncode == 5, waits.stderr
        push_id = json.loads(waits.stdout)["push_id"]
        assert liancheng(api.settings, "pushes", "approve", push_id, **variables).returncode == 1
        assert "等待审批" in printed(api.settings, "pushes", "show", push_id, **variables)
        approved = printed(api.settings, "pushes", "approve", push_id, **variables | {"LIANCHENG_API_KEY": other})
        assert "第 1 版" in approved
    assert (await api.asked(synthetic_uscc(2)))["verdict"] == "listed"


async def test_a_key_that_is_none_no_service_and_no_file_end_with_1_or_2_and_a_sentence(
    api: Api, service: Process, tmp_path: Path
) -> None:
    file = csv(tmp_path, row(1))
    variables = environment(api, service.url)
    wrong = variables | {"LIANCHENG_API_KEY": f"lc_{'0' * 12}_{'0' * 64}"}
    for changed in (wrong, variables | {"LIANCHENG_API_KEY": ""}, variables | {"LIANCHENG_URL": "https://127.0.0.1:9"}):
        done = liancheng(api.settings, "push", str(file), "--yes", **changed)
        assert done.returncode == 1, done.stderr
        assert "错误：" in done.stderr
        assert "Traceback" not in done.stderr
        assert "0" * 64 not in done.stderr
    assert liancheng(api.settings, "push", str(tmp_path / "没有.csv"), **variables).returncode == 2
    old = tmp_path / "旧.xls"
    old.write_bytes(b"\xd0\xcf\x11\xe0")
    assert "另存为 .xlsx" in liancheng(api.settings, "push", str(old), **variables).stderr


@contextmanager
def cutting_the_first_answer(port: int) -> Iterator[tuple[str, list[int]]]:
    """Pass connections on to the service; the first push that is no dry run is taken in, and its answer cut off."""
    cut: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve_one(client: socket.socket) -> None:
            with client, socket.create_connection(("127.0.0.1", port)) as server:
                threading.Thread(target=pass_on, args=(client, server), daemon=True).start()
                while piece := server.recv(65536):
                    if b" 201 " in piece[:20] and not cut:
                        cut.append(1)
                        # Closing alone would leave it open as long as the other thread reads from it.
                        client.shutdown(socket.SHUT_RDWR)
                        return
                    client.sendall(piece)

        def pass_on(source: socket.socket, target: socket.socket) -> None:
            try:
                while piece := source.recv(65536):
                    target.sendall(piece)
            except OSError:
                return

        def accept() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve_one, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", cut
        listener.shutdown(socket.SHUT_RDWR)


async def test_a_connection_that_is_cut_is_made_again_and_the_push_is_made_once(
    api: Api, service: Process, tmp_path: Path
) -> None:
    file = csv(tmp_path, row(1))
    with cutting_the_first_answer(int(service.url.rpartition(":")[2])) as (url, cut):
        done = liancheng(api.settings, "push", str(file), "--yes", **environment(api, url))
    assert cut, "the answer was never cut off"
    assert done.returncode == 0, done.stderr
    assert len(await api.rows("SELECT 1 FROM pushes")) == 1

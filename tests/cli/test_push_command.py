"""A clerk pushes files: with real processes, real spreadsheets and a real service."""

import json
import re
from pathlib import Path

import openpyxl
import pytest

from app.domain.code_rules import resident_id_check_character
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from tests.cli.clerk import HEADER, NUMBER, at_service, csv, row
from tests.cli.commands import liancheng, printed
from tests.end_to_end.serving import Process
from tests.support import Api, list_operation

pytestmark = pytest.mark.processes
# Of the box that an error of usage is told in, which breaks lines anywhere.
_FRAME = re.compile(r"[│\s]")


def marks(file: Path) -> dict[str, str]:
    """Return the comments of a spreadsheet's first sheet, by cell."""
    sheet = openpyxl.load_workbook(file).active
    assert sheet is not None
    return {cell.coordinate: cell.comment.text for line in sheet.iter_rows() for cell in line if cell.comment}


async def test_a_clerks_gb18030_file_goes_in_with_its_difference_shown(
    api: Api, service: Process, tmp_path: Path
) -> None:
    file = csv(tmp_path, row(1), row(2, listed_on="2026年3月2日", person=False))
    done = liancheng(api.settings, "push", str(file), "--yes", **at_service(api, service.url))
    assert done.returncode == 0, done.stderr
    assert "新列入" in done.stderr
    assert "示例第1（虚构）有限公司" in done.stderr
    # The day as it was read, and who: what a clerk has to see before it is on the list.
    assert "列入日期：2026-03-02" in done.stderr
    assert "人员：虚构1（法定代表人）" in done.stderr
    assert "第 1 版" in done.stderr
    assert done.stdout == ""
    assert "/v1/pushes" in service.output()
    assert (await api.asked(NUMBER, subject_kind="person"))["verdict"] == "listed"
    assert NUMBER not in done.stdout + done.stderr


async def test_a_valid_number_that_may_be_the_rest_of_another_is_shown_to_be_compared(
    api: Api, service: Process, tmp_path: Path
) -> None:
    rest = next(
        n
        for n in (f"4418001970{day:04}{first}00" for day in range(101, 128) for first in range(1, 10))
        if resident_id_check_character(n) == "0"
    )
    file = csv(tmp_path, row(1), row(2).replace(synthetic_resident_id(2), f"{rest}0"))
    done = liancheng(api.settings, "push", str(file), "--dry-run", **at_service(api, service.url))
    assert done.returncode == 0, done.stderr
    assert "第 3 行：身份号码末三位都是 0" in done.stderr
    assert rest not in done.stdout + done.stderr


async def test_the_template_is_filled_in_and_goes_in(api: Api, service: Process, tmp_path: Path) -> None:
    file = tmp_path / "模板.xlsx"
    printed(api.settings, "template", str(file))
    book = openpyxl.load_workbook(file)
    sheet = book["名单"]
    columns = {str(cell.value): number for number, cell in enumerate(sheet[1], start=1)}
    for name, value in zip(HEADER.split(","), row(3).split(","), strict=True):
        sheet.cell(2, columns[name], value)
    book.save(file)
    key_file = tmp_path / "密钥.txt"
    key_file.write_text(api.key + "\n")
    command = ("push", str(file), "--url", service.url, "--key-file", str(key_file), "--yes", "--json")
    done = liancheng(api.settings, *command)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["outcome"], told["status"], told["counts"]["list"]) == ("done", "committed", 1)
    assert (await api.asked(synthetic_uscc(3)))["verdict"] == "listed"
    assert synthetic_resident_id(3) not in done.stdout + done.stderr


async def test_what_is_wrong_comes_back_marked_in_the_spreadsheet_and_nothing_is_sent(
    api: Api, service: Process, tmp_path: Path
) -> None:
    wrong = row(2, listed_on="2026-02-30").replace(synthetic_uscc(2), synthetic_uscc(2)[:-1] + "?")
    file = csv(tmp_path, row(1), wrong)
    done = liancheng(api.settings, "push", str(file), "--yes", **at_service(api, service.url))
    assert done.returncode == 3
    assert "列入日期" in done.stderr
    assert "日历上没有这一天" in done.stderr
    marked = marks(tmp_path / "名单-错误.xlsx")
    assert "日历上没有这一天" in marked["H3"]
    assert "B3" in marked
    assert "H2" not in marked
    assert NUMBER not in done.stdout + done.stderr
    assert "/v1/pushes" not in service.output()
    assert await api.rows("SELECT 1 FROM pushes") == []


async def test_every_error_is_marked_twenty_are_shown_and_a_marked_spreadsheet_is_not_overwritten(
    api: Api, tmp_path: Path
) -> None:
    file = csv(tmp_path, *(row(n, listed_on="2026-02-30") for n in range(1, 1202)))
    # Nobody listens there: what is wrong is found without the service.
    variables = at_service(api, "http://127.0.0.1:9")
    done = liancheng(api.settings, "push", str(file), "--yes", "--json", **variables)
    assert done.returncode == 3
    told = json.loads(done.stdout)
    assert (told["outcome"], told["errors_total"], len(told["errors"])) == ("rejected", 1201, 1201)
    assert done.stderr.count("日历上没有这一天") == 20
    assert "其余 1181 处" in done.stderr
    first = tmp_path / "名单-错误.xlsx"
    assert {f"H{n}" for n in range(2, 1203)} <= marks(first).keys()
    before = first.read_bytes()
    again = liancheng(api.settings, "push", str(first), "--yes", "--json", **variables)
    assert json.loads(again.stdout)["marked"] == str(tmp_path / "名单-错误2.xlsx")
    assert first.read_bytes() == before
    onto_itself = liancheng(api.settings, "push", str(first), "--yes", "--marked", str(first), **variables)
    assert onto_itself.returncode == 2


async def test_what_only_the_service_knows_is_wrong_is_marked_too(api: Api, service: Process, tmp_path: Path) -> None:
    await api.pushed(list_operation(1))
    file, target = csv(tmp_path, row(1), row(2)), tmp_path / "改正.xlsx"
    command = ("push", str(file), "--yes", "--json", "--marked", str(target))
    done = liancheng(api.settings, *command, **at_service(api, service.url))
    assert done.returncode == 3
    told = json.loads(done.stdout)
    (error,) = told["errors"]
    assert (error["row"], error["code"], told["marked"]) == (2, "already_listed", str(target))
    assert "已按此决定书列入" in marks(target)["D2"]
    assert len(await api.rows("SELECT 1 FROM listings")) == 1


async def test_a_snapshot_shows_what_it_changes_and_removes_and_needs_the_number(
    api: Api, service: Process, tmp_path: Path
) -> None:
    first = csv(tmp_path, row(1), row(2), row(3))
    variables = at_service(api, service.url)
    assert liancheng(api.settings, "push", str(first), "--yes", **variables).returncode == 0
    file = csv(tmp_path, row(1), row(2, conduct="谎报事故（虚构）"), encoding="utf-8-sig")
    snapshot = ("push", str(file), "--mode", "snapshot", "--yes")
    unsaid = liancheng(api.settings, *snapshot, **variables)
    assert unsaid.returncode == 3
    assert "--removal-reason" in unsaid.stderr
    refused = liancheng(api.settings, *snapshot, "--removal-reason", "repaired", **variables)
    assert refused.returncode == 3
    assert "--confirm-removals 1" in refused.stderr
    assert "示例第3（虚构）有限公司" in refused.stderr
    confirmed = ("--removal-reason", "repaired", "--confirm-removals", "1", "--json")
    done = liancheng(api.settings, *snapshot, *confirmed, **variables)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)["counts"]
    assert (counts["correct"], counts["remove"], counts["unchanged"]) == (1, 1, 1)
    assert "瞒报事故（虚构） → 谎报事故（虚构）" in done.stderr
    assert "移出（文件中没有）" in done.stderr


async def test_a_dry_run_keeps_nothing_and_an_old_version_is_not_pushed_upon(
    api: Api, service: Process, tmp_path: Path
) -> None:
    file = csv(tmp_path, row(1))
    variables = at_service(api, service.url)
    tried = liancheng(api.settings, "push", str(file), "--dry-run", "--json", **variables)
    assert tried.returncode == 0
    told = json.loads(tried.stdout)
    assert (told["outcome"], told["status"], told["push_id"]) == ("tried", "dry_run", None)
    assert await api.rows("SELECT 1 FROM pushes") == []
    await api.pushed(list_operation(2))
    moved = liancheng(api.settings, "push", str(file), "--yes", "--json", "--expect-version", "0", **variables)
    assert moved.returncode == 1
    told = json.loads(moved.stdout)
    assert (told["outcome"], told["code"]) == ("failed", "list_version_moved")
    assert len(await api.rows("SELECT 1 FROM pushes")) == 1


async def test_a_file_that_cannot_be_read_is_told_without_what_stands_in_it(api: Api, tmp_path: Path) -> None:
    variables = at_service(api, "http://127.0.0.1:9")
    without_header = tmp_path / "无表头.csv"
    without_header.write_text(row(1))
    number_as_header = tmp_path / "表头.csv"
    number_as_header.write_text(f"{HEADER},{NUMBER}\n{row(2)},x\n")
    no_list = tmp_path / "名单.json"
    no_list.write_text(json.dumps({"operations": NUMBER}))
    for file in (without_header, number_as_header, no_list):
        done = liancheng(api.settings, "push", str(file), "--yes", "--json", **variables)
        assert done.returncode == 3, done.stderr
        assert json.loads(done.stdout)["errors_total"] == 1
        assert NUMBER not in done.stdout + done.stderr


async def test_wrong_usage_ends_with_2_before_anything_is_sent(api: Api, service: Process, tmp_path: Path) -> None:
    file = csv(tmp_path, row(1))
    old = tmp_path / "旧.xls"
    old.write_bytes(b"\xd0\xcf\x11\xe0")
    wrong = {
        ("push", str(file)): "--yes",
        ("push", str(file), "--json"): "--yes",
        ("push", str(file), "--yes", "--document", f"依据{NUMBER}"): "身份号码",
        ("push", str(file), "--yes", "--idempotency-key", "有 空格"): "ASCII",
        ("push", str(tmp_path / "没有.csv"), "--yes"): "没有.csv",
        ("push", str(old), "--yes"): "另存为.xlsx",
    }
    for command, expected in wrong.items():
        done = liancheng(api.settings, *command, **at_service(api, service.url))
        assert done.returncode == 2, command
        assert expected in _FRAME.sub("", done.stderr)
        assert done.stdout == ""
        assert NUMBER not in done.stderr
    assert "/v1/pushes" not in service.output()


async def test_a_key_that_is_none_and_no_service_end_with_1_and_a_chinese_sentence(
    api: Api, service: Process, tmp_path: Path
) -> None:
    file = csv(tmp_path, row(1))
    right = at_service(api, service.url)
    wrong = {
        f"lc_{'0' * 12}_{'0' * 64}": ("LIANCHENG_API_KEY", "API 密钥无效"),
        "": ("LIANCHENG_API_KEY", "--key-file"),
        "https://127.0.0.1:9": ("LIANCHENG_URL", "连接不上服务"),
        "http://example.invalid": ("LIANCHENG_URL", "服务地址"),
    }
    for value, (name, expected) in wrong.items():
        done = liancheng(api.settings, "push", str(file), "--yes", "--json", **right | {name: value})
        assert done.returncode == 1, done.stderr
        assert "错误：" in done.stderr
        assert expected in done.stderr
        assert json.loads(done.stdout)["outcome"] == "failed"
        assert "Traceback" not in done.stderr
        assert "0" * 64 not in done.stdout + done.stderr
    assert await api.rows("SELECT 1 FROM pushes") == []

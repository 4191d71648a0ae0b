"""`liancheng catalogue check`, as it is typed."""

import re
import subprocess
from pathlib import Path

from tests import forking
from tests.memo_source import CATALOGUE_FILE, Edit, edited


def check(file: Path) -> subprocess.CompletedProcess[str]:
    return forking.run(["catalogue", "check", str(file)], {}, timeout=60)


def test_the_file_as_delivered_is_found_good_and_counted() -> None:
    done = check(CATALOGUE_FILE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("没有问题：24 项措施，27 份依据文件，")
    assert "14 个签署部门" in done.stdout
    assert re.search(r"sha256:[0-9a-f]{64}$", done.stdout.rstrip())


def test_each_mistake_is_told_with_file_line_sentence_and_code(tmp_path: Path) -> None:
    text, lines = edited(
        [
            Edit("since: 2023-08-18", "since: ▶2024-02-30"),
            Edit("named: [市税务局]", "named: [市税务局, ▶市公安局]"),
        ]
    )
    file = tmp_path / "措施.yaml"
    file.write_text(text, encoding="utf-8")
    done = check(file)
    assert (done.returncode, done.stdout) == (1, "")
    told = done.stderr.splitlines()
    assert len(told) == 3
    for line, where, code in zip(told[:2], lines, ["impossible_date", "unknown_department"], strict=True):
        assert re.fullmatch(rf"{re.escape(str(file))}:{where}: \S.*。 \[{code}\]", line)
    assert told[2] == "共 2 处问题。"


def test_a_file_that_is_no_catalogue_at_all_is_told_without_a_traceback(tmp_path: Path) -> None:
    file = tmp_path / "junk.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    done = check(file)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [f"{file}:1: 不是 UTF-8 编码。 [encoding]", "共 1 处问题。"]


def test_a_file_that_is_not_there_and_a_folder_are_misuse(tmp_path: Path) -> None:
    for file in (tmp_path / "missing.yaml", tmp_path):
        done = check(file)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr

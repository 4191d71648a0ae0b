"""`liancheng scenes`, as it is typed."""

import re
import subprocess
from pathlib import Path

from app.settings import PROJECT_ROOT
from tests import forking
from tests.memo_source import Edit, edited
from tests.support import SCENES

FILE = PROJECT_ROOT / "data" / "scenes.yaml"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return forking.run(["scenes", *map(str, arguments)], {}, timeout=60)


def test_the_file_as_delivered_is_found_good_and_counted() -> None:
    done = run("check", FILE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"没有问题：26 个场景，涉及 24 项措施，不在任何场景中的 0 项。\n版本 {SCENES.version}\n"


def test_each_mistake_is_told_with_file_line_sentence_and_code(tmp_path: Path) -> None:
    text, lines = edited(
        [
            Edit("[restrict, refuse]", "[restrict, ▶publish]"),
            Edit("departments: [市税务局]", "departments: [▶市公安局]"),
        ],
        FILE.read_text(encoding="utf-8"),
    )
    file = tmp_path / "场景.yaml"
    file.write_text(text, encoding="utf-8")
    done = run("check", file)
    assert (done.returncode, done.stdout) == (1, "")
    told = done.stderr.splitlines()
    assert len(told) == 3
    for line, where, code in zip(told[:2], lines, ["not_borne_out", "unknown_department"], strict=True):
        assert re.fullmatch(rf"{re.escape(str(file))}:{where}: \S.*。 \[{code}\]", line)
    assert told[2] == "共 2 处问题。"


def test_a_catalogue_that_the_scenes_do_not_fit_is_told(tmp_path: Path) -> None:
    source = (PROJECT_ROOT / "data" / "measures.yaml").read_text(encoding="utf-8")
    changed = tmp_path / "measures.yaml"
    changed.write_text(source.replace("作为审慎性参考依据", "作为参考的依据"), encoding="utf-8")
    done = run("check", FILE, "--catalogue", changed)
    assert done.returncode == 1
    assert "[not_printed]" in done.stderr


def test_the_list_has_every_scene_with_its_departments_and_measures() -> None:
    done = run("list")
    assert done.returncode == 0
    for scene in SCENES.scenes:
        (line,) = [line for line in done.stdout.splitlines() if re.search(rf"\s{re.escape(scene.code)}\s", line)]
        assert scene.name in line
        assert all(department.name in line for department in scene.departments)


def test_junk_and_a_file_that_is_not_there_are_told_without_a_traceback(tmp_path: Path) -> None:
    file = tmp_path / "junk.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    done = run("check", file)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "共 1 处问题。")
    missing = run("check", tmp_path / "missing.yaml")
    assert missing.returncode == 2
    assert "Traceback" not in done.stderr + missing.stderr

"""The guide for a department's integrator is true: everything in it is done here as it is printed."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import demo_list
from app.services.access import ROLE_SCOPES, ClientRole
from app.settings import PROJECT_ROOT
from tests.end_to_end.serving import serving
from tests.support import CUSTOMS, Api, make_key, today

pytestmark = pytest.mark.processes

GUIDE = (PROJECT_ROOT / "docs" / "guide.zh.md").read_text()


def blocks(language: str) -> str:
    """Return what the guide prints in a language, one after the other."""
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL))


def do_as_printed(folder: Path, variables: dict[str, str]) -> str:
    """Do what the guide prints, first the shell's part, then Python's; return what the latter said."""
    said = ""
    for command in (["bash", "-euo", "pipefail", "-c", blocks("sh")], ["python3", "-c", blocks("python")]):
        done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        said = done.stdout
    return said


async def test_from_a_key_to_the_first_lookup_report_and_change(api: Api, tmp_path: Path) -> None:
    await api.pushed(*demo_list.operations(today()))
    key = await make_key(api.database, *ROLE_SCOPES[ClientRole.DEPARTMENT], department=CUSTOMS)
    interpreter = Path(sys.executable).parent
    with serving(api.settings) as process:
        variables = os.environ | {"URL": process.url, "KEY": key, "PATH": f"{interpreter}:{os.environ['PATH']}"}
        said = await asyncio.to_thread(do_as_printed, tmp_path, variables)

    def kept(name: str) -> dict[str, object]:
        body: dict[str, object] = json.loads((tmp_path / f"{name}.json").read_text())
        return body

    assert [kept(name)["verdict"] for name in ("核查", "个人", "场景")] == ["listed"] * 3
    assert kept("场景")["scene"]
    assert kept("全部场景")["scenes"]
    assert kept("已落实")["state"] == "done"
    assert kept("变动")["changes"]
    assert kept("其后")["list_version"] == 1
    assert (tmp_path / "惩戒任务.xlsx").read_bytes().startswith(b"PK")
    # What the Python of the guide printed last: the verdict with its measures, the first report of another item.
    assert said.startswith("listed ['")
    assert said.splitlines()[1] == "1"

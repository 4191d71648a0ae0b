"""The second pair of eyes at the command line."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from app.domain.synthetic import synthetic_uscc
from app.services.access import Scope
from tests.cli.clerk import NUMBER, at_service, csv, row
from tests.cli.commands import liancheng, printed
from tests.cli.terminal import terminal
from tests.end_to_end.serving import Process, serving
from tests.support import BUREAU, Api, make_key

pytestmark = pytest.mark.processes
SOMEBODY = "01900000-0000-7000-8000-000000000000"


@pytest.fixture
async def strict(api: Api) -> AsyncIterator[Process]:
    """Return a service at which more than one change has to be approved."""
    with serving(api.settings, LIANCHENG_APPROVAL_ABOVE="1") as process:
        yield process


@pytest.fixture
async def approver(api: Api, strict: Process) -> dict[str, str]:
    """Return the variables of another client, who may approve."""
    key = await make_key(api.database, Scope.LIST_APPROVE, Scope.LIST_PUSH, department=BUREAU)
    return at_service(api, strict.url) | {"LIANCHENG_API_KEY": key}


@pytest.fixture
def waiting(api: Api, strict: Process, tmp_path: Path) -> Callable[..., str]:
    """Return what pushes two units and returns the id of the push that waits."""

    def push(*numbers: int) -> str:
        file = csv(tmp_path, *(row(n) for n in numbers))
        waits = liancheng(api.settings, "push", str(file), "--yes", "--json", **at_service(api, strict.url))
        assert waits.returncode == 5, waits.stderr
        told = json.loads(waits.stdout)
        assert told["outcome"] == "awaiting_approval"
        assert f"pushes approve {told['push_id']}" in waits.stderr
        return str(told["push_id"])

    return push


async def test_a_push_above_the_threshold_waits_until_somebody_else_approves_it(
    api: Api, strict: Process, approver: dict[str, str], waiting: Callable[..., str]
) -> None:
    push_id, mine = waiting(1, 2), at_service(api, strict.url)
    own = liancheng(api.settings, "pushes", "approve", push_id, "--yes", **mine)
    assert own.returncode == 1
    assert "自己提交的推送" in own.stderr
    shown = printed(api.settings, "pushes", "show", push_id, **mine)
    assert "等待审批" in shown
    assert "示例第2（虚构）有限公司" in shown
    assert NUMBER not in shown
    unasked = liancheng(api.settings, "pushes", "approve", push_id, **approver)
    assert unasked.returncode == 2
    assert (await api.asked(synthetic_uscc(2)))["verdict"] == "not_listed"
    assert "第 1 版" in printed(api.settings, "pushes", "approve", push_id, "--yes", **approver)
    assert (await api.asked(synthetic_uscc(2)))["verdict"] == "listed"
    again = liancheng(api.settings, "pushes", "refuse", push_id, "--yes", **approver)
    assert again.returncode == 1
    assert "已经批准" in again.stderr
    told = json.loads(printed(api.settings, "pushes", "show", push_id, "--json", **mine))
    assert (told["status"], told["counts"]["list"]) == ("committed", 2)


async def test_at_a_terminal_the_approver_sees_what_is_asked_and_decides(
    api: Api, approver: dict[str, str], waiting: Callable[..., str]
) -> None:
    push_id = waiting(1, 2)
    with terminal(api.settings, "pushes", "approve", push_id, **approver) as desk:
        desk.until("批准并入库？")
        assert "示例第1（虚构）有限公司" in desk.screen
        desk.type("\n")
        assert desk.end() == 4, desk.screen
    assert await api.rows("SELECT 1 FROM pushes") == []
    with terminal(api.settings, "pushes", "refuse", push_id, **approver) as desk:
        desk.until("否决此推送？")
        desk.type("y\n")
        assert desk.end() == 0, desk.screen
        assert "已否决" in desk.screen
    assert (await api.asked(synthetic_uscc(2)))["verdict"] == "not_listed"


async def test_a_push_that_was_refused_is_told_to_whoever_repeats_it(
    api: Api, strict: Process, approver: dict[str, str], tmp_path: Path
) -> None:
    file, mine = csv(tmp_path, row(1), row(2)), at_service(api, strict.url)
    command = ("push", str(file), "--yes", "--json", "--idempotency-key", "clerk-1")
    push_id = json.loads(liancheng(api.settings, *command, **mine).stdout)["push_id"]
    printed(api.settings, "pushes", "refuse", push_id, "--yes", **approver)
    again = liancheng(api.settings, *command, **mine)
    assert again.returncode == 1
    assert "否决" in again.stderr
    assert json.loads(again.stdout)["status"] == "rejected"


async def test_a_push_that_is_none_and_no_service_end_with_1(api: Api, strict: Process) -> None:
    for url, expected in ((strict.url, "没有这次"), ("http://127.0.0.1:9", "连接不上")):
        for command in (("show",), ("approve", "--yes")):
            done = liancheng(api.settings, "pushes", *command, SOMEBODY, **at_service(api, url))
            assert done.returncode == 1
            assert expected in done.stderr
            assert "Traceback" not in done.stderr

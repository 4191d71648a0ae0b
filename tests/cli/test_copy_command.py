"""A department's copy, kept by the command."""

import json
from pathlib import Path

import pytest

from app.domain.synthetic import synthetic_uscc
from liancheng.client import LocalCopy
from tests.cli.clerk import NUMBER, at_service
from tests.cli.commands import liancheng, printed, refused
from tests.end_to_end.serving import Process
from tests.support import Api, list_operation, person, remove_operation, today

pytestmark = pytest.mark.processes


async def test_the_first_update_takes_the_list_and_the_next_what_changed(
    api: Api, service: Process, tmp_path: Path
) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]), list_operation(2))
    file, variables = tmp_path / "副本.sqlite", at_service(api, service.url)
    first = json.loads(printed(api.settings, "copy", "update", str(file), "--json", **variables))
    assert (first["listings"], first["in_force_today"], first["cursor"]) == (2, 2, "1")
    await api.pushed(remove_operation(2))
    then = printed(api.settings, "copy", "update", str(file), **variables)
    assert "新增 1 项变更" in then
    assert "不是结论" in then
    state = json.loads(printed(api.settings, "copy", "status", str(file), "--json"))
    assert (state["listings"], state["in_force_today"], len(state["index_key_ids"])) == (2, 1, 1)
    with LocalCopy(file) as copy:
        assert len(copy.by_uscc(synthetic_uscc(1), today())) == 1
    assert NUMBER.encode() not in file.read_bytes()


async def test_a_copy_of_another_list_is_kept_until_one_rebuilds_it(api: Api, service: Process, tmp_path: Path) -> None:
    await api.pushed(list_operation(1))
    file, variables = tmp_path / "副本.sqlite", at_service(api, service.url)
    printed(api.settings, "copy", "update", str(file), **variables)
    await api.run("UPDATE pushes SET head = decode(repeat('ab', 32), 'hex')")
    assert "--rebuild" in refused(api.settings, "copy", "update", str(file), **variables)
    assert "已取回全部名单" in printed(api.settings, "copy", "update", str(file), "--rebuild", **variables)


async def test_what_is_no_copy_and_no_service_end_with_a_sentence(api: Api, tmp_path: Path) -> None:
    variables = at_service(api, "http://127.0.0.1:9")
    note = tmp_path / "备忘.txt"
    note.write_text("不是副本")
    assert "不是名单副本" in refused(api.settings, "copy", "update", str(note), **variables)
    assert note.read_text() == "不是副本"
    file = tmp_path / "副本.sqlite"
    assert "连接不上" in refused(api.settings, "copy", "update", str(file), **variables)
    assert "copy update" in refused(api.settings, "copy", "status", str(file))
    assert liancheng(api.settings, "copy", "status", str(tmp_path / "没有.sqlite")).returncode == 2

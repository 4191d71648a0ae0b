"""Every command explains itself, in Chinese."""

import re
from collections.abc import Iterator

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from app.cli import command_line
from app.settings import Settings
from tests.cli.commands import from_nothing, liancheng, printed

_CHINESE = re.compile(r"[一-鿿]")


def commands(group: object, *path: str) -> Iterator[tuple[tuple[str, ...], TyperCommand | TyperGroup]]:
    """Go through a command and everything below it."""
    assert isinstance(group, TyperCommand | TyperGroup)
    yield path, group
    if isinstance(group, TyperGroup):
        for name, command in group.commands.items():
            yield from commands(command, *path, name)


ALL = dict(commands(get_command(command_line())))


def test_all_commands_are_looked_at() -> None:
    assert {("serve",), ("migrate",), ("demo",), ("clients", "rotate"), ("audit", "show")} <= set(ALL)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_is_chinese(settings: Settings, path: tuple[str, ...]) -> None:
    output = printed(settings, *path, "--help")
    command = ALL[path]
    assert command.help is not None
    first = command.help.split("\n")[0]
    assert _CHINESE.search(first)
    assert first[:10] in output
    for parameter in command.params:
        assert _CHINESE.search(getattr(parameter, "help", None) or ""), parameter.name


@pytest.mark.parametrize("name", [path[0] for path in ALL if len(path) == 1])
def test_the_installed_script_finds_what_each_command_imports(settings: Settings, name: str) -> None:
    finished = from_nothing(settings, name, "--help")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout == printed(settings, name, "--help")


@pytest.mark.parametrize("path", [(), ("clients",), ("audit",), ("identity",), ("catalogue",)], ids=" ".join)
def test_a_group_alone_shows_its_help_and_does_nothing(settings: Settings, path: tuple[str, ...]) -> None:
    finished = liancheng(settings, *path)
    assert finished.returncode in {0, 2}
    assert _CHINESE.search(finished.stdout + finished.stderr)
    assert "Traceback" not in finished.stderr

"""The documents tell the truth: every setting is described, every link leads somewhere, every command exists."""

import ast
import builtins
import re
from pathlib import Path

import pytest
from typer.main import get_command

from app.cli import command_line
from app.settings import PROJECT_ROOT, Settings

DOCUMENTS = sorted([*PROJECT_ROOT.glob("*.md"), *(PROJECT_ROOT / "docs").rglob("*.md")])

# What a snippet takes from where the reader puts it.
OF_THE_READER = {"URL", "KEY", "SECRET", "key", "secret", "new", "old", "request", "client", "code"}


def test_every_setting_is_in_the_operations_guide_with_its_default_and_description() -> None:
    guide = (PROJECT_ROOT / "docs" / "operations.md").read_text()
    for name, field in Settings.model_fields.items():
        row = next((line for line in guide.splitlines() if line.startswith(f"| `LIANCHENG_{name.upper()}`")), None)
        assert row is not None, name
        assert field.description is not None
        assert field.description in row, name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_relative_link_leads_to_a_file(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_a_document_names_exists(document: Path) -> None:
    root = get_command(command_line())
    known = {name: getattr(command, "commands", {}) for name, command in root.commands.items()}  # type: ignore[attr-defined]
    for name, sub in re.findall(r"(?:^|[\s`/])liancheng ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", document.read_text()):
        if name in known:
            assert not known[name] or sub in known[name] or not sub, f"{name} {sub}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_python_snippet_can_be_copied_alone(document: Path) -> None:
    for snippet in re.findall(r"^```python\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL):
        nodes = list(ast.walk(ast.parse(snippet)))
        used = {one.id for one in nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
        made = {one.id for one in nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        made |= {str(one.name) for one in nodes if isinstance(one, ast.ClassDef | ast.FunctionDef | ast.ExceptHandler)}
        made |= {one.asname or one.name for one in nodes if isinstance(one, ast.alias)}
        made |= {one.arg for one in nodes if isinstance(one, ast.arg)}
        assert used <= made | set(dir(builtins)) | OF_THE_READER, used - made - set(dir(builtins)) - OF_THE_READER


def test_every_decision_is_in_the_index() -> None:
    folder = PROJECT_ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text()
    assert all(f"({path.name})" in index for path in folder.glob("0*.md"))

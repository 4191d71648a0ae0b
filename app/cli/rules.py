"""Checking a file of the list's rules before it is served."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.output import tell_problems
from app.domain.list_rules_file import ListRulesError
from app.services.list_rules import load

app = typer.Typer(help="名单规则（等级、失信行为、期限的数据文件）。", no_args_is_help=True)


@app.callback()
def rules() -> None:
    """名单规则（等级、失信行为、期限的数据文件）。"""


@app.command()
def check(
    file: Annotated[
        Path, typer.Argument(help="名单规则文件，例如 data/list_rules.yaml。", exists=True, dir_okay=False)
    ],
) -> None:
    """检查名单规则文件：一次列出全部问题及其行号；没有问题时退出码为 0，否则为 1。"""
    try:
        found = load(file)
    except ListRulesError as error:
        tell_problems(file, error.problems)
    typer.echo(
        f"没有问题：{len(found.tiers)} 个等级，{len(found.conducts)} 种失信行为，"
        f"{len(found.publication_periods)} 类公示期限。\n版本 {found.version}"
    )

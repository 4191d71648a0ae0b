"""Checking a catalogue file before it is served."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.output import tell_problems
from app.domain.catalogue_file import CatalogueError
from app.domain.memo_text import first_difference
from app.services.catalogue import load
from app.settings import PROJECT_ROOT

app = typer.Typer(help="措施目录（备忘录的数据文件）。", no_args_is_help=True)


@app.callback()
def catalogue() -> None:
    """措施目录（备忘录的数据文件）。"""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="措施目录文件，例如 data/measures.yaml。", exists=True, dir_okay=False)],
) -> None:
    """检查措施目录文件：一次列出全部问题及其行号，并与备忘录原文逐字核对；没有问题时退出码为 0，否则为 1。"""
    try:
        memo = load(file)
    except CatalogueError as error:
        tell_problems(file, error.problems)
    difference = first_difference(memo, (PROJECT_ROOT / "data" / "memo.txt").read_text(encoding="utf-8"))
    if difference:
        typer.echo(f"与备忘录原文（data/memo.txt）不一致：{difference} [differs_from_memo]", err=True)
        raise typer.Exit(1)
    typer.echo(
        f"没有问题：{len(memo.measures)} 项措施，{len(memo.documents)} 份依据文件，{len(memo.provisions)} 条条款，"
        f"{len(memo.departments)} 个签署部门。\n版本 {memo.version}"
    )

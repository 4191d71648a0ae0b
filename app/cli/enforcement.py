"""Checking a file of enforcement periods before it is served."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.output import tell_problems
from app.domain.enforcement_file import EnforcementPeriodsError
from app.services.enforcement_periods import load

app = typer.Typer(help="落实期限（各部门应在多少日之内落实措施的数据文件）。", no_args_is_help=True)


@app.callback()
def enforcement() -> None:
    """落实期限（各部门应在多少日之内落实措施的数据文件）。"""


@app.command()
def check(
    file: Annotated[
        Path, typer.Argument(help="落实期限文件，例如 data/enforcement.yaml。", exists=True, dir_okay=False)
    ],
) -> None:
    """检查落实期限文件：一次列出全部问题及其行号；没有问题时退出码为 0，否则为 1。"""
    try:
        found = load(file)
    except EnforcementPeriodsError as error:
        tell_problems(file, error.problems)
    own = {one.measure_no for one in found.periods if one.measure_no is not None}
    typer.echo(f"没有问题：通用期限之外，{len(own)} 项措施有自己的期限。\n版本 {found.version}")

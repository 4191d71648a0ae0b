"""Showing the scenes, and checking a file of them before it is served."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from app.cli.output import print_table, tell_problems
from app.domain.scenes_file import ScenesError
from app.services import catalogue
from app.services.scenes import load
from app.settings import current_settings

app = typer.Typer(help="场景（各部门在哪一道手续上，哪些措施有关、要求做什么）。", no_args_is_help=True)

CatalogueFile = Annotated[
    Path | None,
    typer.Option("--catalogue", help="与之核对的措施目录文件；不写时用服务的那一份。", exists=True, dir_okay=False),
]


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="场景文件，例如 data/scenes.yaml。", exists=True, dir_okay=False)],
    catalogue_file: CatalogueFile = None,
) -> None:
    """检查场景文件：一次列出全部问题及其行号，并与措施目录核对原话；没有问题时退出码为 0，否则为 1。"""
    memo = catalogue.load(catalogue_file or current_settings().catalogue_file)
    try:
        found = load(file, memo)
    except ScenesError as error:
        tell_problems(file, error.problems)
    matters = {one.measure.no for scene in found.scenes for one in scene.measures}
    typer.echo(
        f"没有问题：{len(found.scenes)} 个场景，涉及 {len(matters)} 项措施，"
        f"不在任何场景中的 {len(found.in_no_scene)} 项。\n"
        f"版本 {found.version}"
    )


@app.command("list")
def list_scenes() -> None:
    """列出全部场景：代码、名称、使用的部门和有关的措施。"""
    settings = current_settings()
    found = load(settings.scenes_file, catalogue.load(settings.catalogue_file))
    table = Table("代码", "名称", "使用部门", "措施")
    for scene in found.scenes:
        who = [*(one.name for one in scene.departments), *(one.printed for one in scene.open_classes)]
        measures = "、".join(str(one.measure.no) for one in scene.measures)
        table.add_row(scene.code, scene.name, "、".join(who), measures)
    print_table(table)

"""Writing the spreadsheet to fill in."""

from pathlib import Path
from typing import Annotated

import typer

from app.domain.moment import Moment
from app.errors import Misconfigured
from app.files.template import write_template
from app.services.list_rules import load
from app.settings import current_settings


def template(
    file: Annotated[Path, typer.Argument(help="写到哪里。", dir_okay=False)] = Path("名单模板.xlsx"),
    *,
    force: Annotated[bool, typer.Option("--force", help="已有同名文件时覆盖。")] = False,
) -> None:
    """写出供填报的表格：带下拉选项、示例与填写说明；填好后用 liancheng push 推送。"""
    if file.suffix.lower() != ".xlsx":
        raise Misconfigured(f"模板是 XLSX 表格，文件名应以 .xlsx 结尾，不能是 {file.name}。")
    if file.exists() and not force:
        raise Misconfigured(f"{file} 已存在。请换一个文件名，或加 --force 覆盖。")
    rules, today = load(current_settings().list_rules_file), Moment.current().today
    conducts = [(one.code, one.name) for one in rules.conducts if one.in_force(today)]
    try:
        write_template(file, tiers=rules.tier_names(today), conducts=conducts)
    except OSError as error:
        raise Misconfigured(f"无法写出 {file}：{error.strerror or error}") from None
    typer.echo(f"已写出 {file}。")

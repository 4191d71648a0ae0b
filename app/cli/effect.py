"""The effect summary as the workbook that the credit office circulates."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from app.cli.service_client import KeyFile, Url, client_for, told
from liancheng.client import LianchengClientError


def effect(
    file: Annotated[Path, typer.Argument(help="写入的 XLSX 文件。", dir_okay=False)],
    url: Url,
    first: Annotated[datetime, typer.Option("--from", help="起始日。", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD")],
    last: Annotated[
        datetime, typer.Option("--to", help="截止日，不晚于今天。", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD")
    ],
    key_file: KeyFile = None,
    *,
    overwrite: Annotated[bool, typer.Option("--force", "--overwrite", help="已有同名文件时覆盖。")] = False,
) -> None:
    """取惩戒效果通报（XLSX）：关键指标，按部门、措施、地区、月份的表格与图表，以及各项指标的口径。

    密钥有 enforcement:read 权限的为全市，只有 enforcement:report 权限的为本部门。
    """
    if file.suffix.lower() != ".xlsx":
        raise typer.BadParameter("文件名应以 .xlsx 结尾。", param_hint="FILE")
    if file.exists() and not overwrite:
        raise typer.BadParameter(f"{file} 已存在；要覆盖请加 --force。", param_hint="FILE")
    try:
        with client_for(url, key_file) as client:
            content = client.effect_book(first.date(), last.date())
            file.write_bytes(content)
    except LianchengClientError as error:
        typer.echo(f"错误：{told(error)}", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"错误：无法写入 {file}（{error.strerror}）。", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"已写入 {file}（{first:%Y-%m-%d} 至 {last:%Y-%m-%d}）。")

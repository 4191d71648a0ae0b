"""Pushing a file, as a clerk does it: checked here, shown, asked, sent."""

import re
from pathlib import Path
from typing import Annotated

import typer

from app.cli.push_ending import Ended, Outcome, finish
from app.cli.push_local import check_here
from app.cli.push_steps import ask, can_ask, submit, tried_against, try_out
from app.cli.push_terms import Asked, Mode, PushTerms, RemovalReason
from app.cli.service_client import KeyFile, Url, client_for
from app.errors import LianchengError, UnsupportedMediaType
from app.files.rows import media_type_of
from liancheng.client import Client
from liancheng.client.requests import may_hold_identity_number

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def _no_number(text: str | None) -> str | None:
    if text is not None and may_hold_identity_number(text):
        raise typer.BadParameter("其中疑似有身份号码；它会出现在网址中，不能填写。")
    return text


def _key(key: str | None) -> str | None:
    if key is not None and not _KEY.fullmatch(key):
        raise typer.BadParameter("应为 1 至 255 个可见的 ASCII 字符，不含空格。")
    return _no_number(key)


def push(  # noqa: PLR0913 - one parameter per option of the command
    file: Annotated[
        Path, typer.Argument(help="名单文件：.csv、.xlsx、.json 或 .ndjson。", exists=True, dir_okay=False)
    ],
    url: Url,
    key_file: KeyFile = None,
    mode: Annotated[Mode, typer.Option(help="delta：逐行变更；snapshot：文件即全部名单。")] = Mode.DELTA,
    removal_reason: Annotated[
        RemovalReason | None, typer.Option(help="snapshot：名单中有而文件中没有的记录因何移出。")
    ] = None,
    confirm_removals: Annotated[
        int | None, typer.Option(help="snapshot：移出比例超过上限时，确认的移出条数。", min=0)
    ] = None,
    expect_version: Annotated[
        int | None, typer.Option(help="只在名单仍为此版本时推送；不写时为试算所针对的版本。", min=0)
    ] = None,
    document: Annotated[str | None, typer.Option(help="本次推送所依据的文件，写入历史。", callback=_no_number)] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(help="重复结果未知的推送时，填上次显示的键；平时不填。填写时不再试算，直接提交。", callback=_key),
    ] = None,
    marked: Annotated[
        Path | None,
        typer.Option(
            help="标注错误的表格写到何处，已有时覆盖。不写时在原文件旁另存为“原名-错误.xlsx”，已有时加序号，不覆盖。",
            dir_okay=False,
        ),
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只核对并显示差异，不提交。")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="不询问，直接提交。")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="在标准输出上给出一个 JSON 对象（outcome 为结局），供脚本使用。")
    ] = False,
) -> None:
    """推送名单文件：先在本机核对，再由服务器试算并显示差异，确认后提交。

    \b
    全部行都正确才会入库。有错误时给出标好红格与批注的表格，改好后再推送。
    提交的就是所显示的差异：其间名单若有变化，则不提交。
    连接中断时自动以同一键重发，不会重复入库。
    密钥取自环境变量 LIANCHENG_API_KEY 或 --key-file，不能写在命令行上。

    \b
    退出码：
      0 完成
      1 无法进行（网络、密钥、配置），或结果未知
      2 用法错误
      3 有行被拒
      4 未确认
      5 等待另一客户端审批
    """  # noqa: D301 - Click looks for the control character, which keeps the lines of a paragraph as they are
    try:
        media_type = media_type_of(file)
    except UnsupportedMediaType as error:
        raise typer.BadParameter(error.detail, param_hint="FILE") from None
    if marked is not None and marked.resolve() == file.resolve():
        raise typer.BadParameter("不能写到所推送的文件本身。", param_hint="--marked")
    if not (yes or dry_run or can_ask()):
        raise typer.BadParameter("没有可以询问的终端：确认无误后请加 --yes。", param_hint="--yes")
    terms: PushTerms = {
        "mode": mode.value,
        "source_document": document,
        "removal_reason": removal_reason.value if removal_reason else None,
        "confirm_removals": confirm_removals,
        "expected_list_version": expect_version,
    }
    asked = Asked(file, media_type, terms, url, key_file, marked)
    ended = _carried_out(asked, idempotency_key, dry_run=dry_run, yes=yes)
    raise finish(ended, as_json=as_json)


def _carried_out(asked: Asked, key: str | None, *, dry_run: bool, yes: bool) -> Ended:
    """Push, and return how it ended."""
    try:
        with client_for(asked.url, asked.key_file) as client:
            try:
                version = _prepared(client, asked, key, dry_run=dry_run, yes=yes)
            except KeyboardInterrupt:
                typer.echo("\n已中断，尚未提交，名单没有变化。", err=True)
                return Ended(Outcome.FAILED, code="interrupted", detail="已中断，尚未提交，名单没有变化。")
            submit(client, asked, key, version)
    except Ended as ended:
        return ended
    except LianchengError as error:
        typer.echo(f"错误：{error.detail}", err=True)
        return Ended(Outcome.FAILED, code=error.code, detail=error.detail)
    except OSError as error:
        told = f"无法读取 {asked.file}：{error.strerror or error}"
        typer.echo(f"错误：{told}", err=True)
        return Ended(Outcome.FAILED, code="unreadable", detail=told)


def _prepared(client: Client, asked: Asked, key: str | None, *, dry_run: bool, yes: bool) -> int | None:
    """Do everything but the push; return the version of the list that it is meant for."""
    found = check_here(asked)
    version = asked.terms.get("expected_list_version")
    # A push that may have been made already would only be told that all of it is on the list.
    if key is None or dry_run:
        answer = try_out(client, asked, found)
        version = tried_against(answer)
        if dry_run:
            raise Ended(Outcome.TRIED, **answer)
    if not yes:
        ask("确认提交？")
    return version

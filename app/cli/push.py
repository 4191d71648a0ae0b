"""Pushing a file, as a clerk does it: checked here, shown, asked, sent."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn
from uuid import uuid4

import typer

from app.cli.push_local import check
from app.cli.push_sending import send
from app.cli.push_shown import show_difference, show_errors
from app.cli.push_terms import PushTerms
from app.domain.moment import Moment
from app.errors import FieldError, LianchengError, MalformedRequest, Misconfigured
from app.files.marked import write_marked
from app.files.rows import CSV, XLSX, media_type_of
from app.services.list_rules import load
from app.settings import current_settings
from liancheng.client import Client, LianchengClientError, PushRejected, Rejected, TooManyRemovals

_REJECTED, _DECLINED, _WAITS = 3, 4, 5
KEY_VARIABLE = "LIANCHENG_API_KEY"


class Mode(StrEnum):
    """How the rows are meant."""

    DELTA = "delta"
    SNAPSHOT = "snapshot"


class RemovalReason(StrEnum):
    """Why a snapshot removes what it lacks."""

    REPAIRED = "repaired"
    REVOKED = "revoked"
    CORRECTED = "corrected"


Url = Annotated[str, typer.Option(envvar="LIANCHENG_URL", help="服务地址，例如 https://…；也可用环境变量给出。")]


def client_for(url: str) -> Client:
    """Return a client with the key of the environment; a key on the command line would be seen by others."""
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        raise Misconfigured(f"请把 API 密钥写在环境变量 {KEY_VARIABLE} 中（不要写在命令行上）。")
    try:
        return Client(url, key)
    except ValueError as error:
        raise Misconfigured(f"无法使用此服务地址或密钥：{error}") from None


def push(  # noqa: PLR0913 - one parameter per option of the command
    file: Annotated[
        Path, typer.Argument(help="名单文件：.csv、.xlsx、.json 或 .ndjson。", exists=True, dir_okay=False)
    ],
    url: Url,
    mode: Annotated[Mode, typer.Option(help="delta：逐行变更；snapshot：文件即全部名单。")] = Mode.DELTA,
    removal_reason: Annotated[
        RemovalReason | None, typer.Option(help="snapshot：名单中有而文件中没有的记录因何移出。")
    ] = None,
    confirm_removals: Annotated[
        int | None, typer.Option(help="snapshot：移出比例超过上限时，确认的移出条数。", min=0)
    ] = None,
    document: Annotated[str | None, typer.Option(help="本次推送所依据的文件，写入历史。")] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(help="重复上次未知结果的推送时，填上次显示的键；平时不填。")
    ] = None,
    marked: Annotated[Path | None, typer.Option(help="标注错误的表格存于何处；默认为“原名-错误.xlsx”。")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只核对并显示差异，不提交。")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="不询问，直接提交。")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="在标准输出上给出一个 JSON 对象，供脚本使用。")] = False,
) -> None:
    """推送名单文件：先在本机核对，再由服务器试算并显示差异，确认后提交。

    密钥取自环境变量 LIANCHENG_API_KEY。全部行都正确才会入库；有错误时给出标好红格与批注的表格，改好后再推送即可。
    连接中断会自动以同一键重发，不会重复入库。退出码：0 完成，1 无法进行（网络、密钥、配置），2 用法错误，3 有行被拒，
    4 未确认，5 等待另一客户端审批。
    """
    media_type = media_type_of(file)
    target = marked or file.with_name(f"{file.stem}-错误.xlsx")
    said = _Said(as_json)
    _check_here(file, media_type, target, said)
    terms: PushTerms = {
        "mode": mode.value,
        "source_document": document,
        "removal_reason": removal_reason.value if removal_reason else None,
        "confirm_removals": confirm_removals,
    }
    with client_for(url) as client:
        if idempotency_key is None:
            terms["expected_list_version"] = _tried(client, file, media_type, target, terms, said)
            if dry_run:
                said.finish()
                return
            if not yes and not _agreed(as_json=as_json):
                typer.echo("未提交，名单没有变化。", err=True)
                raise typer.Exit(_DECLINED)
        _submit(client, file, media_type, target, terms, said, idempotency_key or str(uuid4()))


class _Said:
    """What is told to a script in the end, besides what is told to a person on the way."""

    def __init__(self, as_json: bool) -> None:  # noqa: FBT001 - one of two ways to speak
        self._as_json = as_json
        self.told: dict[str, Any] = {}

    def finish(self) -> None:
        if self._as_json:
            typer.echo(json.dumps(self.told, ensure_ascii=False))

    def reject(self, errors: list[FieldError], total: int, file: Path, media_type: str, target: Path) -> NoReturn:
        """Show the errors, mark the spreadsheet, and end."""
        show_errors(errors, total)
        self.told = self.told | {
            "errors_total": total,
            "errors": [
                {"row": one.row, "column": one.column, "field": one.field, "code": one.code, "detail": one.detail}
                for one in errors
            ],
        }
        if media_type in {CSV, XLSX} and any(one.row is not None for one in errors):
            try:
                write_marked(file, media_type, errors, target)
            except (OSError, LianchengError) as error:
                detail = error.detail if isinstance(error, LianchengError) else error.strerror
                typer.echo(f"无法写出标注错误的表格 {target}：{detail}", err=True)
            else:
                self.told["marked"] = str(target)
                typer.echo(f"已把错误标在表格中：{target}。改好后请推送改好的文件。", err=True)
        typer.echo("整批均未入库。", err=True)
        self.finish()
        raise typer.Exit(_REJECTED)


def _check_here(file: Path, media_type: str, target: Path, said: _Said) -> None:
    """Check what can be checked without the service; the service will check again."""
    try:
        found = check(file, media_type, load(current_settings().list_rules_file), Moment.current().today)
    except MalformedRequest as error:
        said.reject(list(error.errors) or [FieldError(None, error.code, error.detail)], 1, file, media_type, target)
    for notice in found.notices:
        typer.echo(f"注意：{notice}", err=True)
    if found.errors_total:
        said.reject(found.errors, found.errors_total, file, media_type, target)
    typer.echo(f"本机核对：{found.rows} 项，未发现错误。", err=True)


def _tried(client: Client, file: Path, media_type: str, target: Path, terms: PushTerms, said: _Said) -> int:
    """Let the service say what the push would change, and show it; return the version that it was tried against."""
    try:
        told = send(client, file, media_type, "上传试算", None, dry_run=True, **terms)
    except LianchengClientError as error:
        _fail(error, file, media_type, target, said)
    said.told = told
    show_difference(told)
    if told["errors_total"]:
        errors = [
            FieldError(one["field"], one["code"], one["detail"], one["row"], one["column"]) for one in told["errors"]
        ]
        said.reject(errors, told["errors_total"], file, media_type, target)
    version: int = told["list_version"]
    return version - 1


def _agreed(*, as_json: bool) -> bool:
    if as_json or not sys.stdin.isatty():
        raise Misconfigured("没有可以询问的终端：确认无误后请加 --yes。")
    return typer.confirm("确认提交？", err=True)


def _submit(client: Client, file: Path, media_type: str, target: Path, terms: PushTerms, said: _Said, key: str) -> None:
    try:
        done = send(client, file, media_type, "提交", key, **terms)
    except KeyboardInterrupt:
        typer.echo(f"\n已中断，是否入库未知。{_how_to_repeat(key)}", err=True)
        raise typer.Exit(1) from None
    except Rejected as error:
        _fail(error, file, media_type, target, said)
    except LianchengClientError as error:
        typer.echo(f"错误：{error.detail or error}\n是否入库未知。{_how_to_repeat(key)}", err=True)
        raise typer.Exit(1) from None
    said.told = done
    if done["status"] == "awaiting_approval":
        typer.echo(f"已提交，等待另一客户端审批：liancheng pushes approve {done['push_id']}", err=True)
    else:
        typer.echo(f"完成：名单现为第 {done['list_version']} 版，共 {done['rows_total']} 项变更。", err=True)
        typer.echo(f"推送编号 {done['push_id']}", err=True)
    said.finish()
    if done["status"] == "awaiting_approval":
        raise typer.Exit(_WAITS)


def _field_errors(told: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    return [FieldError(one["field"], one["code"], one["detail"], one["row"], one.get("column")) for one in told]


def _how_to_repeat(key: str) -> str:
    return f"请用同样的命令加上 --idempotency-key {key} 再试：若已入库，只会得到当时的结果，不会重复。"


def _fail(error: LianchengClientError, file: Path, media_type: str, target: Path, said: _Said) -> NoReturn:
    """End with what the service says, marking the rows that it refused."""
    if isinstance(error, PushRejected) or (error.errors and any(one["row"] for one in error.errors)):
        typer.echo(f"错误：{error.detail or error}", err=True)
        said.reject(_field_errors(error.errors), len(error.errors), file, media_type, target)
    typer.echo(f"错误：{error.detail or error}", err=True)
    if error.request_id:
        typer.echo(f"  请求编号 {error.request_id}", err=True)
    said.told = {"code": error.code, "detail": error.detail, "request_id": error.request_id}
    said.finish()
    raise typer.Exit(_REJECTED if isinstance(error, TooManyRemovals) else 1) from None

"""Being the second pair of eyes, and asking what a push did."""

import json
from typing import Annotated, NoReturn
from uuid import UUID

import typer

from app.cli.push import Url, client_for
from app.cli.push_shown import show_difference
from liancheng.client import LianchengClientError

app = typer.Typer(help="已提交的推送：查看，以及审批其他客户端的推送。", no_args_is_help=True)

PushId = Annotated[UUID, typer.Argument(help="推送编号。")]


@app.command()
def show(
    push_id: PushId, url: Url, *, as_json: Annotated[bool, typer.Option("--json", help="一个 JSON 对象。")] = False
) -> None:
    """显示一次推送做了什么，或待审批的推送将做什么。"""
    try:
        with client_for(url) as client:
            told = dict(client.read_push(str(push_id)))
    except LianchengClientError as error:
        _fail(error)
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    show_difference(told)
    typer.echo(f"状态：{_STATUSES.get(told['status'], told['status'])}，名单第 {told['list_version']} 版。")


@app.command()
def approve(push_id: PushId, url: Url) -> None:
    """批准另一客户端的推送，并照原样执行。"""
    _decide(push_id, url, approve=True)


@app.command()
def refuse(push_id: PushId, url: Url) -> None:
    """否决另一客户端的推送；此后不能再批准。"""
    _decide(push_id, url, approve=False)


_STATUSES: dict[object, str] = {"committed": "已入库", "awaiting_approval": "等待审批", "rejected": "已否决"}


def _decide(push_id: UUID, url: str, *, approve: bool) -> None:
    try:
        with client_for(url) as client:
            told = client.approve(str(push_id), approve=approve)
    except LianchengClientError as error:
        _fail(error)
    done = "已批准并入库" if approve else "已否决"
    typer.echo(f"{done}：名单第 {told['list_version']} 版，{told['rows_total']} 项变更。")


def _fail(error: LianchengClientError) -> NoReturn:
    typer.echo(f"错误：{error.detail or error}", err=True)
    raise typer.Exit(1) from None

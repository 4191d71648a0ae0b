"""Being the second pair of eyes, and asking what a push did."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, NoReturn
from uuid import UUID

import typer

from app.cli.push_ending import Ended, finish
from app.cli.push_shown import show_difference, summary
from app.cli.push_steps import ask, can_ask
from app.cli.service_client import KeyFile, Url, client_for, told
from liancheng.client import LianchengClientError, Undetermined

app = typer.Typer(help="已提交的推送：查看，以及审批其他客户端的推送。", no_args_is_help=True)

PushId = Annotated[UUID, typer.Argument(help="推送编号。")]
Yes = Annotated[bool, typer.Option("--yes", help="不显示、不询问，直接办理。")]
AsJson = Annotated[bool, typer.Option("--json", help="在标准输出上给出一个 JSON 对象。")]

_STATUSES: Mapping[str, str] = {"committed": "已入库", "awaiting_approval": "等待审批", "rejected": "已否决"}


@app.command()
def show(push_id: PushId, url: Url, key_file: KeyFile = None, *, as_json: AsJson = False) -> None:
    """显示一次推送做了什么，或待审批的推送将做什么。"""
    try:
        with client_for(url, key_file) as client:
            answer: Mapping[str, Any] = client.read_push(str(push_id))
    except LianchengClientError as error:
        _fail(error)
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    show_difference(answer, err=False)
    _tell(answer)


@app.command()
def approve(push_id: PushId, url: Url, key_file: KeyFile = None, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """批准另一客户端的推送，并照原样执行：先显示其内容，确认后办理。

    名单在其提交之后若有变化，则不能批准，须否决后重新提交。退出码：0 完成；1 无法进行；2 用法错误；4 未确认。
    """
    _decide(push_id, (url, key_file), approve=True, yes=yes, as_json=as_json)


@app.command()
def refuse(push_id: PushId, url: Url, key_file: KeyFile = None, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """否决另一客户端的推送；此后不能再批准。退出码与 approve 相同。"""
    _decide(push_id, (url, key_file), approve=False, yes=yes, as_json=as_json)


def _decide(push_id: UUID, service: tuple[str, KeyFile], *, approve: bool, yes: bool, as_json: bool) -> None:
    if not yes and not can_ask():
        raise typer.BadParameter("没有可以询问的终端：确认无误后请加 --yes。", param_hint="--yes")
    try:
        with client_for(*service) as client:
            if not yes:
                _look(client.read_push(str(push_id)), approve=approve)
            answer: Mapping[str, Any] = client.approve(str(push_id), approve=approve)
    except Ended as ended:
        raise finish(ended, as_json=as_json) from None
    except Undetermined as error:
        typer.echo(f"是否已办理未知，请查看：liancheng pushes show {push_id}", err=True)
        _fail(error)
    except LianchengClientError as error:
        _fail(error)
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    typer.echo("已批准并入库。" if approve else "已否决，没有入库。")
    _tell(answer)


def _look(answer: Mapping[str, Any], *, approve: bool) -> None:
    """Show what is decided about, and ask."""
    show_difference(answer)
    if answer["status"] != "awaiting_approval":
        typer.echo(f"此推送{_STATUSES.get(answer['status'], '')}，不在等待审批。", err=True)
        raise typer.Exit(1)
    ask("批准并入库？" if approve else "否决此推送？")


def _tell(answer: Mapping[str, Any]) -> None:
    status = _STATUSES.get(answer["status"], answer["status"])
    document = f"，依据 {answer['source_document']}" if answer["source_document"] else ""
    version = f"第 {answer['list_version']} 版" if answer["status"] != "rejected" else "版本未变"
    typer.echo(f"状态：{status}，名单{version}{document}。{summary(answer)}。")


def _fail(error: LianchengClientError) -> NoReturn:
    typer.echo(f"错误：{told(error)}", err=True)
    raise typer.Exit(1) from None

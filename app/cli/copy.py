"""A department's own copy of the list, kept current from the command line, by hand or by a timer."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.service_client import KeyFile, Url, client_for, told
from app.domain.moment import CITY, Moment
from app.errors import Misconfigured
from liancheng.client import LianchengClientError, LocalCopy, listing_in_force

app = typer.Typer(
    help="本部门的名单副本（一个 SQLite 文件）：取回与更新。副本只供比对，不是核查结论。", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="在标准输出上给出一个 JSON 对象。")]


@app.command()
def update(
    url: Url,
    file: Annotated[Path, typer.Argument(help="副本文件，没有时新建。", dir_okay=False)] = Path("名单副本.sqlite"),
    key_file: KeyFile = None,
    *,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="重新取回全部名单；取完之前，原有内容仍可读。")] = False,
    as_json: AsJson = False,
) -> None:
    """取回名单，或把副本更新到最新；随时可以中断，下次接着更新。

    密钥须有 changes:read 权限。退出码：0 已是最新；1 无法进行，副本保持原样。
    """
    with _opened(file) as copy, client_for(url, key_file) as client:
        try:
            whole = rebuild or copy.cursor is None
            if rebuild:
                copy.rebuild(client)
            # After a rebuild it only makes sure that nothing has happened since.
            changes = copy.update(client)
            applied = None if whole else changes
        except LianchengClientError as error:
            typer.echo(f"错误：{told(error)}", err=True)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            typer.echo("\n已中断；副本完好，下次接着更新。", err=True)
            raise typer.Exit(1) from None
        state = _state(copy, file) | {"changes_applied": applied}
    if as_json:
        typer.echo(json.dumps(state, ensure_ascii=False))
        return
    typer.echo("已取回全部名单。" if applied is None else f"已更新，新增 {applied} 项变更。")
    _tell(state)


@app.command()
def status(
    file: Annotated[Path, typer.Argument(help="副本文件。", exists=True, dir_okay=False)] = Path("名单副本.sqlite"),
    *,
    as_json: AsJson = False,
) -> None:
    """显示副本更新到哪里、有多少条记录；不连接服务。"""
    with _opened(file) as copy:
        if copy.cursor is None:
            raise Misconfigured(f"{file} 还没有取全名单，请先运行 liancheng copy update。")
        state = _state(copy, file)
    if as_json:
        typer.echo(json.dumps(state, ensure_ascii=False))
        return
    _tell(state)


@contextmanager
def _opened(file: Path) -> Iterator[LocalCopy]:
    """Open a copy; what may be wrong with its file is told."""
    try:
        with LocalCopy(file) as copy:
            yield copy
    except ValueError:
        raise Misconfigured(f"{file} 不是名单副本，或由其他版本写成：请换一个文件名。") from None
    except sqlite3.Error as error:
        raise Misconfigured(f"无法读写副本 {file}：{error}") from None
    except OSError as error:
        raise Misconfigured(f"无法打开副本 {file}：{error.strerror}") from None


def _state(copy: LocalCopy, file: Path) -> dict[str, Any]:
    today, listings, in_force = Moment.current().today, 0, 0
    for listing in copy.listings():
        listings += 1
        in_force += listing_in_force(listing, today)
    written = datetime.fromtimestamp(file.stat().st_mtime, CITY)
    return {
        "file": str(file),
        "cursor": copy.cursor,
        "listings": listings,
        "in_force_today": in_force,
        "index_key_ids": sorted(copy.index_key_ids()),
        "written_at": written.isoformat(timespec="seconds"),
    }


def _tell(state: dict[str, Any]) -> None:
    version = str(state["cursor"]).partition(".")[0]
    typer.echo(
        f"{state['file']}：名单第 {version} 版，{state['listings']} 条记录，今天有效 {state['in_force_today']} 条。"
    )
    typer.echo(f"文件最近一次改动：{state['written_at']}。副本不是结论：对任何单位或人员采取措施前，请向服务核查。")

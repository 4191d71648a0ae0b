"""Verifying that the history was not rewritten."""

import asyncio
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from app.cli.installation import installation, owner_database
from app.domain import chain
from app.errors import FieldError, InvalidField
from app.services.identity_keys import vault_from
from app.services.verification import HistoryRewritten, Verified
from app.services.verification import verify as verify_all
from app.settings import Settings
from app.store import schema

_REWRITTEN = 3


def verify(
    head: Annotated[
        list[str] | None,
        typer.Option(help="以前记录的链首，写作 版本=sm3:…（例如 41=sm3:1ab2…），可多次给出；一并核对。"),
    ] = None,
) -> None:
    """核验名单历史未被改写。

    以数据库属主身份重算整条哈希链、每条记录的全部修订、现行名单与人员身份，指出第一处不符。退出码：0 相符，3 不符，
    1 无法核验。链首公开于 GET /v1/chain：定期把它记在别处，才能发现末尾被整段删除或全部重算的改写。
    """
    noted = dict(_noted(one) for one in head or [])
    with installation() as settings:
        try:
            found = asyncio.run(_verify(settings, noted))
        except HistoryRewritten as error:
            typer.echo(f"不符：{error.detail}", err=True)
            raise typer.Exit(_REWRITTEN) from None
    typer.echo(f"相符：第 {found.list_version} 版，链首 {chain.written(found.head)}")
    typer.echo(f"已核验 {found.changes} 项变更、{found.listings} 条列入记录、{found.persons} 名人员。")
    if found.erased:
        typer.echo(f"其中 {found.erased} 名人员的身份已依令删除。")
    if found.unbound:
        typer.echo(f"其中 {found.unbound} 名人员在采用身份承诺之前入库，其姓名与号码不受哈希链保护。")


def _noted(text: str) -> tuple[int, bytes]:
    version, _, shown = text.partition("=")
    value = chain.read(shown)
    if not version.isascii() or not version.isdigit() or value is None:
        raise InvalidField(FieldError("head", "wrong_type", "--head 应写作 版本=sm3:…，例如 41=sm3:1ab2…。"))
    return int(version), value


async def _verify(settings: Settings, noted: dict[int, bytes]) -> Verified:
    vault = vault_from(settings)
    console = Console(file=sys.stderr)
    async with owner_database(settings) as database:
        await schema.check(database)
        with Status("正在核验……", console=console) as status:

            def progress(what: str, count: int) -> None:
                status.update(f"正在核验：{what} {count}")

            async with database.reading() as session:
                return await verify_all(session, vault, noted, progress)

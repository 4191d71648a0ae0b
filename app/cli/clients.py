"""Clients of the API and their keys."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import typer
from rich.table import Table

from app.cli.installation import installation, service_database
from app.cli.output import print_table
from app.domain.moment import CITY
from app.services import access
from app.services.access import ROLE_SCOPES, ClientRole, IssuedKey, Scope, changing_anothers_list, role_of, scopes_for
from app.services.catalogue import load
from app.settings import Settings
from app.store import clients as store
from app.store.clients import StoredClient, StoredKey
from app.store.database import WriteSession

app = typer.Typer(help="接入方（客户端）及其 API 密钥。密钥只在发放时显示一次。", no_args_is_help=True)

Result = TypeVar("Result")
Name = Annotated[str, typer.Argument(help="客户端名称，例如“海关通关系统”。")]
Scopes = Annotated[
    list[Scope],
    typer.Option("--scope", help="权限，可多次给出；与 --role 同用时为其之外的权限。两者都不给时为 lookup。"),
]
RoleOption = Annotated[
    ClientRole | None,
    typer.Option(
        help="角色，即一组权限：bureau 应急管理局，credit_office 发展和改革局，department 其他部门，auditor 审计。"
    ),
]
ExpiresIn = Annotated[int | None, typer.Option("--expires-in", help="多少天后失效；默认长期有效。", min=1, max=3650)]


def _run(work: Callable[[WriteSession, Settings], Awaitable[Result]]) -> Result:
    async def connected(settings: Settings) -> Result:
        async with service_database(settings) as database, database.writing() as session:
            return await work(session, settings)

    with installation() as settings:
        return asyncio.run(connected(settings))


def _expiry(now: datetime, days: int | None) -> datetime | None:
    return now + timedelta(days=days) if days else None


def _show(issued: IssuedKey) -> None:
    typer.echo(f"密钥（只显示这一次，请立即妥善保存）：\n{issued.text}")


def _warn(granted: Collection[Scope], department: str) -> None:
    if unusual := changing_anothers_list(granted, department):
        told = f"这个密钥可以改动名单（{_written(unusual)}），而{department}不是保管名单的部门。如系误发，请撤销它。"
        typer.echo(f"注意：{told}", err=True)


@app.command()
def add(
    name: Name,
    department: Annotated[str, typer.Option(help="所属部门：备忘录签署部门之一，例如“清远海关”。")],
    role: RoleOption = None,
    scope: Scopes = [],  # noqa: B006 - typer copies it
    expires_in: ExpiresIn = None,
) -> None:
    """登记一个客户端并发放第一个密钥。"""

    async def work(session: WriteSession, settings: Settings) -> IssuedKey:
        now = datetime.now(UTC)
        client = await access.add_client(session, load(settings.catalogue_file), name=name, department=department)
        granted = scopes_for(role, scope, client.department)
        _warn(granted, client.department)
        return await access.issue_key(session, client, granted, now, _expiry(now, expires_in))

    _show(_run(work))


@app.command("add-key")
def add_key(
    name: Name,
    role: RoleOption = None,
    scope: Scopes = [],  # noqa: B006 - typer copies it
    expires_in: ExpiresIn = None,
) -> None:
    """给已登记的客户端再发一个密钥，例如另一种权限，或全部密钥撤销之后。"""

    async def work(session: WriteSession, _: Settings) -> IssuedKey:
        now = datetime.now(UTC)
        client = await access.require_client(session, name)
        granted = scopes_for(role, scope, client.department)
        _warn(granted, client.department)
        return await access.issue_key(session, client, granted, now, _expiry(now, expires_in))

    _show(_run(work))


@app.command("list")
def list_clients() -> None:
    """列出全部客户端及其密钥（不含密钥本身）。"""

    async def work(session: WriteSession, _: Settings) -> list[tuple[StoredClient, list[StoredKey]]]:
        return [(one, await store.keys_of(session, one.client_id)) for one in await store.all_clients(session)]

    table = Table("客户端", "部门", "密钥标识", "权限", "发放", "失效", "状态")
    now = datetime.now(UTC)
    roles = set()
    for client, keys in _run(work):
        if not keys:
            table.add_row(client.name, client.department)
        for key in keys:
            role = role_of(key.scopes)
            roles |= {role} - {None}
            scopes = _written(key.scopes) if role is None else f"角色 {role}"
            days = (_day(key.created_at), _day(key.expires_at))
            table.add_row(client.name, client.department, key.key_id, scopes, *days, _state(key, now))
    print_table(table)
    for role, scopes_of_role in ROLE_SCOPES.items():
        if role in roles:
            typer.echo(f"角色 {role}：{_written(scopes_of_role)}")


def _written(scopes: Iterable[str]) -> str:
    return " ".join(sorted(scopes))


@app.command()
def rotate(
    name: Name,
    overlap: Annotated[int, typer.Option(help="旧密钥还可使用多少小时，便于切换；默认立即失效。", min=0, max=720)] = 0,
    expires_in: ExpiresIn = None,
) -> None:
    """换发密钥：新密钥权限不变，旧密钥在切换期之后失效。"""

    async def work(session: WriteSession, _: Settings) -> tuple[IssuedKey, list[StoredKey]]:
        now = datetime.now(UTC)
        expires_at = _expiry(now, expires_in)
        return await access.rotate(session, name, now, overlap=timedelta(hours=overlap), expires_at=expires_at)

    issued, ended = _run(work)
    _show(issued)
    for key in ended:
        typer.echo(f"旧密钥 {key.key_id} 于 {_moment(key.expires_at)} 失效。")


@app.command()
def revoke(
    name: Name,
    key: Annotated[str | None, typer.Option(help="只撤销这个密钥标识；默认撤销该客户端的全部密钥。")] = None,
) -> None:
    """撤销密钥，在所有进程上立即生效。"""

    async def work(session: WriteSession, _: Settings) -> list[StoredKey]:
        return await access.revoke(session, name, key, datetime.now(UTC))

    revoked = _run(work)
    typer.echo(f"已撤销 {len(revoked)} 个密钥：{'、'.join(one.key_id for one in revoked) or '无'}。")


def _day(moment: datetime | None) -> str:
    return moment.astimezone(CITY).date().isoformat() if moment else "—"


def _moment(moment: datetime | None) -> str:
    return moment.astimezone(CITY).strftime("%Y-%m-%d %H:%M:%S") if moment else "—"


def _state(key: StoredKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "已撤销"
    return "有效" if key.usable(now) else "已过期"

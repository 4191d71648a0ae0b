"""Serving, and bringing the database's schema up before it."""

import asyncio
import contextlib
from typing import Annotated, Any

import typer
import uvicorn

from app.cli.installation import installation, owner_database, service_database
from app.services import districts, enforcement_periods, list_rules, publication
from app.services.catalogue import load
from app.services.identity_keys import register, vault_from
from app.services.webhook_targets import TargetRules, trust
from app.settings import Settings, current_settings
from app.store import schema


def serve(
    host: Annotated[str | None, typer.Option(help="监听地址；默认取 LIANCHENG_HOST（127.0.0.1）。")] = None,
    port: Annotated[
        int | None, typer.Option(help="监听端口；默认取 LIANCHENG_PORT（8000）。", min=0, max=65535)
    ] = None,
    workers: Annotated[int, typer.Option(help="进程数；各进程无状态，可任意增减。", min=1, max=64)] = 1,
) -> None:
    """启动服务。

    收到 SIGTERM 或 Ctrl-C 后不再接受新请求，办完已收到的请求再退出。使用自带数据库时先自动迁移；使用外部数据库时，
    结构版本不符则拒绝启动，请先运行 liancheng migrate。
    """
    own_database = not current_settings().names_a_database
    with contextlib.suppress(KeyboardInterrupt), installation(make=True) as settings:
        asyncio.run(_prepare(settings, migrate_first=own_database))
        uvicorn.run("app.main:for_serving", workers=workers, **uvicorn_options(settings, host=host, port=port))


def uvicorn_options(settings: Settings, *, host: str | None = None, port: int | None = None) -> dict[str, Any]:
    """Return how we run uvicorn, wherever we do."""
    return {
        "factory": True,
        "host": host or settings.host,
        "port": settings.port if port is None else port,
        # Its access log prints URLs; ours prints routes (app/observability.py).
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "timeout_graceful_shutdown": settings.shutdown_grace,
    }


def migrate() -> None:
    """把数据库结构升级到本程序所需的版本。

    以 LIANCHENG_MIGRATION_DATABASE_URL（数据库属主）连接；可重复运行，已是最新时不作改动。
    """
    with installation() as settings:
        asyncio.run(_migrate(settings))
    typer.echo(f"数据库结构版本：{schema.expected_version()}")


async def _prepare(settings: Settings, *, migrate_first: bool) -> None:
    """Find out what is wrong before any process is started: one that fails later may be started again for ever."""
    if migrate_first:
        await _migrate(settings)
    load(settings.catalogue_file)
    list_rules.load(settings.list_rules_file)
    publication.load(settings.publication_file)
    enforcement_periods.load(settings.enforcement_file)
    districts.load(settings.districts_file)
    TargetRules.of(settings)
    trust(settings.webhook_ca_file)
    vault = vault_from(settings)
    async with service_database(settings) as database, database.writing() as session:
        await register(session, vault)


async def _migrate(settings: Settings) -> None:
    async with owner_database(settings) as database:
        await schema.migrate(database)

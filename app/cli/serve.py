"""Serving, and bringing the database's schema up before it."""

import asyncio
import contextlib
import errno
import gc
import os
import socket
from typing import Annotated, Any

import typer
import uvicorn

from app.cli.installation import installation, owner_database, service_database
from app.errors import Misconfigured
from app.services.identity_keys import register, vault_from
from app.services.served_data import ServedData
from app.services.webhook_targets import TargetRules, trust
from app.settings import Settings, current_settings
from app.store import schema
from app.store.lookup_connection import BATCHES_AT_ONCE

# For a push, for the lookups that travel together, for a summary, for the queue of webhooks, and for batches.
_BESIDES_POOLS = 4 + BATCHES_AT_ONCE
# For the operator, backups and commands.
_LEFT_TO_OTHERS = 10


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
    # uvicorn's own words for it are not logged, as no library's are.
    require_free(host or current_settings().host, current_settings().port if port is None else port)
    with contextlib.suppress(KeyboardInterrupt), installation(make=True) as settings:
        room = asyncio.run(_prepare(settings, migrate_first=own_database))
        # The processes read it as they read everything, from the environment.
        os.environ["LIANCHENG_POOL_SIZE"] = str(
            fitting_pool(settings.pool_size, workers, room, public=settings.public_pool_size)
        )
        current_settings.cache_clear()
        # Until it serves (app/main.py): what is made on the way stays; to go through it takes a quarter of the start.
        gc.disable()
        uvicorn.run("app.main:for_serving", workers=workers, **uvicorn_options(settings, host=host, port=port))


def require_free(host: str, port: int, advice: str = "请换一个，或先停止占用它的进程。") -> None:
    """Raise :class:`Misconfigured` where nothing can listen on this address."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        socket.create_server(address[:2], family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Misconfigured(f"端口 {port} 已被占用。{advice}") from error
        raise Misconfigured(f"无法在 {host} 端口 {port} 上监听（{error.strerror or error}）。") from error


def fitting_pool(wanted: int, workers: int, room: int, *, public: int) -> int:
    """Return how large the pool of each process may be, so that all of them fit into the database's connections.

    ``room`` is what the database has for ordinary clients. Some are left to commands and to the operator; each process
    has a few besides its pool, for what must not wait for one of it, and a pool of ``public`` for the public.
    """
    besides = _BESIDES_POOLS + public
    each = (room - _LEFT_TO_OTHERS) // workers - besides
    if each < 1:
        most = max(1, (room - _LEFT_TO_OTHERS) // (besides + 1))
        raise Misconfigured(
            f"数据库最多允许 {room} 个连接，容不下 {workers} 个进程。请减少 --workers（不多于 {most}），"
            "或调大 PostgreSQL 的 max_connections。"
        )
    return min(wanted, each)


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
        # Nothing that we tell depends on how the request came here.
        "proxy_headers": False,
        "timeout_graceful_shutdown": settings.shutdown_grace,
    }


def migrate() -> None:
    """把数据库结构升级到本程序所需的版本。

    以 LIANCHENG_MIGRATION_DATABASE_URL（数据库属主）连接；可重复运行，已是最新时不作改动。
    """
    with installation() as settings:
        asyncio.run(_migrate(settings))
    typer.echo(f"数据库结构版本：{schema.expected_version()}")


async def _prepare(settings: Settings, *, migrate_first: bool) -> int:
    """Find out what is wrong before any process is started: one that fails later may be started again for ever.

    Returns how many connections the database has for ordinary clients.
    """
    if migrate_first:
        await _migrate(settings)
    ServedData.load(settings)
    TargetRules.of(settings)
    trust(settings.webhook_ca_file)
    vault = vault_from(settings)
    async with service_database(settings) as database, database.writing() as session:
        await register(session, vault)
        return await schema.room_for_connections(session)


async def _migrate(settings: Settings) -> None:
    async with owner_database(settings) as database:
        await schema.migrate(database)

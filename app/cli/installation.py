"""What every command works with: settings made whole, and the database they name or our own."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import NoReturn

import typer

from app.cli.environment import unknown
from app.errors import Misconfigured
from app.services.identity_keys import kept_keys
from app.settings import Settings, current_settings
from app.store import embedded, schema
from app.store.database import SERVICE_ROLE, Database, rights_told

_MAINTENANCE_SECONDS = 3600
_NOT_GRANTED = (
    f"数据库角色 {SERVICE_ROLE} 没有所需的权限。若数据库由备份恢复，该角色须在恢复之前就存在："
    "见 docs/operations.md 的 Backup and failover。"
)
_NOT_THE_OWNER = "此命令须以数据库属主的身份连接：请在 LIANCHENG_MIGRATION_DATABASE_URL 中写明属主的地址。"


@contextmanager
def installation(*, make: bool = False) -> Iterator[Settings]:
    """Yield settings that name a database: the configured one, or our own, started for the time of the block.

    Our own is made only where ``make`` says so: a command in the wrong folder must not leave a new, empty database
    behind. It and its keys are put into the environment, so that processes started from here find them.
    """
    # uvicorn, when it is done, raises the signal that stopped it once more: it must end the command in order, so that
    # our own server is stopped too.
    signal.signal(signal.SIGTERM, _finish)
    settings = current_settings()
    for sentence in unknown():
        typer.echo(f"注意：{sentence}", err=True)
    if settings.names_a_database:
        yield settings
        return
    if not make and not (settings.data_dir / "postgres").exists():
        raise Misconfigured(
            f"没有设置 LIANCHENG_DATABASE_URL，{settings.data_dir} 中也没有自带的数据库。"
            "请设置环境变量，或在启动过 liancheng serve（demo）的目录中运行。"
        )
    server = embedded.start(settings.data_dir / "postgres")
    try:
        added = {
            **kept_keys(settings.data_dir / "identity-keys.env"),
            "LIANCHENG_DATABASE_URL": server.url(),
            "LIANCHENG_MIGRATION_DATABASE_URL": server.url(),
        }
        os.environ.update({name: value for name, value in added.items() if name not in os.environ})
        current_settings.cache_clear()
        yield current_settings()
    finally:
        server.stop()


def _finish(*_: object) -> NoReturn:
    raise SystemExit(0)


@asynccontextmanager
async def service_database(settings: Settings) -> AsyncIterator[Database]:
    """Open the database in the service's restricted role, with the schema that this code needs."""
    async with _opened(settings, as_owner=False) as database:
        with rights_told(_NOT_GRANTED):
            await schema.check(database)
        yield database


@asynccontextmanager
async def owner_database(settings: Settings) -> AsyncIterator[Database]:
    """Open the database as its owner, for the few commands that need it."""
    with rights_told(_NOT_THE_OWNER):
        async with _opened(settings, as_owner=True) as database:
            yield database


@asynccontextmanager
async def _opened(settings: Settings, *, as_owner: bool) -> AsyncIterator[Database]:
    url = (settings.migration_database_url if as_owner else None) or settings.database_url
    if url is None:
        raise Misconfigured("请设置 LIANCHENG_DATABASE_URL：此命令以服务的身份连接数据库。")
    role = {"role": None} if as_owner else {}
    database = Database(url.get_secret_value(), pool_size=2, timeout=_MAINTENANCE_SECONDS, **role)
    try:
        yield database
    finally:
        await database.close()

"""Delivering webhooks in a process of its own."""

import asyncio
import signal

import structlog

from app import observability
from app.cli.installation import installation
from app.errors import Misconfigured
from app.observability import Event
from app.services.identity_keys import register, vault_from
from app.services.webhook_worker import WebhookWorker
from app.settings import Settings
from app.store import schema
from app.store.database import Database

_CONNECTIONS = 4


def worker() -> None:
    """运行 webhook 投递进程：把名单有变化这件事通知各部门的系统。

    liancheng serve 自己也会投递；机器较多时可设 LIANCHENG_WEBHOOK_WORKER=false，另起一个或几个投递进程。任意多个进程
    共用同一个队列，不会重复投递；一个被杀死，其余接手。收到 SIGTERM 后办完正在进行的投递再退出。
    """
    with installation() as settings:
        asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    observability.configure(settings.log_level)
    log = structlog.get_logger()
    if settings.database_url is None:
        raise Misconfigured("请设置 LIANCHENG_DATABASE_URL：此命令以服务的身份连接数据库。")
    url, vault = settings.database_url.get_secret_value(), vault_from(settings)
    database = Database(url, pool_size=_CONNECTIONS, timeout=settings.database_timeout)
    try:
        running = WebhookWorker(settings, database, vault)
        if not running.has_work:
            raise Misconfigured("没有允许的主机，webhook 无处可投。请先设置 LIANCHENG_WEBHOOK_ALLOWED_HOSTS。")
        await schema.check(database)
        async with database.writing() as session:
            await register(session, vault)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, running.stop)
        log.info(Event.WORKER_STARTED)
        await running.run()
        log.info(Event.WORKER_STOPPED)
    finally:
        await database.close()

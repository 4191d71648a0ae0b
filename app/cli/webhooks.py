"""The operator's view of clients' webhooks."""

import asyncio
from datetime import datetime

import httpx
import typer
from rich.table import Table

from app.cli.installation import installation, service_database
from app.cli.output import print_table
from app.domain.moment import CITY
from app.domain.webhooks import Reason, WebhookState
from app.settings import Settings
from app.store import webhooks as store
from app.store.webhooks import StoredWebhook, Told

app = typer.Typer(help="各客户端的 webhook（变更通知）。由客户端经接口自行管理。", no_args_is_help=True)

_REASONS = {Reason.BY_CLIENT: "客户端停用", Reason.GONE: "接收方答复 410", Reason.FAILING: "长期投递失败"}


@app.callback()
def _group() -> None:
    """各客户端的 webhook（变更通知）。由客户端经接口自行管理。"""


@app.command("list")
def show() -> None:
    """列出全部 webhook：属于谁、通向哪台主机、已告知到第几版、是否停用及原因。"""

    async def work(settings: Settings) -> list[Told]:
        async with service_database(settings) as database, database.reading() as session:
            return await store.all_told(session)

    with installation() as settings:
        found = asyncio.run(work(settings))
    table = Table("客户端", "标识", "主机", "状态", "已告知版本", "最近送达", "失败始于", "未完成")
    for told in found:
        webhook = told.webhook
        # Of the URL only the host: what stands behind it may be a secret of the client's.
        host = httpx.URL(webhook.url).netloc.decode()
        shown = (_state(webhook), str(webhook.told_version), _moment(webhook.last_delivered_at))
        rest = (_moment(webhook.failing_since), str(told.unfinished))
        table.add_row(told.client, str(webhook.webhook_id), host, *shown, *rest)
    print_table(table)


def _state(webhook: StoredWebhook) -> str:
    if webhook.state == WebhookState.ENABLED or webhook.state_reason is None:
        return "启用"
    return f"停用：{_REASONS[Reason(webhook.state_reason)]}（{_moment(webhook.state_since)}）"


def _moment(moment: datetime | None) -> str:
    return moment.astimezone(CITY).strftime("%Y-%m-%d %H:%M:%S") if moment else "—"

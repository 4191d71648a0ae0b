"""A whole installation to try: own database, synthetic list, one client per department, and lines to paste."""

import asyncio
import contextlib
import json
import os
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn

from app.cli import demo_list
from app.cli.installation import installation, owner_database, service_database
from app.cli.serve import require_free, uvicorn_options
from app.domain.moment import Moment
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.errors import Misconfigured
from app.files.rows import JSON
from app.files.spool import Spool
from app.services import access, list_rules
from app.services.access import ROLE_SCOPES, Caller, ClientRole, authenticate
from app.services.catalogue import load
from app.services.identity_keys import vault_from
from app.services.pushing import PushRequest, PushService, PushTerms
from app.services.secret_file import write_secret
from app.settings import Settings, current_settings
from app.store import clients, schema
from app.store.database import Database

BUREAU = "市应急管理局"
CUSTOMS = "清远海关"
_ROLES = {BUREAU: ClientRole.BUREAU, "市发展和改革局": ClientRole.CREDIT_OFFICE}
_SEED_KEY = "demo-list-1"
_START_SECONDS = 30.0


def demo(
    port: Annotated[
        int | None, typer.Option(help="监听端口；默认取 LIANCHENG_PORT（8000）。", min=1, max=65535)
    ] = None,
) -> None:
    """启动演示：自带数据库、虚构名单、每个签署部门一个客户端，并打印可直接粘贴的 curl 命令。

    数据保存在 LIANCHENG_DATA_DIR（默认 .liancheng），再次启动时保留；删除该目录即重新开始。
    """
    if current_settings().names_a_database:
        raise Misconfigured(
            "演示只用自带的数据库。请先取消环境变量 LIANCHENG_DATABASE_URL 与 LIANCHENG_MIGRATION_DATABASE_URL。"
        )
    # The lines to paste are what the screen is for; warnings and errors still show.
    os.environ.setdefault("LIANCHENG_LOG_LEVEL", "warning")
    current_settings.cache_clear()
    chosen = current_settings().port if port is None else port
    require_free(current_settings().host, chosen, "请换一个：make demo PORT=8001")
    with installation(make=True) as settings, contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(settings, chosen))


async def _run(settings: Settings, port: int) -> None:
    async with owner_database(settings) as database:
        await schema.migrate(database)
    keys_file = settings.data_dir / "demo-keys.json"
    async with service_database(settings) as database:
        keys = await _clients(database, settings, keys_file)
        await _seed(database, settings, keys[BUREAU])
    server = uvicorn.Server(uvicorn.Config("app.main:create_app", **uvicorn_options(settings, port=port)))
    serving = asyncio.create_task(server.serve())
    for _ in range(int(_START_SECONDS * 20)):
        if server.started or serving.done():
            break
        await asyncio.sleep(0.05)
    if server.started:
        _print_lines(f"http://{settings.host}:{port}", keys, settings)
    await serving


async def _clients(database: Database, settings: Settings, file: Path) -> dict[str, str]:
    """Return a working key for each department, making those that are missing."""
    catalogue = load(settings.catalogue_file)
    keys = _kept_keys(file)
    now = datetime.now(UTC)
    for department in catalogue.departments:
        name = f"演示·{department.name}"
        scopes = ROLE_SCOPES[_ROLES.get(department.name, ClientRole.DEPARTMENT)]
        async with database.writing() as session:
            client = await clients.client_named(session, name)
            if client is None:
                client = await access.add_client(session, catalogue, name=name, department=department.name)
                keys.pop(department.name, None)
            if department.name not in keys:
                issued = await access.issue_key(session, client, scopes, now, None)
                keys[department.name] = issued.text
    write_secret(file, json.dumps(keys, ensure_ascii=False, indent=2))
    return keys


def _kept_keys(file: Path) -> dict[str, str]:
    kept: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    return kept


async def _seed(database: Database, settings: Settings, bureau_key: str) -> None:
    """Push the demo's list as the bureau would; its idempotency key keeps the next start from pushing it again."""
    moment = Moment.current()
    rules = list_rules.load(settings.list_rules_file)
    terms = PushTerms(settings.max_push_operations, settings.push_wait, settings.max_snapshot_removals, None)
    service = PushService(vault_from(settings), rules, terms)
    with Spool() as body:
        operations = demo_list.operations(moment.today)
        body.write(json.dumps({"operations": operations}, ensure_ascii=False).encode())
        await _push(service, database, moment, bureau_key, body)


async def _push(service: PushService, database: Database, moment: Moment, bureau_key: str, body: Spool) -> None:
    async with database.writing() as session:
        caller: Caller = await authenticate(session, bureau_key, moment.now)
        if await service.was_made(session, caller, _SEED_KEY):
            return
        await service.push(session, caller, PushRequest(body, JSON, _SEED_KEY, {"source_document": "演示数据"}))


def _print_lines(url: str, keys: dict[str, str], settings: Settings) -> None:
    customs = keys[CUSTOMS]
    listed, clean = synthetic_uscc(demo_list.LISTED_UNIT), synthetic_uscc(demo_list.CLEAN_UNIT)
    invalid = listed[:-1] + ("0" if listed[-1] != "0" else "1")
    person = synthetic_resident_id(demo_list.REPRESENTATIVE)
    asked = (
        ("名单上的单位（listed）", {"code": listed, "purpose": "通关审核", "view": "mine"}),
        ("名单上的人员（listed）", {"code": person, "subject_kind": "person", "purpose": "评先评优审查"}),
        ("不在名单上的单位（not_listed）", {"code": clean}),
        ("错误的代码（422，不是结论）", {"code": invalid}),
    )
    environment = settings.data_dir / "demo.env"
    variables = {"URL": url, "BUREAU_KEY": keys[BUREAU], "CUSTOMS_KEY": customs}
    write_secret(environment, "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()))
    typer.echo("演示已启动。名单、单位、人员均为虚构。按 Ctrl-C 停止，数据会保留。\n")
    for title, body in asked:
        typer.echo(f"# {title}\n{_curl(url, customs, body)}\n")
    typer.echo(f"接口文档：{url}/docs")
    typer.echo(f"各部门的密钥：{settings.data_dir / 'demo-keys.json'}；供 README 使用的变量：source {environment}")


def _curl(url: str, key: str, body: dict[str, Any]) -> str:
    sent = shlex.quote(json.dumps(body, ensure_ascii=False))
    return f"curl -s {url}/v1/lookups -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' -d {sent}"

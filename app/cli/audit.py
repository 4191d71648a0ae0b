"""Reading the audit: who asked about whom, why, and what they were told."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.table import Table

from app.api.schemas.lookups import LookupAnswer
from app.cli.installation import installation, service_database
from app.cli.output import asked_unseen, print_table
from app.domain.codes import ResidentId, parse_code
from app.domain.moment import CITY, Moment
from app.domain.subjects import SubjectKind
from app.services.audit_answers import reproduce
from app.services.identity_keys import vault_from
from app.settings import Settings
from app.store.audit import TOKEN_ISSUED, AuditFilter, AuditRecord, newest
from app.store.database import ReadSession

_VERDICTS = {"listed": "在名单上", "not_listed": "不在名单上", TOKEN_ISSUED: "已发比对标识"}
app = typer.Typer(help="查询审计：谁、为何、查了谁、得到什么答复。", no_args_is_help=True)

Result = TypeVar("Result")


def _run(work: Callable[[ReadSession, Settings], Awaitable[Result]]) -> Result:
    async def connected(settings: Settings) -> Result:
        async with service_database(settings) as database, database.reading() as session:
            return await work(session, settings)

    with installation() as settings:
        return asyncio.run(connected(settings))


@app.command("list")
def list_records(
    client: Annotated[str | None, typer.Option(help="只看这个客户端的查询。")] = None,
    *,
    subject: Annotated[
        bool, typer.Option("--subject", help="只看对某一对象的查询；随后从标准输入读入其代码，不会显示或留存。")
    ] = False,
    subject_kind: Annotated[
        SubjectKind | None, typer.Option(help="与 --subject 同用：代码既可能是单位也可能是人员时，注明是哪一种。")
    ] = None,
    since: Annotated[datetime | None, typer.Option(help="此日（北京时间）及以后。", formats=["%Y-%m-%d"])] = None,
    limit: Annotated[int, typer.Option(help="最多显示多少条，新的在前。", min=1, max=10_000)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="每行一个 JSON 对象。")] = False,
) -> None:
    """列出最近的查询。"""
    # Never an argument: command lines are seen by every user of the machine and kept in shell histories.
    code = asked_unseen("对象的统一社会信用代码或身份号码") if subject else None

    async def work(session: ReadSession, settings: Settings) -> list[AuditRecord]:
        uscc, indexes = _wanted(code, subject_kind, settings) if code is not None else (None, None)
        after = since.replace(tzinfo=CITY) if since else None
        chosen = AuditFilter(since=after, client=client, uscc=uscc, blind_indexes=indexes)
        return await newest(session, chosen, limit)

    records = _run(work)
    if as_json:
        for record in records:
            typer.echo(json.dumps(_plain(record), ensure_ascii=False))
        return
    table = Table("时间（北京）", "客户端", "对象", "用途", "问及日期", "结果", "名单版本", "查询编号")
    for record in records:
        when = record.answered_at.astimezone(CITY).strftime("%Y-%m-%d %H:%M:%S")
        verdict = _VERDICTS[record.verdict]
        whom = record.uscc or record.masked_number
        told = (record.on_day.isoformat(), verdict, str(record.list_version), str(record.lookup_id))
        table.add_row(when, record.client_name, whom, record.purpose or "—", *told)
    print_table(table)


@app.command()
def show(lookup_id: Annotated[UUID, typer.Argument(help="查询编号，即答复中的 lookup_id。")]) -> None:
    """显示一次查询的记录，并按当时的名单与当时的措施目录重现所给的答复。"""
    record, answer = _run(lambda session, _: reproduce(session, lookup_id))
    told = LookupAnswer.of(answer).model_dump(mode="json")
    typer.echo(json.dumps({"record": _plain(record), "answer": told}, ensure_ascii=False, indent=2))


def _wanted(code: str, kind: SubjectKind | None, settings: Settings) -> tuple[str | None, list[bytes] | None]:
    subject = parse_code(code, today=Moment.current().today, expected=kind)
    if isinstance(subject, ResidentId):
        return None, [index.value for index in vault_from(settings).blind_indexes(subject)]
    return subject.value, None


def _plain(record: AuditRecord) -> dict[str, Any]:
    hidden = {"blind_index", "index_key_id"}
    names = [name for name in record.__slots__ if name not in hidden]
    values = {name: getattr(record, name) for name in names}
    plain: dict[str, Any] = json.loads(json.dumps(values, default=str, ensure_ascii=False))
    return plain

"""Reading the audit: who asked about whom, why, and what they were told."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.table import Table

from app.api.schemas.lookups import LookupAnswer
from app.cli.access_letter import READING_KINDS, VERDICTS, letter
from app.cli.installation import installation, service_database
from app.cli.output import asked_unseen, print_table
from app.domain.codes import ResidentId, Uscc, parse_code, parse_resident_id
from app.domain.identity import BlindIndex
from app.domain.moment import CITY, Moment
from app.domain.subjects import SubjectKind
from app.services.access_request import AccessAnswer, about
from app.services.audit_answers import reproduce
from app.services.audit_reading import Period, Reader, record
from app.services.identity_keys import note_keys, vault_from
from app.services.lookup import Answer
from app.services.secret_file import write_secret
from app.services.unusual_use import JudgedUse, UnusualUseService, thresholds
from app.settings import Settings
from app.store import audit_readings
from app.store.audit import AuditFilter, AuditRecord, newest
from app.store.database import WriteSession

app = typer.Typer(help="查询审计：谁、为何、查了谁、得到什么答复；每次查阅本身也留有记录。", no_args_is_help=True)

Result = TypeVar("Result")


def _run(work: Callable[[WriteSession, Settings], Awaitable[Result]]) -> Result:
    async def connected(settings: Settings) -> Result:
        async with service_database(settings) as database, database.writing() as session:
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

    async def work(session: WriteSession, settings: Settings) -> list[AuditRecord]:
        moment = Moment.current()
        subject = parse_code(code, today=moment.today, expected=subject_kind) if code is not None else None
        indexes: tuple[BlindIndex, ...] = ()
        if isinstance(subject, ResidentId):
            vault = vault_from(settings)
            await note_keys(session, vault)
            indexes = vault.blind_indexes(subject)
        uscc = subject.value if isinstance(subject, Uscc) else None
        after = since.replace(tzinfo=CITY) if since else None
        values = [index.value for index in indexes] or None
        found = await newest(session, AuditFilter(since=after, client=client, uscc=uscc, blind_indexes=values), limit)
        filters = {"client": client, "uscc": uscc, "since": after.date().isoformat() if after else None}
        index = indexes[0] if indexes else None
        await record(session, Reader.at_the_machine(), "list", filters, moment, len(found), index)
        return found

    records = _run(work)
    if as_json:
        for one in records:
            typer.echo(json.dumps(_plain(one), ensure_ascii=False))
        return
    table = Table("时间（北京）", "客户端", "对象", "用途", "问及日期", "结果", "名单版本", "查询编号")
    for one in records:
        whom = one.uscc or one.masked_number
        told = (one.on_day.isoformat(), VERDICTS[one.verdict], str(one.list_version), str(one.lookup_id))
        table.add_row(_when(one.answered_at), one.client_name, whom, one.purpose or "—", *told)
    print_table(table)


@app.command()
def show(lookup_id: Annotated[UUID, typer.Argument(help="查询编号，即答复中的 lookup_id。")]) -> None:
    """显示一次查询的记录，并按当时的名单与当时的措施目录重现所给的答复。"""

    async def work(session: WriteSession, _: Settings) -> tuple[AuditRecord, Answer]:
        found, answer = await reproduce(session, lookup_id)
        index = BlindIndex(found.index_key_id, found.blind_index) if found.blind_index and found.index_key_id else None
        filters = {"lookup_id": str(lookup_id)}
        await record(session, Reader.at_the_machine(), "show", filters, Moment.current(), 1, index)
        return found, answer

    kept, answer = _run(work)
    told = LookupAnswer.of(answer).model_dump(mode="json")
    typer.echo(json.dumps({"record": _plain(kept), "answer": told}, ensure_ascii=False, indent=2))


@app.command("about")
def about_person(
    output: Annotated[
        Path | None, typer.Option(help="写入此文件（只有本人可读）；默认输出到屏幕。", dir_okay=False)
    ] = None,
) -> None:
    """出具“谁查过我”的答复书（个人信息保护法第四十五条）：每次查询的部门、时间、用途与所作答复。

    随后从标准输入读入申请人的身份号码，不会显示或留存。办理前请先核实申请人身份。
    """
    number = parse_resident_id(asked_unseen("申请人身份号码"), today=Moment.current().today)

    async def work(session: WriteSession, settings: Settings) -> AccessAnswer:
        return await about(session, vault_from(settings), number, Reader.at_the_machine(), Moment.current())

    answer = _run(work)
    if output is None:
        typer.echo(letter(answer), nl=False)
        return
    write_secret(output, letter(answer))
    typer.echo(f"已写入 {output}，共 {len(answer.records)} 次查询。", err=True)


@app.command("unusual")
def show_unusual(
    since: Annotated[datetime | None, typer.Option(help="此日（北京时间）及以后。", formats=["%Y-%m-%d"])] = None,
    until: Annotated[datetime | None, typer.Option(help="至此日（含）；默认今天。", formats=["%Y-%m-%d"])] = None,
) -> None:
    """报告异常使用：哪些客户端查询了许多不在名单上的人员，与其此前、与其他客户端相比；不显示任何人员。"""

    async def work(session: WriteSession, settings: Settings) -> tuple[Period, list[JudgedUse]]:
        moment = Moment.current()
        period = Period.given(since.date() if since else None, until.date() if until else None, moment)
        service = UnusualUseService(thresholds(settings))
        return period, await service.report(session, Reader.at_the_machine(), period, moment)

    period, found = _run(work)
    columns = ("客户端", "部门", "查询", "查人", "人数", "不在名单上", "占比", "此前", "他人中位", "异常")
    table = Table(*columns)
    for one in found:
        use = one.use
        counts = (use.lookups, use.person_lookups, use.persons, use.persons_not_listed)
        share = "—" if one.not_listed_share is None else f"{one.not_listed_share:.0%}"
        typical = "—" if one.others_median is None else f"{one.others_median:g}"
        told = (share, str(use.persons_not_listed_before), typical, "是" if one.reasons else "")
        table.add_row(use.client, use.department, *map(str, counts), *told)
    typer.echo(f"{period.since} 至 {period.until}")
    print_table(table)
    for one in found:
        for reason in one.reasons:
            typer.echo(f"{one.use.client}：{reason.detail}")


@app.command("readings")
def show_readings(
    limit: Annotated[int, typer.Option(help="最多显示多少条，新的在前。", min=1, max=10_000)] = 20,
) -> None:
    """列出谁查阅过查询记录：时间、何人、何种查阅、筛选条件、条数；所查人员只留有盲索引，不显示。"""
    table = Table("时间（北京）", "查阅者", "查阅", "条件", "针对个人", "条数")
    for shown in _run(lambda session, _: audit_readings.newest(session, limit)):
        read = shown.reading
        filters = "，".join(f"{name}={value}" for name, value in read.filters.items())
        kind = READING_KINDS.get(read.kind, read.kind)
        whom = "是" if read.blind_index else ""
        table.add_row(_when(read.read_at), shown.reader, kind, filters or "—", whom, str(read.records))
    print_table(table)


def _when(moment: datetime) -> str:
    return moment.astimezone(CITY).strftime("%Y-%m-%d %H:%M:%S")


def _plain(record: AuditRecord) -> dict[str, Any]:
    hidden = {"blind_index", "index_key_id"}
    names = [name for name in record.__slots__ if name not in hidden]
    values = {name: getattr(record, name) for name in names}
    plain: dict[str, Any] = json.loads(json.dumps(values, default=str, ensure_ascii=False))
    return plain

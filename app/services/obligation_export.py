"""Obligations as a table for a clerk to work through: all that a filter lets through, of one state of the database."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import IO, Final

from app.domain.applicability import Yours
from app.domain.catalogue import Measure
from app.domain.moment import CITY
from app.domain.names import GROUND_ENDINGS, OBLIGATION_STATES, REPORT_STATUSES, ROLES
from app.domain.obligations import Duty
from app.errors import FieldError, InvalidField
from app.files.obligation_table import CsvTable, TableWriter, Value, XlsxTable
from app.services.obligations import ObligationService
from app.store.database import Session
from app.store.obligations import Obligation, ObligationFilter

_PAGE = 1000
MOST_ROWS: Final = {"csv": 1_000_000, "xlsx": 100_000}
_YOURS = {Yours.NAMED: "备忘录指名", Yours.OPEN_CLASS: "各部门共同（可报不适用）"}


class TableFormat(StrEnum):
    """What a table can be had as."""

    CSV = "csv"
    XLSX = "xlsx"


_Column = Callable[[Obligation, Measure, "_Law"], Value]
_COLUMNS: Final[dict[str, _Column]] = {
    "部门": lambda one, _, __: one.key.department,
    "措施编号": lambda one, _, __: one.key.measure_no,
    "措施": lambda _, measure, __: measure.title,
    "实施依据": lambda one, _, __: _YOURS[one.yours],
    "惩戒对象": lambda one, _, __: "单位" if one.person is None else "人员",
    "单位名称": lambda one, _, __: one.unit_name,
    "统一社会信用代码": lambda one, _, __: one.uscc,
    "人员姓名": lambda one, _, __: one.person.name if one.person else None,
    "身份号码（已遮蔽）": lambda one, _, __: one.person.masked_number if one.person else None,
    "职务身份": lambda one, _, __: "、".join(ROLES[role] for role in one.person.roles) if one.person else None,
    "列入决定书文号": lambda one, _, __: one.decision_no,
    "惩戒等级": lambda one, _, __: one.tier,
    "列入日期": lambda one, _, __: one.listed_on,
    "有效期至": lambda one, _, __: one.valid_until,
    "状态": lambda one, _, __: OBLIGATION_STATES[one.state],
    "是否逾期": lambda one, _, __: "逾期" if one.overdue else None,
    "任务产生日期": lambda one, _, __: one.since,
    "应办结日期": lambda one, _, __: one.due_on,
    "依据终止日期": lambda one, _, __: one.ending.on if one.ending else None,
    "终止原因": lambda one, _, __: GROUND_ENDINGS[one.ending.reason] if one.ending else None,
    "最近反馈": lambda one, _, __: REPORT_STATUSES[one.last_report.status] if one.last_report else None,
    "办理日期": lambda one, _, __: one.last_report.acted_on if one.last_report else None,
    "不适用原因": lambda one, _, __: one.last_report.reason if one.last_report else None,
    "涉及金额（元）": lambda one, _, __: one.last_report.amount if one.last_report else None,
    "文号": lambda one, _, __: one.last_report.document_no if one.last_report else None,
    "备注": lambda one, _, __: one.last_report.remark if one.last_report else None,
    "反馈时间": lambda one, _, __: (
        f"{one.last_report.reported_at.astimezone(CITY):%Y-%m-%d %H:%M}" if one.last_report else None
    ),
    "法律及政策依据": lambda _, __, law: law.printed,
    "法律现状": lambda _, __, law: law.later,
    "任务标识": lambda one, _, __: str(one.key.obligation_id),
}
_WIDE = frozenset(
    {"措施", "单位名称", "法律及政策依据", "法律现状", "备注", "不适用原因", "任务标识", "列入决定书文号"}
)


@dataclass(frozen=True, slots=True)
class _Law:
    """What a measure rests on, as the memo prints it, and what later law said of that by a day."""

    printed: str
    later: str | None


def _law(measure: Measure, on: date) -> _Law:
    cited, notes = [], []
    for basis in measure.legal_bases:
        labels = "、".join(provision.label for provision in basis.provisions if provision.label)
        number = f"（{basis.document.number}）" if basis.document.number else ""
        cited.append(f"《{basis.document.title}》{number}{labels}")
        notes += [*basis.document.later_law, *(note for one in basis.provisions for note in one.later_law)]
    told = dict.fromkeys(note.note for note in notes if note.since is None or note.since <= on)
    return _Law("；".join(cited), "；".join(told) or None)


async def export(
    session: Session, service: ObligationService, asked: Sequence[Duty], chosen: ObligationFilter, form: TableFormat
) -> IO[bytes]:
    """Return a file, at its beginning, that holds the table; who asked for it closes it.

    It is whole before anything of it leaves: what was cut off cannot be taken for all there was. Raises
    :class:`InvalidField` where there are more rows than a person could work through.
    """
    measures = {one.no: one for one in service.catalogue.measures}
    # Nothing in it is secret to its reader, and no identity number is in it; it has no name on the disk all the same.
    target: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - whoever asked for it closes it
    try:
        header = list(_COLUMNS)
        table: TableWriter = (
            CsvTable(target, header) if form is TableFormat.CSV else XlsxTable(target, "惩戒任务", header, _WIDE)
        )
        async for items in _pages(session, service, asked, chosen, MOST_ROWS[form]):
            # In a thread of its own: lookups are answered while thousands of cells are written.
            await asyncio.to_thread(_add, table, items, measures, chosen.on)
        await asyncio.to_thread(table.end)
        target.seek(0)
    except BaseException:
        target.close()
        raise
    return target


async def _pages(
    session: Session, service: ObligationService, asked: Sequence[Duty], chosen: ObligationFilter, most: int
) -> AsyncIterator[Sequence[Obligation]]:
    count, after = 0, None
    while True:
        page = await service.page(session, asked, chosen, after, _PAGE)
        count += len(page.items)
        if count > most:
            told = f"超过 {most} 行，请用部门、状态等条件缩小范围，或改用 CSV。"
            raise InvalidField(FieldError("format", "too_many_rows", told))
        yield page.items
        after = page.next
        if after is None:
            return


def _add(table: TableWriter, items: Sequence[Obligation], measures: Mapping[int, Measure], on: date) -> None:
    laws = {no: _law(measure, on) for no, measure in measures.items()}
    for one in items:
        measure, law = measures[one.key.measure_no], laws[one.key.measure_no]
        table.add([column(one, measure, law) for column in _COLUMNS.values()])

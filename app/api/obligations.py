"""What must I do, and what did I do: obligations, and the reports of what became of them."""

from collections.abc import Iterator
from datetime import date
from http import HTTPStatus
from typing import IO, Annotated, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.api import obligation_examples as examples
from app.api.deps import (
    ONLY_KNOWN_QUERY_PARAMETERS,
    EnforcementCaller,
    Now,
    Reading,
    ReportingCaller,
    ServicesDep,
    Writing,
)
from app.api.entity_tags import has_already, tag_of
from app.api.head import head_alone
from app.api.openapi import (
    NOT_MODIFIED,
    OBLIGATION_PROBLEMS,
    OBLIGATIONS_PROBLEMS,
    REPORTING_PROBLEMS,
    REPORTS_PROBLEMS,
)
from app.api.schemas.obligations import (
    EnforcementReportOut,
    EnforcementReportsOut,
    ObligationFullOut,
    ObligationOut,
    ObligationsOut,
    ReportsMadeOut,
    ReportsRequest,
    measure_out,
    obligation_fields,
)
from app.api.strict_json import StrictJsonRoute
from app.api.uscc_query import UsccInQuery
from app.domain.obligations import ObligationState, ReportStatus
from app.domain.subjects import SubjectKind
from app.errors import FieldError, InvalidField
from app.files.rows import CSV, XLSX
from app.services.fields import Day, ShortText
from app.services.obligation_export import TableFormat, export
from app.services.obligations import ObligationPage, ObligationService
from app.store import enforcement_reports
from app.store.enforcement_reports import ReportFilter
from app.store.obligations import ObligationFilter

router = APIRouter(
    prefix="/v1", route_class=StrictJsonRoute, tags=["enforcement 落实"], dependencies=[ONLY_KNOWN_QUERY_PARAMETERS]
)

MOST_IN_PAGE = 500
_FORMATS = {TableFormat.CSV: f"{CSV}; charset=utf-8", TableFormat.XLSX: XLSX}
_COPY_BYTES = 64 * 1024

AskedDepartment = Annotated[
    ShortText | None,
    Query(description="Whose, by any name the memo prints; default: your own, with `enforcement:read` everybody's."),
]
MeasureNo = Annotated[int | None, Query(ge=1, le=99, description="Only this measure of the memo.")]
On = Annotated[Day | None, Query(description="The day that states are of, not after today; default today.")]
IfNoneMatch = Annotated[str | None, Header(description="The `ETag` that you have: 304 if it is still right.")]


async def _filter(  # noqa: PLR0913 - one parameter per query field, as the framework has it
    moment: Now,
    uscc: UsccInQuery,
    state: Annotated[list[ObligationState] | None, Query(description="One of these states; may be repeated.")] = None,
    overdue: Annotated[bool | None, Query(description="Due before `on`, and not reported as dealt with.")] = None,
    listing: Annotated[UUID | None, Query(description="`listing_id`.")] = None,
    subject_kind: Annotated[SubjectKind | None, Query(description="Against units, or against persons.")] = None,
    due_before: Annotated[Day | None, Query(description="应办结日期 before this day.")] = None,
    since: Annotated[Day | None, Query(description="任务产生日期 on this day or later.")] = None,
    on: On = None,
) -> ObligationFilter:
    return ObligationFilter(
        on=_day(on, moment.today),
        states=tuple(state) if state else None,
        overdue=overdue,
        listing_id=listing,
        uscc=uscc,
        subject_kind=subject_kind,
        due_before=due_before,
        since_from=since,
    )


def _day(on: date | None, today: date) -> date:
    if on is not None and on > today:
        raise InvalidField(FieldError("on", "date_in_future", "日期（on）不能晚于今天。"))
    return on or today


async def _table_format(
    table: Annotated[
        Literal["json", "csv", "xlsx"] | None,
        Query(alias="format", description="A table for people, instead of `Accept`; whole, without pages."),
    ] = None,
    accept: Annotated[str, Header(description=f"`{CSV}` or `{XLSX}` for a table.")] = "application/json",
) -> TableFormat | None:
    if table is not None:
        return None if table == "json" else TableFormat(table)
    wanted = accept.lower()
    return TableFormat.XLSX if XLSX in wanted else TableFormat.CSV if CSV in wanted else None


Chosen = Annotated[ObligationFilter, Depends(_filter)]
AsTable = Annotated[TableFormat | None, Depends(_table_format)]


@router.get(
    "/obligations",
    summary="What has to be done",
    response_model=ObligationsOut,
    responses=examples.OBLIGATIONS_ANSWER | OBLIGATIONS_PROBLEMS,
)
async def read_obligations(  # noqa: PLR0913 - one parameter per part of the request, as the framework has it
    caller: EnforcementCaller,
    request: Request,
    response: Response,
    services: ServicesDep,
    session: Reading,
    chosen: Chosen,
    table: AsTable,
    department: AskedDepartment = None,
    measure: MeasureNo = None,
    after: Annotated[UUID | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_IN_PAGE, description="How many.")] = 100,
    if_none_match: IfNoneMatch = None,
) -> ObligationsOut | Response:
    """Answer each listed subject × measure that your department is to carry out, and how far it is.

    They follow from the list, the memo and your reports the moment these are there; nothing has to run for it. What an
    open class (各部门) leaves to you has `yours: open_class`, and may be declined. Ordered by listing, as recorded.
    """
    service = services.obligations
    departments = service.departments(caller, department)
    version, reported = await service.made_from(session)
    tag = tag_of((version, reported, chosen.on), request, service.version, *sorted(departments), str(table))
    if has_already(if_none_match, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    asked = service.duties_of(departments, measure)
    if table is not None:
        headers = _file_headers(table, chosen.on) | {"ETag": tag}
        if head_alone(request.scope):
            return StreamingResponse((), headers=headers)
        return StreamingResponse(_pieces(await export(session, service, asked, chosen, table)), headers=headers)
    page = await service.page(session, asked, chosen, after, limit)
    response.headers["ETag"] = tag
    return ObligationsOut(
        on=chosen.on, list_version=version, obligations=_shaped(page, service, chosen.on), next=page.next
    )


def _shaped(page: ObligationPage, service: ObligationService, on: date) -> list[ObligationOut]:
    measures = {}
    shaped = []
    for one in page.items:
        applied = service.applied(one)
        kind = (one.key.measure_no, one.person is None)
        if kind not in measures:
            measures[kind] = measure_out(applied, on, with_text=False)
        last = EnforcementReportOut.of(one.last_report) if one.last_report is not None else None
        shaped.append(ObligationOut(**obligation_fields(one, measures[kind]), last_report=last))
    return shaped


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_COPY_BYTES):
            yield piece


def _file_headers(table: TableFormat, on: date) -> dict[str, str]:
    named = quote(f"惩戒任务-{on}.{table}")
    disposition = f"attachment; filename=\"obligations-{on}.{table}\"; filename*=UTF-8''{named}"
    return {"Content-Type": _FORMATS[table], "Content-Disposition": disposition}


@router.get(
    "/obligations/{obligation_id}",
    summary="One thing that has to be done",
    response_model=ObligationFullOut,
    responses=examples.OBLIGATION_ANSWER | OBLIGATION_PROBLEMS | NOT_MODIFIED,
)
async def read_obligation(  # noqa: PLR0913 - one parameter per part of the request, as the framework has it
    caller: EnforcementCaller,
    obligation_id: Annotated[UUID, Path(description="`obligation_id` of an obligation.")],
    request: Request,
    response: Response,
    services: ServicesDep,
    moment: Now,
    session: Reading,
    on: On = None,
    if_none_match: IfNoneMatch = None,
) -> ObligationFullOut | Response:
    """Answer one of them with the text of the law that it rests on, and every report of it, the corrected ones too."""
    service = services.obligations
    departments = service.departments(caller, None)
    day = _day(on, moment.today)
    found, reports = await service.one(session, obligation_id, departments, day)
    tag = tag_of((*await service.made_from(session), day), request, service.version, str(obligation_id))
    if has_already(if_none_match, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    response.headers["ETag"] = tag
    measure = measure_out(service.applied(found), day, with_text=True)
    return ObligationFullOut(
        **obligation_fields(found, measure), on=day, reports=[EnforcementReportOut.of(one) for one in reports]
    )


@router.post(
    "/enforcement-reports", summary="Report what you did", responses=examples.REPORTING_ANSWER | REPORTING_PROBLEMS
)
async def report(
    caller: ReportingCaller,
    body: Annotated[ReportsRequest, Body(openapi_examples=examples.REPORTING)],
    services: ServicesDep,
    moment: Now,
    session: Writing,
) -> ReportsMadeOut:
    """Keep up to 1,000 reports of your department's obligations, all of them or none; every error is told by row.

    To send the same again changes nothing and answers with what is there. Other content for the same obligation is its
    next report: the last one decides, the earlier ones stay. An act must have been possible on its day: `stopped` once
    the ground has ended, everything else while it held.
    """
    return ReportsMadeOut.of(await services.reporting.report(session, caller, body.reports, moment))


@router.get(
    "/enforcement-reports",
    summary="What was reported",
    responses=examples.REPORTS_ANSWER | REPORTS_PROBLEMS,
)
async def read_reports(  # noqa: PLR0913 - one parameter per query field, as the framework has it
    caller: EnforcementCaller,
    services: ServicesDep,
    session: Reading,
    department: AskedDepartment = None,
    obligation: Annotated[UUID | None, Query(description="`obligation_id`.")] = None,
    listing: Annotated[UUID | None, Query(description="`listing_id`.")] = None,
    measure: MeasureNo = None,
    status: Annotated[ReportStatus | None, Query(description="Only reports that say this.")] = None,
    acted_from: Annotated[Day | None, Query(description="办理日期 from this day on.")] = None,
    acted_to: Annotated[Day | None, Query(description="办理日期 up to this day.")] = None,
    after: Annotated[UUID | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_IN_PAGE, description="How many.")] = 100,
) -> EnforcementReportsOut:
    """Answer reports in the order in which they were made, corrected ones too: `report_no` says which is the last."""
    departments = services.obligations.departments(caller, department)
    chosen = ReportFilter(departments, obligation, listing, measure, status, acted_from, acted_to)
    found = await enforcement_reports.search(session, chosen, after, limit + 1)
    return EnforcementReportsOut(
        reports=[EnforcementReportOut.of(one) for one in found[:limit]],
        next=found[limit - 1].report_id if len(found) > limit else None,
    )

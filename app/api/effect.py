"""Did it work: the figures of a period, as JSON and as the workbook that the credit office circulates."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import WithJsonSchema

from app.api import effect_examples as examples
from app.api.deps import ONLY_KNOWN_QUERY_PARAMETERS, EnforcementCaller, Now, ServicesDep, SummingUp
from app.api.openapi import EFFECT_PROBLEMS
from app.api.schemas.effect import EffectSummaryOut
from app.domain.effect import BOOK_GROUPINGS, Dimension, Grouping
from app.errors import FieldError, InvalidField
from app.files.effect_book import write_book
from app.files.rows import XLSX
from app.services.effect import Period
from app.services.fields import Day, ShortText

router = APIRouter(prefix="/v1", tags=["enforcement 落实"], dependencies=[ONLY_KNOWN_QUERY_PARAMETERS])


def _day_like(example: str) -> WithJsonSchema:
    """Say what a day looks like: the type has a schema of its own, and its example would be lost in it."""
    return WithJsonSchema({"type": "string", "format": "date", "examples": [example]})


async def _period(
    first: Annotated[
        Day, Query(alias="from", description="First day of the period, not before 2000-01-01."), _day_like("2026-07-01")
    ],
    last: Annotated[
        Day,
        Query(alias="to", description="Last day; today at the latest, at most 366 days in all."),
        _day_like("2026-09-30"),
    ],
) -> Period:
    return Period(first, last)


@dataclass(frozen=True, slots=True)
class _Form:
    """As what the figures are wanted: a workbook, or JSON told apart ``by``."""

    as_book: bool
    by: Grouping


async def _form(
    by: Annotated[
        list[Dimension] | None,
        Query(description="Tell figures apart by this; repeat it for combinations. Not for a workbook, which has all."),
    ] = None,
    form: Annotated[Literal["json", "xlsx"] | None, Query(alias="format", description="Instead of `Accept`.")] = None,
    accept: Annotated[str, Header(description=f"`{XLSX}` for the workbook.")] = "application/json",
) -> _Form:
    as_book = form == "xlsx" if form is not None else XLSX in accept.lower()
    if as_book and by:
        told = "XLSX 固定按部门、措施、地区、月份分表，不接受 by。"
        raise InvalidField(FieldError("by", "not_allowed", told))
    return _Form(as_book, frozenset(by or ()))


@router.get(
    "/effect-summary",
    summary="Did it work",
    response_model=EffectSummaryOut,
    responses=examples.EFFECT_ANSWER | EFFECT_PROBLEMS,
)
async def read_effect_summary(
    caller: EnforcementCaller,
    services: ServicesDep,
    moment: Now,
    session: SummingUp,
    period: Annotated[Period, Depends(_period)],
    form: Annotated[_Form, Depends(_form)],
    department: Annotated[
        ShortText | None,
        Query(
            description="Whose, by any name the memo prints; default: your own, with `enforcement:read` everybody's."
        ),
    ] = None,
) -> EffectSummaryOut | Response:
    """Answer what became of the obligations that arose in a period, as it stands on its last day and is known now.

    With `enforcement:read` those of the whole city, otherwise your department's. Each figure is a count of rows of
    `/v1/obligations?on={to}&since={from}`, of reports, or of the audit: `docs/effect.md` says which.
    """
    service = services.effect
    departments = services.obligations.departments(caller, department)
    groupings = BOOK_GROUPINGS if form.as_book else (form.by,)
    effect = await service.summary(session, departments, period, groupings, moment)
    if not form.as_book:
        return EffectSummaryOut.of(effect, form.by, service.names)
    content = await asyncio.to_thread(write_book, effect, service.names)
    name = f"{period.first}_{period.last}.xlsx"
    disposition = f"attachment; filename=\"effect-{name}\"; filename*=UTF-8''{quote(f'惩戒效果通报-{name}')}"
    return Response(content, media_type=XLSX, headers={"Content-Disposition": disposition})

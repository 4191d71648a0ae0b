"""Reading the figures of an effect summary: everything is counted in the database (``effect_sql.py``)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from app.domain.applicability import Yours
from app.domain.effect import BroughtForward, Dimension, Figures, Grouping, Key, ListFigures
from app.domain.enforcement_periods import PeriodSpan
from app.domain.obligations import Duty, ObligationState
from app.store import effect_sql
from app.store.database import Session
from app.store.obligations import ObligationFilter, statement_parameters

Groups = dict[Grouping, dict[Key, Figures]]

_NAMES = (*(state.value for state in ObligationState), "overdue", "carried_out", "carried_out_late")
# Against one subject, nothing but this makes a difference to whether there is an obligation, and since when.
_EXAMPLES = (
    Duty("", -1, Yours.NO, on_unit=True, on_persons=False, outlives=False),
    Duty("", -2, Yours.NO, on_unit=False, on_persons=True, outlives=False),
    Duty("", -3, Yours.NO, on_unit=False, on_persons=True, outlives=True),
)
_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose figures, of which days; ``since`` and ``until`` are the moments at which the period begins and is over."""

    departments: Sequence[str]
    first: date
    last: date
    since: datetime
    until: datetime


async def read(
    session: Session,
    duties: Sequence[Duty],
    spans: Sequence[PeriodSpan],
    asked: Asked,
    groupings: Collection[Grouping],
) -> Groups:
    """Return for each grouping the figures of every group that has any."""
    found: Groups = {one: {} for one in groupings}
    # The sort memory of a page is too little for the whole list; it is given back with the transaction.
    await session.execute(text("SET LOCAL work_mem = '64MB'"))
    if duties:
        statement = effect_sql.figures(groupings, len(duties))
        for row in (await session.execute(statement, _parameters(duties, spans, asked))).mappings():
            _note(found, row, _of_duties(row))
    countable = [one for one in groupings if Dimension.MEASURE not in one]
    if countable:
        asking = {"since": asked.since, "until": asked.until, "departments": list(asked.departments)}
        for row in (await session.execute(effect_sql.checks(countable), asking)).mappings():
            _note(found, row, {"checks": row["checks"], "hits": row["hits"]})
    return found


async def listed(session: Session, first: date, last: date) -> ListFigures:
    """Return the figures of the list itself."""
    row = (await session.execute(effect_sql.LISTED, {"from_day": first, "on": last})).mappings().one()
    return ListFigures(**row)


def _parameters(duties: Sequence[Duty], spans: Sequence[PeriodSpan], asked: Asked) -> dict[str, Any]:
    joined = [*duties, *_EXAMPLES]
    stood_for = [
        (example, place) for example in _EXAMPLES for place, duty in enumerate(duties) if _stands_for(example, duty)
    ]
    bits = [_bits([place], len(duties)) for place in range(len(duties))]
    bits += [_bits([place for one, place in stood_for if one is example], len(duties)) for example in _EXAMPLES]
    return statement_parameters(joined, spans, ObligationFilter(asked.last), None) | {
        "from_listing": _FIRST,
        "to_listing": _LAST,
        "from_day": asked.first,
        "place_departments": [one.department for one in joined],
        "place_measures": [one.measure_no for one in joined],
        "place_bits": bits,
        "examples": [example.measure_no for example, _ in stood_for],
        "example_departments": [duties[place].department for _, place in stood_for],
        "example_measures": [duties[place].measure_no for _, place in stood_for],
    }


def _stands_for(example: Duty, duty: Duty) -> bool:
    # What outlives a listing does so for persons only.
    return duty.on_unit if example.on_unit else duty.on_persons and duty.outlives is example.outlives


def _bits(places: Collection[int], width: int) -> str:
    return "".join("1" if place in places else "0" for place in range(width))


def _of_duties(row: RowMapping) -> dict[str, Any]:
    numbers = [int(one) for one in row["numbers"]]
    if row["kind"] != "counts":
        return {"median_days": row["median"]} if row["kind"] == "days" else {row["kind"]: numbers[0]}
    forward = BroughtForward(*numbers[len(_NAMES) :])
    return dict(zip(_NAMES, numbers, strict=False)) | {"brought_forward": forward}


def _note(found: Groups, row: RowMapping, figures: dict[str, Any]) -> None:
    grouping = next(one for one in found if effect_sql.name_of(one) == row["grouping"])
    key = Key(row["department"], row["measure_no"], row["district"], row["month"])
    before = found[grouping].get(key)
    if before is None:
        before = Figures.nothing(grouping)
    found[grouping][key] = replace(before, **figures)

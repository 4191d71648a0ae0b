"""The wire shape of an effect summary. Every key is always there; what there is not is ``null``."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.domain.effect import TOTAL, Dimension, Effect, Figures, Grouping, Key
from app.files.effect_book import Names


class SubjectsOut(BaseModel):
    """Different subjects, each once however many listings they have. Counts of groups do not add up to a total."""

    units: Annotated[int, Field(description="By unified social credit code.")]
    persons: Annotated[int, Field(description="By identity number, whatever the names and keys it is recorded under.")]


class StatesOut(BaseModel):
    """The obligations by their state on the last day; they add up to `obligations`."""

    open: int
    in_progress: int
    done: int
    not_applicable: int
    to_lift: int
    lifted: int


class ShareOut(BaseModel):
    """So many, of so many."""

    count: int
    of: int


class DaysOut(BaseModel):
    """A median, and of how many."""

    median: Annotated[float | None, Field(description="Days; `null` where there is none.")]
    of: int


class BroughtForwardOut(BaseModel):
    """Obligations that arose before `from`; none of them is in `obligations`."""

    carried_out: Annotated[int, Field(description="By an act of a day in the period.")]
    pending: Annotated[int, Field(description="Still `open` or `in_progress` on the last day.")]
    overdue: Annotated[int, Field(description="Of `pending`, those due before the last day.")]
    to_lift: Annotated[int, Field(description="Still `to_lift` on the last day.")]


class FiguresOut(BaseModel):
    """The figures of one group."""

    subjects: SubjectsOut
    obligations: Annotated[int, Field(description="That arose (`since`) in the period.")]
    states: StatesOut
    carried_out: Annotated[
        ShareOut, Field(description="Done, lifted since or not; of the obligations that are not `not_applicable`.")
    ]
    carried_out_late: Annotated[ShareOut, Field(description="After their due day; of those carried out.")]
    overdue: Annotated[ShareOut, Field(description="Due before the last day; of those `open` or `in_progress`.")]
    lifted: Annotated[ShareOut, Field(description="Confirmed as stopped; of those whose ground has ended.")]
    not_applicable: Annotated[ShareOut, Field(description="Declined; of all obligations.")]
    days_to_act: Annotated[DaysOut, Field(description="From `since` to the act, of those carried out.")]
    brought_forward: BroughtForwardOut
    checks: Annotated[
        int | None, Field(description="Lookups answered with a verdict in the period; `null` by measure.")
    ]
    hits: Annotated[ShareOut | None, Field(description="`listed`, of `checks`; `null` by measure.")]

    @classmethod
    def of(cls, one: Figures) -> "FiguresOut":
        """Shape figures."""
        states = StatesOut(**{name: getattr(one, name) for name in StatesOut.model_fields})
        forward = {name: getattr(one.brought_forward, name) for name in BroughtForwardOut.model_fields}
        return cls(
            subjects=SubjectsOut(units=one.units, persons=one.persons),
            obligations=one.obligations,
            states=states,
            carried_out=ShareOut(count=one.carried_out, of=one.applicable),
            carried_out_late=ShareOut(count=one.carried_out_late, of=one.carried_out),
            overdue=ShareOut(count=one.overdue, of=one.pending),
            lifted=ShareOut(count=one.lifted, of=one.ended),
            not_applicable=ShareOut(count=one.not_applicable, of=one.obligations),
            days_to_act=DaysOut(median=one.median_days, of=one.carried_out),
            brought_forward=BroughtForwardOut(**forward),
            checks=one.checks,
            hits=ShareOut(count=one.hits, of=one.checks) if one.hits is not None and one.checks is not None else None,
        )


class MeasureOfGroupOut(BaseModel):
    """A measure of the memo."""

    no: int
    title: str


class DistrictOut(BaseModel):
    """Where units are registered; of checks on persons, who are registered nowhere, both are ``null``."""

    code: Annotated[str | None, Field(description="Characters 3 to 8 of the unit's code.")]
    name: Annotated[str | None, Field(description="`null` where `data/districts.yaml` has none.")]


class GroupOut(BaseModel):
    """The figures of one combination of what was asked for by; the rest is ``null``."""

    department: str | None
    measure: MeasureOfGroupOut | None
    district: DistrictOut | None
    month: Annotated[str | None, Field(description="`2026-03`: in which obligations arose, and checks were answered.")]
    figures: FiguresOut


class ListFiguresOut(BaseModel):
    """The list itself, whoever has to do something."""

    listed: Annotated[int, Field(description="Listings with `listed_on` in the period, whatever became of them.")]
    units_listed: Annotated[int, Field(description="Different units among them.")]
    in_force: Annotated[int, Field(description="Listings in force on the last day.")]
    units_in_force: Annotated[int, Field(description="Different units among them.")]


class EffectSummaryOut(BaseModel):
    """What the measures came to in a period."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]
    known_at: Annotated[datetime, Field(description="Everything is as it was known at this moment.")]
    list_version: int
    departments: Annotated[list[str], Field(description="Whose obligations and checks are counted.")]
    list_figures: Annotated[ListFiguresOut, Field(alias="list")]
    totals: FiguresOut
    by: list[Dimension]
    groups: list[GroupOut]

    @classmethod
    def of(cls, effect: Effect, by: Grouping, names: Names) -> "EffectSummaryOut":
        """Shape a summary."""
        groups = effect.groups[by].items() if by != TOTAL else ()
        numbers = effect.list_figures
        return cls(
            first=effect.first,
            last=effect.last,
            known_at=effect.known_at,
            list_version=effect.list_version,
            departments=list(effect.departments),
            list_figures=ListFiguresOut(**{name: getattr(numbers, name) for name in ListFiguresOut.model_fields}),
            totals=FiguresOut.of(effect.totals),
            by=[one for one in Dimension if one in by],
            groups=[_group(key, figures, names) for key, figures in groups],
        )


def _group(key: Key, figures: Figures, names: Names) -> GroupOut:
    no, code = key.measure_no, key.district
    name = names.districts.get(code) if code is not None else None
    return GroupOut(
        department=key.department,
        measure=MeasureOfGroupOut(no=no, title=names.measures[no]) if no is not None else None,
        district=DistrictOut(code=code or None, name=name) if code is not None else None,
        month=key.month,
        figures=FiguresOut.of(figures),
    )

"""Which measures apply to a subject, how each reaches it, and whose it is to carry out: decided from the data alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from app.domain.catalogue import Catalogue, Measure, SubMeasure
from app.domain.subjects import SubjectKind


class Reach(StrEnum):
    """How a measure reaches the subject that was asked about."""

    DIRECT = "direct"
    THROUGH_RELATED_PERSONS = "through_related_persons"
    """it acts on the persons who answer for the unit, as measure 9 does"""


class Yours(StrEnum):
    """Whether a measure is the asking department's to carry out."""

    NAMED = "named"
    OPEN_CLASS = "open_class"
    """the memo names a class (各部门…), and whether the department is in it is the department's to judge"""
    NO = "no"


@dataclass(frozen=True, slots=True)
class AppliedSubMeasure:
    """A sub-measure as it reaches the subject."""

    sub_measure: SubMeasure
    reach: Reach


@dataclass(frozen=True, slots=True)
class AppliedMeasure:
    """A measure as it reaches the subject, with those of its sub-measures that do."""

    measure: Measure
    reach: Reach
    sub_measures: tuple[AppliedSubMeasure, ...]


class Grounds(NamedTuple):
    """Why anything applies at all: a listing in force, or a position ban that outlived its listing, or both."""

    listed: bool
    banned: bool


def applicable(catalogue: Catalogue, kind: SubjectKind, grounds: Grounds) -> tuple[AppliedMeasure, ...]:
    """Return the measures that apply, in the memo's order; none without grounds."""
    if grounds.listed:
        candidates: Iterable[Measure] = catalogue.measures
    elif grounds.banned:
        candidates = (measure for measure in catalogue.measures if measure.position_ban)
    else:
        candidates = ()
    return tuple(applied for measure in candidates if (applied := _applied(measure, kind)) is not None)


def _applied(measure: Measure, kind: SubjectKind) -> AppliedMeasure | None:
    how = reach(measure.acts_on.subjects, kind)
    if how is None:
        return None
    parts = ((part, reach(part.acts_on.subjects, kind)) for part in measure.sub_measures)
    return AppliedMeasure(
        measure, how, tuple(AppliedSubMeasure(part, reached) for part, reached in parts if reached is not None)
    )


def reach(subjects: frozenset[SubjectKind], kind: SubjectKind) -> Reach | None:
    """Say how what acts on these subjects reaches one of this kind; ``None`` where it does not."""
    if kind in subjects:
        return Reach.DIRECT
    # A listing is of a unit: what acts on its persons is started by it. The reverse does not hold; what acts on the
    # unit is not the person's to bear.
    return Reach.THROUGH_RELATED_PERSONS if kind is SubjectKind.UNIT else None


def whose(measure: Measure, department: str) -> Yours:
    """Say whether the measure is the named department's; an open class is never taken to hold or not hold it."""
    if any(named.name == department for named in measure.implementers.named):
        return Yours.NAMED
    return Yours.OPEN_CLASS if measure.implementers.open_class is not None else Yours.NO

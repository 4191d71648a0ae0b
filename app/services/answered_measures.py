"""Which of the measures that apply an answer shows: by the scene it was asked in, and by whose they are.

What it says of the scene keeps "nothing to do here" from ever being read as "not listed".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.applicability import AppliedMeasure, Yours, whose
from app.domain.scenes import ChosenScene, ReachedAsk, mattering
from app.domain.subjects import SubjectKind

_LISTED = "该对象在名单上，切勿当作“不在名单上”。"


@dataclass(frozen=True, slots=True)
class AnsweredMeasure:
    """A measure that applies, whether it is the caller's, and what it asks for in the scene that was asked in."""

    applied: AppliedMeasure
    yours: Yours
    asks: tuple[ReachedAsk, ...] | None


@dataclass(frozen=True, slots=True)
class AnsweredScene:
    """The scene as answered; ``other_measures`` apply to the subject and do not matter in it."""

    chosen: ChosenScene
    yours: Yours
    other_measures: tuple[int, ...]
    note: str | None


def in_no_scene(applied: Sequence[AppliedMeasure], department: str, *, mine: bool) -> tuple[AnsweredMeasure, ...]:
    """Return all measures that apply, or with ``mine`` those that are or may be the department's."""
    return _shown([AnsweredMeasure(one, whose(one.measure, department), None) for one in applied], mine=mine)


def in_scene(
    chosen: ChosenScene, kind: SubjectKind, applied: Sequence[AppliedMeasure], department: str, *, mine: bool
) -> tuple[tuple[AnsweredMeasure, ...], AnsweredScene]:
    """Return the measures that matter in the scene, with what it leaves out of all that applies."""
    matter = [
        AnsweredMeasure(one.applied, whose(one.applied.measure, department), one.asks)
        for one in mattering(chosen.scene, kind, applied)
    ]
    shown = _shown(matter, mine=mine)
    numbers = [one.applied.measure.no for one in matter]
    others = tuple(one.measure.no for one in applied if one.measure.no not in numbers)
    note = _note(numbers, others) if applied and not shown else None
    return shown, AnsweredScene(chosen, chosen.scene.whose(department), others, note)


def _shown(measures: Sequence[AnsweredMeasure], *, mine: bool) -> tuple[AnsweredMeasure, ...]:
    return tuple(one for one in measures if not mine or one.yours is not Yours.NO)


def _note(matter: Sequence[int], others: Sequence[int]) -> str:
    """Say why somebody who is listed has no measures in this answer."""
    if matter:
        return f"{_LISTED}本场景适用第 {_joined(matter)} 项措施，但都不由贵部门实施，按 view=mine 没有列出。"
    return f"{_LISTED}本场景的措施都不适用于它，适用的是第 {_joined(others)} 项，不带 scene 再查（view=summary）。"


def _joined(numbers: Sequence[int]) -> str:
    return "、".join(str(no) for no in numbers)

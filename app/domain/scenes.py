"""Scenes: in which procedure of which department a measure matters, and what it asks for there.

A scene narrows an answer; it decides nothing. Whether a measure applies at all is ``applicability.py``'s to say, and
what a scene asks for is never more than the memo's own words, which are quoted with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from app.domain.applicability import AppliedMeasure, Reach, Yours, reach
from app.domain.catalogue import Department, Measure, OpenClass
from app.domain.subjects import SubjectKind


class Ask(StrEnum):
    """What a measure asks for: every way in which the memo's 24 measures say it (part two), and no other.

    What each means in Chinese, and which of the memo's words say it, stands in the file of scenes.
    """

    REFUSE = "refuse"
    RESTRICT = "restrict"
    SUSPEND = "suspend"
    WITHDRAW = "withdraw"
    DOWNGRADE = "downgrade"
    RAISE_RATE = "raise_rate"
    INSPECT_MORE = "inspect_more"
    PENALISE_MORE = "penalise_more"
    INTERVIEW = "interview"
    ORDER = "order"
    RATE = "rate"
    PUBLISH = "publish"
    NOTIFY = "notify"
    TAKE_INTO_ACCOUNT = "take_into_account"


@dataclass(frozen=True, slots=True)
class AskMeaning:
    """An ask in Chinese, and the memo's words by which it is known."""

    ask: Ask
    name: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SceneAsk:
    """One thing that a measure asks for in a scene, quoted from the memo.

    ``one_of`` holds several where the memo leaves the choice to who carries it out (限制或禁止).
    """

    one_of: tuple[Ask, ...]
    words: str
    sub_measure: int | None
    subjects: frozenset[SubjectKind]


@dataclass(frozen=True, slots=True)
class SceneMeasure:
    """A measure that matters in a scene; each of the ``asks`` is asked for."""

    measure: Measure
    asks: tuple[SceneAsk, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """A procedure in which departments look subjects up."""

    code: str
    name: str
    procedure: str
    departments: tuple[Department, ...]
    open_classes: tuple[OpenClass, ...]
    measures: tuple[SceneMeasure, ...]

    def whose(self, department: str) -> Yours:
        """Say whether the scene is the named department's; an open class is never taken to hold or not hold it."""
        if any(named.name == department for named in self.departments):
            return Yours.NAMED
        return Yours.OPEN_CLASS if self.open_classes else Yours.NO


@dataclass(frozen=True, slots=True)
class InNoScene:
    """A measure, or one of its sub-measures, that no scene asks for, and why."""

    no: int
    sub_measure: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Scenes:
    """Every scene as served. ``version`` is ``sha256:`` and the hex digest of ``source``, the file's bytes."""

    version: str
    source: bytes
    meanings: tuple[AskMeaning, ...]
    scenes: tuple[Scene, ...]
    in_no_scene: tuple[InNoScene, ...]

    def named(self, code: str) -> "ChosenScene | None":
        """Return the scene of this code."""
        return next((ChosenScene(one, self.version) for one in self.scenes if one.code == code), None)


@dataclass(frozen=True, slots=True)
class ChosenScene:
    """The scene that a lookup is asked in, and the version of the scenes that it is taken from."""

    scene: Scene
    version: str


@dataclass(frozen=True, slots=True)
class ReachedAsk:
    """Something asked for, and how it reaches the subject."""

    ask: SceneAsk
    reach: Reach


@dataclass(frozen=True, slots=True)
class MatteringMeasure:
    """A measure that applies to the subject and matters in the scene, with the sub-measures that do."""

    applied: AppliedMeasure
    asks: tuple[ReachedAsk, ...]


def mattering(scene: Scene, kind: SubjectKind, applied: Iterable[AppliedMeasure]) -> tuple[MatteringMeasure, ...]:
    """Return what matters in the scene of the measures that apply: those that ask something of this subject there."""
    by_no = {one.measure.no: one.asks for one in scene.measures}
    found = ((one, _reached(by_no.get(one.measure.no, ()), kind)) for one in applied)
    return tuple(MatteringMeasure(_narrowed(one, asks), asks) for one, asks in found if asks)


def _reached(asks: Iterable[SceneAsk], kind: SubjectKind) -> tuple[ReachedAsk, ...]:
    pairs = ((ask, reach(ask.subjects, kind)) for ask in asks)
    return tuple(ReachedAsk(ask, how) for ask, how in pairs if how is not None)


def _narrowed(applied: AppliedMeasure, asks: Iterable[ReachedAsk]) -> AppliedMeasure:
    asked = {one.ask.sub_measure for one in asks}
    return replace(applied, sub_measures=tuple(part for part in applied.sub_measures if part.sub_measure.no in asked))

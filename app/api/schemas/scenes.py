"""The wire shapes of scenes: as data, and in the answer to a lookup that was asked in one."""

from typing import Annotated

from pydantic import BaseModel, Field

from app.domain.applicability import Reach, Yours
from app.domain.scenes import Ask, Scene, SceneAsk, Scenes
from app.domain.subjects import SubjectKind
from app.services.answered_measures import AnsweredMeasure, AnsweredScene
from app.services.fields import ShortText

LONGEST_SCENE = 64

SceneField = Annotated[
    ShortText | None,
    Field(
        description="The procedure you ask in (`GET /v1/scenes`): the answer has just the measures that matter in it, "
        "and what each asks for.",
        examples=["customs.clearance"],
    ),
]
OneOf = Annotated[
    list[Ask],
    Field(description="What is asked for; of several, the memo leaves the choice to who carries it out, by law."),
]
Words = Annotated[str, Field(description="The memo's words that ask for it.")]
PartNo = Annotated[int | None, Field(description="Of which sub-measure.")]


class AskMeaningOut(BaseModel):
    """What an ask means."""

    ask: Ask
    name: str
    words: Annotated[list[str], Field(description="The memo's words by which it is known.")]


class SceneAskOut(BaseModel):
    """One thing that a measure asks for in a scene; each of them is asked for."""

    one_of: OneOf
    words: Words
    sub_measure: PartNo
    subjects: Annotated[list[SubjectKind], Field(description="Whom it acts on.")]

    @classmethod
    def of(cls, ask: SceneAsk) -> "SceneAskOut":
        """Shape it, units first."""
        subjects = sorted(ask.subjects, reverse=True)
        return cls(one_of=list(ask.one_of), words=ask.words, sub_measure=ask.sub_measure, subjects=subjects)


class SceneMeasureOut(BaseModel):
    """A measure that matters in a scene."""

    no: int
    title: str
    asks: list[SceneAskOut]


class SceneOut(BaseModel):
    """A procedure in which subjects are looked up."""

    code: str
    name: str
    procedure: Annotated[str, Field(description="Which procedure it is, in Chinese.")]
    departments: Annotated[list[str], Field(description="Whose procedure it is.")]
    open_classes: Annotated[list[str], Field(description="Classes the memo leaves open; they are never expanded.")]
    measures: list[SceneMeasureOut]

    @classmethod
    def of(cls, scene: Scene) -> "SceneOut":
        """Shape a scene."""
        return cls(
            code=scene.code,
            name=scene.name,
            procedure=scene.procedure,
            departments=[one.name for one in scene.departments],
            open_classes=[one.printed for one in scene.open_classes],
            measures=[
                SceneMeasureOut(
                    no=one.measure.no, title=one.measure.title, asks=[SceneAskOut.of(ask) for ask in one.asks]
                )
                for one in scene.measures
            ],
        )


class InNoSceneOut(BaseModel):
    """A measure that no scene asks for, and why."""

    no: int
    sub_measure: PartNo
    reason: str


class ScenesOut(BaseModel):
    """Every scene."""

    scenes_version: str
    catalogue_version: str
    asks: list[AskMeaningOut]
    scenes: list[SceneOut]
    in_no_scene: list[InNoSceneOut]

    @classmethod
    def of(cls, scenes: Scenes, catalogue_version: str) -> "ScenesOut":
        """Shape the scenes, with the version of the memo that they quote."""
        return cls(
            scenes_version=scenes.version,
            catalogue_version=catalogue_version,
            asks=[AskMeaningOut(ask=one.ask, name=one.name, words=list(one.words)) for one in scenes.meanings],
            scenes=[SceneOut.of(one) for one in scenes.scenes],
            in_no_scene=[
                InNoSceneOut(no=one.no, sub_measure=one.sub_measure, reason=one.reason) for one in scenes.in_no_scene
            ],
        )


class AnsweredSceneOut(BaseModel):
    """The scene that was asked in."""

    code: str
    name: str
    scenes_version: str
    departments: Annotated[list[str], Field(description="Whose procedure it is.")]
    open_classes: Annotated[list[str], Field(description="Classes the memo leaves open; they are never expanded.")]
    yours: Annotated[Yours, Field(description="Whether it is your department's procedure; any may ask in it.")]
    other_measures: Annotated[
        list[int],
        Field(description="Measures that apply to this subject all the same, and do not matter in this scene."),
    ]
    note: Annotated[
        str | None,
        Field(description="Where a listed subject has no measures in this answer: why, and that it *is* listed."),
    ]

    @classmethod
    def of(cls, answered: AnsweredScene) -> "AnsweredSceneOut":
        """Shape it."""
        scene = answered.chosen.scene
        return cls(
            code=scene.code,
            name=scene.name,
            scenes_version=answered.chosen.version,
            departments=[one.name for one in scene.departments],
            open_classes=[one.printed for one in scene.open_classes],
            yours=answered.yours,
            other_measures=list(answered.other_measures),
            note=answered.note,
        )


class AnsweredAskOut(BaseModel):
    """What a measure asks for in the scene, of this subject."""

    one_of: OneOf
    words: Words
    sub_measure: PartNo
    applies: Annotated[Reach, Field(description="How it reaches this subject.")]


def asks_out(answered: AnsweredMeasure) -> list[AnsweredAskOut] | None:
    """Shape what a measure asks for; ``None`` if it was asked in no scene."""
    if answered.asks is None:
        return None
    return [
        AnsweredAskOut(
            one_of=list(one.ask.one_of), words=one.ask.words, sub_measure=one.ask.sub_measure, applies=one.reach
        )
        for one in answered.asks
    ]

"""The shapes of a lookup's answer, as they are on the wire (see `types`)."""

from typing import Literal, NotRequired, TypedDict

from liancheng.client.types import Removal, Unit

SubjectKind = Literal["unit", "person"]
View = Literal["summary", "mine", "full"]


class AnsweredBan(TypedDict):
    """A ban from leading a unit, in a lookup's answer."""

    until: str | None
    for_life: bool
    in_force: bool


class AnsweredPerson(TypedDict):
    """The person asked about, as a listing records them."""

    name: str
    id_number_masked: str
    roles: list[str]
    position_ban: AnsweredBan | None


class AnsweredListing(TypedDict):
    """A listing that concerns the subject on the day."""

    listing_id: str
    revision: int
    state: str
    unit: Unit
    person: AnsweredPerson | None
    decision_no: str
    decided_by: str
    conduct: str
    tier: str
    listed_on: str
    valid_until: str
    removal: Removal | None


Ask = Literal[
    "refuse",
    "restrict",
    "suspend",
    "withdraw",
    "downgrade",
    "raise_rate",
    "inspect_more",
    "penalise_more",
    "interview",
    "order",
    "rate",
    "publish",
    "notify",
    "take_into_account",
]
"""What a measure asks for in a scene."""
Yours = Literal["named", "open_class", "no"]


class AnsweredAsk(TypedDict):
    """What a measure asks for of this subject; of several in ``one_of``, the memo leaves the choice to you, by law."""

    one_of: list[Ask]
    words: str
    sub_measure: int | None
    applies: Literal["direct", "through_related_persons"]


class AnsweredScene(TypedDict):
    """The scene that was asked in. ``note`` is there if a listed subject has no measures in this answer."""

    code: str
    name: str
    scenes_version: str
    departments: list[str]
    open_classes: list[str]
    yours: Yours
    other_measures: list[int]
    note: str | None


class SubMeasure(TypedDict):
    """A sub-measure that reaches the subject."""

    no: int
    text: str
    applies: Literal["direct", "through_related_persons"]


class Departments(TypedDict):
    """Who carries a measure out (实施单位)."""

    printed: str
    named: list[str]
    open_class: str | None


class LaterLaw(TypedDict):
    """What has become of a document or provision since the memo."""

    since: str | None
    note: str
    confidence: str
    source: str | None


class Provision(TypedDict):
    """A provision that a measure rests on; ``text`` with ``view="full"``."""

    heading: str | None
    label: str | None
    text: str | None
    later_law: list[LaterLaw]


class LegalBasis(TypedDict):
    """A document that a measure rests on, with the provisions cited."""

    document: str
    document_no: str | None
    later_law: list[LaterLaw]
    later_law_checked: bool
    provisions: list[Provision]


class Measure(TypedDict):
    """A measure that applies; ``yours`` says whether it is your department's, ``asks`` what it asks for in a scene."""

    no: int
    title: str
    sub_measures: list[SubMeasure]
    applies: Literal["direct", "through_related_persons"]
    done_to_unit: str | None
    departments: Departments
    yours: Yours
    asks: list[AnsweredAsk] | None
    legal_bases: list[LegalBasis]


class LookupAnswer(TypedDict):
    """A verdict. Keep ``lookup_id`` with your case: it is the record of what you were told.

    Asked in a ``scene``, ``measures`` may be empty for a subject that is listed: ``verdict`` alone says whether it is.
    """

    lookup_id: str
    answered_at: str
    on: str
    list_version: int
    catalogue_version: str
    code: str
    subject_kind: SubjectKind
    verdict: Literal["listed", "not_listed"]
    scene: AnsweredScene | None
    listings: list[AnsweredListing]
    measures: list[Measure]


class LookupItem(TypedDict):
    """One subject of a batch."""

    code: str
    subject_kind: NotRequired[SubjectKind | None]
    reference: NotRequired[str | None]


class AskMeaning(TypedDict):
    """What an ask means, and the memo's words by which it is known."""

    ask: Ask
    name: str
    words: list[str]


class SceneAsk(TypedDict):
    """One thing that a measure asks for in a scene."""

    one_of: list[Ask]
    words: str
    sub_measure: int | None
    subjects: list[SubjectKind]


class SceneMeasure(TypedDict):
    """A measure that matters in a scene."""

    no: int
    title: str
    asks: list[SceneAsk]


class Scene(TypedDict):
    """A procedure in which subjects are looked up."""

    code: str
    name: str
    procedure: str
    departments: list[str]
    open_classes: list[str]
    measures: list[SceneMeasure]


class InNoScene(TypedDict):
    """A measure that no scene asks for, and why."""

    no: int
    sub_measure: int | None
    reason: str


class Scenes(TypedDict):
    """Every scene, with what the asks mean."""

    scenes_version: str
    catalogue_version: str
    asks: list[AskMeaning]
    scenes: list[Scene]
    in_no_scene: list[InNoScene]

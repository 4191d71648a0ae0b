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


class OpenObjection(TypedDict):
    """An objection (异议) that contests a listing on the day."""

    objection_no: str
    filed_on: str


class AnsweredListing(TypedDict):
    """A listing that concerns the subject on the day; while it is ``contested`` it is in force all the same."""

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
    contested: bool
    open_objections: list[OpenObjection]


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
    """A measure that applies; ``yours`` says whether it is your department's to carry out."""

    no: int
    title: str
    sub_measures: list[SubMeasure]
    applies: Literal["direct", "through_related_persons"]
    done_to_unit: str | None
    departments: Departments
    yours: Literal["named", "open_class", "no"]
    legal_bases: list[LegalBasis]


class LookupAnswer(TypedDict):
    """A verdict. Keep ``lookup_id`` with your case: it is the record of what you were told."""

    lookup_id: str
    answered_at: str
    on: str
    list_version: int
    catalogue_version: str
    code: str
    subject_kind: SubjectKind
    verdict: Literal["listed", "not_listed"]
    listings: list[AnsweredListing]
    measures: list[Measure]


class LookupItem(TypedDict):
    """One subject of a batch."""

    code: str
    subject_kind: NotRequired[SubjectKind | None]
    reference: NotRequired[str | None]

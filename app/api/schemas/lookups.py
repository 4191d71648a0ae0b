"""The wire shapes of a lookup. In answers every key is always there; what is not is ``null``."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from app.api.schemas.problems import Problem
from app.api.schemas.scenes import AnsweredAskOut, AnsweredSceneOut, SceneField, asks_out
from app.domain.applicability import Reach, Yours
from app.domain.catalogue import LaterLaw, LegalBasis, Measure
from app.domain.listing import ListedUnit, ListingState, RelatedPerson, Removal, RemovalReason, Role
from app.domain.subjects import SubjectKind
from app.services.answered_measures import AnsweredMeasure
from app.services.fields import Day, Instant, LongText, ShortText
from app.services.lookup import Answer, AnsweredListing, View
from app.services.push_options import NEWEST_VERSION

MOST_IN_BATCH = 100_000
_LONGEST_CODE = 64

Code = Annotated[
    StrictStr,
    Field(
        min_length=1,
        max_length=_LONGEST_CODE,
        description="统一社会信用代码 (GB 32100) or 公民身份号码 (GB 11643). Full-width characters, lower case, spaces "
        "and hyphens are understood.",
    ),
]
Kind = Annotated[
    SubjectKind | None,
    Field(description="What the code is; send it where you know it. Without it a code that could be both is refused."),
]
Purpose = Annotated[
    LongText | None,
    Field(description="Why you ask, for the audit. Required for a person.", examples=["海关通关审核"]),
]
Reference = Annotated[
    ShortText | None, Field(description="Your own case number, for the audit.", examples=["QYHG-2026-000123"])
]
On = Annotated[Day | None, Field(description="The day to answer for, not after today; default today (Asia/Shanghai).")]
KnownAt = Annotated[
    Instant | None,
    Field(
        description="Answer with the list as this service knew it at that moment (RFC 3339); default: as it is known "
        "now. Without `on`, the day is that moment's (Asia/Shanghai)."
    ),
]
MinListVersion = Annotated[
    StrictInt,
    Field(
        ge=0,
        le=NEWEST_VERSION,
        description="The newest list version you have seen; a service whose list is older answers 409. With `known_at` "
        "too it is the service's newest version that counts, not the one of then.",
    ),
]
ViewField = Annotated[
    View,
    Field(
        description="`summary`: every measure, provisions by label. `mine`: only what is or may be your department's. "
        "`full`: with the provisions' text."
    ),
]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LookupRequest(_Request):
    """One subject."""

    code: Code
    subject_kind: Kind = None
    purpose: Purpose = None
    reference: Reference = None
    on: On = None
    known_at: KnownAt = None
    min_list_version: MinListVersion = 0
    view: ViewField = View.SUMMARY
    scene: SceneField = None


class BatchItem(_Request):
    """One subject of a batch."""

    code: Code
    subject_kind: Kind = None
    reference: Reference = None


class BatchTerms(_Request):
    """What is said once for all items of a batch."""

    purpose: Purpose = None
    on: On = None
    min_list_version: MinListVersion = 0
    view: ViewField = View.SUMMARY
    scene: SceneField = None


class BatchRequest(BatchTerms):
    """Up to 100,000 subjects, asked for one purpose and one day."""

    # For the document only: each item is read by itself, so that one that is wrong gets its own problem.
    items: Annotated[list[BatchItem], Field(min_length=1, max_length=MOST_IN_BATCH)]


class UnitOut(BaseModel):
    """The listed unit."""

    name: str
    uscc: str
    former_names: list[str]

    @classmethod
    def of(cls, unit: ListedUnit) -> "UnitOut":
        """Shape a unit."""
        return cls(name=unit.name, uscc=unit.uscc, former_names=list(unit.former_names))


class PositionBanOut(BaseModel):
    """A ban from leading a unit (measure 9)."""

    until: Annotated[date | None, Field(description="Last day; `null` for life.")]
    for_life: bool
    in_force: Annotated[bool, Field(description="On the day asked for.")]


class PersonOut(BaseModel):
    """The person asked about, as the listing records them."""

    name: str
    id_number_masked: str
    roles: list[Role]
    position_ban: PositionBanOut | None


class RemovalOut(BaseModel):
    """How a listing was ended."""

    removed_on: date
    reason: RemovalReason
    decision_no: str | None

    @classmethod
    def of(cls, removal: Removal | None) -> "RemovalOut | None":
        """Shape a removal, if there is one."""
        return cls(removed_on=removal.on, reason=removal.reason, decision_no=removal.decision_no) if removal else None


class OpenObjectionOut(BaseModel):
    """An objection (异议) that contests the listing on the day: filed, and not decided by then."""

    objection_no: str
    filed_on: date


class ListingOut(BaseModel):
    """A listing that concerns the subject on the day."""

    listing_id: UUID
    revision: int
    state: Annotated[
        ListingState,
        Field(description="`in_force`, unless only a position ban that outlived the listing is left of it."),
    ]
    unit: UnitOut
    person: Annotated[PersonOut | None, Field(description="For a person: who they are in this listing.")]
    decision_no: str
    decided_by: str
    conduct: str
    conduct_code: str | None
    tier: str
    facts: str | None
    basis: str | None
    listed_on: date
    valid_until: date
    removal: RemovalOut | None
    contested: Annotated[
        bool, Field(description="有异议: an objection is undecided on the day. The listing is in force all the same.")
    ]
    open_objections: list[OpenObjectionOut]


class SubMeasureOut(BaseModel):
    """A sub-measure that reaches the subject."""

    no: int
    text: str
    applies: Reach


class DepartmentsOut(BaseModel):
    """Who carries a measure out (实施单位)."""

    printed: Annotated[str, Field(description="As the memo's appendix prints it.")]
    named: list[str]
    open_class: Annotated[str | None, Field(description="A class the memo leaves open; it is never expanded.")]


class LaterLawOut(BaseModel):
    """What has become of a document or provision since the memo; where law changes, the law prevails."""

    since: date | None
    note: str
    confidence: str
    source: str | None


class ProvisionOut(BaseModel):
    """A provision that a measure rests on."""

    heading: Annotated[str | None, Field(description="What is printed above the provision and belongs to its sense.")]
    label: str | None
    text: Annotated[str | None, Field(description="With `view=full`.")]
    later_law: list[LaterLawOut]


class LegalBasisOut(BaseModel):
    """A document that a measure rests on, with the provisions cited."""

    document: str
    document_no: str | None
    later_law: list[LaterLawOut]
    later_law_checked: Annotated[bool, Field(description="`false`: nobody has checked what became of it since.")]
    provisions: list[ProvisionOut]


class MeasureOut(BaseModel):
    """A measure that applies."""

    no: int
    title: str
    sub_measures: list[SubMeasureOut]
    applies: Annotated[Reach, Field(description="How the measure reaches this subject.")]
    done_to_unit: Annotated[
        str | None, Field(description="What a measure that acts on persons also does to the unit (measure 9).")
    ]
    departments: DepartmentsOut
    yours: Annotated[Yours, Field(description="Whether it is your department's to carry out.")]
    asks: Annotated[
        list[AnsweredAskOut] | None,
        Field(
            description="What it asks for in the scene; `null` without one. `sub_measures` are then those asked for."
        ),
    ]
    legal_bases: list[LegalBasisOut]


class LookupAnswer(BaseModel):
    """A verdict. Only a 200 with ``verdict`` is one; anything else means undetermined."""

    lookup_id: Annotated[UUID, Field(description="The audit record of this answer.")]
    answered_at: datetime
    on: date
    known_at: Annotated[datetime | None, Field(description="`null`: as it is known now.")]
    list_version: int
    catalogue_version: str
    code: Annotated[str, Field(description="The code in normal form; masked for a person.")]
    subject_kind: SubjectKind
    verdict: Literal["listed", "not_listed"]
    scene: Annotated[
        AnsweredSceneOut | None,
        Field(
            description="The scene that was asked in; `null`: none. `measures` are then those that matter in it, and "
            "may be empty for a subject that *is* listed: `verdict` alone says whether it is."
        ),
    ]
    listings: list[ListingOut]
    measures: list[MeasureOut]

    @classmethod
    def of(cls, answer: Answer) -> "LookupAnswer":
        """Shape an answer."""
        return cls(
            lookup_id=answer.lookup_id,
            answered_at=answer.answered_at,
            on=answer.on,
            known_at=answer.known_at,
            list_version=answer.list_version,
            catalogue_version=answer.catalogue_version,
            code=answer.code,
            subject_kind=answer.subject_kind,
            verdict=answer.verdict,
            scene=AnsweredSceneOut.of(answer.scene) if answer.scene else None,
            listings=listings_out(answer.listings, answer.on),
            measures=measures_out(answer.measures, answer.view),
        )


class BatchProblem(BaseModel):
    """An item that could not be decided."""

    code_index: Annotated[
        int | None, Field(description="Which item, from 0; `null`: none by itself, the whole batch stops here.")
    ]
    problem: Problem


class BatchEnd(BaseModel):
    """The end of a batch; without it, what came is cut off, and what did not come is undetermined."""

    complete: Literal[True]
    count: Annotated[int, Field(description="How many items were answered, by a verdict or a problem: all of them.")]
    lowest_list_version: Annotated[int | None, Field(description="Of the answers; `null`: there is none.")]
    highest_list_version: Annotated[
        int | None,
        Field(description="If another than the lowest, the list changed meanwhile; each answer says its own."),
    ]


class BatchAnswer(BatchEnd):
    """The items' answers and problems, in the order they were asked, and the end that says that all are there."""

    results: list[LookupAnswer | BatchProblem]


def listings_out(listings: Iterable[AnsweredListing], on: date) -> list[ListingOut]:
    """Shape the listings of an answer."""
    return [_listing(one, on) for one in listings]


def measures_out(measures: Iterable[AnsweredMeasure], view: View) -> list[MeasureOut]:
    """Shape the measures of an answer."""
    return [_measure(one, with_text=view is View.FULL) for one in measures]


def _listing(answered: AnsweredListing, on: date) -> ListingOut:
    listing = answered.listing
    removal = listing.removal if listing.removal is not None and listing.removal.on <= on else None
    return ListingOut(
        listing_id=listing.listing_id,
        revision=listing.revision,
        state=answered.state,
        unit=UnitOut.of(listing.unit),
        person=_person(answered.person, in_force=answered.position_ban_in_force) if answered.person else None,
        decision_no=listing.decision_no,
        decided_by=listing.decided_by,
        conduct=listing.conduct,
        conduct_code=listing.conduct_code,
        tier=listing.tier,
        facts=listing.facts,
        basis=listing.basis,
        listed_on=listing.listed_on,
        valid_until=listing.valid_until,
        removal=RemovalOut.of(removal),
        contested=bool(answered.open_objections),
        open_objections=[
            OpenObjectionOut(objection_no=one.objection_no, filed_on=one.filed_on) for one in answered.open_objections
        ],
    )


def _person(person: RelatedPerson, *, in_force: bool) -> PersonOut:
    ban = person.position_ban
    return PersonOut(
        name=person.name,
        id_number_masked=person.masked_number,
        roles=list(person.roles),
        position_ban=PositionBanOut(until=ban.until, for_life=ban.until is None, in_force=in_force) if ban else None,
    )


def _measure(answered: AnsweredMeasure, *, with_text: bool) -> MeasureOut:
    measure = answered.applied.measure
    return MeasureOut(
        no=measure.no,
        title=measure.title,
        sub_measures=[
            SubMeasureOut(no=part.sub_measure.no, text=part.sub_measure.text, applies=part.reach)
            for part in answered.applied.sub_measures
        ],
        applies=answered.applied.reach,
        done_to_unit=measure.acts_on.done_to_unit,
        departments=departments_out(measure),
        yours=answered.yours,
        asks=asks_out(answered),
        legal_bases=[legal_basis_out(basis, with_text=with_text) for basis in measure.legal_bases],
    )


def departments_out(measure: Measure) -> DepartmentsOut:
    """Shape who carries a measure out."""
    who = measure.implementers
    return DepartmentsOut(
        printed=who.printed,
        named=[department.name for department in who.named],
        open_class=who.open_class.printed if who.open_class else None,
    )


def legal_basis_out(basis: LegalBasis, *, with_text: bool) -> LegalBasisOut:
    """Shape a citation."""
    return LegalBasisOut(
        document=basis.document.title,
        document_no=basis.document.number,
        later_law=[later_law_out(note) for note in basis.document.later_law],
        later_law_checked=basis.document.later_law_checked,
        provisions=[
            ProvisionOut(
                heading=provision.heading,
                label=provision.label,
                text=provision.text if with_text else None,
                later_law=[later_law_out(note) for note in provision.later_law],
            )
            for provision in basis.provisions
        ],
    )


def later_law_out(note: LaterLaw) -> LaterLawOut:
    """Shape a note of later law."""
    return LaterLawOut(since=note.since, note=note.note, confidence=note.confidence, source=note.source)

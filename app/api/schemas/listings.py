"""The wire shapes of the list, its history, and the feed."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from app.api.schemas.lookups import RemovalOut, UnitOut
from app.api.schemas.problems import Problem
from app.api.schemas.pushes import FieldChangeOut
from app.domain.chain import written
from app.domain.listing import Entry, ListingState, PositionBan, RelatedPerson, Role, Span
from app.domain.objections import Objection, ObjectionOutcome
from app.services.feed import FeedChange, FeedListing, FeedPage, FeedPerson
from app.services.fields import LongText
from app.services.history import HistoricRevision

EndReason = Literal["left", "corrected"]


class SpanOut(BaseModel):
    """Days from one up to, and not including, another."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    first: Annotated[date, Field(alias="from")]
    until: Annotated[date, Field(description="The first day that is not in it.")]

    @classmethod
    def all_of(cls, spans: tuple[Span, ...]) -> "list[SpanOut]":
        """Shape spans."""
        return [cls(first=span.first, until=span.until) for span in spans]


class RecordedBanOut(BaseModel):
    """A ban from leading a unit (measure 9), as it is recorded."""

    since: Annotated[date | None, Field(description="First day; `null`: the listing's.")]
    until: Annotated[date | None, Field(description="Last day; `null` for life.")]
    for_life: bool

    @classmethod
    def of(cls, ban: PositionBan | None) -> "RecordedBanOut | None":
        """Shape a ban."""
        return cls(since=ban.since, until=ban.until, for_life=ban.until is None) if ban else None


class ObjectionOut(BaseModel):
    """An objection (异议) to the listing, as it is recorded."""

    objection_no: str
    filed_on: date
    matter: str
    filed_by_person: Annotated[UUID | None, Field(description="`person_id` of who filed it; `null`: the unit.")]
    outcome: Annotated[ObjectionOutcome | None, Field(description="`null`: not decided yet.")]
    decided_on: date | None
    decision_document: str | None

    @classmethod
    def of(cls, one: Objection) -> "ObjectionOut":
        """Shape an objection."""
        return cls(
            objection_no=one.objection_no,
            filed_on=one.filed_on,
            matter=one.matter,
            filed_by_person=one.filed_by_person,
            outcome=one.decision.outcome if one.decision else None,
            decided_on=one.decision.on if one.decision else None,
            decision_document=one.decision.document if one.decision else None,
        )


class _PersonFields(BaseModel):
    person_id: UUID
    roles: list[Role]
    since: Annotated[
        date | None, Field(description="First day on which they answer for the unit; `null`: the listing's.")
    ]
    ended_on: Annotated[date | None, Field(description="First day on which they no longer do.")]
    end_reason: Annotated[EndReason | None, Field(description="`corrected`: they never did.")]
    absences: Annotated[list[SpanOut], Field(description="Days between two terms.")]
    position_ban: RecordedBanOut | None
    erased: Annotated[bool, Field(description="The identity was erased by order; nothing of it is kept.")]


def _person_fields(person: RelatedPerson) -> dict[str, Any]:
    return {
        "person_id": person.person_id,
        "roles": list(person.roles),
        "since": person.since,
        "ended_on": person.end.on if person.end else None,
        "end_reason": person.end.reason.value if person.end else None,
        "absences": SpanOut.all_of(person.absences),
        "position_ban": RecordedBanOut.of(person.position_ban),
        "erased": person.erased,
    }


class ListedPersonOut(_PersonFields):
    """A person who answers, or answered, for the unit."""

    name: str
    id_number_masked: str


class CopiedPersonOut(_PersonFields):
    """A person as copies of the list hold them: no name in full, no number."""

    name_masked: str | None
    token: Annotated[str | None, Field(description="The same for the same number, for your client only.")]
    index_key_id: Annotated[str | None, Field(description="The key behind the token; another one, other tokens.")]


class _ListingFields(BaseModel):
    listing_id: UUID
    revision: int
    unit: UnitOut
    decision_no: str
    decided_by: str
    conduct: str
    conduct_code: str | None
    tier: str
    facts: str | None
    basis: str | None
    listed_on: date
    valid_until: date
    published_until: date | None
    nonconforming_reason: Annotated[
        str | None, Field(description="Why a code that fails its check character is listed all the same.")
    ]
    removal: RemovalOut | None
    suspensions: Annotated[list[SpanOut], Field(description="Days between a removal and the restoring.")]
    objections: Annotated[list[ObjectionOut], Field(description="All that were ever filed; they suspend nothing.")]


def _listing_fields(entry: Entry) -> dict[str, Any]:
    listing = entry.listing
    return {
        "listing_id": listing.listing_id,
        "revision": listing.revision,
        "unit": UnitOut.of(listing.unit),
        "decision_no": listing.decision_no,
        "decided_by": listing.decided_by,
        "conduct": listing.conduct,
        "conduct_code": listing.conduct_code,
        "tier": listing.tier,
        "facts": listing.facts,
        "basis": listing.basis,
        "listed_on": listing.listed_on,
        "valid_until": listing.valid_until,
        "published_until": listing.published_until,
        "nonconforming_reason": listing.nonconforming_reason,
        "removal": RemovalOut.of(listing.removal),
        "suspensions": SpanOut.all_of(listing.suspensions),
        "objections": [ObjectionOut.of(one) for one in listing.objections],
    }


class ListedOut(_ListingFields):
    """A listing as it is, or was known to be; `state` is that of the day asked for."""

    state: ListingState
    list_version: Annotated[int, Field(description="The version of its last change.")]
    persons: list[ListedPersonOut]

    @classmethod
    def of(cls, entry: Entry, on: date) -> "ListedOut":
        """Shape a listing."""
        persons = [
            ListedPersonOut(name=one.name, id_number_masked=one.masked_number, **_person_fields(one))
            for one in entry.persons
        ]
        listing = entry.listing
        return cls(
            **_listing_fields(entry), state=listing.state(on), list_version=listing.list_version, persons=persons
        )


class ListingsOut(BaseModel):
    """A page of the list."""

    on: date
    known_at: datetime | None
    list_version: int
    listings: list[ListedOut]
    next: Annotated[UUID | None, Field(description="Send it as `after` for the next page; `null`: this was the last.")]


class ListingOnDay(ListedOut):
    """One listing."""

    on: date
    known_at: datetime | None


class RevisionOut(BaseModel):
    """One change of a listing."""

    revision: int
    list_version: int
    change_no: int
    row: int | None
    op: str
    committed_at: datetime
    push_id: UUID
    pushed_by: Annotated[str, Field(description="The client that pushed it.")]
    approved_by: Annotated[str | None, Field(description="The client that approved it, where one had to.")]
    source_document: str | None
    detail: Annotated[dict[str, str], Field(description="What the operation said besides: reason, document, days.")]
    changes: list[FieldChangeOut]
    hash: Annotated[str, Field(description="Its link in the chain (SM3).")]

    @classmethod
    def of(cls, one: HistoricRevision) -> "RevisionOut":
        """Shape a revision."""
        made, push = one.revision, one.push
        return cls(
            revision=made.revision,
            list_version=made.list_version,
            change_no=made.change_no,
            row=made.row,
            op=made.operation,
            committed_at=push.committed_at,
            push_id=push.push_id,
            pushed_by=one.pushed_by,
            approved_by=one.approved_by,
            source_document=push.source_document,
            detail=dict(made.detail),
            changes=[FieldChangeOut(field=c.field, before=c.before, after=c.after) for c in one.changes],
            hash=written(made.link),
        )


class HistoryOut(BaseModel):
    """Everything that ever happened to a listing, the first first."""

    listing_id: UUID
    revisions: list[RevisionOut]


class CopiedListingOut(_ListingFields):
    """A listing as copies of the list hold it."""

    persons: list[CopiedPersonOut]

    @classmethod
    def of(cls, copied: FeedListing) -> "CopiedListingOut":
        """Shape a listing of the feed."""
        persons = [_copied(one, copied.people.get(one.person_id)) for one in copied.entry.persons]
        return cls(**_listing_fields(copied.entry), persons=persons)


def _copied(person: RelatedPerson, known: FeedPerson | None) -> CopiedPersonOut:
    return CopiedPersonOut(
        **_person_fields(person),
        name_masked=known.masked_name if known else None,
        token=known.token if known else None,
        index_key_id=known.index_key_id if known else None,
    )


class ChangeOut(BaseModel):
    """One change: what was done, and the listing after it."""

    cursor: Annotated[str, Field(description="The place behind this change.", examples=["41.3"])]
    list_version: int
    change_no: int
    op: str
    committed_at: datetime
    push_id: UUID
    listing: CopiedListingOut
    hash: Annotated[str, Field(description="Its link in the chain (SM3).")]

    @classmethod
    def of(cls, change: FeedChange) -> "ChangeOut":
        """Shape a change."""
        return cls(
            cursor=str(change.cursor),
            list_version=change.revision.list_version,
            change_no=change.revision.change_no,
            op=change.revision.operation,
            committed_at=change.push.committed_at,
            push_id=change.push.push_id,
            listing=CopiedListingOut.of(change.listing),
            hash=written(change.revision.link),
        )


class ChangesOut(BaseModel):
    """A page of the feed."""

    changes: list[ChangeOut]
    cursor: Annotated[str, Field(description="Send it as `after` next time.")]
    list_version: int
    more: Annotated[bool, Field(description="Whether there is more already.")]

    @classmethod
    def of(cls, page: FeedPage) -> "ChangesOut":
        """Shape a page."""
        changes = [ChangeOut.of(one) for one in page.changes]
        return cls(changes=changes, cursor=str(page.cursor), list_version=page.list_version, more=page.more)


class SnapshotHead(BaseModel):
    """The first line of a snapshot."""

    type: Literal["snapshot"] = "snapshot"
    list_version: int
    cursor: Annotated[str, Field(description="Where the feed goes on from this snapshot.")]
    head: Annotated[str, Field(description="The chain's head at this version (SM3).")]


class SnapshotLine(BaseModel):
    """A listing of a snapshot."""

    type: Literal["listing"] = "listing"
    listing: CopiedListingOut


class SnapshotEnd(BaseModel):
    """The last line of a snapshot; without it, what came was cut off."""

    type: Literal["end"] = "end"
    count: Annotated[int, Field(description="How many listings this answer holds.")]


class ChainOut(BaseModel):
    """The head of the chain at a version: whoever notes it can prove later that what led to it was rewritten."""

    list_version: int
    head: Annotated[str, Field(description="`sm3:` and 64 hexadecimal digits.")]
    committed_at: datetime | None


class TokensRequest(BaseModel, extra="forbid"):
    """Identity numbers of your own records, to be recognised in your copy of the list."""

    id_numbers: Annotated[list[Annotated[StrictStr, Field(max_length=64)]], Field(min_length=1, max_length=1000)]
    purpose: Annotated[LongText, Field(description="Why you ask, for the audit.", examples=["本单位在职人员比对"])]


class TokensOut(BaseModel):
    """The tokens of one number, one for each key in use."""

    index: Annotated[int, Field(description="Which number, from 0.")]
    tokens: list[str]


class TokenProblem(BaseModel):
    """A number that is none."""

    index: Annotated[int, Field(description="Which number, from 0.")]
    problem: Problem


class TokensAnswer(BaseModel):
    """The numbers' tokens and problems, in the order they were asked."""

    tokens: list[TokensOut | TokenProblem]

"""The wire shapes of what the public may see. Nobody is named but by name and role: no character of a number."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from app.api.schemas.lookups import UnitOut
from app.domain.catalogue import Confidence
from app.domain.listing import Entry, RelatedPerson, Role
from app.domain.names import ROLES
from app.domain.publication import Notice, NoticeSource, Publication, last_public_day, public_persons


class PublicPersonOut(BaseModel):
    """A person who answers for the unit on the day."""

    name: str
    roles: list[Role]
    role_names: Annotated[list[str], Field(description="The roles in Chinese, in the same order.")]

    @classmethod
    def of(cls, person: RelatedPerson) -> "PublicPersonOut":
        """Shape a person."""
        return cls(name=person.name, roles=list(person.roles), role_names=[ROLES[role] for role in person.roles])


class RemediesOut(BaseModel):
    """What whoever is listed can do, to be shown with each entry; its sources are in `notices` of the page."""

    objection: Annotated[str, Field(description="怎样提出异议.")]
    repair: Annotated[str, Field(description="怎样申请信用修复.")]


class PublicListingOut(BaseModel):
    """A published listing."""

    listing_id: UUID
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
    published_until: Annotated[date, Field(description="The last day on which it may be shown.")]
    contested: Annotated[
        bool, Field(description="有异议: show `notices.contested` with it; it is in force all the same.")
    ]
    contested_since: Annotated[date | None, Field(description="The day of the earliest objection that is undecided.")]
    persons: list[PublicPersonOut]
    remedies: RemediesOut

    @classmethod
    def of(cls, entry: Entry, on: date, texts: Publication) -> "PublicListingOut":
        """Shape a listing as it is published on a day."""
        listing = entry.listing
        contested = listing.open_objections(on)
        return cls(
            listing_id=listing.listing_id,
            unit=UnitOut.of(listing.unit),
            decision_no=listing.decision_no,
            decided_by=listing.decided_by,
            conduct=listing.conduct,
            conduct_code=listing.conduct_code,
            tier=listing.tier,
            facts=listing.facts,
            basis=listing.basis,
            listed_on=listing.listed_on,
            valid_until=listing.valid_until,
            published_until=last_public_day(listing),
            contested=bool(contested),
            contested_since=min((one.filed_on for one in contested), default=None),
            persons=[PublicPersonOut.of(one) for one in public_persons(entry, on)],
            remedies=RemediesOut(objection=texts.objection.text, repair=texts.repair.text),
        )


class NoticeSourceOut(BaseModel):
    """What a notice rests on, and how well that is known."""

    document: str
    number: str | None
    article: Annotated[str | None, Field(description="`null`: not verified.")]
    confidence: Confidence
    note: str | None

    @classmethod
    def of(cls, one: NoticeSource) -> "NoticeSourceOut":
        """Shape a source."""
        return cls(
            document=one.document, number=one.number, article=one.article, confidence=one.confidence, note=one.note
        )


class NoticeOut(BaseModel):
    """A text to be shown, in Chinese."""

    text: str
    sources: list[NoticeSourceOut]

    @classmethod
    def of(cls, notice: Notice) -> "NoticeOut":
        """Shape a notice."""
        return cls(text=notice.text, sources=[NoticeSourceOut.of(one) for one in notice.sources])


class NoticesOut(BaseModel):
    """The texts that go with what is published."""

    objection: NoticeOut
    repair: NoticeOut
    contested: NoticeOut

    @classmethod
    def of(cls, texts: Publication) -> "NoticesOut":
        """Shape the texts."""
        return cls(
            objection=NoticeOut.of(texts.objection),
            repair=NoticeOut.of(texts.repair),
            contested=NoticeOut.of(texts.contested),
        )


class PublicChainOut(BaseModel):
    """The chain's head that the answer was made at: note it, and nobody can deny later what stood here."""

    list_version: int
    head: Annotated[str, Field(description="`sm3:` and 64 hexadecimal digits.")]
    committed_at: datetime | None
    href: Annotated[str, Field(description="Where it can be read again.", examples=["/v1/chain/41"])]


class PublicListingsOut(BaseModel):
    """A page of what is published, the newest recorded first."""

    on: Annotated[date, Field(description="The day it is right for (Asia/Shanghai).")]
    list_version: int
    chain: PublicChainOut
    notices: NoticesOut
    listings: list[PublicListingOut]
    next: Annotated[UUID | None, Field(description="Send it as `after` for the next page; `null`: this was the last.")]


class PublicListingOnDay(PublicListingOut):
    """One published listing."""

    on: date
    list_version: int
    chain: PublicChainOut
    notices: NoticesOut

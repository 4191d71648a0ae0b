"""The wire shapes of the audit as auditors read it: persons masked, or only counted."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StrictStr

from app.api.schemas.lookups import Code, Kind
from app.domain.subjects import SubjectKind
from app.services.audit_reading import AuditPage, Period
from app.services.fields import Day, LongText, NameText
from app.services.unusual_use import JudgedUse, Thresholds
from app.store.audit import AuditRecord

RecordedVerdict = Literal["listed", "not_listed", "token_issued"]
MOST_IN_PAGE = 500

Since = Annotated[Day | None, Field(description="From this day on (Asia/Shanghai); default: 30 days before `until`.")]
Until = Annotated[Day | None, Field(description="Up to and with this day; default: today.")]
ClientName = Annotated[NameText | None, Field(description="The client that asked, by its name.")]
DepartmentName = Annotated[NameText | None, Field(description="The department that asked.")]
PurposePart = Annotated[LongText | None, Field(description="Part of the purpose that was given.")]
VerdictIs = Annotated[RecordedVerdict | None, Field(description="What was answered.")]
Before = Annotated[UUID | None, Field(description="`next` of the page before.")]
Limit = Annotated[int, Field(ge=1, le=MOST_IN_PAGE, description="How many records.")]


class AuditSearch(BaseModel, extra="forbid"):
    """Whom, and which of their records."""

    code: Annotated[Code | None, Field(description="The unit or person that was asked about.")] = None
    subject_kind: Kind = None
    client: ClientName = None
    department: DepartmentName = None
    purpose: PurposePart = None
    verdict: VerdictIs = None
    since: Since = None
    until: Until = None
    after: Before = None
    limit: Annotated[int, Field(strict=True, ge=1, le=MOST_IN_PAGE, description="How many records.")] = 100


class AuditRecordOut(BaseModel):
    """One answer as it was recorded."""

    lookup_id: UUID
    answered_at: datetime
    request_id: str
    client: str
    key_id: str
    department: str
    purpose: str | None
    reference: str | None
    subject_kind: SubjectKind
    code: Annotated[StrictStr, Field(description="A unit's code; a person's number masked.")]
    on: date
    known_at: datetime | None
    view: str
    verdict: RecordedVerdict
    list_version: int
    catalogue_version: str
    listing_ids: list[UUID]

    @classmethod
    def of(cls, record: AuditRecord) -> "AuditRecordOut":
        """Shape a record."""
        return cls.model_validate(
            {
                "client": record.client_name,
                "code": record.uscc or record.masked_number or "",
                "on": record.on_day,
                "listing_ids": list(record.listing_ids),
            }
            | {name: getattr(record, name) for name in cls.model_fields if name not in _SHAPED}
        )


_SHAPED = {"client", "code", "on", "listing_ids"}


class AuditOut(BaseModel):
    """A page of records, the newest first."""

    since: date
    until: date
    records: list[AuditRecordOut]
    next: Annotated[UUID | None, Field(description="Send it as `after` for the next page; `null`: this was the last.")]
    index_keys_missing: Annotated[
        list[str],
        Field(
            description="Searching for a person: keys not configured here, under which there may be further records."
        ),
    ]

    @classmethod
    def of(cls, page: AuditPage, period: Period) -> "AuditOut":
        """Shape a page."""
        return cls(
            since=period.since,
            until=period.until,
            records=[AuditRecordOut.of(one) for one in page.records],
            next=page.next,
            index_keys_missing=page.keys_missing,
        )


class ReasonOut(BaseModel):
    """Why a client's use stands out."""

    code: Literal["above_own_past", "above_others"]
    detail: Annotated[str, Field(description="With the figures, in Chinese.")]


class ClientUseOut(BaseModel):
    """What one client asked in the period."""

    client: str
    department: str
    lookups: int
    person_lookups: int
    persons: Annotated[int, Field(description="Different persons.")]
    persons_not_listed: Annotated[int, Field(description="Different persons that were answered `not_listed`.")]
    not_listed_share: Annotated[float | None, Field(description="Of the persons; `null`: none was asked about.")]
    tokens: Annotated[int, Field(description="Tokens for matching that were issued.")]
    persons_not_listed_before: Annotated[int, Field(description="In the period of the same length before.")]
    others_median: Annotated[float | None, Field(description="Of the other clients' `persons_not_listed`.")]
    unusual: bool
    reasons: list[ReasonOut]


class ThresholdsOut(BaseModel):
    """From when on use is unusual: all of the first two, and `times` as many as before or as others."""

    persons_not_listed: int
    not_listed_share: float
    times: float


class UnusualOut(BaseModel):
    """How much each client asks, what stands out first. No person is named."""

    since: date
    until: date
    thresholds: ThresholdsOut
    clients: list[ClientUseOut]

    @classmethod
    def of(cls, found: list[JudgedUse], period: Period, thresholds: Thresholds) -> "UnusualOut":
        """Shape a report."""
        return cls(
            since=period.since,
            until=period.until,
            thresholds=ThresholdsOut(
                persons_not_listed=thresholds.persons, not_listed_share=thresholds.share, times=thresholds.times
            ),
            clients=[_use(one) for one in found],
        )


def _use(one: JudgedUse) -> ClientUseOut:
    use = one.use
    return ClientUseOut(
        client=use.client,
        department=use.department,
        lookups=use.lookups,
        person_lookups=use.person_lookups,
        persons=use.persons,
        persons_not_listed=use.persons_not_listed,
        not_listed_share=one.not_listed_share,
        tokens=use.tokens,
        persons_not_listed_before=use.persons_not_listed_before,
        others_median=one.others_median,
        unusual=bool(one.reasons),
        reasons=[ReasonOut.model_validate({"code": reason.code, "detail": reason.detail}) for reason in one.reasons],
    )

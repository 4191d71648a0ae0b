"""The wire shapes of alerts."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from app.api.schemas.lookups import UnitOut
from app.domain.alerts import AlertKind
from app.domain.applicability import Yours
from app.domain.listing import ListingState
from app.domain.subjects import SubjectKind
from app.services.alerts import Alert, Alerts
from app.services.fields import LongText


class AlertSubjectOut(BaseModel):
    """Whom the alert is about: the unit, or one of the listing's persons."""

    subject_kind: SubjectKind
    name: str
    uscc: Annotated[str | None, Field(description="Of a unit.")]
    id_number_masked: Annotated[str | None, Field(description="Of a person.")]


class AlertListingOut(BaseModel):
    """The listing as it is now."""

    listing_id: UUID
    unit: UnitOut
    decision_no: str
    listed_on: date
    valid_until: date
    state: Annotated[ListingState, Field(description="What it is today.")]


class ClearedLookupOut(BaseModel):
    """A lookup of the department that was answered `not_listed`."""

    lookup_id: UUID
    answered_at: datetime
    client: Annotated[str, Field(description="The client that asked.")]
    purpose: str | None
    reference: str | None
    on: Annotated[date, Field(description="The day that was asked about.")]
    known_at: datetime | None
    list_version: Annotated[int, Field(description="The version that it was answered from.")]
    listed_on_that_day: Annotated[
        bool, Field(description="By what became known, the subject was listed on that very day: the answer was wrong.")
    ]


class ActedReportOut(BaseModel):
    """The department's last report on a measure that it carried out."""

    report_id: UUID
    measure_no: int
    status: str
    acted_on: date
    reported_at: datetime


class OwnMeasureOut(BaseModel):
    """A measure that now applies to the subject and is, or may be, the department's."""

    no: int
    yours: Yours


class AcknowledgedOut(BaseModel):
    """That the department has seen the alert."""

    by: Annotated[str, Field(description="The client that acknowledged it.")]
    at: datetime
    note: str | None


class AlertOut(BaseModel):
    """Something that the department should know because of what it was told, or did, before."""

    alert_id: Annotated[str, Field(description="The same whenever the same event is told.")]
    kind: AlertKind
    subject: AlertSubjectOut
    listing: AlertListingOut
    list_version: Annotated[int, Field(description="The version of the list since which it is so.")]
    happened_at: Annotated[datetime, Field(description="When that became known, or the listing ended by itself.")]
    ended_on: Annotated[
        date | None, Field(description="First day on which the listing no longer held for the subject.")
    ]
    entries_total: Annotated[int, Field(description="How many lookups or reports there are; the newest are told.")]
    lookups: list[ClearedLookupOut]
    reports: list[ActedReportOut]
    measures: list[OwnMeasureOut]
    acknowledged: AcknowledgedOut | None

    @classmethod
    def of(cls, alert: Alert) -> "AlertOut":
        """Shape an alert."""
        stored = alert.stored
        cleared = stored.kind is AlertKind.CLEARED_THEN_LISTED
        seen = stored.acknowledgement
        return cls(
            alert_id=stored.alert_id,
            kind=stored.kind,
            subject=_subject(alert),
            listing=_listing(alert),
            list_version=stored.list_version,
            happened_at=stored.happened_at,
            ended_on=stored.ended_on,
            entries_total=stored.entries_total,
            lookups=[ClearedLookupOut.model_validate(one) for one in stored.entries if cleared],
            reports=[ActedReportOut.model_validate(one) for one in stored.entries if not cleared],
            measures=[OwnMeasureOut(no=one.no, yours=one.yours) for one in alert.measures],
            acknowledged=AcknowledgedOut(by=seen.client, at=seen.at, note=seen.note) if seen else None,
        )


def _subject(alert: Alert) -> AlertSubjectOut:
    unit, person = alert.listing.unit, alert.person
    if person is None:
        return AlertSubjectOut(subject_kind=SubjectKind.UNIT, name=unit.name, uscc=unit.uscc, id_number_masked=None)
    return AlertSubjectOut(
        subject_kind=SubjectKind.PERSON, name=person.name, uscc=None, id_number_masked=person.masked_number
    )


def _listing(alert: Alert) -> AlertListingOut:
    listing = alert.listing
    return AlertListingOut(
        listing_id=listing.listing_id,
        unit=UnitOut.of(listing.unit),
        decision_no=listing.decision_no,
        listed_on=listing.listed_on,
        valid_until=listing.valid_until,
        state=alert.state,
    )


class AlertsOut(BaseModel):
    """A page of a department's alerts."""

    alerts: list[AlertOut]
    next: Annotated[str | None, Field(description="Send it as `after` for the next page; `null`: this was the last.")]
    cursor: Annotated[str, Field(description="Keep it, and send it next time to be told what is new since now.")]

    @classmethod
    def of(cls, page: Alerts) -> "AlertsOut":
        """Shape a page."""
        return cls(alerts=[AlertOut.of(one) for one in page.alerts], next=page.next, cursor=page.cursor)


class AcknowledgementRequest(BaseModel, extra="forbid"):
    """That the department has seen an alert."""

    note: Annotated[LongText | None, Field(description="What was done about it.", examples=["已复核并暂停办理"])] = None

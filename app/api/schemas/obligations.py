"""The wire shapes of obligations and enforcement reports. Every key is always there; what is not is ``null``."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from app.api.schemas.lookups import LaterLawOut, LegalBasisOut, SubMeasureOut, legal_basis_out
from app.domain.applicability import AppliedMeasure, Reach, Yours
from app.domain.catalogue import LegalBasis
from app.domain.grounds import EndReason
from app.domain.listing import Role
from app.domain.obligations import ObligationState, ReportStatus
from app.domain.subjects import SubjectKind
from app.services.report_rows import MOST_REPORTS
from app.services.reporting import ReportsMade
from app.store.enforcement_reports import StoredReport
from app.store.obligations import Obligation


class EnforcementReportOut(BaseModel):
    """One report of one obligation."""

    report_id: UUID
    obligation_id: UUID
    report_no: Annotated[int, Field(description="1, 2, 3 … of this obligation; the last one decides.")]
    department: str
    listing_id: UUID
    person_id: Annotated[UUID | None, Field(description="`null`: carried out against the unit.")]
    measure_no: int
    status: ReportStatus
    acted_on: date
    reason: str | None
    amount: Annotated[str | None, Field(description="Yuan, with two decimals.")]
    document_no: str | None
    remark: str | None
    lookup_id: Annotated[UUID | None, Field(description="The lookup that it answered.")]
    list_version: Annotated[int, Field(description="The list that it was judged by.")]
    reported_at: datetime

    @classmethod
    def of(cls, report: StoredReport) -> "EnforcementReportOut":
        """Shape a report."""
        kept = {name: getattr(report, name) for name in cls.model_fields if name != "amount"}
        return cls(**kept, amount=str(report.amount) if report.amount is not None else None)


class GroundEndOut(BaseModel):
    """Why nothing is to be done any more."""

    on: Annotated[date, Field(description="First day on which its ground was gone.")]
    reason: EndReason


class ObligedMeasureOut(BaseModel):
    """The measure that is to be carried out."""

    no: int
    title: str
    applies: Annotated[Reach, Field(description="How it reaches this subject.")]
    done_to_unit: Annotated[str | None, Field(description="What a measure on persons also does to the unit.")]
    sub_measures: list[SubMeasureOut]
    legal_bases: Annotated[list[LegalBasisOut], Field(description="With what later law said of them by the day `on`.")]


class ObligedUnitOut(BaseModel):
    """The listed unit."""

    name: str
    uscc: str


class ObligedPersonOut(BaseModel):
    """The person it is carried out against."""

    person_id: UUID
    name: str
    id_number_masked: str
    roles: list[Role]


class ObligedSubjectOut(BaseModel):
    """Whom it is carried out against: the unit, or one of its persons."""

    kind: SubjectKind
    unit: ObligedUnitOut
    person: ObligedPersonOut | None


class ObligedListingOut(BaseModel):
    """The decision that it follows from."""

    listing_id: UUID
    decision_no: str
    tier: str
    listed_on: date
    valid_until: date


class _ObligationFields(BaseModel):
    obligation_id: Annotated[UUID, Field(description="Always the same for department, listing, subject and measure.")]
    department: str
    yours: Annotated[
        Yours,
        Field(description="`open_class`: the memo leaves it open whether it is the department's; it may decline it."),
    ]
    state: ObligationState
    overdue: bool
    since: Annotated[date, Field(description="From when it had to be done: in force, and known here.")]
    due_on: Annotated[date | None, Field(description="Last day in time, as the bureau has set it; `null`: not set.")]
    ended: Annotated[GroundEndOut | None, Field(description="`null`: it still has to be done, or kept up.")]
    subject: ObligedSubjectOut
    listing: ObligedListingOut
    measure: ObligedMeasureOut


class ObligationOut(_ObligationFields):
    """One thing that a department has to do."""

    last_report: EnforcementReportOut | None


class ObligationFullOut(_ObligationFields):
    """One thing that a department has to do, with the text of the law and everything that was reported."""

    on: date
    reports: Annotated[list[EnforcementReportOut], Field(description="The first one first.")]


class ObligationsOut(BaseModel):
    """A page of obligations."""

    on: date
    list_version: int
    obligations: list[ObligationOut]
    next: Annotated[UUID | None, Field(description="Send it as `after`; `null` at the end.")]


class ReportsRequest(BaseModel):
    """What you did: all of it is kept, or nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Each row is read by itself, so that every error is told with its row.
    reports: Annotated[
        list[Annotated[Any, WithJsonSchema({"$ref": "#/components/schemas/ReportRow"})]],
        Field(min_length=1, max_length=MOST_REPORTS),
    ]


class ReportMadeOut(BaseModel):
    """What became of a row; one that answers a lookup may be of several obligations."""

    row: Annotated[int, Field(description="Which of `reports`, from 1.")]
    repeated: Annotated[bool, Field(description="It says what the last report said: nothing was added.")]
    report: EnforcementReportOut


class ReportsMadeOut(BaseModel):
    """What was kept."""

    list_version: Annotated[int, Field(description="The list that the reports were judged by.")]
    reports: list[ReportMadeOut]

    @classmethod
    def of(cls, done: ReportsMade) -> "ReportsMadeOut":
        """Shape what was kept."""
        return cls(
            list_version=done.list_version,
            reports=[
                ReportMadeOut(row=one.row, repeated=one.repeated, report=EnforcementReportOut.of(one.report))
                for one in done.made
            ],
        )


class EnforcementReportsOut(BaseModel):
    """A page of reports."""

    reports: list[EnforcementReportOut]
    next: Annotated[UUID | None, Field(description="Send it as `after`; `null` at the end.")]


def obligation_fields(obligation: Obligation, measure: ObligedMeasureOut) -> dict[str, Any]:
    """Shape what both shapes of an obligation have."""
    key, ending, person = obligation.key, obligation.ending, obligation.person
    told = None
    if person is not None and key.person_id is not None:
        told = ObligedPersonOut(
            person_id=key.person_id,
            name=person.name,
            id_number_masked=person.masked_number,
            roles=list(person.roles),
        )
    return {
        "obligation_id": key.obligation_id,
        "department": key.department,
        "yours": obligation.yours,
        "state": obligation.state,
        "overdue": obligation.overdue,
        "since": obligation.since,
        "due_on": obligation.due_on,
        "ended": GroundEndOut(on=ending.on, reason=ending.reason) if ending is not None else None,
        "subject": ObligedSubjectOut(
            kind=SubjectKind.PERSON if told else SubjectKind.UNIT,
            unit=ObligedUnitOut(name=obligation.unit_name, uscc=obligation.uscc),
            person=told,
        ),
        "listing": ObligedListingOut(
            listing_id=key.listing_id,
            decision_no=obligation.decision_no,
            tier=obligation.tier,
            listed_on=obligation.listed_on,
            valid_until=obligation.valid_until,
        ),
        "measure": measure,
    }


def measure_out(applied: AppliedMeasure, on: date, *, with_text: bool) -> ObligedMeasureOut:
    """Shape a measure as it reaches a subject, with the law as it stood on the day."""
    measure = applied.measure
    return ObligedMeasureOut(
        no=measure.no,
        title=measure.title,
        applies=applied.reach,
        done_to_unit=measure.acts_on.done_to_unit,
        sub_measures=[
            SubMeasureOut(no=part.sub_measure.no, text=part.sub_measure.text, applies=part.reach)
            for part in applied.sub_measures
        ],
        legal_bases=[_basis_on(basis, on, with_text=with_text) for basis in measure.legal_bases],
    )


def _basis_on(basis: LegalBasis, on: date, *, with_text: bool) -> LegalBasisOut:
    shaped = legal_basis_out(basis, with_text=with_text)
    provisions = [one.model_copy(update={"later_law": _by(one.later_law, on)}) for one in shaped.provisions]
    return shaped.model_copy(update={"later_law": _by(shaped.later_law, on), "provisions": provisions})


def _by(notes: list[LaterLawOut], on: date) -> list[LaterLawOut]:
    """Return what later law said by the day; what is not dated is told always."""
    return [note for note in notes if note.since is None or note.since <= on]

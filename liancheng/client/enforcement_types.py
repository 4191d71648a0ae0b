"""The shapes of obligations and reports, as they are on the wire (see `types`)."""

from typing import Any, Literal, NotRequired, TypedDict

from liancheng.client.lookup_types import SubjectKind, Yours

ReportStatus = Literal["in_progress", "done", "not_applicable", "stopped"]
ObligationState = Literal["open", "in_progress", "done", "not_applicable", "to_lift", "lifted"]


class Report(TypedDict):
    """What you did about an obligation, or about every one that follows from a lookup's answer for a measure.

    ``acted_on``: a day, ``YYYY-MM-DD``. ``amount``: yuan as a string, ``"12000.00"``. ``reason``: for
    ``not_applicable``.
    """

    obligation_id: NotRequired[str]
    lookup_id: NotRequired[str]
    measure_no: NotRequired[int]
    status: ReportStatus
    acted_on: str
    reason: NotRequired[str]
    amount: NotRequired[str]
    document_no: NotRequired[str]
    remark: NotRequired[str]


class KeptReport(TypedDict):
    """A report as the service keeps it; ``report_no`` counts those of the obligation, the last one decides."""

    report_id: str
    obligation_id: str
    report_no: int
    department: str
    listing_id: str
    person_id: str | None
    measure_no: int
    status: ReportStatus
    acted_on: str
    reason: str | None
    amount: str | None
    document_no: str | None
    remark: str | None
    lookup_id: str | None
    list_version: int
    reported_at: str


class ReportMade(TypedDict):
    """What became of a row, counted from 1; ``repeated``: it said what the last report said, nothing was added."""

    row: int
    repeated: bool
    report: KeptReport


class Obligation(TypedDict):
    """One measure against one subject of one listing, to be carried out by one department."""

    obligation_id: str
    department: str
    yours: Yours
    state: ObligationState
    overdue: bool
    since: str
    due_on: str | None
    ended: dict[str, str] | None
    subject: dict[str, Any]
    listing: dict[str, str]
    measure: dict[str, Any]
    last_report: KeptReport | None


class ObligationFilters(TypedDict):
    """Which obligations: each given one narrows the choice; ``limit`` is the size of a page."""

    state: NotRequired[ObligationState]
    overdue: NotRequired[bool]
    measure: NotRequired[int]
    listing: NotRequired[str]
    uscc: NotRequired[str]
    subject_kind: NotRequired[SubjectKind]
    department: NotRequired[str]
    due_before: NotRequired[str]
    since: NotRequired[str]
    on: NotRequired[str]
    limit: NotRequired[int]

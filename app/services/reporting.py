"""What was done: reports of obligations, judged by what was in force on the day of the act; all are kept or none."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from pydantic import ValidationError
from uuid_utils.compat import uuid7

from app.domain.grounds import Ground, ground
from app.domain.listing import Entry
from app.domain.moment import Moment
from app.domain.names import GROUND_ENDINGS
from app.domain.obligations import Duty, ObligationKey, ReportStatus
from app.errors import FieldError, NotFound, ReportsRejected
from app.services.access import Caller
from app.services.audit_answers import reproduce
from app.services.fields import told
from app.services.lookup import Answer
from app.services.obligations import ObligationService
from app.services.report_rows import ReportRow
from app.store import enforcement_reports, listings, obligations, pushes
from app.store.database import WriteSession
from app.store.enforcement_reports import StoredReport


@dataclass(frozen=True, slots=True)
class ReportMade:
    """A report of a row; ``repeated``: it said what the last one said, so nothing was added."""

    row: int
    report: StoredReport
    repeated: bool


@dataclass(frozen=True, slots=True)
class ReportsMade:
    """What was kept, and the list that it was judged by."""

    list_version: int
    made: tuple[ReportMade, ...]


class ReportService:
    """Takes reports of what one catalogue obliges departments to."""

    def __init__(self, obligation_service: ObligationService) -> None:
        """Take reports of these obligations."""
        self._service = obligation_service

    async def report(
        self, session: WriteSession, caller: Caller, sent: Sequence[object], moment: Moment
    ) -> ReportsMade:
        """Keep what a department reports; raise :class:`ReportsRejected` with everything that stands against any row.

        The same content as the last report of an obligation adds nothing; another one is its next report.
        """
        await enforcement_reports.take_turn(session, caller.department)
        version = await pushes.current_version(session)
        while True:
            run = _Run(session, caller, self._service.duties_of(frozenset({caller.department})), moment)
            reported = await run.targets(run.read(sent))
            judged_by, version = version, await pushes.current_version(session)
            # The turn had to be waited for, so each statement sees its own newest list: where a push was committed in
            # between, the report would have been judged by some of both, and be later than what it did not know of.
            if judged_by == version:
                break
        if run.errors:
            wrong = len({error.row for error in run.errors})
            raise ReportsRejected(
                f"共 {wrong} 条反馈有 {len(run.errors)} 处错误，整批均未入库。请逐项改正后重新提交。",
                errors=tuple(sorted(run.errors, key=lambda error: error.row or 0)),
            )
        made = await run.made(reported, version)
        await enforcement_reports.add(session, [one.report for one in made if not one.repeated])
        return ReportsMade(version, tuple(made))


class _Run:
    """One call: the rows, what they are about, and what stands against them."""

    def __init__(self, session: WriteSession, caller: Caller, duties: Sequence[Duty], moment: Moment) -> None:
        self._session = session
        self._caller = caller
        self._duties = duties
        self._outlives = {one.measure_no: one.outlives for one in duties}
        self._moment = moment
        self._answers: dict[UUID, Answer | None] = {}
        self.errors: list[FieldError] = []

    def read(self, sent: Sequence[object]) -> dict[int, ReportRow]:
        """Read the rows, by their number from 1; those that cannot be read are told."""
        rows = {}
        for number, raw in enumerate(sent, start=1):
            try:
                row = ReportRow.model_validate(raw)
            except ValidationError as error:
                self.errors += told(error.errors(include_url=False, include_input=False), row=number)
                continue
            if row.acted_on > self._moment.today:
                self._against(number, "acted_on", "date_in_future", "办理日期不能晚于今天。")
            else:
                rows[number] = row
        return rows

    async def targets(self, rows: Mapping[int, ReportRow]) -> list[tuple[int, ReportRow, ObligationKey]]:
        """Return which obligations each row is about, where its act was possible on its day."""
        ids = [row.obligation_id for row in rows.values() if row.obligation_id is not None]
        by_id = await obligations.keys_of(self._session, ids, self._duties) if ids else {}
        named = {number: await self._named(number, row, by_id) for number, row in rows.items()}
        wanted = {key.listing_id for keys in named.values() for key in keys}
        entries = await listings.named(self._session, wanted)
        found = []
        for number, row in rows.items():
            fitting = self._fitting(number, row, [(key, entries[key.listing_id]) for key in named[number]])
            found += [(number, row, key) for key in fitting]
        return found

    async def made(self, reported: Iterable[tuple[int, ReportRow, ObligationKey]], version: int) -> list[ReportMade]:
        """Return the report of each, numbered behind the earlier ones of its obligation."""
        reported = list(reported)
        last = await enforcement_reports.last_of(self._session, {key.obligation_id for _, _, key in reported})
        made = []
        for number, row, key in reported:
            before = last.get(key.obligation_id)
            if before is not None and _content(before) == _content(row):
                made.append(ReportMade(number, before, repeated=True))
                continue
            report = self._stored(row, key, before.report_no + 1 if before is not None else 1, version)
            last[key.obligation_id] = report
            made.append(ReportMade(number, report, repeated=False))
        return made

    def _stored(self, row: ReportRow, key: ObligationKey, report_no: int, version: int) -> StoredReport:
        return StoredReport(
            report_id=uuid7(),
            obligation_id=key.obligation_id,
            report_no=report_no,
            department=key.department,
            client_id=self._caller.client_id,
            listing_id=key.listing_id,
            person_id=key.person_id,
            measure_no=key.measure_no,
            status=row.status,
            acted_on=row.acted_on,
            reason=row.reason,
            amount=row.amount,
            document_no=row.document_no,
            remark=row.remark,
            lookup_id=row.lookup_id,
            list_version=version,
            reported_at=self._moment.now,
        )

    async def _named(self, number: int, row: ReportRow, by_id: Mapping[UUID, ObligationKey]) -> list[ObligationKey]:
        if row.obligation_id is not None:
            if row.obligation_id not in by_id:
                self._against(
                    number, "obligation_id", "obligation_not_found", "本部门没有这项任务，请核对 obligation_id。"
                )
                return []
            return [by_id[row.obligation_id]]
        assert row.lookup_id is not None  # noqa: S101 - the row names one or the other
        answer = await self._answer(row.lookup_id)
        if answer is None:
            self._against(number, "lookup_id", "lookup_not_found", "本部门没有这次核查，请核对 lookup_id。")
            return []
        duty = next((one for one in self._duties if one.measure_no == row.measure_no), None)
        keys = await self._following(answer, duty) if duty is not None else []
        if not keys:
            told_ = f"那次核查的答复中，没有应由本部门落实的第 {row.measure_no} 项措施。"
            self._against(number, "measure_no", "measure_not_in_answer", told_)
        return keys

    async def _answer(self, lookup_id: UUID) -> Answer | None:
        if lookup_id not in self._answers:
            try:
                record, answer = await reproduce(self._session, lookup_id)
            except NotFound:
                self._answers[lookup_id] = None
            else:
                self._answers[lookup_id] = answer if record.department == self._caller.department else None
        return self._answers[lookup_id]

    async def _following(self, answer: Answer, duty: Duty) -> list[ObligationKey]:
        """Return what an answer obliges to by a measure: of its unit, or of the persons through whom it is reached."""
        if not any(one.applied.measure.no == duty.measure_no for one in answer.measures):
            return []
        found: list[tuple[UUID, UUID | None]] = []
        for one in answer.listings:
            listing_id = one.listing.listing_id
            if one.person is not None:
                found.append((listing_id, one.person.person_id))
                continue
            found += [(listing_id, None)] if duty.on_unit else []
            # A measure that acts on the unit itself was answered for the unit alone.
            if duty.on_persons and not self._acts_on_unit(answer, duty):
                entry = (await listings.named(self._session, [listing_id]))[listing_id]
                found += [
                    (listing_id, person.person_id) for person in entry.persons if entry.listing.lists(person, answer.on)
                ]
        return [
            ObligationKey(duty.department, listing_id, person_id, duty.measure_no) for listing_id, person_id in found
        ]

    @staticmethod
    def _acts_on_unit(answer: Answer, duty: Duty) -> bool:
        applied = next(one.applied for one in answer.measures if one.applied.measure.no == duty.measure_no)
        return answer.subject_kind in applied.measure.acts_on.subjects

    def _fitting(
        self, number: int, row: ReportRow, named: Sequence[tuple[ObligationKey, Entry]]
    ) -> list[ObligationKey]:
        """Return those that could be acted upon on the day; of a lookup's it is enough that some could."""
        fitting, objections = [], []
        for key, entry in named:
            person = entry.person(frozenset({key.person_id})) if key.person_id is not None else None
            found = ground(entry.listing, person, outlives=self._outlives[key.measure_no], on=row.acted_on)
            objection = _objection(row.status, row.acted_on, found, entry)
            if objection is None:
                fitting.append(key)
            else:
                objections.append(objection)
        if objections and not fitting:
            self._against(number, "acted_on", *objections[0])
        return fitting

    def _against(self, number: int, field: str, code: str, detail: str) -> None:
        self.errors.append(FieldError(field, code, detail, number))


def _objection(status: ReportStatus, acted_on: date, found: Ground | None, entry: Entry) -> tuple[str, str] | None:
    """Say what stands against an act on the day by what was in force then: code and sentence."""
    if found is None:
        told_ = f"{acted_on} 尚无惩戒依据：该决定自 {entry.listing.listed_on} 起列入，人员以其任职起始日为准。"
        return "not_in_force", told_
    if status is ReportStatus.STOPPED and found.ending is None:
        told_ = f"{acted_on} 惩戒依据仍然有效（自 {found.first} 起），不能报告停止。不应由本部门办理的，请报不适用。"
        return "still_in_force", told_
    if status is not ReportStatus.STOPPED and found.ending is not None:
        told_ = (
            f"{acted_on} 惩戒依据已经终止：自 {found.first} 起有效，{found.ending.on} 起终止"
            f"（{GROUND_ENDINGS[found.ending.reason]}）。已停止措施的，请报 stopped。"
        )
        return "not_in_force", told_
    return None


def _content(report: ReportRow | StoredReport) -> tuple[object, ...]:
    return (report.status, report.acted_on, report.reason, report.amount, report.document_no, report.remark)

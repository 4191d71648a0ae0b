"""What has to be done: whose obligations a caller may see, and reading them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.domain.applicability import AppliedMeasure, Grounds, applicable
from app.domain.catalogue import Catalogue
from app.domain.enforcement_periods import EnforcementPeriods, PeriodSpan
from app.domain.obligations import Duty, ObligationKey, duties
from app.domain.subjects import SubjectKind
from app.errors import FieldError, Forbidden, InvalidField, Misconfigured, NotFound
from app.services.access import Caller, Scope
from app.store import enforcement_reports, obligations, pushes
from app.store.database import Session
from app.store.enforcement_reports import StoredReport
from app.store.obligations import Obligation, ObligationFilter

_NOT_FOUND = "没有这项任务，或它不属于您可以查看的部门。"


@dataclass(frozen=True, slots=True)
class ObligationPage:
    """Obligations, and the id to go on behind; ``None`` at the end."""

    items: Sequence[Obligation]
    next: UUID | None


class ObligationService:
    """Reads obligations by one catalogue and one set of periods."""

    def __init__(self, catalogue: Catalogue, periods: EnforcementPeriods) -> None:
        """Read by these; raise :class:`Misconfigured` where a period is of a measure that the memo has not."""
        unknown = {one.measure_no for one in periods.periods} - {None, *(one.no for one in catalogue.measures)}
        if unknown:
            nos = "、".join(sorted(str(one) for one in unknown))
            raise Misconfigured(f"落实期限文件写有措施目录中没有的措施：{nos}。")
        self.catalogue = catalogue
        self.version = f"{catalogue.version} {periods.version}"
        everybody = frozenset(one.name for one in catalogue.departments)
        self._duties = duties(catalogue, everybody)
        self._spans = periods.spans([one.no for one in catalogue.measures])
        self._applied = {
            (kind, applied.measure.no): applied
            for kind in SubjectKind
            for applied in applicable(catalogue, kind, Grounds(listed=True, banned=False))
        }

    def departments(self, caller: Caller, asked: str | None) -> frozenset[str]:
        """Return whose obligations and reports the caller is to see; raise :class:`Forbidden` for somebody else's.

        Who may read all sees all unless one department is asked for, by any name that the memo prints for it.
        """
        named = None
        if asked is not None:
            known = self.catalogue.department_named(asked)
            if known is None:
                names = "、".join(one.name for one in self.catalogue.departments)
                raise InvalidField(
                    FieldError("department", "unknown_department", f"备忘录没有这个部门。可用：{names}。")
                )
            named = known.name
        if not caller.holds(Scope.ENFORCEMENT_READ):
            if named not in {None, caller.department}:
                raise Forbidden("此密钥只能查看本部门的任务与反馈。查看其他部门需要“enforcement:read”权限。")
            return frozenset({caller.department})
        return frozenset({named}) if named is not None else frozenset(one.name for one in self.catalogue.departments)

    def duties_of(self, departments: frozenset[str], measure_no: int | None = None) -> list[Duty]:
        """Return what these departments carry out, or one measure of it."""
        return [one for one in self._duties if one.department in departments and measure_no in {None, one.measure_no}]

    def applied(self, obligation: Obligation) -> AppliedMeasure:
        """Return the obligation's measure as it reaches its subject."""
        kind = SubjectKind.UNIT if obligation.key.person_id is None else SubjectKind.PERSON
        return self._applied[kind, obligation.key.measure_no]

    async def made_from(self, session: Session) -> tuple[int, int]:
        """Return what every answer is made from, as numbers that grow with each change: the list, and the reports."""
        return await pushes.current_version(session), await enforcement_reports.count(session)

    async def page(
        self, session: Session, asked: Sequence[Duty], chosen: ObligationFilter, after: UUID | None, limit: int
    ) -> ObligationPage:
        """Return a page of these duties' obligations behind the one called ``after``."""
        past = await self._past(session, after) if after is not None else None
        found = await obligations.search(session, asked, self._spans_of(asked), chosen, past, limit + 1)
        items = found[:limit]
        return ObligationPage(items, items[-1].key.obligation_id if len(found) > limit else None)

    async def one(
        self, session: Session, obligation_id: UUID, departments: frozenset[str], on: date
    ) -> tuple[Obligation, list[StoredReport]]:
        """Return an obligation and all its reports; raise :class:`NotFound` if there is none to be seen."""
        keys = await obligations.keys_of(session, [obligation_id], self.duties_of(departments))
        if obligation_id not in keys:
            raise NotFound(_NOT_FOUND)
        key = keys[obligation_id]
        asked = self.duties_of(frozenset({key.department}), key.measure_no)
        found = await obligations.search(
            session, asked, self._spans_of(asked), ObligationFilter(on, only=key), None, limit=1
        )
        if not found:
            raise NotFound(_NOT_FOUND)
        return found[0], await enforcement_reports.all_of(session, obligation_id)

    async def _past(self, session: Session, after: UUID) -> ObligationKey:
        keys = await obligations.keys_of(session, [after], self._duties)
        if after not in keys:
            raise InvalidField(FieldError("after", "unknown_cursor", "after 应为上一页的 next，原样送回。"))
        return keys[after]

    def _spans_of(self, asked: Sequence[Duty]) -> list[PeriodSpan]:
        wanted = {one.measure_no for one in asked}
        return [span for span in self._spans if span.measure_no in wanted]

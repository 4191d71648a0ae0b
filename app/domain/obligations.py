"""What a department has to do, and how far it is: one measure against one subject of one listing, decided from data.

Nothing is kept of an obligation but what was reported of it. It arises with the listing, ends with it, and comes back
when the listing is restored; ``store/obligations.py`` says the same in SQL, and a property test holds the two together.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from app.domain.applicability import Yours, whose
from app.domain.catalogue import Catalogue
from app.domain.grounds import Ending, EndReason, Ground, Known
from app.domain.subjects import SubjectKind


class ReportStatus(StrEnum):
    """What a department reports of an obligation."""

    IN_PROGRESS = "in_progress"
    """处理中"""
    DONE = "done"
    """已惩戒"""
    NOT_APPLICABLE = "not_applicable"
    """不适用, with a reason"""
    STOPPED = "stopped"
    """已停止: the ground has ended, and what was done against the subject is done no longer"""


class ObligationState(StrEnum):
    """How far an obligation is on a day."""

    OPEN = "open"
    """待办"""
    IN_PROGRESS = "in_progress"
    """办理中"""
    DONE = "done"
    """已落实"""
    NOT_APPLICABLE = "not_applicable"
    """不适用"""
    TO_LIFT = "to_lift"
    """待解除: its ground has ended, and the department has not confirmed that it stopped"""
    LIFTED = "lifted"
    """已解除"""


PENDING = frozenset({ObligationState.OPEN, ObligationState.IN_PROGRESS})
"""The states that can be overdue."""


@dataclass(frozen=True, slots=True)
class ObligationKey:
    """Whose obligation, by which listing, against whom (``None`` is the unit), by which measure."""

    department: str
    listing_id: UUID
    person_id: UUID | None
    measure_no: int

    @property
    def obligation_id(self) -> UUID:
        """The id, the same wherever and whenever it is worked out.

        Its first half is the listing id's, so that the listing is found from it by its primary key; the rest is a
        digest of the whole key. The form is RFC 9562's version 8.
        """
        subject = str(self.person_id) if self.person_id is not None else SubjectKind.UNIT.value
        name = f"{self.department}\n{self.listing_id}\n{subject}\n{self.measure_no}"
        digest = hashlib.sha256(name.encode()).digest()
        octets = bytearray(self.listing_id.bytes[:8] + digest[:8])
        octets[6] = 0x80 | octets[6] & 0x0F
        octets[8] = 0x80 | octets[8] & 0x3F
        return UUID(bytes=bytes(octets))


def listing_ids_behind(obligation_id: UUID) -> tuple[UUID, UUID]:
    """Return the lowest and the highest id that the listing of an obligation can have."""
    octets = bytearray(obligation_id.bytes[:8])
    # Where the version stands, the listing's own id has whatever its version is: between these two it is any.
    octets[6] &= 0x0F
    low = bytes(octets) + bytes(8)
    octets[6] |= 0xF0
    return UUID(bytes=low), UUID(bytes=bytes(octets) + b"\xff" * 8)


@dataclass(frozen=True, slots=True)
class Duty:
    """A measure as one department's, and whom it makes items of."""

    department: str
    measure_no: int
    yours: Yours
    on_unit: bool
    on_persons: bool
    outlives: bool
    """Whether a person's position ban keeps it alive when the listing has ended (measure 9)."""


def duties(catalogue: Catalogue, departments: frozenset[str]) -> tuple[Duty, ...]:
    """Return what these departments carry out: what names them, and what an open class may leave to them.

    A measure makes items of those it acts on; one that acts on persons and is then done to the unit as well (measure
    9's 变更登记) makes one of the unit too.
    """
    return tuple(
        Duty(
            department.name,
            measure.no,
            yours,
            SubjectKind.UNIT in measure.acts_on.subjects or measure.acts_on.done_to_unit is not None,
            SubjectKind.PERSON in measure.acts_on.subjects,
            measure.position_ban,
        )
        for department in catalogue.departments
        if department.name in departments
        for measure in catalogue.measures
        if (yours := whose(measure, department.name)) is not Yours.NO
    )


@dataclass(frozen=True, slots=True)
class LastReport:
    """What was last reported of an obligation, of acts up to the day asked for."""

    status: ReportStatus
    acted_on: date


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an obligation is on a day: ``since`` is the first day on which it could be known."""

    state: ObligationState
    since: date
    ending: Ending | None


def progress(found: Ground | None, known: Known | None, last: LastReport | None) -> Progress | None:
    """Return how far an obligation is; ``None`` where there is none.

    What was over when it became known here never was an obligation, unless somebody reported something.
    """
    if found is None or known is None:
        return None
    since, ending = max(found.first, known.on), found.ending
    if ending is None:
        return Progress(_while_held(last), since, None)
    told = ending.on > since or (known.ended_later and ending.reason is not EndReason.EXPIRED)
    if not told and last is None:
        return None
    return Progress(_once_ended(ending, last), since, ending)


def _while_held(last: LastReport | None) -> ObligationState:
    # What was stopped when the ground had ended is to be done again once it is back.
    if last is None or last.status is ReportStatus.STOPPED:
        return ObligationState.OPEN
    return ObligationState(last.status.value)


def _once_ended(ending: Ending, last: LastReport | None) -> ObligationState:
    if last is not None and last.status is ReportStatus.NOT_APPLICABLE:
        return ObligationState.NOT_APPLICABLE
    # Whoever stopped before an earlier end has not thereby stopped after this one. And who reported nothing may have
    # acted all the same: that nothing is left of it is for the department to say.
    stopped = last is not None and last.status is ReportStatus.STOPPED and last.acted_on >= ending.on
    return ObligationState.LIFTED if stopped else ObligationState.TO_LIFT


def overdue(state: ObligationState, due_on: date | None, on: date) -> bool:
    """Whether something should have been done by the day and was not reported."""
    return state in PENDING and due_on is not None and due_on < on

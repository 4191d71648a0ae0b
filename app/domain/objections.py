"""An objection (异议) to a listing: filed by the unit or one of its persons, and decided by the bureau.

It contests an entry and does not suspend it: until it is decided the listing is in force, marked as contested.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID


class ObjectionOutcome(StrEnum):
    """How an objection ended."""

    UPHELD = "upheld"
    """成立"""
    UPHELD_IN_PART = "upheld_in_part"
    """部分成立"""
    REJECTED = "rejected"
    """不成立"""
    WITHDRAWN = "withdrawn"
    """撤回: by whoever had filed it"""


@dataclass(frozen=True, slots=True)
class ObjectionDecision:
    """The end of an objection; ``on`` is the first day on which it no longer contests the listing."""

    outcome: ObjectionOutcome
    on: date
    document: str | None


@dataclass(frozen=True, slots=True)
class Objection:
    """An objection as a listing records it; ``filed_by_person`` is the person who filed it, ``None`` for the unit."""

    objection_no: str
    filed_on: date
    matter: str
    filed_by_person: UUID | None
    decision: ObjectionDecision | None = None

    def open_on(self, on: date) -> bool:
        """Whether it had been filed by the day and was not yet decided."""
        return self.filed_on <= on and (self.decision is None or on < self.decision.on)

"""What the measures came to in a period: which figures there are and by what they are told apart (``docs/effect.md``).

An obligation belongs to the period in which it arose, and its state is that on the period's last day. What arose
earlier and is still to be done, or was done in the period, is brought forward (上期结转) and counted apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from app.domain.obligations import ObligationState

LONGEST_PERIOD = 366
"""Days; a year, that of a leap day included."""


class Dimension(StrEnum):
    """By what figures are told apart."""

    DEPARTMENT = "department"
    MEASURE = "measure"
    DISTRICT = "district"
    """where the unit is registered: characters 3 to 8 of its code"""
    MONTH = "month"
    """of obligations that in which they arose, of checks that in which they were answered"""


Grouping = frozenset[Dimension]
TOTAL: Grouping = frozenset()


@dataclass(frozen=True, slots=True)
class Key:
    """Which group; ``None`` where it is not told apart by that. ``district`` is "" for checks on persons."""

    department: str | None = None
    measure_no: int | None = None
    district: str | None = None
    month: str | None = None


@dataclass(frozen=True, slots=True)
class BroughtForward:
    """Of obligations that arose before the period: carried out in it, and as they are on its last day."""

    carried_out: int = 0
    pending: int = 0
    overdue: int = 0
    to_lift: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one group. ``checks`` and ``hits`` are ``None`` by measure: nobody asks about a measure."""

    units: int = 0
    persons: int = 0
    open: int = 0
    in_progress: int = 0
    done: int = 0
    not_applicable: int = 0
    to_lift: int = 0
    lifted: int = 0
    overdue: int = 0
    carried_out: int = 0
    """Done at some time, whether or not the ground has ended since; it holds ``done``."""
    carried_out_late: int = 0
    median_days: float | None = None
    brought_forward: BroughtForward = BroughtForward()
    checks: int | None = 0
    hits: int | None = 0

    @classmethod
    def nothing(cls, grouping: Grouping) -> "Figures":
        """Return the figures of a group in which there is nothing."""
        return cls(checks=None, hits=None) if Dimension.MEASURE in grouping else cls()

    @property
    def obligations(self) -> int:
        """How many obligations arose in the period: each is in exactly one state."""
        return sum(getattr(self, state.value) for state in ObligationState)

    @property
    def applicable(self) -> int:
        """How many of them were not declined."""
        return self.obligations - self.not_applicable

    @property
    def pending(self) -> int:
        """How many of them are still to be done."""
        return self.open + self.in_progress

    @property
    def ended(self) -> int:
        """Of how many the ground is gone, so that what was done is to be lifted."""
        return self.to_lift + self.lifted


@dataclass(frozen=True, slots=True)
class ListFigures:
    """The list itself, whoever has to do something: decisions (listings) and the units that they list."""

    listed: int
    """Listings whose ``listed_on`` lies in the period, whatever became of them."""
    units_listed: int
    in_force: int
    """Listings in force on the last day."""
    units_in_force: int


@dataclass(frozen=True, slots=True)
class Effect:
    """Figures for each grouping that was asked for, that of everything (`TOTAL`) always among them."""

    first: date
    last: date
    known_at: datetime
    list_version: int
    departments: tuple[str, ...]
    list_figures: ListFigures
    groups: Mapping[Grouping, Mapping[Key, Figures]]

    @property
    def totals(self) -> Figures:
        """The figures of everything."""
        return self.groups[TOTAL][Key()]


BOOK_GROUPINGS = tuple(frozenset({one}) for one in Dimension)
"""What the workbook has a sheet of each."""

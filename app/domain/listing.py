"""A listing (列入): one decision about one unit, the persons who answer for the unit, and what is in force when.

The day is always a parameter. A period ends by itself: nothing has to run for a listing to stop being in force.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID


class RemovalReason(StrEnum):
    """Why a listing was ended (移出)."""

    REPAIRED = "repaired"
    """信用修复"""
    EXPIRED = "expired"
    """期满"""
    REVOKED = "revoked"
    """决定撤销: the decision to list was taken back"""
    CORRECTED = "corrected"
    """更正: the entry was a mistake"""


class Role(StrEnum):
    """How a person answers for a listed unit (the memo, part one)."""

    LEGAL_REPRESENTATIVE = "legal_representative"
    """法定代表人"""
    PRINCIPAL = "principal"
    """主要负责人"""
    SAFETY_LEAD = "safety_lead"
    """分管安全的负责人"""
    DIRECTLY_RESPONSIBLE = "directly_responsible"
    """负有直接责任的有关人员"""
    OTHER = "other"
    """等: the memo leaves the list open"""


class PersonEndReason(StrEnum):
    """Why a person no longer answers for the unit."""

    LEFT = "left"
    """离任: from a day on they do not, and before it they did"""
    CORRECTED = "corrected"
    """更正: they never did, the record was a mistake"""


class ListingState(StrEnum):
    """What a listing is on a given day."""

    NOT_YET = "not_yet"
    IN_FORCE = "in_force"
    EXPIRED = "expired"
    """its period is over, whether or not anybody recorded a removal"""
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Removal:
    """The end of a listing before or after its period."""

    on: date
    reason: RemovalReason
    decision_no: str | None


@dataclass(frozen=True, slots=True)
class Span:
    """Days from ``first`` up to, and not including, ``until``."""

    first: date
    until: date

    def covers(self, on: date) -> bool:
        """Whether the day lies in it."""
        return self.first <= on < self.until

    def after(self, earlier: "tuple[Span, ...]") -> "tuple[Span, ...]":
        """Return earlier spans and this one; where it begins on the day that the last ends, the two are one."""
        if not self.first < self.until:
            return earlier
        if earlier and earlier[-1].until == self.first:
            return (*earlier[:-1], Span(earlier[-1].first, self.until))
        return (*earlier, self)


@dataclass(frozen=True, slots=True)
class PositionBan:
    """A ban from leading a unit (measure 9: 在法定期限内不得担任…); ``until`` is its last day, ``None`` is for life.

    It rests on the law behind measure 9, not on the listing, so it may outlive the listing's period and its repair.
    ``since`` is its first day, ``None`` where it begins with the listing.
    """

    until: date | None
    since: date | None = None

    def in_force(self, on: date) -> bool:
        """Whether the ban's own period covers the day."""
        return (self.since is None or on >= self.since) and (self.until is None or on <= self.until)


@dataclass(frozen=True, slots=True)
class PersonEnd:
    """From when on a person no longer answers for the unit; ``on`` is the first day on which they do not."""

    on: date
    reason: PersonEndReason


@dataclass(frozen=True, slots=True)
class RelatedPerson:
    """A person who answers for the unit (有关人员), as recorded in one listing; the number only masked.

    They answer for it from ``since`` (``None``: from the listing's first day) up to their ``end``, except for
    ``absences`` between two terms. ``commitment`` binds the history to who they are without saying it
    (``domain/chain.py``); of an ``erased`` person only that is left.
    """

    person_id: UUID
    name: str
    masked_number: str
    roles: tuple[Role, ...]
    position_ban: PositionBan | None
    since: date | None = None
    end: PersonEnd | None = None
    absences: tuple[Span, ...] = ()
    commitment: str | None = None
    erased: bool = False

    def answers_for_unit(self, on: date) -> bool:
        """Whether the person answers for the unit on the day, the listing's own period left aside."""
        if self.since is not None and on < self.since:
            return False
        if self.end is not None and (self.end.reason is PersonEndReason.CORRECTED or on >= self.end.on):
            return False
        return not any(span.covers(on) for span in self.absences)


@dataclass(frozen=True, slots=True)
class ListedUnit:
    """The unit (生产经营单位) that a decision lists."""

    uscc: str
    name: str
    former_names: tuple[str, ...]


MOST_FACTS = 10_000
"""Characters of a listing's facts, all that was added to them included."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One decision about one unit, as it stands after ``revision`` changes (the first is 1).

    ``suspensions`` are the days between a removal and the restoring of the listing. ``nonconforming_reason`` says why
    a code that fails its check character is listed all the same. ``list_version`` is that of the last change.
    """

    listing_id: UUID
    revision: int
    unit: ListedUnit
    decision_no: str
    decided_by: str
    conduct: str
    tier: str
    listed_on: date
    valid_until: date
    removal: Removal | None
    conduct_code: str | None = None
    facts: str | None = None
    basis: str | None = None
    published_until: date | None = None
    nonconforming_reason: str | None = None
    suspensions: tuple[Span, ...] = ()
    list_version: int = 0

    def state(self, on: date) -> ListingState:
        """Say what the listing is on a day; it is in force on its first and on its last day, not on that of removal."""
        if on < self.listed_on:
            return ListingState.NOT_YET
        if self.removal is not None and on >= self.removal.on:
            return ListingState.REMOVED
        if any(span.covers(on) for span in self.suspensions):
            return ListingState.REMOVED
        if on > self.valid_until:
            return ListingState.EXPIRED
        return ListingState.IN_FORCE

    def in_force(self, on: date) -> bool:
        """Whether the listing is in force on the day."""
        return self.state(on) is ListingState.IN_FORCE

    def ban_in_force(self, person: RelatedPerson, on: date) -> bool:
        """Whether the person's position ban from this listing holds on the day.

        It outlives the listing's period and its repair; where the decision was revoked or the entry was a mistake,
        what the ban rests on is gone with it.
        """
        ban = person.position_ban
        if ban is None or on < self.listed_on or not ban.in_force(on):
            return False
        if person.end is not None and person.end.reason is PersonEndReason.CORRECTED:
            return False
        void = self.removal is not None and self.removal.reason in {RemovalReason.REVOKED, RemovalReason.CORRECTED}
        return not (void and self.removal is not None and on >= self.removal.on)

    def concerns(self, person: RelatedPerson | None, on: date) -> bool:
        """Whether a lookup on the day finds the listing: for the unit (``None``), or for one of its persons."""
        return self.lists(person, on) or (person is not None and self.ban_in_force(person, on))

    def lists(self, person: RelatedPerson | None, on: date) -> bool:
        """Whether the unit (``None``), or one of its persons, is listed by it on the day, bans left aside."""
        return self.in_force(on) and (person is None or person.answers_for_unit(on))


@dataclass(frozen=True, slots=True)
class Entry:
    """A listing with all persons ever recorded in it: the whole that a revision keeps."""

    listing: Listing
    persons: tuple[RelatedPerson, ...]

    def person(self, person_ids: frozenset[UUID]) -> RelatedPerson | None:
        """Return the person recorded under one of these ids; of a number with two names, the one who has not left."""
        found = [person for person in self.persons if person.person_id in person_ids]
        return min(found, key=lambda person: person.end is not None, default=None)

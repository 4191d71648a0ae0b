"""Why something has to be done against a subject, from which day to which: the listing, or a ban that outlived it.

What holds when is what :class:`Listing` says; this adds when it began, when and why it ended, and when it became known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from app.domain.listing import Listing, PersonEndReason, PositionBan, RelatedPerson, Removal, RemovalReason
from app.domain.operations import Op

_DAY = timedelta(days=1)
_VOID = frozenset({RemovalReason.REVOKED, RemovalReason.CORRECTED})


class EndReason(StrEnum):
    """Why the ground of an obligation is gone."""

    REPAIRED = "repaired"
    """信用修复"""
    EXPIRED = "expired"
    """期满"""
    REVOKED = "revoked"
    """决定撤销"""
    CORRECTED = "corrected"
    """更正"""
    PERSON_LEFT = "person_left"
    """离任: the person no longer answers for the unit"""
    PERSON_CORRECTED = "person_corrected"
    """更正: the person never answered for the unit"""
    BAN_OVER = "ban_over"
    """任职限制期满"""


@dataclass(frozen=True, slots=True)
class Ending:
    """From which day on the ground is gone, and why."""

    on: date
    reason: EndReason


@dataclass(frozen=True, slots=True)
class Ground:
    """Why something has to be done: from its first day up to its end, the last time that there was a ground."""

    first: date
    ending: Ending | None


def ground(listing: Listing, person: RelatedPerson | None, *, outlives: bool, on: date) -> Ground | None:
    """Return the ground against the unit (``None``) or a person as of a day; ``None`` if there had been none by then.

    It follows the listing (:meth:`Listing.lists`), and for what ``outlives`` it the person's position ban as well
    (:meth:`Listing.concerns`).
    """
    listed = _by_listing(listing, person, on)
    banned = _by_ban(listing, person, on) if outlives and person is not None else None
    if listed is None or banned is None:
        return listed or banned
    if listed.ending is None:
        return listed
    if banned.ending is None:
        # A ban that began with the listing goes on; one that came when the listing was over begins anew.
        return Ground(max(listed.first, banned.first) if banned.first > listed.ending.on else listed.first, None)
    return Ground(listed.first, max(listed.ending, banned.ending, key=lambda one: one.on))


def _by_listing(listing: Listing, person: RelatedPerson | None, on: date) -> Ground | None:
    days = [listing.listed_on, *(span.until for span in listing.suspensions if span.until <= on)]
    if person is not None:
        days += [person.since] if person.since is not None else []
        days += [span.until for span in person.absences if span.until <= on]
    first = max(days)
    return Ground(first, _ending(listing, person, on)) if first <= on else None


def _ending(listing: Listing, person: RelatedPerson | None, on: date) -> Ending | None:
    """Return the first of what ended it by the day; where several did on the same day, the weightiest."""
    found = []
    if listing.removal is not None and listing.removal.on <= on:
        found.append(Ending(listing.removal.on, EndReason(listing.removal.reason.value)))
    # Only a repair is taken back with days in between (decision 0014).
    found += [Ending(span.first, EndReason.REPAIRED) for span in listing.suspensions if span.covers(on)]
    if person is not None:
        found += _person_endings(person, on)
    if listing.valid_until < on:
        found.append(Ending(listing.valid_until + _DAY, EndReason.EXPIRED))
    return min(found, key=lambda one: one.on, default=None)


def _person_endings(person: RelatedPerson, on: date) -> list[Ending]:
    found = [Ending(span.first, EndReason.PERSON_LEFT) for span in person.absences if span.covers(on)]
    if person.end is not None and person.end.reason is PersonEndReason.CORRECTED:
        # They never answered for the unit, on the days before the correction neither.
        found.append(Ending(min(person.end.on, on), EndReason.PERSON_CORRECTED))
    elif person.end is not None and person.end.on <= on:
        found.append(Ending(person.end.on, EndReason.PERSON_LEFT))
    return found


def _by_ban(listing: Listing, person: RelatedPerson, on: date) -> Ground | None:
    ban = person.position_ban
    if ban is None or (person.end is not None and person.end.reason is PersonEndReason.CORRECTED):
        return None
    first = max(listing.listed_on, ban.since or listing.listed_on)
    ending = _ban_ending(ban.until, listing.removal, on)
    if first > on or (ending is not None and ending.on <= first):
        return None
    return Ground(first, ending)


def _ban_ending(until: date | None, removal: Removal | None, on: date) -> Ending | None:
    found = []
    if removal is not None and removal.reason in _VOID and removal.on <= on:
        found.append(Ending(removal.on, EndReason(removal.reason.value)))
    if until is not None and until < on:
        found.append(Ending(until + _DAY, EndReason.BAN_OVER))
    return min(found, key=lambda one: one.on, default=None)


@dataclass(frozen=True, slots=True)
class Known:
    """When this service came to know of a ground: last by the listing's recording or restoring, or the person's.

    ``ended_later``: an end, or a correction, was recorded in a later push than that; so there was a time in which
    departments were told that the ground held, whatever days the end is dated to.
    """

    on: date
    ended_later: bool


@dataclass(frozen=True, slots=True)
class Recorded:
    """A revision of a listing as far as it matters here: which persons answer for the unit, and who is banned how."""

    list_version: int
    on: date
    op: Op
    there: frozenset[UUID]
    bans: Mapping[UUID, PositionBan]


_BEGINNINGS = frozenset({Op.LIST, Op.RESTORE})
_ENDINGS = frozenset({Op.REMOVE, Op.CORRECT, Op.END_PERSON})


def known(history: Sequence[Recorded], person_id: UUID | None, *, by_ban: bool, on: date) -> Known | None:
    """Return when a ground became known, by a listing's whole history; ``None`` if it was not known on the day.

    ``by_ban``: the listing is over, and the ground is the person's ban alone.
    """
    begun = [one for one in history if one.op in _BEGINNINGS and one.on <= on][-1:]
    if not begun:
        return None
    if person_id is not None:
        before = [None, *history]
        turned = [
            one
            for one, last in zip(history, before, strict=False)
            if person_id in one.there and (last is None or person_id not in last.there) and one.on <= on
        ]
        if not turned:
            return None
        begun.append(turned[-1])
        if by_ban:
            begun += [
                one
                for one, last in zip(history, before, strict=False)
                if person_id in one.bans and one.bans[person_id] != (last.bans.get(person_id) if last else None)
                if one.on <= on
            ]
    version = max(one.list_version for one in begun)
    return Known(
        max(one.on for one in begun), any(one.op in _ENDINGS and one.list_version > version for one in history)
    )

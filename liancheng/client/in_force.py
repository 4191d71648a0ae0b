"""What a listing of the feed means on a day: the service's own rules, for a copy of the list. Never a verdict.

Days are `date`; a listing holds enough to tell every day, earlier ones too, from its state today.
"""

from collections.abc import Iterable
from datetime import date

from liancheng.client.types import FeedListing, FeedPerson, Gap, Objection

_VOIDED_BY = ("revoked", "corrected")


def listing_in_force(listing: FeedListing, on: date) -> bool:
    """Whether the listing is in force: within its period, first and last day included, and not removed on that day."""
    if not _day(listing["listed_on"]) <= on <= _day(listing["valid_until"]):
        return False
    return not _within(listing["suspensions"], on) and not _removed(listing, on)


def ban_in_force(listing: FeedListing, person: FeedPerson, on: date) -> bool:
    """Whether the person's position ban (measure 9) holds.

    It outlives the listing's period, its repair, and the person's leaving. Where the decision was revoked or the entry
    was a mistake, what the ban rests on is gone.
    """
    ban = person["position_ban"]
    if ban is None or person["end_reason"] == "corrected":
        return False
    begins = _day(listing["listed_on"])
    if ban["since"] is not None:
        begins = max(begins, _day(ban["since"]))
    # Without a last day it is for life, whatever else the record says: to err here is to call a banned person free.
    if on < begins or (not ban["for_life"] and ban["until"] is not None and on > _day(ban["until"])):
        return False
    removal = listing["removal"]
    return not (removal is not None and removal["reason"] in _VOIDED_BY and _removed(listing, on))


def person_concerned(listing: FeedListing, person: FeedPerson, on: date) -> bool:
    """Whether the listing concerns the person: it is in force while they answer for the unit, or bans them still."""
    return _answers_for_unit(listing, person, on) or ban_in_force(listing, person, on)


def open_objections(listing: FeedListing, on: date) -> list[Objection]:
    """Return the objections that contest the listing on the day; it is in force all the same."""
    return [
        one
        for one in listing.get("objections", ())
        if _day(one["filed_on"]) <= on and (one["decided_on"] is None or on < _day(one["decided_on"]))
    ]


def _answers_for_unit(listing: FeedListing, person: FeedPerson, on: date) -> bool:
    if person["end_reason"] == "corrected" or not listing_in_force(listing, on):
        return False
    if on < _day(person["since"] or listing["listed_on"]) or _within(person.get("absences", ()), on):
        return False
    return person["ended_on"] is None or on < _day(person["ended_on"])


def _within(gaps: Iterable[Gap], on: date) -> bool:
    return any(_day(gap["from"]) <= on < _day(gap["until"]) for gap in gaps)


def _removed(listing: FeedListing, on: date) -> bool:
    removal = listing["removal"]
    return removal is not None and on >= _day(removal["removed_on"])


def _day(text: str) -> date:
    return date.fromisoformat(text)

"""What of the list the public may see on a day, and the words that go with it (the memo, part three: 向社会公布).

A listing is published while it is in force, and no longer than its publication period; nobody has to withdraw it.
"""

from dataclasses import dataclass
from datetime import date

from app.domain.catalogue import Confidence
from app.domain.listing import Entry, Listing, RelatedPerson


@dataclass(frozen=True, slots=True)
class NoticeSource:
    """What a notice rests on; ``article`` is ``None`` where it was not verified."""

    document: str
    number: str | None
    article: str | None
    confidence: Confidence
    note: str | None


@dataclass(frozen=True, slots=True)
class Notice:
    """A text that goes with what is published (Chinese)."""

    text: str
    sources: tuple[NoticeSource, ...]


@dataclass(frozen=True, slots=True)
class Publication:
    """Everything in the file of public texts; ``version`` is ``sha256:`` and the digest of its bytes."""

    version: str
    feed_id: str
    feed_title: str
    feed_author: str
    objection: Notice
    repair: Notice
    contested: Notice


def last_public_day(listing: Listing) -> date:
    """Return the last day on which a listing may be published: that of its period, or of its own publication period."""
    return min(listing.valid_until, listing.published_until or listing.valid_until)


def is_public(listing: Listing, on: date) -> bool:
    """Whether the public sees the listing on the day; an objection does not change it."""
    return listing.in_force(on) and on <= last_public_day(listing)


def public_persons(entry: Entry, on: date) -> tuple[RelatedPerson, ...]:
    """Return those who answer for the unit on the day: nobody who left, was never meant, or was erased."""
    return tuple(one for one in entry.persons if one.answers_for_unit(on) and not one.erased)

"""The persons of one listing: what stands against a given set of them, and a recorded set brought to a given one."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from app.domain.codes import ResidentId
from app.domain.listing import PersonEnd, PersonEndReason, RelatedPerson, Span
from app.domain.operations import PersonGiven


def refusals_of_persons(persons: Sequence[PersonGiven], listed_on: date, today: date) -> Iterable[tuple[str, str, str]]:
    """Yield (field, code, Chinese detail) for everything that stands against persons of a listing."""
    numbers: dict[ResidentId, int] = {}
    for position, person in enumerate(persons):
        field = f"persons[{position}]"
        first = numbers.setdefault(person.number, position)
        if first != position:
            told = f"与本条第 {first + 1} 名人员号码相同；同一人只写一次，几种身份并列写在其职务身份（roles）中。"
            yield f"{field}.id_number", "duplicate_person", told
        if len(set(person.roles)) != len(person.roles):
            yield f"{field}.roles", "duplicate_role", "同一身份写了两次。"
        if person.since is not None and person.since > today:
            yield f"{field}.since", "date_in_future", "任职起始日期不能晚于今天。"
        ban = person.position_ban
        if ban is not None and ban.since is not None and ban.since > today:
            yield f"{field}.position_ban.since", "date_in_future", "任职限制起始日不能晚于今天。"
        if ban is not None and ban.until is not None and ban.until < (ban.since or listed_on):
            yield f"{field}.position_ban.until", "date_order", "任职限制截止日不能早于其起始日或列入日期。"


def with_persons(
    recorded: Sequence[RelatedPerson],
    given: Sequence[RelatedPerson],
    ids: Sequence[frozenset[UUID]],
    today: date,
) -> tuple[RelatedPerson, ...]:
    """Return the persons of a listing once those who belong in it are exactly the given ones.

    ``ids[i]`` are all ids of the number of ``given[i]``. Who is recorded keeps what a whole list does not tell (when
    they came, when they were away, a ban of which it says nothing); who is not given any more has left today, at the
    latest. The one first day that it tells of a person never takes the days from them that they answered for before an
    absence.
    """
    result = list(recorded)
    wanted = {one_id: person for person, own in zip(given, ids, strict=True) for one_id in own | {person.person_id}}
    met: set[UUID] = set()
    for position, person in enumerate(recorded):
        match = wanted.get(person.person_id)
        if match is None and person.end is None and not person.erased:
            result[position] = replace(person, end=PersonEnd(today, PersonEndReason.LEFT))
        elif match is not None and match.person_id == person.person_id:
            met.add(match.person_id)
            result[position] = _again(person, match, today)
        elif match is not None and person.end is None:
            # The same number under another name: the name was wrong, or has changed.
            result[position] = replace(person, end=PersonEnd(today, PersonEndReason.LEFT))
    return (*result, *(person for person in given if person.person_id not in met))


def _again(person: RelatedPerson, given: RelatedPerson, today: date) -> RelatedPerson:
    if person.end is not None and person.end.reason is PersonEndReason.CORRECTED:
        # They never were in it, as the record says: what it held of them is no part of what it holds now.
        return given
    told, absences = given.since, person.absences
    if person.end is not None:
        # Whoever comes back has a first day again; the days that they answered for before stay.
        returned = told if told is not None and told >= person.end.on else None
        absences = Span(person.end.on, returned or today).after(absences)
        told = None if returned else told
    # A file without columns for bans is no decision about them, and what is lifted here would be a false "not listed".
    ban = given.position_ban or person.position_ban
    again = replace(person, roles=given.roles, position_ban=ban, end=None, absences=absences)
    return again if told is None or knows_since(again, told) else _first_day_corrected(again, told)


def _first_day_corrected(person: RelatedPerson, since: date) -> RelatedPerson:
    """Take a first day that the record has not for that of their last return by then, or else of their first time."""
    wrong = [span for span in person.absences if span.first <= since][-1:]
    if not wrong:
        return replace(person, since=since)
    absences: tuple[Span, ...] = ()
    for span in person.absences:
        absences = (Span(span.first, since) if span in wrong else span).after(absences)
    return replace(person, absences=absences)


def knows_since(person: RelatedPerson, since: date | None) -> bool:
    """Whether a given first day is one that the record has: of the first time, or of one when they came back."""
    return since is None or since == person.since or any(since == span.until for span in person.absences)


def left_and_came_back(person: RelatedPerson, on: date, ends: Iterable[PersonEnd]) -> bool:
    """Whether somebody came back on the very day on which they had left, which leaves no absence to know it by.

    ``ends`` are those that the listing's history has of them, in its order.
    """
    left: set[date] = set()
    for end in ends:
        left = left | {end.on} if end.reason is PersonEndReason.LEFT else set()
    gone = person.end is not None and person.end.on <= on
    return on in left and not gone and not any(span.covers(on) for span in person.absences)

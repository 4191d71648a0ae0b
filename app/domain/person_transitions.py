"""What may happen to a person of a listing, and what the listing is afterwards: decided from the data alone.

The functions for operations raise :class:`Refused` with everything that stands against one, as
``domain/transitions.py`` does for those on the listing itself.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol
from uuid import UUID

from app.domain.codes import ResidentId
from app.domain.listing import Entry, PersonEnd, PersonEndReason, RelatedPerson, Span
from app.domain.operations import AddPersonOperation, BanOperation, EndPersonOperation, PersonGiven, PersonNamed
from app.domain.person_rules import refusals_of_persons
from app.domain.refusals import Refusals


@dataclass(frozen=True, slots=True)
class Identity:
    """A recorded identity: the id it is known by, and its commitment."""

    person_id: UUID
    commitment: str | None


class People(Protocol):
    """Who the numbers in a push belong to."""

    def identity(self, person: PersonGiven) -> Identity:
        """Return the identity of a given name and number."""

    def ids_of(self, number: ResidentId) -> frozenset[UUID]:
        """Return every id that the number is recorded under, whatever the name."""


def recorded_person(given: PersonGiven, people: People) -> RelatedPerson:
    """Return a given person as a listing records them."""
    identity = people.identity(given)
    return RelatedPerson(
        identity.person_id,
        given.name,
        given.number.masked,
        given.roles,
        given.position_ban,
        since=given.since,
        commitment=identity.commitment,
    )


def person_added(op: AddPersonOperation, before: Entry, people: People, refusals: Refusals, today: date) -> Entry:
    """增加人员: return the listing with somebody who comes, or who comes back."""
    for field, code, detail in refusals_of_persons([op.person], before.listing.listed_on, today):
        refusals.against(field.replace("persons[0]", "person"), code, detail)
    refusals.settle()
    given = recorded_person(op.person, people)
    current = before.person(people.ids_of(op.person.number))
    if current is not None and current.end is None:
        told = "此人已在本条记录中。身份有变的，请先用人员离任（end_person），再增加。"
        refusals.refuse("person.id_number", "person_already_recorded", told)
    known = before.person(frozenset({given.person_id}))
    if known is None or known.end is None:
        return replace(before, persons=(*before.persons, given))
    if known.end.reason is PersonEndReason.LEFT:
        if given.since is None or given.since < known.end.on:
            told = f"此人已于 {known.end.on} 离任；重新任职请写明不早于该日的 since。"
            refusals.refuse("person.since", "date_order", told)
        absences = Span(known.end.on, given.since).after(known.absences)
        ban = given.position_ban or known.position_ban
        given = replace(given, since=known.since, absences=absences, position_ban=ban)
    # Of who never was in it, as the record says, what it held is no part of what it holds now.
    return replace(before, persons=_exchanged(before, given))


def person_ended(op: EndPersonOperation, before: Entry, people: People, refusals: Refusals, today: date) -> Entry:
    """人员离任: return the listing without somebody from a day on, or as if they had never been in it."""
    person = named_person(op.person, before, people, refusals)
    if person.end is not None:
        told = f"此人已于 {person.end.on} 离任或更正，不能再次结束。"
        refusals.refuse(_person_field(op.person), "person_already_ended", told)
    first = max([before.listing.listed_on, *([person.since] if person.since else [])])
    refusals.day("ended_on", "离任日期", op.ended_on, first=first, today=today)
    if any(op.ended_on < span.until for span in person.absences):
        refusals.against("ended_on", "date_order", "离任日期不能早于此人最近一次任职的开始。")
    refusals.settle()
    return replace(before, persons=_exchanged(before, replace(person, end=PersonEnd(op.ended_on, op.reason))))


def person_banned(op: BanOperation, before: Entry, people: People, refusals: Refusals, today: date) -> Entry:
    """任职限制: return the listing with a ban on somebody; it replaces an earlier one."""
    person = named_person(op.person, before, people, refusals)
    if person.end is not None and person.end.reason is PersonEndReason.CORRECTED:
        told = "此人的记录已作为错误更正，不能对其作出任职限制。"
        refusals.refuse(_person_field(op.person), "person_already_ended", told)
    ban = op.position_ban
    if ban.since is not None:
        refusals.day("position_ban.since", "任职限制起始日", ban.since, first=before.listing.listed_on, today=today)
    if ban.until is not None and ban.until < (ban.since or before.listing.listed_on):
        refusals.against("position_ban.until", "date_order", "任职限制截止日不能早于其起始日或列入日期。")
    refusals.settle()
    return replace(before, persons=_exchanged(before, replace(person, position_ban=ban)))


def named_person(named: PersonNamed, before: Entry, people: People, refusals: Refusals) -> RelatedPerson:
    """Return the person of the listing who is named by number or id; refuse whoever is none of its persons.

    Of a number with several names, whoever has not left is meant, or else the only one who has; nobody says which of
    several who have.
    """
    ids = frozenset({named}) if isinstance(named, UUID) else people.ids_of(named)
    found = [one for one in before.persons if one.person_id in ids and not one.erased]
    if not found:
        told = "本条记录中没有这个人员，请核对号码或 person_id。"
        refusals.refuse(_person_field(named), "person_not_found", told)
    there = [one for one in found if one.end is None]
    left = [one for one in found if one.end is not None and one.end.reason is PersonEndReason.LEFT]
    meant = there or left or found
    if len(meant) > 1:
        told = f"此号码在本条记录中有 {len(meant)} 个姓名，均已离任或更正；请用 person_id 指明是哪一个。"
        refusals.refuse(_person_field(named), "person_ambiguous", told)
    return meant[0]


def _person_field(named: PersonNamed) -> str:
    return "person_id" if isinstance(named, UUID) else "id_number"


def _exchanged(before: Entry, changed: RelatedPerson) -> tuple[RelatedPerson, ...]:
    return tuple(changed if person.person_id == changed.person_id else person for person in before.persons)

"""A listing whole, spelt out as its revision keeps it and as the chain hashes it: canonical JSON, once for both.

It is written from the listing itself, because of a large push this is done a million times: to build it of dictionaries
and to have those spelt, once for the table and once for the hash, took a quarter of the time. Persons stand in it by id
and commitment only, in the order of their ids; days are ISO 8601.
"""

import json
from collections.abc import Iterable
from datetime import date
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Any

from app.domain.listing import Entry, RelatedPerson, Span
from app.store.objections import spelt_objections

_BY_ID = attrgetter("person_id")


def state_of(entry: Entry) -> dict[str, Any]:
    """Return a listing whole, as its revision keeps it."""
    state: dict[str, Any] = json.loads(spelt(entry))
    return state


def spelt(entry: Entry) -> str:
    """Return the canonical spelling (``domain/chain.py``) of a listing's state: names in their order, no space."""
    listing, unit, removal = entry.listing, entry.listing.unit, entry.listing.removal
    persons = entry.persons if len(entry.persons) <= 1 else sorted(entry.persons, key=_BY_ID)
    removed_on = reason = removal_decision_no = "null"
    if removal is not None:
        removed_on, reason = _day(removal.on), encode_basestring(removal.reason.value)
        removal_decision_no = _text(removal.decision_no)
    return (
        f'{{"basis":{_text(listing.basis)},"conduct":{encode_basestring(listing.conduct)},'
        f'"conduct_code":{_text(listing.conduct_code)},"decided_by":{encode_basestring(listing.decided_by)},'
        f'"decision_no":{encode_basestring(listing.decision_no)},"facts":{_text(listing.facts)},'
        f'"former_names":{_texts(unit.former_names)},"listed_on":{_day(listing.listed_on)},'
        f'"listing_id":"{listing.listing_id}","nonconforming_reason":{_text(listing.nonconforming_reason)},'
        f'"objections":{spelt_objections(listing.objections)},"persons":[{",".join(map(_person, persons))}],'
        f'"published_until":{_day(listing.published_until)},"removal_decision_no":{removal_decision_no},'
        f'"removal_reason":{reason},"removed_on":{removed_on},"suspensions":{_spans(listing.suspensions)},'
        f'"tier":{encode_basestring(listing.tier)},"unit_name":{encode_basestring(unit.name)},'
        f'"uscc":{encode_basestring(unit.uscc)},"valid_until":{_day(listing.valid_until)}}}'
    )


def _person(person: RelatedPerson) -> str:
    ban, end = person.position_ban, person.end
    for_life, since, until = "false", "null", "null"
    if ban is not None:
        for_life, since, until = "true" if ban.until is None else "false", _day(ban.since), _day(ban.until)
    end_reason, ended_on = (encode_basestring(end.reason.value), _day(end.on)) if end is not None else ("null", "null")
    return (
        f'{{"absences":{_spans(person.absences)},"ban_for_life":{for_life},"ban_since":{since},"ban_until":{until},'
        f'"commitment":{_text(person.commitment)},"end_reason":{end_reason},"ended_on":{ended_on},'
        f'"erased":{"true" if person.erased else "false"},"person_id":"{person.person_id}",'
        f'"roles":{_texts(person.roles)},"since":{_day(person.since)}}}'
    )


def _text(text: str | None) -> str:
    return "null" if text is None else encode_basestring(text)


def _texts(texts: Iterable[str]) -> str:
    # A word of an enumeration, too, is spelt as the text that it is.
    return f"[{','.join(map(encode_basestring, texts))}]"


def _day(day: date | None) -> str:
    return "null" if day is None else f'"{day.isoformat()}"'


def _spans(spans: Iterable[Span]) -> str:
    return f"[{','.join(f'[{_day(span.first)},{_day(span.until)}]' for span in spans)}]"

"""Whatever is pushed, the service knows of every day what the rules say, and what it knew of it after every version."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from app.services.identity_keys import vault_from
from app.services.verification import verify
from tests.services.comparing import ANSWERED, Known, push_and_compare, read, recorded, shown
from tests.services.list_model.basics import JSON
from tests.services.list_model.days import banned, concerned, state
from tests.services.list_model.drawing import NUMBERS, UNITS, Drawing
from tests.services.list_model.objections import contesting
from tests.support import Api, today

# More of them hunt longer; those of the suite are always the same ones.
SEEDS = int(os.environ.get("LIANCHENG_TEST_SEEDS", "6"))
PUSHES, QUESTIONS = 30, 6
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Question:
    """Of which day, and as known at which moment (``None``: now); what was known then is that of a version."""

    on: str
    known_at: datetime | None
    version: int
    listings: list[JSON]

    def terms(self) -> JSON:
        """Return how it is said."""
        return {"on": self.on} | ({"known_at": self.known_at.isoformat()} if self.known_at else {})


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_every_answer_is_what_the_rules_say_whatever_day_and_moment_it_is_asked_for(api: Api, seed: int) -> None:
    drawing, known = Drawing(seed, today()), Known()
    for _ in range(PUSHES):
        # Every now and then it is tried out before.
        await push_and_compare(api, known, drawing.push(known.newest), tried_out=drawing.random.random() < 0.25)
        for _ in range(QUESTIONS):
            await ask_and_compare(api, drawing, question(drawing, known))
    async with api.owner.reading() as session:
        found = await verify(session, vault_from(api.settings), {}, lambda _, __: None)
    assert (found.list_version, found.listings) == (len(known.versions) - 1, len(known.newest))
    assert found.listings


def question(drawing: Drawing, known: Known) -> Question:
    """Draw a day and a moment: now, right at a version, right before the next, or between the two."""
    newest = len(known.versions) - 1
    version = drawing.random.choice((newest, drawing.random.randint(0, newest)))
    moment, listings = known.versions[version]
    is_last = version == newest
    until = datetime.now(UTC) if is_last else known.versions[version + 1][0]
    moments = [moment, moment + (until - moment) / 2, until - _INSTANT]
    known_at = None if is_last and drawing.random.random() < 0.5 else drawing.random.choice(moments)
    return Question(min(drawing.day(first=-65), today().isoformat()), known_at, version, listings)


async def ask_and_compare(api: Api, drawing: Drawing, asked: Question) -> None:
    """Ask about a unit, a person, a listing or the whole list."""
    match drawing.random.choice(["unit", "person", "person", "listing", "list"]):
        case "unit":
            code = drawing.random.choice(UNITS)
            ours = [one for one in asked.listings if one["unit"]["uscc"] == code]
            expected = [hit(one, None, asked.on) for one in ours if state(one, asked.on) == "in_force"]
            await compare_lookup(api, code, asked, expected)
        case "person":
            code = drawing.random.choice(NUMBERS)
            people = [(one, person) for one in asked.listings for person in one["persons"] if person["number"] == code]
            people.sort(key=lambda each: (each[0]["listing_id"], each[1]["person_id"]))
            expected = [hit(one, person, asked.on) for one, person in people if concerned(one, person, asked.on)]
            await compare_lookup(api, code, asked, expected)
        case "listing" if asked.listings:
            one = drawing.random.choice(asked.listings)
            answer = await read(api, f"/v1/listings/{one['listing_id']}", asked.terms())
            assert recorded(answer) == shown(one, asked.on)
        case _:
            answer = await read(api, "/v1/listings", asked.terms())
            expected = sorted((shown(one, asked.on) for one in asked.listings), key=lambda one: one["listing_id"])
            assert [recorded(one) for one in answer["listings"]] == expected
            assert answer["list_version"] == asked.version


async def compare_lookup(api: Api, code: str, asked: Question, expected: list[JSON]) -> None:
    """Look a code up."""
    answer = await api.asked(code, **asked.terms())
    for one in answer["listings"]:
        if one["person"]:
            del one["person"]["id_number_masked"]
    assert answer["listings"] == sorted(expected, key=lambda one: one["listing_id"])
    assert answer["verdict"] == ("listed" if expected else "not_listed")
    assert bool(answer["measures"]) == bool(expected)
    assert (answer["list_version"], answer["on"]) == (asked.version, asked.on)


def hit(one: JSON, person: JSON | None, on: str) -> JSON:
    """Return what a lookup answers of a listing."""
    removal = one["removal"] if one["removal"] and one["removal"]["removed_on"] <= on else None
    found = {name: one[name] for name in ANSWERED} | {"state": state(one, on), "removal": removal, "person": None}
    found |= {"contested": bool(contesting(one, on)), "open_objections": contesting(one, on)}
    if person:
        ban = person["position_ban"]
        if ban:
            ban = {"until": ban["until"], "for_life": ban["for_life"], "in_force": banned(one, person, on)}
        found["person"] = {"name": person["name"], "roles": person["roles"], "position_ban": ban}
    return found

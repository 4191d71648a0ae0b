"""Whatever is pushed, the service knows of every day what the rules say, and what it knew of it after every version."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.services.identity_keys import vault_from
from app.services.verification import verify
from tests.services.list_model.basics import JSON, Illegal, key
from tests.services.list_model.days import banned, concerned, state
from tests.services.list_model.drawing import NUMBERS, UNITS, Drawing
from tests.services.list_model.objections import contesting
from tests.services.list_model.pushes import pushed
from tests.support import Api, today

# More of them hunt longer; those of the suite are always the same ones.
SEEDS = int(os.environ.get("LIANCHENG_TEST_SEEDS", "6"))
PUSHES, QUESTIONS = 30, 6
BEFORE_ALL = datetime(2026, 1, 1, tzinfo=UTC)
_INSTANT = timedelta(microseconds=1)
_ANSWERED = [
    "listing_id",
    "revision",
    "unit",
    "decision_no",
    "decided_by",
    "conduct",
    "conduct_code",
    "tier",
    "facts",
    "basis",
    "listed_on",
    "valid_until",
]
_RECORDED = (
    *_ANSWERED,
    "list_version",
    "published_until",
    "nonconforming_reason",
    "removal",
    "suspensions",
    "objections",
)
_OF_PERSON = ("name", "person_id", "roles", "since", "ended_on", "end_reason", "absences", "position_ban")


@dataclass
class Known:
    """What was known after every version: when it came, and the listings as the model has them."""

    versions: list[tuple[datetime, list[JSON]]] = field(default_factory=lambda: [(BEFORE_ALL, [])])

    @property
    def newest(self) -> list[JSON]:
        """The listings as they are."""
        return self.versions[-1][1]


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
        await push_and_compare(api, known, drawing)
        for _ in range(QUESTIONS):
            await ask_and_compare(api, drawing, question(drawing, known))
    async with api.owner.reading() as session:
        found = await verify(session, vault_from(api.settings), {}, lambda _, __: None)
    assert (found.list_version, found.listings) == (len(known.versions) - 1, len(known.newest))
    assert found.listings


async def push_and_compare(api: Api, known: Known, drawing: Drawing) -> None:
    """Push; what the model refuses must be refused and change nothing."""
    push, version = drawing.push(known.newest), len(known.versions)
    try:
        after = pushed(known.newest, push, today().isoformat(), version)
    except Illegal:
        after = None
    # Tried out every now and then, a push does the same.
    dry = await sent(api, push, dry_run=True) if drawing.random.random() < 0.25 else None
    response = await sent(api, push, dry_run=False)
    if after is None:
        refused = {httpx.codes.UNPROCESSABLE_ENTITY, httpx.codes.CONFLICT}
        assert response.status_code in refused, (push, response.text)
        assert dry is None or dry.status_code in refused or dry.json()["errors_total"], push
        return
    assert response.status_code == httpx.codes.CREATED, (push, response.text)
    done = response.json()
    if dry is not None:
        assert (dry.status_code, dry.json()["errors"], dry.json()["counts"]) == (httpx.codes.OK, [], done["counts"])
    ids = {(row["uscc"], row["decision_no"]): row["listing_id"] for row in done["rows"]}
    for one in after:
        one["listing_id"] = one["listing_id"] or ids[key(one)]
    known.versions.append((datetime.fromisoformat(done["committed_at"]), after))
    await learn_persons(api, after)


async def sent(api: Api, push: JSON, *, dry_run: bool) -> httpx.Response:
    """Push, or try it out, under a key of its own."""
    headers = api.headers(**{"Idempotency-Key": os.urandom(8).hex()})
    return await api.http.post("/v1/pushes", json=push, params={"dry_run": dry_run}, headers=headers)


async def learn_persons(api: Api, listings: list[JSON]) -> None:
    """Learn how the service names its persons, each always the same."""
    shown_now = await read(api, "/v1/listings", {"limit": 500})
    ids = {one["name"]: one["person_id"] for each in shown_now["listings"] for one in each["persons"]}
    for one in listings:
        for person in one["persons"]:
            person["person_id"] = person["person_id"] or ids.get(person["name"])


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


async def read(api: Api, path: str, terms: JSON) -> JSON:
    """Read what has to be there."""
    response = await api.http.get(path, params=terms, headers=api.headers())
    assert response.status_code == httpx.codes.OK, response.text
    answer: JSON = response.json()
    return answer


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
    found = {name: one[name] for name in _ANSWERED} | {"state": state(one, on), "removal": removal, "person": None}
    found |= {"contested": bool(contesting(one, on)), "open_objections": contesting(one, on)}
    if person:
        ban = person["position_ban"]
        if ban:
            ban = {"until": ban["until"], "for_life": ban["for_life"], "in_force": banned(one, person, on)}
        found["person"] = {"name": person["name"], "roles": person["roles"], "position_ban": ban}
    return found


def shown(one: JSON, on: str) -> JSON:
    """Return what the list shows of a listing."""
    people = [{name: person[name] for name in _OF_PERSON} for person in one["persons"]]
    people.sort(key=lambda person: person["person_id"])
    return {name: one[name] for name in _RECORDED} | {"state": state(one, on), "persons": people}


def recorded(answer: JSON) -> JSON:
    """Return what can be compared of a listing that the list shows: everything but the masked numbers."""
    people = [{name: person[name] for name in _OF_PERSON} for person in answer["persons"]]
    rest: dict[str, Any] = {name: answer[name] for name in (*_RECORDED, "state")}
    return rest | {"persons": people}

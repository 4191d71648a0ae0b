"""Pushing to the service what the model of the list is told as well, and holding the one against the other."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.services.list_model.basics import JSON, Illegal, key
from tests.services.list_model.days import state
from tests.services.list_model.pushes import pushed
from tests.support import Api, today

BEFORE_ALL = datetime(2026, 1, 1, tzinfo=UTC)
ANSWERED = [
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
    *ANSWERED,
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


async def push_and_compare(api: Api, known: Known, push: JSON, *, tried_out: bool) -> bool:
    """Push, and return whether it was carried out; what the model refuses must be refused and change nothing."""
    version = len(known.versions)
    try:
        after = pushed(known.newest, push, today().isoformat(), version)
    except Illegal:
        after = None
    # Tried out before, a push does the same.
    dry = await sent(api, push, dry_run=True) if tried_out else None
    response = await sent(api, push, dry_run=False)
    if after is None:
        refused = {httpx.codes.UNPROCESSABLE_ENTITY, httpx.codes.CONFLICT}
        assert response.status_code in refused, (push, response.text)
        assert dry is None or dry.status_code in refused or dry.json()["errors_total"], push
        return False
    assert response.status_code == httpx.codes.CREATED, (push, response.text)
    done = response.json()
    if dry is not None:
        assert (dry.status_code, dry.json()["errors"], dry.json()["counts"]) == (httpx.codes.OK, [], done["counts"])
    ids = {(row["uscc"], row["decision_no"]): row["listing_id"] for row in done["rows"]}
    for one in after:
        one["listing_id"] = one["listing_id"] or ids[key(one)]
    known.versions.append((datetime.fromisoformat(done["committed_at"]), after))
    await learn_persons(api, after)
    return True


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
        for objection in one["objections"]:
            filed_by = objection["filed_by_person"]
            objection["filed_by_person"] = ids.get(filed_by, filed_by)


async def read(api: Api, path: str, terms: JSON) -> JSON:
    """Read what has to be there."""
    response = await api.http.get(path, params=terms, headers=api.headers())
    assert response.status_code == httpx.codes.OK, response.text
    answer: JSON = response.json()
    return answer


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

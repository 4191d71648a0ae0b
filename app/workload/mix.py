"""Which requests are sent: listed and not listed, units and persons, one at a time and in batches."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.codes import looks_like_identity_number
from app.domain.synthetic import RESIDENT_ID_CAPACITY, USCC_CAPACITY, synthetic_resident_id, synthetic_uscc
from app.workload.target import Target

UNIT, PERSON, BATCH = "unit", "person", "batch"
_MOST_REQUESTS, _MOST_BYTES = 10_000, 32_000_000
_MISSES = 10_000


@dataclass(frozen=True, slots=True)
class Request:
    """A request ready to be sent, of how many codes, and what kind of request it is counted under."""

    raw: bytes
    codes: int
    kind: str


@dataclass(frozen=True, slots=True)
class Codes:
    """What is asked about: codes that should be on the list, and codes that nobody has."""

    units: Sequence[str]
    persons: Sequence[str]
    missing_units: Sequence[str]
    missing_persons: Sequence[str]

    def of(self, *, person: bool, missing: bool) -> Sequence[str]:
        """Return the codes of one kind."""
        if person:
            return self.missing_persons if missing else self.persons
        return self.missing_units if missing else self.units


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares from 0 to 1: codes that are not listed, codes of persons, requests that are batches of ``batch_size``."""

    misses: float = 0.5
    persons: float = 0.0
    batches: float = 0.0
    batch_size: int = 100
    view: str = "summary"
    purpose: str = "性能测量（虚构用途）"


def synthetic_codes(known: int) -> Codes:
    """Return the first ``known`` synthetic codes as those that are listed, and the last ones as those that are not."""
    return _with_misses(
        [synthetic_uscc(n) for n in range(known)], [synthetic_resident_id(n) for n in range(min(known, _MISSES))]
    )


def given_codes(codes: Sequence[str]) -> Codes:
    """Return these codes, told apart by their form, as those that are listed, beside synthetic ones that are not."""
    persons = [code for code in codes if looks_like_identity_number(code)]
    known = set(persons)
    return _with_misses([code for code in codes if code not in known], persons)


def _with_misses(units: Sequence[str], persons: Sequence[str]) -> Codes:
    return Codes(
        units,
        persons,
        [synthetic_uscc(USCC_CAPACITY - 1 - n) for n in range(_MISSES)],
        [synthetic_resident_id(RESIDENT_ID_CAPACITY - 1 - n) for n in range(_MISSES)],
    )


def requests(target: Target, codes: Codes, mix: Mix, *, seed: int = 1, most: int = _MOST_REQUESTS) -> list[Request]:
    """Write up to ``most`` requests in the mix's shares, to be sent round and round; a seed writes the same again."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    made: list[Request] = []
    size = 0
    while len(made) < most and size < _MOST_BYTES:
        if chance.random() < mix.batches:
            items = [_item(chance, codes, mix) for _ in range(mix.batch_size)]
            body = {"items": items, "purpose": mix.purpose, "view": mix.view}
            request = Request(target.post("/v1/lookups/batch", _bytes(body)), mix.batch_size, BATCH)
        else:
            body = _item(chance, codes, mix) | {"purpose": mix.purpose, "view": mix.view}
            request = Request(target.post("/v1/lookups", _bytes(body)), 1, str(body["subject_kind"]))
        made.append(request)
        size += len(request.raw)
    return made


def _item(chance: random.Random, codes: Codes, mix: Mix) -> dict[str, Any]:
    person = chance.random() < mix.persons
    code = chance.choice(codes.of(person=person, missing=chance.random() < mix.misses))
    return {"code": code, "subject_kind": PERSON if person else UNIT}


def _bytes(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()

"""The requests are those that were asked for."""

import json

from app.domain.codes import parse_code
from app.domain.moment import Moment
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.workload.mix import Codes, Mix, Request, given_codes, requests, synthetic_codes
from app.workload.target import target_at

_TARGET = target_at("http://127.0.0.1:8000", "lc_key")


def body(request: Request) -> dict[str, object]:
    made: dict[str, object] = json.loads(request.raw.partition(b"\r\n\r\n")[2])
    return made


def test_the_mix_has_the_shares_that_were_asked_for() -> None:
    made = requests(_TARGET, synthetic_codes(100), Mix(misses=0.25, persons=0.5, batches=0.2, batch_size=3))
    kinds = [one.kind for one in made]
    assert 0.15 < kinds.count("batch") / len(kinds) < 0.25
    assert 0.35 < kinds.count("person") / len(kinds) < 0.45
    hits = {synthetic_uscc(n) for n in range(100)}
    units = [body(one)["code"] for one in made if one.kind == "unit"]
    assert 0.70 < sum(1 for code in units if code in hits) / len(units) < 0.80
    batch = next(one for one in made if one.kind == "batch")
    items = body(batch)["items"]
    assert isinstance(items, list)
    assert (batch.codes, len(items)) == (3, 3)
    assert requests(_TARGET, synthetic_codes(100), Mix()) == requests(_TARGET, synthetic_codes(100), Mix())


def test_given_codes_are_told_apart_and_every_code_is_valid() -> None:
    codes = given_codes([synthetic_uscc(1), synthetic_resident_id(1)])
    assert (codes.units, codes.persons) == ([synthetic_uscc(1)], [synthetic_resident_id(1)])
    today = Moment.current().today
    for code in [*codes.missing_units[:50], *codes.missing_persons[:50]]:
        parse_code(code, today=today)


def test_many_large_batches_stay_within_memory() -> None:
    codes = Codes([synthetic_uscc(1)], [], [], [])
    made = requests(_TARGET, codes, Mix(misses=0, batches=1, batch_size=50_000))
    assert sum(len(one.raw) for one in made) < 40_000_000

"""The same lookups with few and with many subjects on the list, in turn, on one database server."""

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from functools import partial
from typing import Any

import asyncpg
from uuid_utils.compat import uuid7

from app.domain.synthetic import synthetic_uscc
from app.workload.mix import Mix, requests, synthetic_codes
from app.workload.target import target_at
from benchmarks.compare import Key, Rounds, Tell
from benchmarks.contenders import LISTED
from benchmarks.installation import Place
from benchmarks.samples import Measure, Sample, saturated

_CONNECTIONS = 32
_LISTING = (
    "listing_id", "uscc", "unit_name", "decision_no", "decided_by", "conduct", "tier", "listed_on", "valid_until",
    "revision", "list_version",
)  # fmt: skip
_PERSON = (
    "person_id", "name", "blind_index", "index_key_id", "sealed_number", "cipher_key_id", "masked_number", "salt",
    "commitment",
)  # fmt: skip
_RELATED = ("listing_id", "person_id", "roles")
_TABLES = (("listings", _LISTING), ("persons", _PERSON), ("related_persons", _RELATED))
_PART = 100_000
# Codes from all over the list, so many that no part of it is warmer than in life.
_DIFFERENT = 100_000


async def fill(database_url: str, count: int) -> None:
    """Put so many units with a person each where a push would leave them, without their history.

    A push of ten million rows would take longer than everything else here. Lookups read nothing that is left out.
    """
    connection = await asyncpg.connect(database_url)
    for first in range(0, count, _PART):
        rows = [_row(n) for n in range(first, min(first + _PART, count))]
        for which, (table, columns) in enumerate(_TABLES):
            records = [row[which] for row in rows]
            await connection.copy_records_to_table(table, records=records, columns=columns)
    await connection.execute("UPDATE list_state SET list_version = 1")
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    await connection.close()


def _row(n: int) -> tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]:
    listed = date.today() - timedelta(days=50 + n % 150)  # noqa: DTZ011 - any day will do
    listing, person = uuid7(), uuid7()
    decision = (f"虚构列〔2026〕{n}号", "清远市应急管理局（测试）", "重大事故隐患逾期不整改（虚构）", "严重失信主体")
    unit = (listing, synthetic_uscc(n), f"示例第{n}（虚构）有限公司")
    # Nobody is found by this index, and it is as long and as random as one.
    index = hashlib.sha256(str(n).encode()).digest()
    sealed = (f"虚构{n}", index, "bench", index + index[:14], "bench", "441800********0000", index[:16], index.hex())
    dates = (listed, listed + timedelta(days=1000))
    return (*unit, *decision, *dates, 1, 1), (person, *sealed), (listing, person, ["legal_representative"])


def grow(here: Place, sizes: Sequence[int], rounds: int, seconds: float, tell: Tell) -> Rounds:
    """Measure a service on a list of each size, in turn; samples by size, memory of the process too."""
    samples: dict[Key, list[Sample]] = {}
    with ExitStack() as stack:
        measures: dict[str, Measure] = {}
        served = {}
        for size in sizes:
            tell(f"a list of {size}")
            url, key = here.prepared(f"grown_{size}")
            asyncio.run(fill(url, size))
            served[str(size)] = stack.enter_context(here.serving(url, key))
            target = target_at(served[str(size)].url, key)
            asked = requests(target, synthetic_codes(size), Mix(misses=0), most=_DIFFERENT)
            measures[str(size)] = partial(saturated, target, asked)
        for measure in measures.values():
            measure(_CONNECTIONS, seconds)
        for _ in range(rounds):
            for name, measure in measures.items():
                samples.setdefault((name, LISTED, _CONNECTIONS), []).append(measure(_CONNECTIONS, seconds))
        return Rounds(samples, {name: one.process.memory() for name, one in served.items()})

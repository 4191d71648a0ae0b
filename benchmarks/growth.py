"""The same lookups with few and with many subjects on the list, in turn, on one database server."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

import asyncpg

from app.domain.synthetic import synthetic_uscc
from app.workload.mix import Mix, requests, synthetic_codes
from app.workload.target import target_at
from benchmarks.compare import Key, Rounds, Tell
from benchmarks.contenders import LISTED
from benchmarks.installation import Place
from benchmarks.samples import Measure, Sample, saturated

_CONNECTIONS = 32
# Codes from all over the list, so many that no part of it is warmer than in life.
_DIFFERENT = 100_000
# In which nearly each of them is asked for once: of a large list, what is asked for has to come into the cache first.
_WARMING = 15.0
# Indexes are built when all rows are there, as a first load would: row by row it takes many times as long.
_WITHOUT_INDEXES = """
UPDATE pg_index SET indisready = false
WHERE indrelid IN ('listings'::regclass, 'persons'::regclass, 'related_persons'::regclass)
"""
_NUMBERED = """
CREATE UNLOGGED TABLE filled (
    n bigint, uscc text, listing_id uuid DEFAULT uuidv7(), person_id uuid DEFAULT uuidv7()
)
"""
_UNITS = """
INSERT INTO listings (
    listing_id, uscc, unit_name, decision_no, decided_by, conduct, tier, listed_on, valid_until, revision, list_version
)
SELECT listing_id, uscc, '示例第' || n || '（虚构）有限公司', '虚构列〔2026〕' || n || '号', '清远市应急管理局（测试）',
    '重大事故隐患逾期不整改（虚构）', '严重失信主体', current_date - 50 - (n % 150)::integer, current_date + 800, 1, 1
FROM filled;
REINDEX TABLE listings
"""
# Nobody is found by these blind indexes, which are as long and as random as real ones.
_PERSONS = """
INSERT INTO persons (
    person_id, name, blind_index, index_key_id, sealed_number, cipher_key_id, masked_number, salt, commitment
)
SELECT person_id, '虚构' || n, index, 'bench', index || substr(index, 1, 14), 'bench', '441800********0000',
    substr(index, 1, 16), encode(index, 'hex')
FROM filled, sha256(n::text::bytea) AS index;
INSERT INTO related_persons (listing_id, person_id, roles)
SELECT listing_id, person_id, '{legal_representative}' FROM filled;
REINDEX TABLE persons;
REINDEX TABLE related_persons
"""
# Nothing refers to what is not there, so that the checks of it are spared.
_SETTINGS = {"maintenance_work_mem": "1GB", "session_replication_role": "replica"}


async def fill(database_url: str, subjects: int) -> None:
    """Put so many subjects, half units and half their persons, where a push would leave them, without their history.

    A push of millions of rows would take more than the time there is. Lookups read nothing that is left out.
    """
    units, persons = [await asyncpg.connect(database_url, server_settings=_SETTINGS) for _ in range(2)]
    await units.execute(_NUMBERED)
    numbered = ((n, synthetic_uscc(n)) for n in range(subjects // 2))
    await units.copy_records_to_table("filled", records=numbered, columns=("n", "uscc"))
    await units.execute(_WITHOUT_INDEXES)
    await asyncio.gather(units.execute(_UNITS), persons.execute(_PERSONS))
    for statement in ("UPDATE list_state SET list_version = 1", "DROP TABLE filled", "VACUUM ANALYZE", "CHECKPOINT"):
        await units.execute(statement)
    await units.close()
    await persons.close()


def grow(here: Place, sizes: Sequence[int], rounds: int, seconds: float, tell: Tell) -> Rounds:
    """Measure a service on a list of each size, in turn; samples by size, memory of the process too."""
    samples: dict[Key, list[Sample]] = {}
    with ExitStack() as stack:
        measures: dict[str, Measure] = {}
        served = {}
        for size in sizes:
            tell(f"a list of {size:,} subjects")
            url, key = here.prepared(f"grown_{size}")
            asyncio.run(fill(url, size))
            served[str(size)] = stack.enter_context(here.serving(url, key))
            target = target_at(served[str(size)].url, key)
            asked = requests(target, synthetic_codes(size // 2), Mix(misses=0), most=_DIFFERENT)
            measures[str(size)] = partial(saturated, target, asked, verdict=LISTED)
        for size, measure in zip(sizes, measures.values(), strict=True):
            measure(_CONNECTIONS, min(_WARMING, max(seconds, _WARMING * size / _DIFFERENT)))
        for _ in range(rounds):
            for name, measure in measures.items():
                samples.setdefault((name, LISTED, _CONNECTIONS), []).append(measure(_CONNECTIONS, seconds))
        return Rounds(samples, {name: one.process.memory() for name, one in served.items()})

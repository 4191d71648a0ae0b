"""The same lookups with an empty audit and with one that has grown for a year, in turn, on one database server.

`python -m benchmarks.audit_growth --rows 100000000` takes some forty gigabytes and half an hour.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import asyncpg

from app.workload.mix import Mix, requests, synthetic_codes
from app.workload.target import target_at
from benchmarks.contenders import LISTED
from benchmarks.growth import fill
from benchmarks.installation import place
from benchmarks.samples import Measure, Sample, Spread, ratios, saturated

_SUBJECTS = 10_000
_CONNECTIONS = 32
_MONTHS = 12
_LONG = 3600
_PARTITION = """
CREATE TABLE IF NOT EXISTS {name} PARTITION OF audit FOR VALUES FROM ('{first:%Y-%m-%d} 00:00+00') TO
    ('{until:%Y-%m-%d} 00:00+00')
"""
_WITHOUT_INDEXES = "UPDATE pg_index SET indisready = false WHERE indrelid = '{name}'::regclass"
# As a lookup of a unit that is not listed leaves it; of one month, most of them about units that are asked about again.
_RECORDS = """
INSERT INTO {name} (
    lookup_id, answered_at, request_id, client_id, key_id, department, purpose, subject_kind, uscc, on_day, view,
    verdict, list_version, catalogue_version, listing_ids, revisions, person_ids, recorded_in
)
SELECT uuidv7(at - now()), at, replace(gen_random_uuid()::text, '-', ''), $1, $2, '清远海关', '性能测量（虚构用途）',
    'unit', 'F' || lpad((hashint8(n) & 16777215)::text, 17, '0'), at::date, 'summary', 'not_listed', 1,
    'benchmark', '{{}}', '{{}}', '{{}}', 1
FROM generate_series(1, $3::bigint) AS n,
    LATERAL (SELECT $4::timestamptz + ($5::timestamptz - $4::timestamptz) * (n / ($3 + 1.0)::float8) AS at)
"""


async def fill_audit(database_url: str, rows: int) -> None:
    """Put so many records into the last twelve months, this one included, a twelfth into each, two at a time."""
    settings = {"maintenance_work_mem": "1GB", "timezone": "UTC"}
    connections = [await asyncpg.connect(database_url, server_settings=settings) for _ in range(2)]
    months = await connections[0].fetch(
        "SELECT first, first + interval '1 month' AS until, least(first + interval '1 month', now()) AS last "
        "FROM generate_series(date_trunc('month', now()) - $1 * interval '1 month', now(), '1 month') AS first",
        _MONTHS - 1,
    )
    left = iter(months)
    await asyncio.gather(*(_fill_months(one, left, rows // _MONTHS) for one in connections))
    for statement in ("VACUUM ANALYZE audit", "CHECKPOINT"):
        await connections[0].execute(statement, timeout=_LONG)
    for one in connections:
        await one.close()


async def _fill_months(
    connection: "asyncpg.Connection[asyncpg.Record]", left: Iterator[asyncpg.Record], rows: int
) -> None:
    client_id, key_id = await connection.fetchrow("SELECT client_id, key_id FROM api_keys")  # type: ignore[misc]
    for first, until, last in left:
        name = f"audit_{first:%Y_%m}"
        await connection.execute(_PARTITION.format(name=name, first=first, until=until))
        # Built when all is there: row by row it takes many times as long.
        await connection.execute(_WITHOUT_INDEXES.format(name=name))
        await connection.execute(_RECORDS.format(name=name), client_id, key_id, rows, first, last, timeout=_LONG)
        await connection.execute(f"REINDEX TABLE {name}", timeout=_LONG)


def audit_growth(rows: int, rounds: int, seconds: float) -> tuple[list[Sample], list[Sample]]:
    """Measure with an empty audit and with one of so many records, in turn."""
    measures: list[Measure] = []
    with place() as here, ExitStack() as stack:
        for database, records in (("fresh", 0), ("grown", rows)):
            url, key = here.prepared(database)
            asyncio.run(fill(url, _SUBJECTS))
            began = time.monotonic()
            if records:
                asyncio.run(fill_audit(url, records))
            sys.stderr.write(f"{records:,} records: {time.monotonic() - began:.0f} s\n")
            served = stack.enter_context(here.serving(url, key))
            asked = requests(target_at(served.url, key), synthetic_codes(_SUBJECTS // 2), Mix(misses=0))
            measures.append(partial(saturated, target_at(served.url, key), asked, verdict=LISTED))
        for measure in measures:
            measure(_CONNECTIONS, seconds)
        taken = [(measures[0](_CONNECTIONS, seconds), measures[1](_CONNECTIONS, seconds)) for _ in range(rounds)]
    return [first for first, _ in taken], [second for _, second in taken]


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="records of the audit that has grown")
    parser.add_argument("--rounds", type=int, default=7, help="how often both are measured")
    chosen = parser.parse_args()
    fresh, grown = audit_growth(chosen.rows, chosen.rounds, seconds=1.5)
    for name, samples in (("empty", fresh), (f"{chosen.rows:,} records", grown)):
        rate = Spread.of([one.per_second for one in samples])
        sys.stdout.write(f"{name}: {rate.median:,.0f} lookups a second ({rate.low:,.0f}-{rate.high:,.0f})\n")
    ratio = ratios(grown, fresh)
    sys.stdout.write(f"ratio: {ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})\n")


if __name__ == "__main__":
    main()

"""A snapshot of a million rows, pushed while the service goes on answering lookups.

Measured in one run, on one machine: the push and the same rows copied bare into a table with the same lookup index;
lookups before and during the push; the service's memory before and at its highest. `python -m benchmarks.snapshot_push
--rows 100000` for a shorter one.
"""

import argparse
import asyncio
import json
import platform
import statistics
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from benchmarks.installation import Installation, installation
from liancheng.client import Client

_HEADER = (
    "操作,统一社会信用代码,单位名称,列入决定书文号,作出列入决定机关,列入原因,惩戒等级,"
    "列入日期,有效期至,人员姓名,身份号码,职务身份"
)
ROWS = 1_000_000
_LOOKUP_EVERY = 0.02
_SECONDS_BEFORE = 5.0


def rows(count: int) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a synthetic list, one unit and one person each."""
    first = date.today() - timedelta(days=200)  # noqa: DTZ011 - any day will do
    for n in range(count):
        listed = first + timedelta(days=n % 150)
        until = listed + timedelta(days=1000)
        unit = (synthetic_uscc(n), f"示例第{n}（虚构）有限公司", f"虚构列〔2026〕{n}号")
        decision = ("清远市应急管理局（测试）", "重大事故隐患逾期不整改（虚构）", "严重失信主体")
        person = (f"虚构{n}", synthetic_resident_id(n), "法定代表人")
        yield ("列入", *unit, *decision, listed.isoformat(), until.isoformat(), *person)


def write_file(path: Path, count: int) -> None:
    """Write the list as a clerk's CSV."""
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        out.write(_HEADER + "\r\n")
        out.writelines(",".join(row) + "\r\n" for row in rows(count))


async def lookups(url: str, key: str, count: int, stop: asyncio.Event) -> list[float]:
    """Ask every 20 ms, one after another, until told to stop; return the seconds that each took."""
    taken = []
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as http:
        n = 0
        while not stop.is_set():
            n += 7919
            started = time.perf_counter()
            answer = await http.post("/v1/lookups", json={"code": synthetic_uscc(n % count), "subject_kind": "unit"})
            taken.append(time.perf_counter() - started)
            answer.raise_for_status()
            await asyncio.sleep(max(0.0, _LOOKUP_EVERY - taken[-1]))
    return taken


async def pushed(where: Installation, file: Path, count: int) -> tuple[dict[str, Any], float, list[float]]:
    """Push the file as a snapshot with lookups going on; return what it did, its seconds, and those of the lookups."""
    stop = asyncio.Event()
    asking = asyncio.create_task(lookups(where.url, where.key, count, stop))

    def push() -> dict[str, Any]:
        with Client(where.url, where.key) as client:
            return dict(client.push(file, mode="snapshot"))

    started = time.perf_counter()
    done = await asyncio.to_thread(push)
    seconds = time.perf_counter() - started
    stop.set()
    return done, seconds, await asking


async def bare_copy(database_url: str, count: int) -> float:
    """Copy the same rows into one table with the lookup's index; return the seconds."""
    connection = await asyncpg.connect(database_url)
    columns = [f"c{n}" for n in range(12)]
    await connection.execute(f"CREATE TABLE bare ({', '.join(f'{one} text' for one in columns)}, UNIQUE (c1, c3))")
    prepared = list(rows(count))
    started = time.perf_counter()
    await connection.copy_records_to_table("bare", records=prepared, columns=columns)
    seconds = time.perf_counter() - started
    await connection.execute("DROP TABLE bare")
    await connection.close()
    return seconds


def summary(taken: list[float]) -> dict[str, float]:
    """Return how many there were, and milliseconds of the median, the 99th percentile and the slowest."""
    ordered = sorted(taken)
    return {
        "count": len(ordered),
        "p50_ms": round(statistics.median(ordered) * 1000, 1),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1000, 1),
        "max_ms": round(ordered[-1] * 1000, 1),
    }


async def measure(where: Installation, count: int) -> dict[str, Any]:
    """Measure everything once."""
    file = where.folder / "list.csv"
    write_file(file, count)
    stop = asyncio.Event()
    asking = asyncio.create_task(lookups(where.url, where.key, count, stop))
    await asyncio.sleep(_SECONDS_BEFORE)
    stop.set()
    before = await asking
    idle = where.process.memory()["rss"]
    first, seconds, during = await pushed(where, file, count)
    again, again_seconds, during_again = await pushed(where, file, count)
    highest = where.process.highest()
    copy_seconds = await bare_copy(where.database_url, count)
    return {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "rows": count,
        "file_mb": round(file.stat().st_size / 1e6, 1),
        "first_push": {"seconds": round(seconds, 1), "listed": first["counts"]["list"]},
        "same_again": {"seconds": round(again_seconds, 1), "unchanged": again["counts"]["unchanged"]},
        "bare_copy_seconds": round(copy_seconds, 1),
        "push_to_copy": round(seconds / copy_seconds, 1),
        "lookups_before": summary(before),
        "lookups_during_first": summary(during),
        "lookups_during_again": summary(during_again),
        "memory_idle_mib": idle,
        "memory_highest_mib": highest,
    }


def push(rows: int) -> dict[str, Any]:
    """Measure with a list of so many rows, in an installation of its own."""
    with installation() as where:
        return asyncio.run(measure(where, rows))


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of the list")
    chosen = parser.parse_args()
    print(json.dumps(push(chosen.rows), ensure_ascii=False, indent=2))  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()

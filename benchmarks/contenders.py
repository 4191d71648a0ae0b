"""What is compared: each a real service on loopback, one process, with the same list and the same answers to give."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import httpx

from app.workload.mix import Mix, Request, requests, synthetic_codes
from app.workload.target import Target, target_at
from benchmarks import relational, tools
from benchmarks.installation import Installation
from benchmarks.pgbench import PgBench
from benchmarks.processes import Process, free_port, running
from benchmarks.samples import Measure, saturated

LISTED, NOT_LISTED = "listed", "not_listed"
CASES = (LISTED, NOT_LISTED)
SERVICE, ASGI, FASTAPI, POSTGRES = "liancheng", "bare ASGI", "bare FastAPI", "PostgreSQL alone"
ORM, DATASETTE, FASTIFY, POSTGRAPHILE = "FastAPI + ORM", "Datasette", "Fastify + pg", "PostGraphile"
_UVICORN = (
    "--no-access-log",
    "--no-server-header",
    "--log-level",
    "warning",
    "--loop",
    "uvloop",
    "--http",
    "httptools",
)
_CODES = 500


@dataclass(frozen=True, slots=True)
class Contender:
    """How to measure it in each case, how long its answers are, and its process, where it has one of its own."""

    name: str
    cases: dict[str, Measure]
    sizes: dict[str, int] = field(default_factory=dict)
    process: Process | None = None


@dataclass(slots=True)
class Field:
    """All contenders that could be started, and why the others could not."""

    contenders: list[Contender] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Setting:
    """What every contender is made from: the service, its answers, where they lie, and how many units are listed."""

    served: Installation
    folder: Path
    answers: dict[str, bytes]
    known: int

    @property
    def catalogue_version(self) -> str:
        """The version that all of them name."""
        version: str = json.loads(self.answers[LISTED])["catalogue_version"]
        return version

    def database(self) -> dict[str, str]:
        """Return the database's address in parts, for what is not Python."""
        parts = urlsplit(self.served.database_url)
        return {
            "BENCH_SOCKET": parse_qs(parts.query)["host"][0],
            "BENCH_USER": parts.username or "",
            "BENCH_DATABASE": parts.path.strip("/"),
        }


@contextmanager
def started(served: Installation, known: int, *, others: bool) -> Iterator[Field]:
    """Start everything beside the service, whose first ``known`` synthetic units are listed.

    ``others`` are no code of ours and have to be installed first.
    """
    folder = served.folder / "contenders"
    folder.mkdir()
    with ExitStack() as stack:
        target = target_at(served.url, served.key)
        answers = {case: _answer(_asked(target, case, known)[0], target) for case in CASES}
        for case, answer in answers.items():
            (folder / case).write_bytes(answer)
        setting = _Setting(served, folder, answers, known)
        field_ = Field()
        field_.contenders += [_service(setting), *_bare(setting, stack), _postgres(setting)]
        asyncio.run(_make_tables(setting))
        field_.contenders.append(_orm(setting, stack))
        if others:
            for name, start in ((DATASETTE, _datasette), (FASTIFY, _fastify), (POSTGRAPHILE, _postgraphile)):
                try:
                    field_.contenders.append(start(setting, stack))
                except tools.Missing as error:
                    field_.missing[name] = str(error)
        yield field_


def _asked(target: Target, case: str, known: int) -> list[Request]:
    return requests(target, synthetic_codes(known), Mix(misses=float(case == NOT_LISTED)))


def _answer(request: Request, target: Target) -> bytes:
    """Return one answer, and find out before anything is measured whether it is one."""
    head, _, body = request.raw.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    method, path, _ = lines[0].split()
    sent = [(name, value) for name, value in (line.split(": ", 1) for line in lines[1:]) if name != "Content-Length"]
    answer = httpx.request(method, f"http://{target.host}{path}", headers=sent, content=body, timeout=30)
    if answer.status_code != httpx.codes.OK or not any(mark in answer.content for mark in target.verdicts):
        raise SystemExit(f"{target.host}{path} answers {answer.status_code}: {answer.text[:2000]}")
    return answer.content


def _contender(name: str, process: Process, target: Target, asked: dict[str, list[Request]]) -> Contender:
    sizes = {case: len(_answer(asked[case][0], target)) for case in CASES}
    return Contender(
        name, {case: partial(saturated, target, asked[case], verdict=case) for case in CASES}, sizes, process
    )


def _like_the_service(name: str, process: Process, setting: _Setting) -> Contender:
    target = target_at(process.url, setting.served.key)
    asked = {case: _asked(target, case, setting.known) for case in CASES}
    for case in CASES:
        if _apart(_answer(asked[case][0], target)) != _apart(setting.answers[case]):
            raise SystemExit(f"{name} does not answer what the service answers, so it cannot be compared")
    return _contender(name, process, target, asked)


def _apart(answer: bytes) -> dict[str, Any]:
    """Return what an answer says, without what belongs to each alone."""
    return {name: value for name, value in json.loads(answer).items() if name not in {"lookup_id", "answered_at"}}


def _service(setting: _Setting) -> Contender:
    return _like_the_service(SERVICE, setting.served.process, setting)


def _uvicorn(app: str, setting: _Setting, env: dict[str, str], stack: ExitStack) -> Process:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), *_UVICORN]
    return stack.enter_context(running(command, port, setting.folder / f"{port}.log", env=env))


def _bare(setting: _Setting, stack: ExitStack) -> Sequence[Contender]:
    made = []
    for name, app in ((ASGI, "benchmarks.services.bare:asgi"), (FASTAPI, "benchmarks.services.bare:fastapi")):
        process = _uvicorn(app, setting, {"BENCH_ANSWERS": str(setting.folder)}, stack)
        target = target_at(process.url, setting.served.key)
        body = _asked(target, LISTED, setting.known)[0].raw.partition(b"\r\n\r\n")[2]
        made.append(
            _contender(name, process, target, {c: [Request(target.post(f"/{c}", body), 1, "unit")] for c in CASES})
        )
    return made


def _postgres(setting: _Setting) -> Contender:
    codes = synthetic_codes(setting.known)
    cases: dict[str, Measure] = {}
    for case, chosen in ((LISTED, codes.units), (NOT_LISTED, codes.missing_units)):
        step = max(1, len(chosen) // _CODES)
        folder = setting.folder / f"pgbench-{case}"
        cases[case] = PgBench(setting.served.database_url, setting.served.key, chosen[::step], folder).measure
    return Contender(POSTGRES, cases)


async def _make_tables(setting: _Setting) -> None:
    connection = await asyncpg.connect(setting.served.database_url)
    await relational.make_tables(connection, json.loads(setting.answers[LISTED])["measures"])
    await connection.close()


def _orm(setting: _Setting, stack: ExitStack) -> Contender:
    env = {"BENCH_DATABASE_URL": setting.served.database_url, "BENCH_CATALOGUE_VERSION": setting.catalogue_version}
    return _like_the_service(ORM, _uvicorn("benchmarks.services.orm:app", setting, env, stack), setting)


def _fastify(setting: _Setting, stack: ExitStack) -> Contender:
    return _like_the_service(FASTIFY, _node("fastify.mjs", setting, stack), setting)


def _node(script: str, setting: _Setting, stack: ExitStack) -> Process:
    command, place = tools.node()
    port = free_port()
    env = setting.database() | {"BENCH_PORT": str(port), "BENCH_ANSWERS": str(setting.folder), "NODE_ENV": "production"}
    log = setting.folder / f"{port}.log"
    return stack.enter_context(running([command, str(place / script)], port, log, env=env))


def _postgraphile(setting: _Setting, stack: ExitStack) -> Contender:
    here = Path(__file__).parent / "node"
    asyncio.run(_execute(setting.served.database_url, (here / "postgraphile.sql").read_text()))
    process = _node("postgraphile.mjs", setting, stack)
    target = target_at(process.url, setting.served.key)
    query = (here / "lookup.graphql").read_text()
    asked = {
        case: [
            Request(target.post("/graphql", _graphql(query, code)), 1, "unit") for code in _codes(case, setting.known)
        ]
        for case in CASES
    }
    return _contender(POSTGRAPHILE, process, target, asked)


def _graphql(query: str, code: str) -> bytes:
    return json.dumps({"query": query, "variables": {"code": code, "purpose": "虚构用途"}}).encode()


def _codes(case: str, known: int) -> Sequence[str]:
    codes = synthetic_codes(known)
    chosen = codes.units if case == LISTED else codes.missing_units
    return chosen[:: max(1, len(chosen) // _CODES)]


async def _execute(database_url: str, script: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(script)
    await connection.close()


_LOOKUP = """
SELECT CASE WHEN uscc IS NULL THEN 'not_listed' ELSE 'listed' END AS verdict, listings.*,
    CASE WHEN uscc IS NOT NULL THEN (SELECT measures FROM catalogue) END AS measures
FROM (SELECT :code AS code) LEFT JOIN listings
    ON uscc = code AND date('now', '+8 hours') BETWEEN listed_on AND valid_until
"""


def _datasette(setting: _Setting, stack: ExitStack) -> Contender:
    command = tools.datasette()
    file = setting.folder / "list.db"
    asyncio.run(_write_sqlite(setting, file))
    metadata = setting.folder / "metadata.json"
    metadata.write_text(json.dumps({"databases": {"list": {"queries": {"lookup": {"sql": _LOOKUP}}}}}))
    port = free_port()
    options = ["--port", str(port), "-i", str(file), "-m", str(metadata), "--setting", "default_cache_ttl", "0"]
    process = stack.enter_context(running([command, "serve", *options], port, setting.folder / f"{port}.log"))
    told = target_at(process.url, None)
    target = replace(told, verdicts=(b'"verdict": "listed"', b'"verdict": "not_listed"'))
    asked = {case: [_get(target, code) for code in _codes(case, setting.known)] for case in CASES}
    return _contender(DATASETTE, process, target, asked)


def _get(target: Target, code: str) -> Request:
    path = f"/list/lookup.json?code={quote(code)}&_shape=array&_json=measures"
    return Request(f"GET {path} HTTP/1.1\r\nHost: {target.host}\r\n\r\n".encode(), 1, "unit")


async def _write_sqlite(setting: _Setting, file: Path) -> None:
    columns = (
        "listing_id, uscc, unit_name, decision_no, decided_by, conduct, conduct_code, tier, facts, basis, revision"
    )
    connection = await asyncpg.connect(setting.served.database_url)
    rows = await connection.fetch(f"SELECT {columns}, listed_on, valid_until FROM listings")  # noqa: S608 - our names
    await connection.close()
    with sqlite3.connect(file) as database:
        database.execute(f"CREATE TABLE listings ({columns}, listed_on, valid_until)")
        places = ", ".join("?" * len(rows[0]))
        database.executemany(
            f"INSERT INTO listings VALUES ({places})",  # noqa: S608 - question marks
            ([None if value is None else str(value) for value in row.values()] for row in rows),
        )
        database.execute("CREATE INDEX by_uscc ON listings (uscc)")
        database.execute("CREATE TABLE catalogue (measures)")
        measures = json.dumps(json.loads(setting.answers[LISTED])["measures"], ensure_ascii=False)
        database.execute("INSERT INTO catalogue VALUES (?)", (measures,))
    database.close()

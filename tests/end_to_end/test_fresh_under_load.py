"""Two processes under load while the list changes: no answer is older than what was acknowledged; all are on record.

``LIANCHENG_TEST_LOAD_ANSWERS=1000000`` makes it longer.
"""

import asyncio
import json
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
import pytest

from app.domain.synthetic import synthetic_uscc
from app.workload.connection import Answer, Connection
from app.workload.target import Target, target_at
from tests.end_to_end.serving import serving
from tests.support import Api, list_operation, remove_operation, today

pytestmark = pytest.mark.processes

ANSWERS = int(os.environ.get("LIANCHENG_TEST_LOAD_ANSWERS", "8000"))
MOST_SECONDS = 900.0
# Every listing of a unit that was ever removed has to be looked at: not more of them for longer.
BETWEEN_PUSHES = max(0.02, ANSWERS / 1_000_000)
UNITS, ASKING = 4, 24
_SAID = re.compile(rb'"lookup_id":"([^"]+)".*?"list_version":(\d+).*?"verdict":"(\w+)"')


class Line:
    """A connection to one process, as fast as asking is possible: whoever checks answers must not hold them up."""

    def __init__(self) -> None:
        """Prepare."""
        self._connection = Connection(self._answered, self._lost)
        self._answer: asyncio.Future[Answer]

    async def ask(self, raw: bytes) -> tuple[str, int, str]:
        """Send a request; return the id, the list version and the verdict of its answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self._connection.ask(raw)
        answer = await self._answer
        said = _SAID.search(b"".join(answer.body)[:1000])
        assert answer.status == httpx.codes.OK, answer.refusal()
        assert said is not None
        return said[1].decode(), int(said[2]), said[3].decode()

    async def open(self, target: Target) -> None:
        """Connect."""
        await self._connection.open(target)

    def close(self) -> None:
        """Let go."""
        self._connection.abort()

    def _answered(self, _: Connection, answer: Answer) -> None:
        self._answer.set_result(answer)

    def _lost(self, _: Connection) -> None:
        if not self._answer.done():
            self._answer.set_exception(ConnectionResetError())


@dataclass
class Load:
    """What was acknowledged of each unit, and what was answered."""

    api: Api
    targets: Sequence[Target]
    latest: float = 0.0
    acknowledged: dict[int, tuple[int, str]] = field(default_factory=dict)
    """unit -> list version that made it so, and its verdict from then on"""
    pushing: set[int] = field(default_factory=set)
    answers: set[str] = field(default_factory=set)
    stale: list[tuple[str, int, str]] = field(default_factory=list)
    by_batch: int = 0

    @property
    def done(self) -> bool:
        """Whether there are answers enough, or it has taken far too long."""
        return len(self.answers) >= ANSWERS or time.monotonic() > self.latest

    async def push(self, http: httpx.AsyncClient, unit: int) -> None:
        """List and remove a unit again and again, as a decision of its own each time."""
        for round_no in range(10_000):
            decision = {"decision_no": f"虚构列〔2026〕{unit}-{round_no}号"}
            removal = {"removed_on": today().isoformat()}
            for operation, verdict in (
                (list_operation(unit, **decision), "listed"),
                (remove_operation(unit, **decision, **removal), "not_listed"),
            ):
                if self.done:
                    return
                self.pushing.add(unit)
                headers = self.api.headers(**{"Idempotency-Key": f"{unit}-{round_no}-{verdict}"})
                body = {"operations": [operation]}
                url = f"http://{self.targets[round_no % 2].host}/v1/pushes"
                response = await http.post(url, json=body, headers=headers)
                assert response.status_code == httpx.codes.CREATED, response.text
                self.acknowledged[unit] = (response.json()["list_version"], verdict)
                self.pushing.discard(unit)
                await asyncio.sleep(BETWEEN_PUSHES)

    async def ask(self, http: httpx.AsyncClient, n: int) -> None:
        """Ask about one unit after the other at both processes, now and then about all at once."""
        lines = [Line(), Line()]
        for line, target in zip(lines, self.targets, strict=True):
            await line.open(target)
        bodies = {unit: json.dumps({"code": synthetic_uscc(unit)}).encode() for unit in range(1, UNITS + 1)}
        turn = n
        while not self.done:
            turn += 1
            unit, process = 1 + turn % UNITS, turn // UNITS % 2
            before, steady = dict(self.acknowledged), unit not in self.pushing
            if turn % 64:
                answer = await lines[process].ask(self.targets[process].post("/v1/lookups", bodies[unit]))
                unchanged = steady and unit not in self.pushing and before.get(unit) == self.acknowledged.get(unit)
                self._look_at(*answer, before.get(unit), unchanged=unchanged)
                continue
            items = [{"code": synthetic_uscc(one)} for one in range(1, UNITS + 1)]
            url = f"http://{self.targets[process].host}/v1/lookups/batch"
            response = await http.post(url, json={"items": items}, headers=self.api.headers())
            self.by_batch += 1
            for one, told in enumerate(response.json()["results"], start=1):
                said = told["lookup_id"], told["list_version"], told["verdict"]
                self._look_at(*said, before.get(one), unchanged=False)
        for line in lines:
            line.close()

    def _look_at(
        self, lookup_id: str, list_version: int, verdict: str, before: tuple[int, str] | None, *, unchanged: bool
    ) -> None:
        """Keep an answer that is older than what had been acknowledged when it was asked for, or says otherwise."""
        self.answers.add(lookup_id)
        if before is None:
            return
        version, known = before
        as_known = unchanged or list_version == version
        if list_version < version or (as_known and verdict != known):
            self.stale.append((lookup_id, list_version, verdict))


async def test_no_answer_is_stale_or_unrecorded_while_two_processes_are_pushed_to_and_asked(api: Api) -> None:
    with serving(api.settings) as first, serving(api.settings) as second:
        limits = httpx.Limits(max_connections=64)
        async with httpx.AsyncClient(timeout=60, limits=limits) as http:
            targets = [target_at(one.url, api.key) for one in (first, second)]
            load = Load(api, targets, latest=time.monotonic() + MOST_SECONDS)
            pushing = [load.push(http, unit) for unit in range(1, UNITS + 1)]
            asking = [load.ask(http, n) for n in range(ASKING)]
            await asyncio.gather(*pushing, *asking)
    assert load.stale == []
    assert load.by_batch
    assert all(version > UNITS for version, _ in load.acknowledged.values())
    recorded: set[str] = set()
    transactions: set[str] = set()
    async with api.owner.apart() as connection, connection.transaction():
        async for record in connection.cursor("SELECT lookup_id::text, xmin::text FROM audit"):
            recorded.add(record["lookup_id"])
            transactions.add(record["xmin"])
    assert recorded == load.answers
    assert len(recorded) >= ANSWERS
    # They did travel together.
    assert len(transactions) < len(recorded)

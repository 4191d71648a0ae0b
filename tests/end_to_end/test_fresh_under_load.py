"""Two processes under load while the list changes: no answer is older than what was acknowledged; all are on record."""

import asyncio
import os
import time
from dataclasses import dataclass, field

import httpx
import pytest

from app.domain.synthetic import synthetic_uscc
from tests.end_to_end.serving import serving
from tests.support import JSON, Api, list_operation, remove_operation, today

pytestmark = pytest.mark.processes

SECONDS = float(os.environ.get("LIANCHENG_TEST_LOAD_SECONDS", "6"))
UNITS, ASKING = 4, 24


@dataclass
class Load:
    """What was acknowledged of each unit, and what was answered."""

    api: Api
    urls: list[str]
    until: float = 0.0
    acknowledged: dict[int, tuple[int, str]] = field(default_factory=dict)
    """unit -> list version that made it so, and its verdict from then on"""
    pushing: set[int] = field(default_factory=set)
    answers: set[str] = field(default_factory=set)
    stale: list[JSON] = field(default_factory=list)
    by_batch: int = 0

    async def push(self, http: httpx.AsyncClient, unit: int) -> None:
        """List and remove a unit again and again, as a decision of its own each time."""
        for round_no in range(10_000):
            decision = {"decision_no": f"虚构列〔2026〕{unit}-{round_no}号"}
            removal = {"removed_on": today().isoformat()}
            for operation, verdict in (
                (list_operation(unit, **decision), "listed"),
                (remove_operation(unit, **decision, **removal), "not_listed"),
            ):
                if time.monotonic() > self.until:
                    return
                self.pushing.add(unit)
                headers = self.api.headers(**{"Idempotency-Key": f"{unit}-{round_no}-{verdict}"})
                body = {"operations": [operation]}
                response = await http.post(f"{self.urls[round_no % 2]}/v1/pushes", json=body, headers=headers)
                assert response.status_code == httpx.codes.CREATED, response.text
                self.acknowledged[unit] = (response.json()["list_version"], verdict)
                self.pushing.discard(unit)
                await asyncio.sleep(0.02)

    async def ask(self, http: httpx.AsyncClient, n: int) -> None:
        """Ask about one unit after the other at both processes, now and then about all at once."""
        turn = n
        while time.monotonic() < self.until:
            turn += 1
            unit, url = 1 + turn % UNITS, self.urls[turn % 2]
            before, steady = dict(self.acknowledged), unit not in self.pushing
            if turn % 8:
                response = await http.post(
                    f"{url}/v1/lookups", json={"code": synthetic_uscc(unit)}, headers=self.api.headers()
                )
                unchanged = steady and unit not in self.pushing and before.get(unit) == self.acknowledged.get(unit)
                self._look_at(response.json(), before.get(unit), unchanged=unchanged)
                continue
            items = [{"code": synthetic_uscc(one)} for one in range(1, UNITS + 1)]
            response = await http.post(f"{url}/v1/lookups/batch", json={"items": items}, headers=self.api.headers())
            self.by_batch += 1
            for one, answer in enumerate(response.json()["results"], start=1):
                self._look_at(answer, before.get(one), unchanged=False)

    def _look_at(self, answer: JSON, before: tuple[int, str] | None, *, unchanged: bool) -> None:
        """Keep an answer that is older than what had been acknowledged when it was asked for, or says otherwise."""
        self.answers.add(answer["lookup_id"])
        if before is None:
            return
        version, verdict = before
        as_known = unchanged or answer["list_version"] == version
        if answer["list_version"] < version or (as_known and answer["verdict"] != verdict):
            self.stale.append(answer)


async def test_no_answer_is_stale_or_unrecorded_while_two_processes_are_pushed_to_and_asked(api: Api) -> None:
    with serving(api.settings) as first, serving(api.settings) as second:
        limits = httpx.Limits(max_connections=64)
        async with httpx.AsyncClient(timeout=60, limits=limits) as http:
            load = Load(api, [first.url, second.url], until=time.monotonic() + SECONDS)
            pushing = [load.push(http, unit) for unit in range(1, UNITS + 1)]
            asking = [load.ask(http, n) for n in range(ASKING)]
            await asyncio.gather(*pushing, *asking)
    assert load.stale == []
    assert load.by_batch
    assert all(version > UNITS for version, _ in load.acknowledged.values())
    records = await api.rows("SELECT lookup_id, verdict, xmin::text FROM audit")
    assert {str(one["lookup_id"]) for one in records} == load.answers
    # They did travel together.
    assert len({one["xmin"] for one in records}) < len(records)

"""Alerts while lookups and pushes are under way at once: no cursor passes a lookup whose record comes to light late."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.domain.codes import ResidentId
from app.domain.moment import Moment
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.access import Caller, Scope, authenticate
from app.services.erasure import erase
from app.services.identity_keys import rekey, vault_from
from app.services.lookup import Answer, LookupService, Subject, Terms, View
from app.store.database import Database, WriteSession
from tests.api.test_alerts import acknowledge, alerts, looked_up, told
from tests.rotation import keys
from tests.services.serving import also_serving
from tests.support import CATALOGUE, CUSTOMS, Api, list_operation, make_key, person, remove_operation, today


async def asking(api: Api) -> Api:
    key = await make_key(api.database, Scope.LOOKUP, Scope.ENFORCEMENT_REPORT, department=CUSTOMS)
    return replace(api, key=key)


async def answered(session: WriteSession, customs: Api, code: str) -> Answer:
    """Look a code up in a transaction that somebody else commits."""
    caller: Caller = await authenticate(session, customs.key, Moment.current().now)
    moment = Moment.current()
    terms = Terms("测试", moment.today, View.SUMMARY, 0, uuid4().hex, moment)
    lookups = LookupService(CATALOGUE, vault_from(customs.settings))
    return await lookups.answer(session, caller, Subject(code), terms)


async def test_a_lookup_answered_before_a_push_and_recorded_after_it_is_told_once_it_is_there(
    api: Api, database_url: str
) -> None:
    customs = await asking(api)
    slow = Database(database_url, pool_size=3, timeout=30)
    others = (await customs.asked(synthetic_uscc(2)))["lookup_id"]
    async with slow.writing() as unit, slow.writing() as someone:
        answers = [
            await answered(unit, customs, synthetic_uscc(1)),
            await answered(someone, customs, synthetic_resident_id(1)),
            await answered(someone, customs, synthetic_uscc(2)),
        ]
        late = [str(one.lookup_id) for one in answers]
        await api.pushed(list_operation(1, persons=[person(1)]), list_operation(2))
        first = await told(customs)
        assert [looked_up(one) for one in first["alerts"]] == [[others]]
        seen = first["alerts"][0]["alert_id"]
        assert (await acknowledge(customs, seen)).json()["acknowledged"] is not None
        # Transactions that begin and end meanwhile must not make the cursor pass those still open.
        await customs.asked(synthetic_uscc(3))
        second = await told(customs, cursor=first["cursor"])
        assert second["alerts"] == []
    found = {tuple(looked_up(one)): one for one in await alerts(customs, cursor=second["cursor"])}
    assert set(found) == {(late[0],), (late[1],), (late[2], others)}
    assert found[late[2], others]["acknowledged"] is None, "another lookup came to light since it was acknowledged"
    assert {tuple(looked_up(one)) for one in await alerts(customs, cursor=first["cursor"])} == set(found)
    assert await alerts(customs, cursor=(await told(customs))["cursor"]) == []
    again = await acknowledge(customs, seen, note="再次复核")
    assert again.json()["acknowledged"]["note"] == "再次复核"
    assert [one["entries"] for one in await api.rows("SELECT entries FROM alert_acknowledgements ORDER BY 1")] == [1, 2]
    await slow.close()


@dataclass
class Storm:
    """Lookups whose transactions stay open while their unit is listed, and a department that follows its alerts."""

    api: Api
    customs: Api
    slow: Database
    cleared: set[str] = field(default_factory=set)
    told: list[str] = field(default_factory=list)
    over: bool = False

    async def clear(self, n: int, seconds: float) -> None:
        """Ask about a unit, and leave the transaction open for a while."""
        async with self.slow.writing() as session:
            answer = await answered(session, self.customs, synthetic_uscc(n))
            await session.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})
        if answer.verdict == "not_listed":
            self.cleared.add(str(answer.lookup_id))

    async def rage(self) -> None:
        """List one unit after the other while it is asked about."""
        for n in range(15):
            asking = (self.clear(n, 0.05 * k) for k in range(4))
            await asyncio.gather(*asking, self.api.pushed(list_operation(n)))
        self.over = True

    async def follow(self) -> None:
        """Ask again and again what is new, the last time once all is over."""
        query: dict[str, Any] = {}
        last = False
        while not last:
            last = self.over
            page = await told(self.customs, **query)
            self.told += [lookup_id for one in page["alerts"] for lookup_id in looked_up(one)]
            query = {"cursor": page["cursor"]}


async def test_a_cursor_never_outgrows_a_url_and_then_tells_again_rather_than_too_little(
    api: Api, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.alerts._LONGEST_SNAPSHOT", 5)
    customs = await asking(api)
    slow = Database(database_url, pool_size=2, timeout=30)
    async with slow.writing() as session:
        late = await answered(session, customs, synthetic_uscc(1))
        seen = (await customs.asked(synthetic_uscc(2)))["lookup_id"]
        await api.pushed(list_operation(1), list_operation(2))
        cursor = (await told(customs))["cursor"]
    first, last, running = cursor.rpartition("~")[2].split(":")
    assert (first, running) == (last, "")
    assert [looked_up(one) for one in await alerts(customs, cursor=cursor)] == [[str(late.lookup_id)], [seen]]
    await slow.close()


async def test_in_a_storm_of_lookups_and_pushes_a_follower_is_told_of_every_lookup(api: Api, database_url: str) -> None:
    slow = Database(database_url, pool_size=4, timeout=30)
    storm = Storm(api, await asking(api), slow)
    await asyncio.gather(storm.rage(), storm.follow())
    await slow.close()
    assert len(storm.cleared) > 15, "otherwise nothing was in flight"
    assert set(storm.told) == storm.cleared


async def test_persons_are_found_across_an_exchange_of_keys_and_no_more_once_erased(api: Api) -> None:
    customs = await asking(api)
    old, restored = synthetic_resident_id(1), synthetic_resident_id(2)
    await api.pushed(list_operation(2, persons=[person(2)]))
    await api.pushed(remove_operation(2))
    under_old = [(await customs.asked(number))["lookup_id"] for number in (old, restored)]
    assert await api.rows("SELECT 1 FROM person_index_aliases") == [], "without an exchange of keys there are none"
    named = {"uscc": synthetic_uscc(2), "decision_no": list_operation(2)["decision_no"]}
    async with also_serving(api, **keys(api.settings, "{new},{old}")) as during:
        theirs = replace(during, key=customs.key)
        under_new = (await theirs.asked(restored))["lookup_id"]
        await during.pushed(list_operation(1, persons=[person(1)]))
        await during.pushed({"op": "restore", "restored_on": today().isoformat(), "reason": "repair_revoked"} | named)
        found = {one["subject"]["name"]: looked_up(one) for one in await alerts(theirs)}
        assert found["虚构1"] == [under_old[0]], "asked under the old key, listed under the new one"
        async with api.owner.writing() as session:
            await rekey(session, vault_from(during.settings))
        found = {one["subject"]["name"]: looked_up(one) for one in await alerts(theirs)}
        assert found == {"虚构1": [under_old[0]], "虚构2": [under_new, under_old[1]]}
        async with api.owner.writing() as session:
            await erase(session, vault_from(during.settings), CATALOGUE, ResidentId(restored), "虚构令1号")
        assert [one["subject"]["name"] for one in await alerts(theirs)] == ["虚构1"]
    async with api.owner.writing() as session:
        only_new = api.settings.model_copy(update=keys(api.settings, "{new}"))
        await rekey(session, vault_from(only_new))
    assert await api.rows("SELECT 1 FROM person_index_aliases") == [], "a key that is given up leaves nothing behind"

"""Lookups that travel together: what each is told, whatever happens to the others and to the group."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from app.domain.identity import BlindIndex
from app.domain.moment import Moment
from app.domain.synthetic import synthetic_uscc
from app.errors import DatabaseUnavailable, Overloaded
from app.services.access import NamedKey, Scope, named_key
from app.store.coalescing import MOST_IN_GROUP, Coalescer
from app.store.database import Database
from app.store.lookup_connection import PLAN
from app.store.lookups import STATEMENT, CallTerms, Outcome, Question, Reply, Serving, parameters
from tests.support import Api, list_operation, make_key, revoke_all

SERVING = Serving("sha256:test", ("k",))
MOST_WAITING = 200
ASKED = re.compile(r" on (listings|persons|related_persons)\b")


@dataclass
class Asking:
    """A coalescer on the test's database, and a key to ask with."""

    api: Api
    coalescer: Coalescer
    key: NamedKey

    def question(self, n: int = 1, *, key: NamedKey | None = None, **changed: Any) -> Question:
        """Ask about unit ``n``."""
        moment = Moment.current()
        by = key or self.key
        nothing_more: dict[str, Any] = {"only_if_listed": False, "scene": None, "scenes_version": None}
        terms = CallTerms(by.key_id, by.digest, "测试", moment.today, "summary", 0, **nothing_more)
        asked = Question(uuid4(), moment.now, "r", terms, synthetic_uscc(n))
        of_call = {name: changed.pop(name) for name in CallTerms._fields if name in changed}
        return asked._replace(terms=terms._replace(**of_call), **changed)

    def person(self, **changed: Any) -> Question:
        """Ask about somebody."""
        index = BlindIndex("k", b"i" * 32)
        return self.question(uscc=None, blind_indexes=(index,), masked_number="**", **changed)

    async def all(self, questions: list[Question]) -> list[Reply | BaseException]:
        """Ask everything at once."""
        return await asyncio.gather(*(self.coalescer.ask(one) for one in questions), return_exceptions=True)

    async def transactions(self) -> list[int]:
        """Return how many records each transaction has left."""
        rows = await self.api.rows("SELECT count(*) AS n FROM audit GROUP BY xmin::text ORDER BY min(answered_at)")
        return [row["n"] for row in rows]

    async def recorded(self) -> set[object]:
        """Return the lookups that are on record."""
        return {row["lookup_id"] for row in await self.api.rows("SELECT lookup_id FROM audit")}


@pytest.fixture
async def asking(api: Api) -> AsyncIterator[Asking]:
    """Open a coalescer; the list has units 1 to 3 on it."""
    await api.pushed(*(list_operation(n) for n in (1, 2, 3)))
    key = named_key(await make_key(api.database, Scope.LOOKUP))
    assert key is not None
    coalescer = Coalescer(api.database, SERVING, most_waiting=MOST_WAITING)
    yield Asking(api, coalescer, key)
    await coalescer.close()


class Held:
    """Holds the audit, so that a group stays under way until it is let go."""

    def __init__(self, api: Api) -> None:
        """Hold on that database."""
        self._api = api

    async def __aenter__(self) -> None:
        """Take hold."""
        self._connection = await self._api.owner.connect()
        await self._connection.execute("BEGIN; LOCK TABLE audit IN SHARE MODE")

    async def __aexit__(self, *_: object) -> None:
        """Let go."""
        await self._connection.close()

    async def waited_for(self) -> int:
        """Return the server process that waits for us, as soon as there is one."""
        query = (
            "SELECT pid FROM pg_locks JOIN pg_database ON oid = database WHERE datname = current_database() "
            "AND NOT granted"
        )
        while not (rows := await self._connection.fetch(query)):  # noqa: ASYNC110 - the server calls nobody
            await asyncio.sleep(0.005)
        pid: int = rows[0]["pid"]
        return pid


def outcomes(replies: list[Reply | BaseException]) -> list[object]:
    """Return what each was told: an outcome, or the kind of its error."""
    return [one.outcome if isinstance(one, Reply) else type(one) for one in replies]


async def test_who_asks_together_travels_together_and_each_gets_their_own_answer(asking: Asking) -> None:
    replies = await asking.all([asking.question(n) for n in range(1, 101)])
    assert outcomes(replies) == [Outcome.ANSWERED] * 100
    found = [[hit.listing.unit.uscc for hit in one.hits] for one in replies if isinstance(one, Reply)]
    assert found == [[synthetic_uscc(n)] if n <= 3 else [] for n in range(1, 101)]
    assert await asking.transactions() == [100]


async def test_what_arrives_while_a_group_is_under_way_is_the_next_and_no_group_is_too_large(asking: Asking) -> None:
    held = Held(asking.api)
    async with held:
        first = asyncio.create_task(asking.coalescer.ask(asking.question()))
        await held.waited_for()
        others = [asyncio.create_task(asking.coalescer.ask(asking.question(n))) for n in range(MOST_IN_GROUP + 10)]
        await asyncio.sleep(0)
        assert not first.done()
    replies = await asyncio.gather(first, *others)
    assert {one.outcome for one in replies} == {Outcome.ANSWERED}
    assert sorted(await asking.transactions()) == [1, 10, MOST_IN_GROUP]


async def test_nobody_suffers_from_what_another_in_the_group_asks(asking: Asking) -> None:
    revoked = named_key(await make_key(asking.api.database, Scope.LOOKUP, name="revoked"))
    other_scope = named_key(await make_key(asking.api.database, Scope.LIST_READ))
    await revoke_all(asking.api.database, "revoked")
    await asking.api.run("INSERT INTO index_keys_in_use (key_id) VALUES ('not ours')")
    wrong = asking.key._replace(digest=b"0" * 32)
    questions = [
        asking.question(1),
        asking.question(1, key=revoked),
        asking.question(1, key=other_scope),
        asking.question(1, key=wrong),
        asking.question(1, min_list_version=10**9),
        asking.person(),
        asking.question(2),
        asking.question(9, only_if_listed=True),
    ]
    assert outcomes(await asking.all(questions)) == [
        Outcome.ANSWERED,
        Outcome.KEY_REFUSED,
        Outcome.KEY_REFUSED,
        Outcome.KEY_REFUSED,
        Outcome.VERSION_NOT_REACHED,
        Outcome.KEYS_MISSING,
        Outcome.ANSWERED,
        Outcome.ANSWERED,
    ]
    assert await asking.recorded() == {questions[0].lookup_id, questions[6].lookup_id}


async def test_what_the_database_cannot_take_fails_alone_and_as_an_error(asking: Asking) -> None:
    same = uuid4()
    questions = [
        asking.question(1),
        asking.question(1, purpose="\0"),
        asking.question(2, reference=7),
        asking.person(purpose=None),
        asking.question(2),
        asking.question(3, lookup_id=same, answered_at=Moment.current().now),
    ]
    again = questions[5]._replace(uscc=synthetic_uscc(9))
    told = outcomes(await asking.all([*questions, again]))
    assert told[0] == told[4] == told[5] == Outcome.ANSWERED
    assert all(isinstance(one, type) and issubclass(one, Exception) for one in (told[1], told[2], told[3], told[6]))
    assert await asking.recorded() == {questions[n].lookup_id for n in (0, 4, 5)}


async def test_who_leaves_takes_nothing_from_the_others(asking: Asking) -> None:
    held = Held(asking.api)
    async with held:
        under_way = [asyncio.create_task(asking.coalescer.ask(asking.question(n))) for n in (1, 2)]
        await held.waited_for()
        waiting = [asyncio.create_task(asking.coalescer.ask(asking.question(n))) for n in (3, 4)]
        await asyncio.sleep(0)
        for one in (under_way[0], waiting[0]):
            one.cancel()
    replies = await asyncio.gather(*under_way, *waiting, return_exceptions=True)
    assert outcomes(replies) == [
        asyncio.CancelledError,
        Outcome.ANSWERED,
        asyncio.CancelledError,
        Outcome.ANSWERED,
    ]
    # Who left before they were asked for is not asked for.
    assert await asking.transactions() == [2, 1]


async def test_when_the_connection_is_lost_everybody_is_told_and_the_next_are_answered(asking: Asking) -> None:
    held = Held(asking.api)
    async with held:
        under_way = [asyncio.create_task(asking.coalescer.ask(asking.question(n))) for n in (1, 2)]
        process = await held.waited_for()
        waiting = asyncio.create_task(asking.coalescer.ask(asking.question(3)))
        await asyncio.sleep(0)
        await asking.api.rows("SELECT pg_terminate_backend(:process)", process=process)
        lost = await asyncio.gather(*under_way, return_exceptions=True)
    assert outcomes(lost) == [DatabaseUnavailable] * 2
    assert (await waiting).outcome is Outcome.ANSWERED
    # And one that is lost while nobody asks is noticed by nobody.
    ours = "datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%WITH state AS%'"
    ended = await asking.api.rows(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")
    assert len(ended) == 1
    await asyncio.sleep(0.05)
    assert (await asking.coalescer.ask(asking.question(1))).outcome is Outcome.ANSWERED


async def test_beyond_the_bound_of_the_queue_one_is_refused_at_once(asking: Asking) -> None:
    held = Held(asking.api)
    async with held:
        under_way = asyncio.create_task(asking.coalescer.ask(asking.question()))
        await held.waited_for()
        waiting = [asyncio.create_task(asking.coalescer.ask(asking.question())) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await asyncio.wait_for(asking.coalescer.ask(asking.question()), timeout=0.2)
    assert {one.outcome for one in await asyncio.gather(under_way, *waiting)} == {Outcome.ANSWERED}


async def test_nobody_waits_longer_than_the_databases_timeout_and_a_second_for_a_group(api: Api) -> None:
    key = named_key(await make_key(api.database, Scope.LOOKUP))
    assert key is not None
    assert api.settings.database_url is not None
    database = Database(api.settings.database_url.get_secret_value(), pool_size=1, timeout=0.3)
    asking = Asking(api, Coalescer(database, SERVING, most_waiting=10), key)
    held = Held(api)
    async with held:
        under_way = asyncio.create_task(asking.coalescer.ask(asking.question()))
        await held.waited_for()
        waiting = asyncio.create_task(asking.coalescer.ask(asking.question()))
        first, second = await asyncio.gather(under_way, waiting, return_exceptions=True)
        assert isinstance(first, DatabaseUnavailable)
        # Its time was over before its turn came, or in its turn.
        assert isinstance(second, (Overloaded, DatabaseUnavailable))
    assert (await asking.coalescer.ask(asking.question())).outcome is Outcome.ANSWERED
    await asking.coalescer.close()


async def test_its_connection_has_the_services_restricted_role(asking: Asking) -> None:
    await asking.coalescer.ask(asking.question())
    connection = asking.coalescer._connection._connection  # noqa: SLF001 - it is lent to nobody
    assert connection is not None
    assert await connection.fetchval("SELECT current_user") == "liancheng_service"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("DELETE FROM audit")


async def test_who_still_waits_when_the_service_stops_is_told_so(asking: Asking) -> None:
    held = Held(asking.api)
    async with held:
        tasks = [asyncio.create_task(asking.coalescer.ask(asking.question())) for _ in range(2)]
        await held.waited_for()
        tasks.append(asyncio.create_task(asking.coalescer.ask(asking.question())))
        await asyncio.sleep(0)
        await asking.coalescer.close()
        assert outcomes(await asyncio.gather(*tasks, return_exceptions=True)) == [DatabaseUnavailable] * 3


async def test_a_key_that_ends_is_refused_from_that_moment(asking: Asking) -> None:
    now = Moment.current().now
    key = named_key(await make_key(asking.api.database, Scope.LOOKUP, expires_at=now + timedelta(hours=1)))
    before, after = (asking.question(key=key, answered_at=now + timedelta(hours=1, seconds=n)) for n in (-1, 0))
    assert outcomes(await asking.all([before, after])) == [Outcome.ANSWERED, Outcome.KEY_REFUSED]


async def test_every_table_of_the_list_is_looked_into_by_what_is_asked_also_where_there_are_no_statistics(
    asking: Asking,
) -> None:
    """From a large push to the next ANALYZE there are none: a lookup must not go through the whole list till then."""
    await asking.api.run(
        "INSERT INTO persons SELECT gen_random_uuid(), '虚构', uuid_send(gen_random_uuid()), 'k', '', 'k', '*' "
        "FROM generate_series(1, 10000)"
    )
    await asking.api.run(
        "INSERT INTO related_persons (listing_id, person_id, roles) SELECT listing_id, person_id, '{other}' "
        "FROM persons CROSS JOIN (SELECT listing_id FROM listings LIMIT 1) AS one"
    )
    values = ", ".join(["NULL"] * len(parameters([asking.question()], SERVING)))
    async with asking.api.database.apart() as connection:
        for name, value in PLAN.items():
            await connection.execute("SELECT set_config($1, $2, false)", name, value)
        await connection.execute(f"PREPARE asked AS {STATEMENT}")
        plan = [row[0] for row in await connection.fetch(f"EXPLAIN EXECUTE asked ({values})")]
    ways = [n for n, line in enumerate(plan) if " Scan using " in line and ASKED.search(line)]
    assert len(ways) == len(("listings", "persons", "related_persons", "listings"))
    assert all("Index Cond: (" in plan[n + 1] for n in ways), plan

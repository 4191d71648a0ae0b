"""What happens to lookups while something else goes wrong or takes long."""

import asyncio
import time
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import text

from app.domain.synthetic import synthetic_uscc
from app.main import create_app
from app.services.access import Scope
from app.store import schema
from app.store.database import Database
from tests.databases import on_database, run_on
from tests.support import BUREAU, Api, list_operation, make_key, revoke_all

LOCK = "SELECT list_version FROM list_state FOR UPDATE"


async def test_pushes_that_wait_never_keep_a_lookup_waiting(api: Api) -> None:
    async with api.owner.writing() as session:
        await session.execute(text(LOCK))
        pushing = [asyncio.create_task(api.push(list_operation(n))) for n in range(1, 13)]
        await asyncio.sleep(0.5)
        started = time.monotonic()
        answers = await asyncio.gather(*(api.asked(synthetic_uscc(n)) for n in range(1, 9)))
        assert time.monotonic() - started < api.settings.database_timeout
        assert {answer["verdict"] for answer in answers} == {"not_listed"}
    assert {response.status_code for response in await asyncio.gather(*pushing)} == {201}


async def test_a_push_that_waited_is_not_made_with_a_key_revoked_meanwhile(api: Api) -> None:
    api.key = await make_key(api.database, Scope.LIST_PUSH, department=BUREAU, name="soon gone")
    async with api.owner.writing() as session:
        await session.execute(text(LOCK))
        waiting = asyncio.create_task(api.push(list_operation(1)))
        await asyncio.sleep(0.5)
        await revoke_all(api.database, "soon gone")
    assert (await waiting).status_code == 401
    assert await api.rows("SELECT 1 FROM listings") == []


async def test_a_push_is_dated_when_it_is_made_and_not_when_it_arrived(api: Api) -> None:
    async with api.owner.writing() as session:
        await session.execute(text(LOCK))
        waiting = asyncio.create_task(api.push(list_operation(1)))
        await asyncio.sleep(1)
        released = datetime.now(UTC)
    committed = datetime.fromisoformat((await waiting).json()["committed_at"])
    assert committed >= released


async def test_a_database_that_does_not_answer_is_given_up(api: Api) -> None:
    """The client's own clock ends the wait, not the server's: a frozen server has none."""
    impatient = create_app(api.settings.model_copy(update={"database_timeout": 1.0}))
    async with impatient.router.lifespan_context(impatient), api.owner.writing() as session:
        await session.execute(text("LOCK TABLE listings IN ACCESS EXCLUSIVE MODE"))
        # As if it were frozen: the server's own limit is switched off for whoever connects from now on.
        async with httpx.AsyncClient(transport=httpx.ASGITransport(impatient), base_url="http://service.test") as http:
            started = time.monotonic()
            response = await http.post("/v1/lookups", json={"code": synthetic_uscc(1)}, headers=api.headers())
        assert response.status_code == 503
        assert time.monotonic() - started < 10


async def test_a_column_that_a_later_release_adds_does_not_disturb_running_lookups(api: Api) -> None:
    await api.pushed(list_operation(1))
    assert (await api.asked(synthetic_uscc(1)))["verdict"] == "listed"
    for table in ("listings", "persons", "related_persons", "audit", "api_keys", "clients", "list_state"):
        for column in ("n", "roles_of_then", "note"):
            await api.run(f"ALTER TABLE {table} ADD COLUMN {column} text")
            assert (await api.asked(synthetic_uscc(1)))["verdict"] == "listed"
    await api.pushed(list_operation(2))


async def test_a_partition_that_cannot_be_made_now_stops_nobody(api: Api) -> None:
    last = await api.rows(
        "SELECT max(inhrelid::regclass::text) AS name FROM pg_inherits WHERE inhparent = 'audit'::regclass"
    )
    await api.run(
        f"DROP TABLE {last[0]['name'].replace('default', 'none')}" if "default" not in last[0]["name"] else "SELECT 1"
    )
    await api.run("DROP TABLE IF EXISTS audit_" + datetime.now(UTC).strftime("%Y_%m"))
    async with api.owner.reading() as session:
        await session.execute(text("SELECT count(*) FROM audit"))
        started = time.monotonic()
        async with api.database.writing() as starting:
            await schema.ensure_audit_partitions(starting)
        assert time.monotonic() - started < 5
        assert (await api.asked(synthetic_uscc(1)))["verdict"] == "not_listed"


@pytest.fixture
def plain_owner(server_url: str) -> str:
    """Login name of an owner who may make roles and is no superuser."""
    name = "liancheng_plain_owner"
    run_on(
        server_url,
        f"DO $$ BEGIN CREATE ROLE {name} LOGIN CREATEROLE; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    )
    return name


async def test_an_owner_without_superuser_rights_can_migrate_and_serve(server_url: str, plain_owner: str) -> None:
    """The installation with one database user, which is most small ones."""
    await asyncio.to_thread(run_on, server_url, "DROP DATABASE IF EXISTS liancheng_plain WITH (FORCE)")
    # Where another owner's installation on this server made the role, its administrator lets us use it.
    await asyncio.to_thread(
        run_on,
        server_url,
        f"DO $$ BEGIN GRANT liancheng_service TO {plain_owner} WITH ADMIN OPTION; "
        "EXCEPTION WHEN undefined_object THEN NULL; END $$",
    )
    await asyncio.to_thread(run_on, server_url, f"CREATE DATABASE liancheng_plain OWNER {plain_owner}")
    url = _as_user(on_database(server_url, "liancheng_plain"), plain_owner)
    owner = Database(url, pool_size=1, timeout=30, role=None)
    service = Database(url, pool_size=1, timeout=30)
    try:
        await schema.migrate(owner)
        await schema.check(service)
        async with service.reading() as session:
            assert await schema.rewritable_history(session) == []
    finally:
        await owner.close()
        await service.close()
        await asyncio.to_thread(run_on, server_url, "DROP DATABASE liancheng_plain WITH (FORCE)")


def _as_user(url: str, user: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{user}@{rest.partition('@')[2]}"

"""An installation of the first release, with a list in it, brought up to this release and back again."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from app.domain.chain import written
from app.domain.codes import ResidentId
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.main import create_app
from app.services.access import Scope
from app.services.identity_keys import vault_from
from app.services.verification import Verified, verify
from app.settings import PROJECT_ROOT, Settings
from app.store import schema
from app.store.database import Database, WriteSession
from app.store.tables import metadata
from tests.conftest import settings_for
from tests.databases import on_database, run_on
from tests.support import BUREAU, JSON, Api, list_operation, make_key, person, remove_operation, today

FIRST_RELEASE = "20261124_first_release"
TABLES = ("clients", "pushes", "listings", "listing_revisions", "persons", "related_persons", "changes", "list_state")
DAY = timedelta(days=1)
STAYS, GOES = UUID(int=11), UUID(int=12)
PUSHES = {1: UUID(int=21), 2: UUID(int=22)}
PERSON, BANNED = UUID(int=31), UUID(int=32)
MOMENTS = {1: datetime(2026, 11, 2, 1, 2, 3, 456789, UTC), 2: datetime(2026, 11, 9, tzinfo=UTC)}
SENT = json.dumps({"operations": [list_operation(1), list_operation(2)]}).encode()
REMOVED_ON = today() - 20 * DAY


@dataclass
class Installation:
    """A database of the first release, with a list in it."""

    owner: Database
    settings: Settings
    key: str

    async def moved(self, run: Callable[[Config, str], None], revision: str) -> None:
        """Take the schema to a revision."""

        def go(connection: Connection) -> None:
            config = Config()
            config.set_main_option("script_location", str(PROJECT_ROOT / "migrations"))
            config.attributes["connection"] = connection
            run(config, revision)

        async with self.owner.engine.connect() as connection:
            await connection.run_sync(go)
            await connection.commit()

    async def contents(self) -> dict[str, list[str]]:
        """Return every row of the first release's tables; when a person was erased is kept beyond it."""
        async with self.owner.reading() as session:
            found = {}
            for name in TABLES:
                rows = await session.execute(text(f"SELECT (to_jsonb(t) - 'erased_at')::text FROM {name} AS t"))
                found[name] = sorted(rows.scalars())
            return found

    async def verified(self) -> Verified:
        """Hold the history against its chain."""
        async with self.owner.reading() as session:
            return await verify(session, vault_from(self.settings), {}, lambda _, __: None)


@pytest.fixture
async def installed(server_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    """Return an installation as the first release left it: two pushes, two listings, two persons."""
    name = f"liancheng_upgrade_{os.getpid()}"
    await asyncio.to_thread(run_on, server_url, f"CREATE DATABASE {name}")
    url = on_database(server_url, name)
    owner = Database(url, pool_size=2, timeout=60, role=None)
    found = Installation(owner, settings_for(url, tmp_path), "")
    try:
        await found.moved(command.upgrade, FIRST_RELEASE)
        found.key = await make_key(owner, *Scope, department=BUREAU)
        async with owner.writing() as session:
            await fill(session, found.settings)
        yield found
    finally:
        await owner.close()
        await asyncio.to_thread(run_on, server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def upgraded(installed: Installation) -> AsyncIterator[Api]:
    """Serve the installation with this release."""
    await schema.migrate(installed.owner)
    service = Database(installed.settings.database_url.get_secret_value(), pool_size=2, timeout=30)  # type: ignore[union-attr]
    app = create_app(installed.settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service.test") as http:
            yield Api(http, installed.settings, service, installed.owner, installed.key)
    await service.close()


def state(n: int, *, removed: bool = False) -> JSON:
    """Return a listing as the first release kept its revisions."""
    listed = list_operation(n)
    return {
        "listing_id": str(STAYS if n == 1 else GOES),
        "uscc": listed["unit"]["uscc"],
        "unit_name": listed["unit"]["name"],
        "former_names": [],
        **{name: listed[name] for name in ("decision_no", "decided_by", "conduct", "tier", "listed_on", "valid_until")},
        "removed_on": REMOVED_ON.isoformat() if removed else None,
        "removal_reason": "repaired" if removed else None,
        "removal_decision_no": "虚构移1号" if removed else None,
        "persons": [related(n)],
    }


def related(n: int) -> JSON:
    """Return the one person of a listing: of the second, banned for life."""
    person_id = PERSON if n == 1 else BANNED
    return {"person_id": str(person_id), "roles": ["principal"], "ban_until": None, "ban_for_life": n == 2}


async def fill(session: WriteSession, settings: Settings) -> None:
    """Push twice as the first release did: two units are listed, then the second is removed."""
    vault = vault_from(settings)
    index_key, cipher_key = vault.current_key_ids

    async def insert(table: str, **values: Any) -> None:
        """Insert a row; the database reads the values as it reads JSON."""
        row = f"jsonb_populate_record(NULL::{table}, CAST(:row AS jsonb))"
        await session.execute(text(f"INSERT INTO {table} SELECT ({row}).*"), {"row": json.dumps(values, default=str)})

    client_id = (await session.execute(text("SELECT client_id FROM clients"))).scalar_one()
    for version, push_id in PUSHES.items():
        await insert(
            "pushes",
            push_id=push_id,
            list_version=version,
            client_id=client_id,
            idempotency_key=f"old-{version}",
            body_fingerprint="\\x" + vault.keyed_hash(b"push\0" + SENT).hex(),
            fingerprint_key_id=index_key,
            source_document=f"虚构发〔2026〕{version}号",
            committed_at=MOMENTS[version],
        )
    for n, person_id in enumerate((PERSON, BANNED), start=1):
        number = ResidentId(synthetic_resident_id(n))
        await insert(
            "persons",
            person_id=person_id,
            name=f"虚构{n}",
            blind_index="\\x" + vault.blind_index(number).value.hex(),
            index_key_id=index_key,
            sealed_number="\\x" + vault.seal(number, person_id).value.hex(),
            cipher_key_id=cipher_key,
            masked_number=number.masked,
        )
    await insert("index_keys_in_use", key_id=index_key, since=MOMENTS[1])
    await insert("listings", **state(1), revision=1)
    await insert("listings", **state(2, removed=True), revision=2)
    for n, revision, version, change_no, operation in (
        (1, 1, 1, 1, "list"),
        (2, 1, 1, 2, "list"),
        (2, 2, 2, 1, "remove"),
    ):
        kept = state(n, removed=operation == "remove")
        told = {"listing_id": kept["listing_id"], "revision": revision, "operation": operation, "list_version": version}
        await insert("listing_revisions", **told, push_id=PUSHES[version], recorded_at=MOMENTS[version], state=kept)
        await insert("changes", **told, change_no=change_no)
    for n in (1, 2):
        await insert("related_persons", listing_id=state(n)["listing_id"], **related(n))
    await session.execute(text("UPDATE list_state SET list_version = 2"))


async def test_nothing_differs_from_a_schema_that_was_made_anew(installed: Installation) -> None:
    await schema.migrate(installed.owner)

    def differences(connection: Connection) -> list[object]:
        options = {"include_object": schema.is_ours, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    async with installed.owner.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_what_was_pushed_before_there_was_a_chain_is_linked_and_verifies(installed: Installation) -> None:
    await schema.migrate(installed.owner)
    found = await installed.verified()
    assert (found.list_version, found.changes, found.listings, found.persons) == (2, 3, 2, 2)
    assert found.unbound == 2, "who was recorded before there were commitments has none, and that is no rewriting"


async def test_lookups_find_what_was_listed_before(upgraded: Api) -> None:
    now, then = today().isoformat(), (REMOVED_ON - DAY).isoformat()
    asked = [(synthetic_uscc(1), now), (synthetic_uscc(2), now), (synthetic_uscc(2), then), (synthetic_uscc(3), now)]
    verdicts = [(await upgraded.asked(code, on=day))["verdict"] for code, day in asked]
    assert verdicts == ["listed", "not_listed", "listed", "not_listed"]
    listed, banned = [await upgraded.asked(synthetic_resident_id(n), subject_kind="person") for n in (1, 2)]
    assert listed["listings"][0]["person"]["name"] == "虚构1"
    assert [measure["no"] for measure in banned["measures"]] == [9], "the ban outlives the repair"


async def test_history_feed_and_what_was_known_reach_back_to_the_first_release(upgraded: Api) -> None:
    history = await upgraded.http.get(f"/v1/listings/{GOES}/history", headers=upgraded.headers())
    told = [(one["op"], one["list_version"], one["source_document"]) for one in history.json()["revisions"]]
    assert told == [("list", 1, "虚构发〔2026〕1号"), ("remove", 2, "虚构发〔2026〕2号")]
    page = (await upgraded.http.get("/v1/changes", headers=upgraded.headers())).json()
    assert [(one["cursor"], one["op"]) for one in page["changes"]] == [
        ("1.1", "list"),
        ("1.2", "list"),
        ("2.1", "remove"),
    ]
    between = MOMENTS[2] - timedelta(seconds=1)
    known = await upgraded.asked(synthetic_uscc(2), known_at=between.isoformat(), on=(REMOVED_ON + DAY).isoformat())
    assert known["verdict"] == "listed", "the removal was pushed later, for an earlier day"
    pushed = (await upgraded.http.get(f"/v1/pushes/{PUSHES[1]}", headers=upgraded.headers())).json()
    assert {name: count for name, count in pushed["counts"].items() if count} == {"list": 2}


async def test_the_list_goes_on_from_where_it_was(installed: Installation, upgraded: Api) -> None:
    target = {"uscc": synthetic_uscc(1), "decision_no": list_operation(1)["decision_no"]}
    await upgraded.pushed(
        {"op": "add_person", **target, "person": person(2, name="虚构2")},
        {
            "op": "end_person",
            **target,
            "id_number": synthetic_resident_id(1),
            "ended_on": today().isoformat(),
            "reason": "left",
        },
        list_operation(3, persons=[person(1, name="虚构1")]),
    )
    await upgraded.pushed(remove_operation(1))
    found = await installed.verified()
    assert (found.list_version, found.persons, found.unbound) == (4, 2, 2)
    assert (await upgraded.http.get("/v1/chain")).json()["head"] == written(found.head)


async def test_a_push_sent_again_after_the_upgrade_is_still_recognised(upgraded: Api) -> None:
    headers = upgraded.headers(**{"Content-Type": "application/json", "Idempotency-Key": "old-1"})
    again = await upgraded.http.post("/v1/pushes", content=SENT, headers=headers)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true"), again.text
    assert again.json()["push_id"] == str(PUSHES[1])
    other = await upgraded.http.post("/v1/pushes", content=SENT + b" ", headers=headers)
    assert other.json()["code"] == "idempotency_key_reused"


async def test_going_back_leaves_what_the_first_release_had_and_going_up_again_the_same_chain(
    installed: Installation,
) -> None:
    before = await installed.contents()
    await schema.migrate(installed.owner)
    head = (await installed.verified()).head
    await installed.moved(command.downgrade, FIRST_RELEASE)
    assert await installed.contents() == before
    await schema.migrate(installed.owner)
    assert (await installed.verified()).head == head

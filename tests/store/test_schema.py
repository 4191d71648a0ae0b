"""Migrations go up from nothing and leave what the code believes; the service cannot rewrite history."""

import asyncio
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from app.errors import Misconfigured
from app.services.access import Scope
from app.settings import PROJECT_ROOT
from app.store import schema
from app.store.database import Database
from app.store.tables import metadata
from tests.databases import on_database, run_on
from tests.support import Api, list_operation, make_key, person


@pytest.fixture
def empty_url(server_url: str) -> Iterator[str]:
    """URL of a database with nothing in it."""
    name = "liancheng_empty"
    run_on(server_url, f"DROP DATABASE IF EXISTS {name}")
    run_on(server_url, f"CREATE DATABASE {name}")
    yield on_database(server_url, name)
    run_on(server_url, f"DROP DATABASE {name} WITH (FORCE)")


async def test_the_migrations_leave_exactly_the_tables_that_the_code_believes_in(owner: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"include_object": schema.is_ours, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    async with owner.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_drift_test_would_see_a_difference(owner: Database) -> None:
    async with owner.writing() as session:
        await session.execute(text("ALTER TABLE listings ADD COLUMN surprise text"))

    def differences(connection: Connection) -> list[object]:
        options = {"include_object": schema.is_ours, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    async with owner.engine.connect() as connection:
        assert await connection.run_sync(differences) != []


def test_the_newest_migration_is_the_one_that_alembic_ends_with() -> None:
    config = Config()
    config.set_main_option("script_location", str(PROJECT_ROOT / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.expected_version()]


async def test_the_migrations_go_up_from_nothing_and_down_again(empty_url: str) -> None:
    owner = Database(empty_url, pool_size=1, timeout=60, role=None)
    await schema.migrate(owner)
    await schema.migrate(owner)

    def down(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(PROJECT_ROOT / "migrations"))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    async with owner.engine.connect() as connection:
        await connection.run_sync(down)
        await connection.commit()
        left = await connection.execute(
            text("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')")
        )
        assert left.scalar_one() == 1, "only alembic_version is left"
    await schema.migrate(owner)
    await owner.close()


async def test_machines_that_migrate_at_once_do_not_collide(empty_url: str) -> None:
    command_line = Path(sys.executable).with_name("liancheng")
    environment = {"PATH": os.environ["PATH"], "LIANCHENG_DATABASE_URL": empty_url}
    started = [
        await asyncio.create_subprocess_exec(
            command_line, "migrate", env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        for _ in range(3)
    ]
    printed = [await process.communicate() for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], printed


async def test_a_schema_of_another_version_is_refused_saying_what_to_do(database: Database, owner: Database) -> None:
    async with owner.writing() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '20200101_other'"))
    with pytest.raises(Misconfigured, match="liancheng migrate"):
        await schema.check(database)


@pytest.mark.parametrize("table", schema.HISTORY)
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_service_can_add_to_history_and_not_alter_it(api: Api, table: str, statement: str) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]))
    column = metadata.tables[table].columns.keys()[0]
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with api.database.writing() as session:
            await session.execute(text(statement.format(table, column, column)))


@pytest.mark.parametrize("table", sorted(metadata.tables))
async def test_the_service_can_delete_nothing_at_all(database: Database, table: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with database.writing() as session:
            await session.execute(text(f"DELETE FROM {table}"))


async def test_the_service_cannot_give_a_key_to_another_client_or_wider_scopes(database: Database) -> None:
    await make_key(database, Scope.LOOKUP)
    for column in ("scopes", "client_id", "secret_digest"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with database.writing() as session:
                await session.execute(text(f"UPDATE api_keys SET {column} = {column}"))


async def test_readiness_sees_a_role_that_could_rewrite_history(api: Api) -> None:
    assert (await api.http.get("/readyz")).status_code == 200
    await api.run("GRANT DELETE ON audit TO liancheng_service")
    response = await api.http.get("/readyz")
    await api.run("REVOKE DELETE ON audit FROM liancheng_service")
    assert response.status_code == 503
    assert [check["name"] for check in response.json()["checks"] if not check["ok"]] == ["rights"]
    assert "audit" in response.text


async def test_audit_records_go_to_the_partition_of_their_month(api: Api) -> None:
    await api.asked("91441800PDY0000289")
    month = datetime.now(UTC).strftime("%Y_%m")
    rows = await api.rows("SELECT tableoid::regclass::text AS part FROM audit")
    assert rows == [{"part": f"audit_{month}"}]
    parts = await api.rows("SELECT count(*) AS n FROM pg_inherits WHERE inhparent = 'audit'::regclass")
    assert parts[0]["n"] == schema.AUDIT_MONTHS_AHEAD + 2


async def test_a_record_of_a_month_without_partition_is_kept_all_the_same(api: Api) -> None:
    month = datetime.now(UTC).strftime("%Y_%m")
    await api.run(f"DROP TABLE audit_{month}")
    await api.asked("91441800PDY0000289")
    assert (await api.rows("SELECT tableoid::regclass::text AS part FROM audit")) == [{"part": "audit_default"}]
    async with api.database.writing() as session:
        await schema.ensure_audit_partitions(session)
    assert len(await api.rows("SELECT 1 FROM audit")) == 1

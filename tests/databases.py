"""Databases for tests: copies of one that the migrations built, emptied after each test and used again."""

import asyncio
import os
from itertools import count

import asyncpg

_SCHEMA = """
    SELECT md5(string_agg(told, E'\\n' ORDER BY told)) FROM (
        SELECT concat_ws(' ', 'class', oid::regclass, relkind, relacl, relrowsecurity, reloptions) AS told FROM pg_class
            WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', 'column', attrelid::regclass, attnum, attname, atttypid, attnotnull, attacl)
            FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', 'default', adrelid::regclass, adnum, pg_get_expr(adbin, adrelid))
            FROM pg_attrdef
        UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, convalidated,
            pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', 'function', proname, proacl, prosrc) FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', 'trigger', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger
            WHERE NOT tgisinternal
        UNION ALL SELECT concat_ws(' ', 'schema', nspname, nspacl) FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%'
        UNION ALL SELECT concat_ws(' ', 'setting', setconfig) FROM pg_db_role_setting
            WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
        UNION ALL SELECT concat_ws(' ', 'extension', extname) FROM pg_extension
        UNION ALL SELECT concat_ws(' ', 'version', version_num) FROM alembic_version
    ) AS everything
"""
_TABLES = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND relname NOT IN ('alembic_version', 'list_state')
"""
# A process that a test has killed is still on its way out; anything else that is left is a test's oversight.
_ALONE = """
    SELECT bool_and(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
# Truncating makes new files for every table that refers to one: a few rows are gone thirty times as fast one by one.
_FEW = 100
_DELETE = "SET session_replication_role = replica; {deletions}; RESET session_replication_role"
_RESTART = "SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'"
_NO_VERSION = "UPDATE list_state SET list_version = 0 WHERE list_version <> 0"


class Databases:
    """The databases of one test process. To make one takes ten times as long as to empty one."""

    def __init__(self, server_url: str, template: str) -> None:
        """Make databases from this one."""
        self.server_url = server_url
        self._template = template
        self._schema = asyncio.run(_schema_of(on_database(server_url, template)))
        self._numbers = count(1)
        self._free: list[str] = []
        # One connection to each is kept: a new one has to learn the schema first.
        self._loop = asyncio.new_event_loop()
        self._connections: dict[str, asyncpg.Connection] = {}

    def take(self) -> str:
        """Return the name of one that nobody uses."""
        if self._free:
            return self._free.pop()
        name = f"liancheng_test_{os.getpid()}_{next(self._numbers)}"
        # Copied file by file, which at this size takes a third of the time of going through the log.
        run_on(self.server_url, f"CREATE DATABASE {name} TEMPLATE {self._template} STRATEGY FILE_COPY")
        return name

    def give_back(self, name: str) -> None:
        """Empty one for the next test; one whose schema is not what it was is dropped."""
        if self._loop.run_until_complete(self._emptied(name)):
            self._free.append(name)
        else:
            self._drop(name)

    def close(self) -> None:
        """Drop them all."""
        for name in self._free:
            self._drop(name)
        self._loop.close()

    def _drop(self, name: str) -> None:
        connection = self._connections.pop(name, None)
        if connection is not None:
            connection.terminate()
            # It is gone at the next turn.
            self._loop.run_until_complete(asyncio.sleep(0))
        run_on(self.server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def _emptied(self, name: str) -> bool:
        """Empty a database, if its schema is what it was."""
        try:
            if name not in self._connections:
                self._connections[name] = await asyncpg.connect(on_database(self.server_url, name))
            await self._connections[name].execute(_ALONE)
            if await self._connections[name].fetchval(_SCHEMA) != self._schema:
                return False
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            # A test has ended our connection, renamed a table, or worse.
            return False
        return await _empty(self._connections[name])


async def _schema_of(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval(_SCHEMA))
    finally:
        await connection.close()


async def _empty(connection: asyncpg.Connection) -> bool:
    """Empty a database of its rows; return whether the one that has to stay has stayed."""
    tables = [row[0] for row in await connection.fetch(_TABLES)]
    each = " UNION ALL ".join(
        f"SELECT '{name}', count(*) FROM (SELECT FROM {name} LIMIT {_FEW}) AS few" for name in tables
    )
    used = {name: rows for name, rows in await connection.fetch(each) if rows}
    if used and max(used.values()) < _FEW:
        await connection.execute(_DELETE.format(deletions="; ".join(f"DELETE FROM {name}" for name in used)))
    elif used:
        await connection.execute(f"TRUNCATE {', '.join(used)} CASCADE")
    await connection.execute(f"{_RESTART}; {_NO_VERSION}")
    return bool(await connection.fetchval("SELECT count(*) = 1 FROM list_state"))


def on_database(url: str, name: str) -> str:
    """Return the URL with another database name."""
    before, _, parameters = url.partition("?")
    return before.rpartition("/")[0] + f"/{name}" + (f"?{parameters}" if parameters else "")


def run_on(url: str, statement: str) -> None:
    """Run one statement outside any transaction."""

    async def once() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(once())

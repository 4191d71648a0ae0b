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
        if asyncio.run(_emptied(on_database(self.server_url, name), self._schema)):
            self._free.append(name)
        else:
            self._drop(name)

    def close(self) -> None:
        """Drop them all."""
        for name in self._free:
            self._drop(name)

    def _drop(self, name: str) -> None:
        run_on(self.server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def _schema_of(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval(_SCHEMA))
    finally:
        await connection.close()


async def _emptied(url: str, schema: str) -> bool:
    """Empty a database, if it is as it was made."""
    try:
        connection = await asyncpg.connect(url)
    except asyncpg.PostgresError:
        return False
    try:
        await connection.execute(_ALONE)
        if await connection.fetchval(_SCHEMA) != schema:
            return False
        tables = [row[0] for row in await connection.fetch(_TABLES)]
        each = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables)
        used = [row[0] for row in await connection.fetch(each)]
        if used:
            await connection.execute(f"TRUNCATE {', '.join(used)} CASCADE")
        await connection.execute(f"{_RESTART}; {_NO_VERSION}")
        return bool(await connection.fetchval("SELECT count(*) = 1 FROM list_state"))
    except asyncpg.PostgresError:
        return False
    finally:
        await connection.close()


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

"""A whole installation to measure: an own PostgreSQL, databases on it, and real service processes."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg

from app.services import access
from app.services.access import Scope
from app.services.catalogue import load
from app.services.identity_keys import new_keys
from app.settings import PROJECT_ROOT
from app.store import embedded, schema
from app.store.database import Database
from app.store.embedded import EmbeddedPostgres
from benchmarks.processes import Process, free_port, running

_SERVER = {"max_wal_size": "4GB", "checkpoint_timeout": "15min"}
COMMAND = str(Path(sys.executable).with_name("liancheng"))


@dataclass(frozen=True, slots=True)
class Installation:
    """A service process, a key for everything, and its database."""

    process: Process
    key: str
    database_url: str
    folder: Path

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.process.url


@dataclass(frozen=True, slots=True)
class Place:
    """A folder, the database server in it, and the identity keys of all services there."""

    folder: Path
    server: EmbeddedPostgres
    keys: dict[str, str]

    @contextmanager
    def serving(self, database_url: str, key: str) -> Iterator[Installation]:
        """Run a service on a prepared database."""
        port = free_port()
        settings = {
            "LIANCHENG_DATABASE_URL": database_url,
            "LIANCHENG_DATA_DIR": str(self.folder),
            "LIANCHENG_LOG_LEVEL": "warning",
            **self.keys,
        }
        command = [COMMAND, "serve", "--port", str(port)]
        with running(command, port, self.folder / f"serve-{port}.log", ready="/readyz", env=settings) as process:
            yield Installation(process, key, database_url, self.folder)

    def prepared(self, database: str = embedded.DATABASE) -> tuple[str, str]:
        """Make the database's schema, and the database where there is none; return its URL and a key for everything."""
        url = self.server.url(database)
        return url, asyncio.run(_prepare(self.server.url("postgres"), database, url))


@contextmanager
def place() -> Iterator[Place]:
    """Start a database server in a folder of its own."""
    with TemporaryDirectory(prefix="liancheng-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server = embedded.start(folder / "postgres", _SERVER)
        try:
            yield Place(folder, server, new_keys("bench"))
        finally:
            server.stop()


@contextmanager
def installation() -> Iterator[Installation]:
    """Start everything, with an empty list."""
    with place() as here, here.serving(*here.prepared()) as served:
        yield served


async def _prepare(maintenance_url: str, database: str, url: str) -> str:
    if database != embedded.DATABASE:
        connection = await asyncpg.connect(maintenance_url)
        await connection.execute(f"CREATE DATABASE {database}")
        await connection.close()
    owner = Database(url, pool_size=1, timeout=60, role=None)
    await schema.migrate(owner)
    async with owner.writing() as session:
        catalogue = load(PROJECT_ROOT / "data" / "measures.yaml")
        client = await access.add_client(session, catalogue, name="benchmark", department="市应急管理局")
        issued = await access.issue_key(session, client, list(Scope), datetime.now(UTC), None)
    await owner.close()
    return issued.text

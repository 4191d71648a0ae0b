"""One real PostgreSQL per test process, a database of its own for each test, and the service on it."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import hypothesis
import pytest
from pydantic import SecretStr

from app.main import create_app
from app.services.access import Scope
from app.services.identity_keys import new_keys
from app.settings import Settings
from app.store import embedded, schema
from app.store.database import Database
from tests.databases import Databases, on_database, run_on
from tests.support import BUREAU, Api, make_key

# How long an example takes says more of the machine than of the code.
# A run of everything has ten minutes; LIANCHENG_TEST_EXAMPLES asks for more than these.
_EXAMPLES = int(os.environ.get("LIANCHENG_TEST_EXAMPLES", "30"))
hypothesis.settings.register_profile("suite", deadline=None, max_examples=_EXAMPLES)
hypothesis.settings.load_profile("suite")

# Durability is not what most tests are about; those that are start a service of their own.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}
_KEYS = new_keys("test-1")
# Each test's database is a copy: two years of empty partitions would be most of it.
schema.AUDIT_MONTHS_AHEAD = 2


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """URL of a server that databases can be made on: LIANCHENG_TEST_DATABASE_URL, or one of our own."""
    given = os.environ.get("LIANCHENG_TEST_DATABASE_URL")
    if given:
        yield given
        return
    # Not in pytest's own folder, which it closes to the server's user each time another run starts.
    with tempfile.TemporaryDirectory(prefix="liancheng-test-", ignore_cleanup_errors=True) as folder:
        server = embedded.start(Path(folder) / "data", _FAST)
        yield server.url("postgres")
        server.stop()


@pytest.fixture(scope="session")
def template(server_url: str) -> str:
    """Name of a database that the migrations have built."""
    name = f"liancheng_template_{os.getpid()}"
    run_on(server_url, f"CREATE DATABASE {name}")

    async def build() -> None:
        owner = Database(on_database(server_url, name), pool_size=1, timeout=60, role=None)
        await schema.migrate(owner)
        await owner.close()

    asyncio.run(build())
    return name


@pytest.fixture(scope="session")
def spare(server_url: str, template: str) -> Iterator[Databases]:
    """Return the databases that tests have used and left as they found them."""
    databases = Databases(server_url, template)
    yield databases
    databases.close()


@pytest.fixture
def database_url(spare: Databases) -> Iterator[str]:
    """URL, as the owner, of a database with the whole schema and nothing in it."""
    name = spare.take()
    yield on_database(spare.server_url, name)
    spare.give_back(name)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Return settings of a service on the test's database."""
    return settings_for(database_url, tmp_path)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Open the test's database in the service's restricted role."""
    opened = Database(database_url, pool_size=2, timeout=30)
    yield opened
    await opened.close()


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Database]:
    """Open the test's database as its owner."""
    opened = Database(database_url, pool_size=2, timeout=30, role=None)
    yield opened
    await opened.close()


@pytest.fixture
async def api(settings: Settings, database: Database, owner: Database) -> AsyncIterator[Api]:
    """Start the service as in production but for the network, with a bureau's key with every scope."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service.test") as http:
            key = await make_key(database, *Scope, department=BUREAU)
            yield Api(http, settings, database, owner, key)


def settings_for(url: str, folder: Path) -> Settings:
    """Return settings of a service on a database."""
    return Settings(
        database_url=SecretStr(url),
        data_dir=folder,
        pool_size=4,
        identity_index_keys=SecretStr(_KEYS["LIANCHENG_IDENTITY_INDEX_KEYS"]),
        identity_cipher_keys=SecretStr(_KEYS["LIANCHENG_IDENTITY_CIPHER_KEYS"]),
        log_level="warning",
        # Tests that are about it let jobs be done themselves, or start a process.
        webhook_worker=False,
    )

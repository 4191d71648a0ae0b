"""The service's own PostgreSQL: started, joined, left running for others, and reached by its socket only."""

import asyncio
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from app.errors import Misconfigured
from app.store import embedded
from app.store.embedded import EmbeddedPostgres
from tests.databases import run_on

_SMALL = {"shared_buffers": "16MB", "fsync": "off"}

pytestmark = pytest.mark.processes


@contextmanager
def started(folder: Path) -> Iterator[EmbeddedPostgres]:
    """Start a server; it is gone when the block ends, unless it was stopped already."""
    server = embedded.start(folder, _SMALL)
    try:
        yield server
    finally:
        if is_running(server):
            server.stop()
    assert not is_running(server), "a connection was left open, and with it the server"


def is_running(server: EmbeddedPostgres) -> bool:
    return (server.folder / "postmaster.pid").exists()


def postmaster(server: EmbeddedPostgres) -> str:
    return (server.folder / "postmaster.pid").read_text().splitlines()[0]


def value(server: EmbeddedPostgres, query: str) -> object:
    async def once() -> object:
        connection = await asyncpg.connect(server.url())
        found: object = await connection.fetchval(query)
        await connection.close()
        return found

    return asyncio.run(once())


def test_a_server_starts_with_our_database_and_keeps_its_data_over_a_stop(tmp_path: Path) -> None:
    with started(tmp_path / "data") as server:
        assert value(server, "SELECT current_database() || ' ' || current_user") == "liancheng liancheng_owner"
        assert value(server, "SHOW server_version_num") >= "180000"  # type: ignore[operator]
        assert value(server, "SHOW server_encoding") == "UTF8"
        run_on(server.url(), "CREATE TABLE kept AS SELECT '清远' AS city")
        server.stop()
        assert not is_running(server)
    with started(tmp_path / "data") as again:
        assert value(again, "SELECT city FROM kept") == "清远"


def test_a_server_that_runs_is_joined(tmp_path: Path) -> None:
    with started(tmp_path / "data") as first:
        pid = postmaster(first)
        second = embedded.start(tmp_path / "data")
        assert second == first
        assert postmaster(second) == pid
        # As it was started: joining changes no settings.
        assert value(second, "SHOW shared_buffers") == "16MB"


def test_a_server_is_left_running_while_somebody_else_works_with_it(tmp_path: Path) -> None:
    with started(tmp_path / "data") as server:

        async def hold_on() -> None:
            connection = await asyncpg.connect(server.url())
            await asyncio.to_thread(server.stop)
            assert await connection.fetchval("SELECT 1") == 1
            await connection.close()

        asyncio.run(hold_on())
        assert is_running(server)
        server.stop()
        assert not is_running(server)


def test_nothing_listens_on_the_network(tmp_path: Path) -> None:
    with started(tmp_path / "data") as server:
        assert value(server, "SHOW listen_addresses") == ""
        # Line 6 of the file is the address that clients may come by; line 5 the folder of the socket.
        lines = (server.folder / "postmaster.pid").read_text().splitlines()
        assert lines[4] == str(server.socket_folder)
        assert lines[5] == ""
        assert (server.socket_folder / ".s.PGSQL.5432").is_socket()


def test_only_the_servers_user_reaches_the_data_and_the_socket(tmp_path: Path) -> None:
    with started(tmp_path / "data") as server:
        for folder in {server.folder, server.socket_folder}:
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert server.folder.owner() == server.socket_folder.owner()


def test_a_path_too_long_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 60) / ("联惩" * 20) / "data"
    with started(folder) as server:
        assert server.folder == folder
        assert server.socket_folder != folder
        assert len(str(server.socket_folder)) <= 80
        assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
        assert value(server, "SELECT 1") == 1
        assert embedded.start(folder) == server
    # It is outside the test's own folder, and nothing may be left in it.
    server.socket_folder.rmdir()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="no_such_setting"):
        embedded.start(tmp_path / "data", {"no_such_setting": "1"})


def test_a_violated_constraint_leaves_no_values_in_the_servers_log(tmp_path: Path) -> None:
    async def insert_twice(server: EmbeddedPostgres) -> None:
        connection = await asyncpg.connect(server.url())
        await connection.execute("CREATE TABLE once (number text UNIQUE)")
        await connection.execute("INSERT INTO once VALUES ('441800197001010002')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("INSERT INTO once VALUES ($1)", "441800197001010002")
        await connection.close()

    with started(tmp_path / "data") as server:
        asyncio.run(insert_twice(server))
    log = (server.folder / "server.log").read_text()
    assert "441800197001010002" not in log

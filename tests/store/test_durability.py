"""A commit is on disk before it is told of, whatever the server does by default: answers and pushes rest on it."""

import pytest
from sqlalchemy import text

from app.store.database import Database

_SHOWN = text("SHOW synchronous_commit")


@pytest.mark.parametrize(("server", "ours"), [("off", "on"), ("local", "local"), ("remote_apply", "remote_apply")])
async def test_a_server_that_commits_before_it_writes_does_not_so_for_us(
    owner: Database, database_url: str, server: str, ours: str
) -> None:
    name = database_url.partition("?")[0].rpartition("/")[2]
    async with owner.writing() as session:
        await session.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = {server}"))
    opened = Database(database_url, pool_size=1, timeout=30)
    try:
        async with opened.reading() as session:
            assert (await session.execute(_SHOWN)).scalar_one() == ours
        async with opened.apart() as connection:
            assert await connection.fetchval("SHOW synchronous_commit") == ours
    finally:
        await opened.close()
    async with owner.writing() as session:
        await session.execute(text(f"ALTER DATABASE {name} RESET synchronous_commit"))

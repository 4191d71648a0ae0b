"""Many rows at once, within the session's transaction but by the driver itself.

COPY takes a tenth of the time of as many inserts; and a statement about a thousand things takes them as arrays, which
SQLAlchemy would go through element by element, there and back.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import Table

from app.store.database import Session, WriteSession, collisions_told, driver_told_as_ours, patience


async def copy_in(session: WriteSession, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Add rows to a table; raise :class:`Collision` where a constraint stands against one.

    Values are as asyncpg takes them: JSON as text, a multirange as a list of ``asyncpg.Range``.
    """
    driver = await _driver(session)
    async with collisions_told(), driver_told_as_ours(), _given_up_when_lost(driver, patience(session)):
        await driver.copy_records_to_table(table.name, columns=columns, records=rows)


@asynccontextmanager
async def _given_up_when_lost(driver: "asyncpg.Connection[asyncpg.Record]", seconds: float) -> AsyncIterator[None]:
    """End the block, as after a time-out, when the connection is lost, or nothing comes of it in so many seconds.

    While a COPY has more to send than the network takes, asyncpg waits for leave to write, which a connection that is
    gone never gives; nor does the time-out of its statements end that wait. The push would stand there for ever, and
    all others behind it.
    """
    ended = False

    def lost(_: object) -> None:
        if not ended:
            limit.reschedule(asyncio.get_running_loop().time())

    try:
        async with asyncio.timeout(seconds) as limit:
            driver.add_termination_listener(lost)
            yield
    finally:
        ended = True
        driver.remove_termination_listener(lost)


async def fetch(session: Session, statement: str, *values: object) -> "list[asyncpg.Record]":
    """Return the rows of a statement with ``$1``, ``$2`` … as ``asyncpg.Record``; something was executed before it."""
    driver = await _driver(session)
    async with driver_told_as_ours():
        return await driver.fetch(statement, *values)


async def _driver(session: Session) -> "asyncpg.Connection[asyncpg.Record]":
    # SQLAlchemy begins a transaction with the first statement of its own.
    connection: Any = (await session.get_raw_connection()).driver_connection
    driver: asyncpg.Connection[asyncpg.Record] = connection
    return driver

"""Connections of their own that questions are put over, in the driver's way: a statement by itself, and its commit."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from app.store.database import Database, driver_told_as_ours
from app.store.lookups import STATEMENT, Question, Reply, Serving, parameters, replies

# The plan must not depend on statistics: right after a large push they say that a table is still empty. Each look-up
# is one look into an index, whatever travels in the group.
PLAN = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}


class LookupConnection:
    """One connection, opened with the first question, in the role of all others, and anew where it was lost."""

    def __init__(self, database: Database, serving: Serving) -> None:
        """Prepare; nothing is opened yet."""
        self._database = database
        self._serving = serving
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def put(self, questions: Sequence[Question]) -> list[Reply]:
        """Put questions together, one call at a time; what comes back has been committed.

        Raises :class:`DatabaseUnavailable` where the database was not there: whether anything was recorded is then not
        known, and nothing was decided.
        """
        async with self._connected() as connection:
            rows = await connection.fetch(STATEMENT, *parameters(questions, self._serving))
        return replies(questions, rows)

    async def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # In order if it answers; a server that has gone must not hold us up.
            with contextlib.suppress(TimeoutError, asyncpg.PostgresError, OSError):
                await connection.close(timeout=self._database.timeout)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """Yield the connection; after an error it is not used again."""
        async with driver_told_as_ours():
            connection = self._connection
            if connection is None or connection.is_closed():
                connection = self._connection = await self._database.connect(PLAN)
            try:
                yield connection
            except BaseException:
                connection.terminate()
                self._connection = None
                raise


BATCHES_AT_ONCE = 2
"""Chunks of batches that one process puts to the database at the same time."""


class LookupConnections:
    """A few of them, for whoever puts many questions: others wait until one is free."""

    def __init__(self, database: Database, serving: Serving) -> None:
        """Prepare `BATCHES_AT_ONCE` of them."""
        self._all = [LookupConnection(database, serving) for _ in range(BATCHES_AT_ONCE)]
        # The last used first, so that no more are opened than are needed at the same time.
        self._free: asyncio.LifoQueue[LookupConnection] = asyncio.LifoQueue()
        for one in self._all:
            self._free.put_nowait(one)

    async def put(self, questions: Sequence[Question]) -> list[Reply]:
        """Put questions together over the next connection that is free; as :meth:`LookupConnection.put`."""
        connection = await self._free.get()
        try:
            return await connection.put(questions)
        finally:
            self._free.put_nowait(connection)

    async def close(self) -> None:
        """Let go of all of them."""
        for one in self._all:
            await one.close()

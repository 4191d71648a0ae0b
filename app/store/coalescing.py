"""Lookups that arrive together travel together: one statement and one commit for all of them.

One group is under way per process; whatever arrives meanwhile is the next. A single caller waits for nobody, and pays
for the way through here some microseconds. Nobody's question can turn out as somebody else's answer: each waits for a
reply of its own, and a group that fails is told to everybody in it as what it is, an error and never a verdict.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import Context
from typing import NamedTuple

import asyncpg

from app.errors import DatabaseUnavailable, LianchengError, Overloaded
from app.store.database import Database, driver_told_as_ours
from app.store.lookups import STATEMENT, Question, Reply, Serving, parameters, replies

MOST_IN_GROUP = 128
"""Larger groups make their members wait longer and are no cheaper by the member."""

# The plan must not depend on statistics: right after a large push they say that a table is still empty. Each look-up
# is one look into an index, whatever travels in the group.
PLAN = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}


class _Waiting(NamedTuple):
    question: Question
    reply: "asyncio.Future[Reply]"
    until: float


class Coalescer:
    """Puts the questions of one process to the database, group by group, over a connection of its own."""

    def __init__(self, database: Database, serving: Serving, *, most_waiting: int) -> None:
        """Prepare; the connection is opened with the first question, in the role of all the others.

        Beyond ``most_waiting`` questions in the queue a further one is refused at once. None waits there longer than
        the database's timeout.
        """
        self._database = database
        self._serving = serving
        self._most_waiting = most_waiting
        self._queue: deque[_Waiting] = deque()
        self._asking: asyncio.Task[None] | None = None
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def ask(self, question: Question) -> Reply:
        """Return what came of the question once its record is committed.

        Raises :class:`Overloaded` where too many wait already, :class:`DatabaseUnavailable` where the database was not
        there: whether the question was recorded is then not known, and nothing was decided. Cancelling it disturbs
        nobody else.
        """
        if len(self._queue) >= self._most_waiting:
            raise Overloaded("等待中的核查过多，本次未作出任何结论，请按“未确定”处理并稍后重试。")
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[Reply] = loop.create_future()
        self._queue.append(_Waiting(question, reply, loop.time() + self._database.timeout))
        if self._asking is None:
            # A context of its own, or it would carry the first caller's request id along.
            self._asking = loop.create_task(self._ask_all(), context=Context())
        return await reply

    async def close(self) -> None:
        """Let go of the connection; who still waits is told that the database is not there."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _ask_all(self) -> None:
        try:
            while self._queue:
                if group := self._next_group():
                    await self._ask_group(group)
        finally:
            self._asking = None
            # Only where this was cancelled; nobody may wait for ever.
            _tell(self._queue, DatabaseUnavailable("服务正在停止，本次未作出任何结论，请按“未确定”处理并稍后重试。"))
            self._queue.clear()

    def _next_group(self) -> list[_Waiting]:
        """Take the next questions that somebody still waits for, in the order they came."""
        now = asyncio.get_running_loop().time()
        group: list[_Waiting] = []
        while self._queue and len(group) < MOST_IN_GROUP:
            one = self._queue.popleft()
            if one.until < now:
                _tell([one], Overloaded("核查等待超时，本次未作出任何结论，请按“未确定”处理并稍后重试。"))
            elif not one.reply.done():
                group.append(one)
        return group

    async def _ask_group(self, group: Sequence[_Waiting]) -> None:
        try:
            told = await self._put([one.question for one in group])
        except LianchengError as error:
            _tell(group, error)
        except asyncio.CancelledError:
            _tell(group, DatabaseUnavailable("服务正在停止，本次未作出任何结论，请按“未确定”处理并稍后重试。"))
            raise
        except Exception as error:  # noqa: BLE001 - each is told; it must not end the asking of the others
            if len(group) == 1:
                _tell(group, error)
                return
            # Something is wrong with one of them, and it is not said with which: each for itself.
            for one in group:
                await self._ask_group([one])
        else:
            for one, reply in zip(group, told, strict=True):
                if not one.reply.done():
                    one.reply.set_result(reply)

    async def _put(self, questions: Sequence[Question]) -> list[Reply]:
        async with self._connected() as connection:
            # A statement by itself is its own transaction: what comes back has been committed.
            rows = await connection.fetch(STATEMENT, *parameters(questions, self._serving))
        return replies(questions, rows)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """Yield the connection, opened anew where it was lost; after an error it is not used again."""
        async with driver_told_as_ours():
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._database.connect(PLAN)
            try:
                yield self._connection
            except BaseException:
                self._connection.terminate()
                self._connection = None
                raise


def _tell(waiting: Sequence[_Waiting] | deque[_Waiting], error: Exception) -> None:
    for one in waiting:
        if not one.reply.done():
            one.reply.set_exception(error)

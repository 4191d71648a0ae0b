"""Lookups that arrive together travel together: one statement and one commit for all of them.

One group is under way per process; whatever arrives meanwhile is the next. A single caller waits for nobody, and pays
for the way through here some microseconds. Nobody's question can turn out as somebody else's answer: each waits for a
reply of its own, and a group that fails is told to everybody in it as what it is, an error and never a verdict.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextvars import Context
from typing import NamedTuple

from app.errors import DatabaseUnavailable, LianchengError, Overloaded
from app.store.database import Database
from app.store.lookup_connection import LookupConnection
from app.store.lookups import Question, Reply, Serving

MOST_IN_GROUP = 128
"""Larger groups make their members wait longer and are no cheaper by the member."""


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
        self._timeout = database.timeout
        self._most_waiting = most_waiting
        self._queue: deque[_Waiting] = deque()
        self._asking: asyncio.Task[None] | None = None
        self._connection = LookupConnection(database, serving)

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
        self._queue.append(_Waiting(question, reply, loop.time() + self._timeout))
        if self._asking is None:
            # A context of its own, or it would carry the first caller's request id along.
            self._asking = loop.create_task(self._ask_all(), context=Context())
        return await reply

    async def close(self) -> None:
        """Let go of the connection; who still waits is told that the database is not there."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await self._connection.close()

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
            told = await self._connection.put([one.question for one in group])
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


def _tell(waiting: Sequence[_Waiting] | deque[_Waiting], error: Exception) -> None:
    for one in waiting:
        if not one.reply.done():
            one.reply.set_exception(error)

"""Reading the next part of something in a thread, while whoever asked for the part before is at work on it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

Part = TypeVar("Part")


@asynccontextmanager
async def read_ahead(read: Callable[[], Part]) -> AsyncIterator[Callable[[], Awaitable[Part]]]:
    """Yield what returns the parts that ``read`` returns, one after the other, each begun before it is asked for.

    An error of ``read`` is raised where its part would have been returned. When the block ends, however it does,
    ``read`` is not at work any more.
    """
    ahead = asyncio.create_task(asyncio.to_thread(read))

    async def next_part() -> Part:
        nonlocal ahead
        # Shielded: a thread goes on when whoever waits for it is told to stop.
        part = await asyncio.shield(ahead)
        ahead = asyncio.create_task(asyncio.to_thread(read))
        return part

    try:
        yield next_part
    finally:
        await asyncio.wait({ahead})
        if not ahead.cancelled():
            # Of a part that nobody asked for, nobody needs to know what was wrong.
            ahead.exception()

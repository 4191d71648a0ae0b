"""Letting webhooks know: what commits a version of the list commits with it that its webhooks are to be told."""

from datetime import datetime, timedelta

from app.store import queue, webhook_deliveries, webhooks
from app.store.database import WriteSession
from app.store.queue import Job

GATHER = timedelta(seconds=1)
"""How long a delivery waits to be begun: of several pushes that follow each other this fast, one is told of."""


async def announce(session: WriteSession, at: datetime) -> None:
    """Have every enabled webhook told of the version that this transaction makes, if it is committed.

    Nothing is told from here, nor is it settled what will be: a delivery tells of the newest version there is when it
    is begun.
    """
    await webhooks.settle(session)
    made = await webhook_deliveries.announce(session, at)
    await queue.enqueue(session, [Job(one, 1) for one in made], GATHER)

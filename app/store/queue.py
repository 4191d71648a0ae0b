"""The queue of work that outlives a process: PgQueuer's, in our own database, so that it commits with what asks for it.

What waits is *that* something is to be done, by its id; what is to be done stands in our own tables, and whoever takes
a job asks them first. A job may therefore be done twice, or be out of date, without harm.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job as QueuedJob
from pgqueuer.domain.settings import DBSettings
from pgqueuer.domain.types import Channel
from sqlalchemy import text

from app.store.database import Database, WriteSession

DELIVER = "webhook.deliver"

# Named one by one: by itself the library takes names from the environment, some from variables as common as CHANNEL.
NAMES = DBSettings(
    prefix="",
    db_schema=None,
    channel=Channel("ch_pgqueuer"),
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
)
_AT_ONCE = 100
_BATCH = 10
_KEEP_LOG_DAYS = 7


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt that is due: of which delivery, and which in number, from 1."""

    delivery_id: UUID
    attempt_no: int


class NotYet(Exception):
    """The job cannot be done now; it is put back for this long."""

    def __init__(self, wait: timedelta) -> None:
        """Say how long."""
        super().__init__()
        self.wait = wait


def queries(connection: Any) -> Queries:  # noqa: ANN401 - asyncpg's connection, or SQLAlchemy's view of one
    """Return the library's statements on a connection."""
    driver = AsyncpgDriver(connection)
    return Queries(driver, QueryBuilderEnvironment(NAMES), QueryQueueBuilder(NAMES), QuerySchedulerBuilder(NAMES))


async def enqueue(session: WriteSession, jobs: Sequence[Job], wait: timedelta) -> None:
    """Let jobs be done after ``wait``, if the session's transaction, which has begun, is committed."""
    if not jobs:
        return
    connection = await session.get_raw_connection()
    payloads: list[bytes | None] = [f"{job.delivery_id}:{job.attempt_no}".encode() for job in jobs]
    many = len(jobs)
    await queries(connection.driver_connection).enqueue([DELIVER] * many, payloads, [0] * many, [wait] * many)


async def work(
    database: Database, do: Callable[[Job], Awaitable[None]], stop: asyncio.Event, *, lost_after: timedelta
) -> None:
    """Do the jobs of the queue until ``stop``, many at once, and finish those under way before returning.

    ``do`` may raise :class:`NotYet`. A job whose worker has given no sign of life for ``lost_after`` is another's.
    Raises what keeps the queue from being read, for whoever wants to come back later.
    """
    async with database.apart() as connection:
        library = queries(connection)
        manager = QueueManager(library, NAMES.channel)

        # Held, not deleted, where even putting it back fails: the next one who comes puts it back.
        @manager.entrypoint(DELIVER, on_failure="hold", accepts_context=False)
        async def deliver(queued: QueuedJob) -> None:
            delivery_id, _, attempt_no = (queued.payload or b"").decode().partition(":")
            try:
                await do(Job(UUID(delivery_id), int(attempt_no)))
            except NotYet as error:
                # From nowhere: the library keeps what it is told of an error, with its words.
                raise RetryRequested(error.wait) from None

        await library.requeue_jobs([job.id for job in await library.list_failed_jobs(limit=10_000)])
        stopping = asyncio.create_task(_pass_on(stop, manager.shutdown))
        try:
            await manager.run(
                # The queue makes itself heard, but for jobs that are found lost.
                dequeue_timeout=lost_after / 3,
                batch_size=_BATCH,
                max_concurrent_tasks=_AT_ONCE,
                heartbeat_timeout=lost_after,
                # What it would count is in our own log of attempts.
                log_aggregation_interval=timedelta(0),
            )
        finally:
            stopping.cancel()


async def _pass_on(stop: asyncio.Event, to: asyncio.Event) -> None:
    await stop.wait()
    to.set()


async def forget_done(session: WriteSession) -> None:
    """Delete what the library has noted of jobs that were done a week ago: nobody reads it later."""
    await session.execute(
        text("DELETE FROM pgqueuer_log WHERE created < now() - make_interval(days => :days)"), {"days": _KEEP_LOG_DAYS}
    )

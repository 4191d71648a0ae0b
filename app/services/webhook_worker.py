"""Delivering webhooks for as long as a process lives: in ``liancheng worker``, or beside the requests in ``serve``."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import structlog

from app.domain.identity import IdentityVault
from app.domain.webhooks import RetryTerms
from app.observability import Event, described
from app.services.webhook_deliveries import Deliverer
from app.services.webhook_sending import Sender
from app.services.webhook_targets import TargetRules, trust
from app.settings import Settings
from app.store import queue, webhook_deliveries
from app.store.database import Database

_TIDY_SECONDS = 3600.0
_COME_BACK_SECONDS = 5.0
_FORGOTTEN_AT_ONCE = 500


class WebhookWorker:
    """Takes jobs from the queue until it is told to stop; any number of them share one queue."""

    def __init__(self, settings: Settings, database: Database, vault: IdentityVault) -> None:
        """Prepare; raises :class:`Misconfigured` for settings that cannot be read."""
        self._settings = settings
        self._database = database
        self._vault = vault
        self._rules = TargetRules.of(settings)
        self._context = trust(settings.webhook_ca_file)
        self._stop = asyncio.Event()
        self._log = structlog.get_logger()

    @property
    def has_work(self) -> bool:
        """Whether webhooks may lead anywhere at all."""
        return bool(self._rules.hosts)

    def stop(self) -> None:
        """Take nothing more; :meth:`run` returns when the attempts under way have ended."""
        self._stop.set()

    async def run(self) -> None:
        """Deliver until :meth:`stop`; what keeps the queue from being read is logged, and tried again."""
        settings = self._settings
        sender = Sender(self._rules, self._context, settings.webhook_timeout)
        terms = retry_terms(settings)
        deliverer = Deliverer(self._database, self._vault, sender, terms, timedelta(seconds=settings.webhook_timeout))
        tidying = asyncio.create_task(self._tidy())
        try:
            while not self._stop.is_set():
                try:
                    lost_after = timedelta(seconds=settings.webhook_lost_after)
                    await queue.work(self._database, deliverer.do, self._stop, lost_after=lost_after)
                except Exception as error:  # noqa: BLE001 - the database may be away; it will be back
                    self._log.error(Event.WEBHOOK_TROUBLE, **described(error))
                    await self._rest(_COME_BACK_SECONDS)
        finally:
            tidying.cancel()
            await sender.close()

    async def _tidy(self) -> None:
        while not self._stop.is_set():
            try:
                async with self._database.writing() as session:
                    await queue.forget_done(session)
                await forget_old(self._database, timedelta(days=self._settings.webhook_keep_days))
            except Exception as error:  # noqa: BLE001 - it is done again in an hour
                self._log.error(Event.WEBHOOK_TROUBLE, **described(error))
            await self._rest(_TIDY_SECONDS)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return


async def forget_old(database: Database, keep: timedelta) -> None:
    """Delete the deliveries that have been over for longer than ``keep``, few at a time: nobody waits for it."""
    before = datetime.now(UTC) - keep
    deleted = _FORGOTTEN_AT_ONCE
    while deleted == _FORGOTTEN_AT_ONCE:
        async with database.writing() as session:
            deleted = await webhook_deliveries.forget(session, before, _FORGOTTEN_AT_ONCE)


@asynccontextmanager
async def delivering(worker: WebhookWorker) -> AsyncIterator[None]:
    """Have a worker deliver during the block; the attempts that are under way at its end are finished."""
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await task


def retry_terms(settings: Settings) -> RetryTerms:
    """Return how this installation tries again."""
    return RetryTerms(
        timedelta(seconds=settings.webhook_retry_first),
        timedelta(seconds=settings.webhook_retry_for),
        timedelta(seconds=settings.webhook_disable_after),
    )

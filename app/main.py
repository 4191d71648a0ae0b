"""Wiring: settings in, application out. ``uvicorn --factory app.main:for_serving`` serves it."""

import gc
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from app import observability
from app.api import (
    alerts,
    audit,
    batch_lookups,
    catalogue,
    changes,
    effect,
    health,
    listings,
    lookups,
    obligations,
    openapi,
    problems,
    public,
    pushes,
    scenes,
    webhooks,
)
from app.api.deps import Services
from app.api.edge import BodyLimits, Edge
from app.api.head import HeadRequests
from app.api.quick_lookups import QuickLookups
from app.api.rendered import RenderedAnswers
from app.errors import LianchengError, Misconfigured
from app.observability import Event
from app.services.alerts import AlertService
from app.services.audit_reading import AuditReadingService
from app.services.catalogue import keep_served
from app.services.effect import EffectService
from app.services.feed import FeedService
from app.services.identity_keys import register, vault_from
from app.services.lookup import LookupService
from app.services.obligations import ObligationService
from app.services.pushing import PushService, PushTerms
from app.services.quick_lookup import QuickLookupService
from app.services.reporting import ReportService
from app.services.scenes import keep_served as keep_scenes
from app.services.served_data import ServedData
from app.services.tokens import TokenService
from app.services.unusual_use import UnusualUseService, thresholds
from app.services.webhook_targets import TargetRules
from app.services.webhook_worker import WebhookWorker, delivering
from app.services.webhooks import WebhookService
from app.settings import Settings, current_settings
from app.stopping import told_to_stop
from app.store import schema
from app.store.coalescing import Coalescer
from app.store.database import Database
from app.store.lookup_connection import LookupConnections

VERSION = "0.1.0"

_SECONDS_OF_A_THREAD = 0.001
_YOUNG_OBJECTS = 10_000

DESCRIPTION = """\
联惩 answers one question for the departments that signed the memo: **this company or person is in front of me now; what
am I obliged to do to them, on which legal basis, and who else acts?**

- Send `Authorization: Bearer lc_…` with every call below `/v1`, except the catalogue, the chain and `/v1/public`.
- Only a `200` with a `verdict` is a verdict. An error, a timeout or no answer means **undetermined**: fail closed.
- Errors are `application/problem+json` (RFC 9457) with a stable `code`; `detail` is Chinese, for the desk.
- Times are RFC 3339 in UTC, days are Asia/Shanghai's. `X-Request-ID` is taken over or made, and always returned.
- Each `GET` may be asked as `HEAD`: judged, answered and recorded alike, without the body.
- An identity number goes into a request body, never into a URL. It comes back masked.
"""


def for_serving() -> FastAPI:
    """Make the application of a process that does nothing but serve it."""
    return create_app(freeze=True)


def create_app(settings: Settings | None = None, *, freeze: bool = False) -> FastAPI:
    """Make the application; it connects, checks its schema and stores its catalogue when it starts.

    With ``freeze``, what is in memory by then is left out of garbage collection, and threads give way to requests
    sooner than Python's default of 5 ms: for a process of its own.
    """
    chosen = settings or current_settings()
    limits = BodyLimits(chosen.max_push_bytes, chosen.max_batch_bytes, chosen.max_body_bytes)

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[None]:
        observability.configure(chosen.log_level)
        log = structlog.get_logger()
        async with AsyncExitStack() as stack:
            try:
                services = await stack.enter_async_context(_serving(chosen))
            except LianchengError as error:
                # What is wrong with an installation is for its operator; only the log is sure to reach them.
                # Neither does it hold anything of anybody's data: a cause is why the database could not be reached.
                log.error(Event.REFUSED, code=error.code, detail=error.detail, cause=str(error.__cause__ or ""))  # noqa: TRY400
                raise
            application.state.services = services
            if freeze:
                # What is there now stays: to go through it again and again would stop every request meanwhile.
                gc.enable()
                gc.collect()
                gc.freeze()
                # Requests under way are alive in hundreds: at the usual threshold they are gone through all the time.
                gc.set_threshold(_YOUNG_OBJECTS)
                # A push computes in a thread; each time that a lookup needs the interpreter, it waits so long for it.
                sys.setswitchinterval(_SECONDS_OF_A_THREAD)
            log.info(Event.STARTED, version=VERSION, catalogue_version=services.lookups.catalogue.version)
            if chosen.webhook_worker and services.webhook_worker.has_work:
                await stack.enter_async_context(delivering(services.webhook_worker))
            with told_to_stop(services.feed.stop), told_to_stop(services.webhook_worker.stop):
                yield
            log.info(Event.STOPPED)

    app = FastAPIOffline(
        title="liancheng 联惩",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        # A redirect would repeat the path, and with it an identity number that stands in it.
        redirect_slashes=False,
        redoc_url=None,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        # The framework's own telemetry would put paths and bodies into spans; see docs/decisions/0006.
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    # The changes come before the listings: /listings/snapshot is no id of a listing.
    lists = (lookups.router, batch_lookups.router, pushes.router, changes.router, listings.router, public.router)
    acts = (obligations.router, effect.router, alerts.router, audit.router, webhooks.router)
    for router in (*lists, *acts, catalogue.router, scenes.router, health.router):
        app.include_router(router)
    problems.install(app)
    openapi.install(app)
    app.add_middleware(HeadRequests)
    app.add_middleware(Edge, limits=limits)
    # Ahead of all layers, the framework's own too: to pass through them costs more than to answer.
    app.middleware_stack = QuickLookups(app.build_middleware_stack(), limits)
    return app


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncIterator[Services]:
    """Open what one process serves with, refusing a schema that does not fit."""
    if settings.database_url is None:
        raise Misconfigured("没有设置 LIANCHENG_DATABASE_URL。请用 liancheng serve 启动，它会自带数据库。")
    vault = vault_from(settings)
    data = ServedData.load(settings)
    memo = data.catalogue
    obligation_service = ObligationService(memo, data.periods)
    database = Database(
        settings.database_url.get_secret_value(), pool_size=settings.pool_size, timeout=settings.database_timeout
    )
    # One connection, so that pushes queue for it and never for those of the lookups; and all the time a push may take.
    for_pushes = Database(
        settings.database_url.get_secret_value(), pool_size=1, timeout=settings.push_timeout, wait=settings.push_wait
    )
    for_summaries = Database(
        settings.database_url.get_secret_value(), pool_size=1, timeout=settings.push_timeout, wait=settings.push_wait
    )
    for_public = Database(
        settings.database_url.get_secret_value(), pool_size=settings.public_pool_size, timeout=settings.database_timeout
    )
    terms = PushTerms(
        settings.max_push_operations, settings.push_wait, settings.max_snapshot_removals, settings.approval_above
    )
    lookups = LookupService(memo, vault)
    batches = LookupConnections(database, lookups.serving)
    coalescer = Coalescer(database, lookups.serving, most_waiting=settings.lookup_queue)
    try:
        await schema.check(database)
        async with database.writing() as session:
            await keep_served(session, memo)
            await keep_scenes(session, data.scenes)
            await register(session, vault)
        async with database.writing() as session:
            await schema.ensure_audit_partitions(session)
        yield Services(
            settings,
            database,
            for_pushes,
            for_public,
            for_summaries,
            lookups,
            QuickLookupService(lookups, coalescer),
            RenderedAnswers(memo, data.scenes),
            PushService(vault, data.rules, terms),
            FeedService(database, vault, settings.feed_poll),
            TokenService(vault, memo.version),
            data.publication,
            batches,
            data.scenes,
            obligation_service,
            ReportService(obligation_service),
            EffectService(obligation_service, data.periods, data.districts),
            AlertService(memo, settings.alert_window_days),
            AuditReadingService(memo, vault),
            UnusualUseService(thresholds(settings)),
            WebhookService(vault, TargetRules.of(settings)),
            WebhookWorker(settings, database, vault),
        )
    finally:
        await coalescer.close()
        await batches.close()
        await database.close()
        await for_pushes.close()
        await for_public.close()
        await for_summaries.close()

"""The named dependencies of the routes; nothing is injected under any other name.

The sessions are committed when the handler has returned and *before* the answer leaves (``scope="function"``): an
answer that a caller holds is an answer whose record is on disk.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Annotated, get_args, get_origin

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.api.rendered import RenderedAnswers
from app.domain.moment import Moment
from app.domain.publication import Publication
from app.domain.scenes import Scenes
from app.errors import FieldError, InvalidField
from app.observability import request_id_var
from app.services.access import Caller, Scope, authenticate
from app.services.alerts import AlertService
from app.services.audit_reading import AuditReadingService
from app.services.effect import EffectService
from app.services.feed import FeedService
from app.services.lookup import LookupService
from app.services.obligations import ObligationService
from app.services.pushing import PushService
from app.services.quick_lookup import QuickLookupService
from app.services.reporting import ReportService
from app.services.tokens import TokenService
from app.services.unusual_use import UnusualUseService
from app.services.webhook_worker import WebhookWorker
from app.services.webhooks import WebhookService
from app.settings import Settings
from app.store.database import Database, ReadSession, WriteSession
from app.store.lookup_connection import LookupConnections

_bearer = HTTPBearer(auto_error=False, bearerFormat="lc_<id>_<secret>", description="An API key of your client.")


@dataclass(frozen=True, slots=True)
class Services:
    """What one process serves with; made at start-up and never changed."""

    settings: Settings
    database: Database
    push_database: Database
    public_database: Database
    summary_database: Database
    lookups: LookupService
    quick_lookups: QuickLookupService
    rendered: RenderedAnswers
    pushes: PushService
    feed: FeedService
    tokens: TokenService
    publication: Publication
    batches: LookupConnections
    scenes: Scenes
    obligations: ObligationService
    reporting: ReportService
    effect: EffectService
    alerts: AlertService
    audit: AuditReadingService
    unusual: UnusualUseService
    webhooks: WebhookService
    webhook_worker: WebhookWorker


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def _moment() -> Moment:
    return Moment.current()


async def _request_id() -> str:
    return request_id_var.get()


ServicesDep = Annotated[Services, Depends(_services)]
Now = Annotated[Moment, Depends(_moment)]
RequestId = Annotated[str, Depends(_request_id)]


class _Holding:
    """A caller whose key carries one of the scopes. Checked by a statement of its own, before any session is opened."""

    def __init__(self, *scopes: Scope) -> None:
        self.scopes = scopes

    async def __call__(
        self,
        request: Request,
        services: ServicesDep,
        moment: Now,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Caller:
        async with services.database.single_statement() as session:
            caller = await authenticate(session, credentials.credentials if credentials else None, moment.now)
        request.state.caller = caller
        caller.require(*self.scopes)
        return caller


LookupCaller = Annotated[Caller, Depends(_Holding(Scope.LOOKUP))]
PushCaller = Annotated[Caller, Depends(_Holding(Scope.LIST_PUSH))]
# Whoever approves a push must be able to read what they approve.
PushReader = Annotated[Caller, Depends(_Holding(Scope.LIST_PUSH, Scope.LIST_APPROVE))]
ApproveCaller = Annotated[Caller, Depends(_Holding(Scope.LIST_APPROVE))]
ListCaller = Annotated[Caller, Depends(_Holding(Scope.LIST_READ))]
ChangesCaller = Annotated[Caller, Depends(_Holding(Scope.CHANGES_READ))]
ReportingCaller = Annotated[Caller, Depends(_Holding(Scope.ENFORCEMENT_REPORT))]
EnforcementCaller = Annotated[Caller, Depends(_Holding(Scope.ENFORCEMENT_REPORT, Scope.ENFORCEMENT_READ))]
AuditCaller = Annotated[Caller, Depends(_Holding(Scope.AUDIT_READ))]
WebhooksCaller = Annotated[Caller, Depends(_Holding(Scope.WEBHOOKS_MANAGE))]


async def _reading(services: ServicesDep) -> AsyncIterator[ReadSession]:
    async with services.database.reading() as session:
        yield session


async def _writing(services: ServicesDep) -> AsyncIterator[WriteSession]:
    async with services.database.writing() as session:
        yield session


async def _summing_up(services: ServicesDep) -> AsyncIterator[ReadSession]:
    # One at a time and with more time than a lookup has: it counts all of the list, and keeps no lookup waiting.
    async with services.summary_database.reading() as session:
        yield session


async def _public_reading(services: ServicesDep) -> AsyncIterator[ReadSession]:
    # Connections of its own: whatever the public asks, the departments' lookups do not wait for it.
    async with services.public_database.reading() as session:
        yield session


def _query_parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Yield each query parameter of a route and its dependencies by name, and whether it may be repeated."""
    for parameter in dependant.query_params:
        yield parameter.alias, _is_list(parameter.field_info.annotation)
    for one in dependant.dependencies:
        yield from _query_parameters(one)


def _is_list(annotation: object) -> bool:
    return get_origin(annotation) is list or any(_is_list(one) for one in get_args(annotation))


async def _only_known_query_parameters(request: Request) -> None:
    """Refuse what would be ignored: who writes `dryrun` for `dry_run` must not find out by what was kept."""
    known = dict(_query_parameters(request.scope["route"].dependant))
    given = Counter(name for name, _ in request.query_params.multi_items())
    if given.keys() - known:
        told = f"没有这个查询参数，请检查拼写。可用的参数：{'、'.join(sorted(known)) or '无'}。"
        raise InvalidField(FieldError("query", "unknown_parameter", told))
    for name, times in given.items():
        # All but the last would be ignored.
        if times > 1 and not known[name]:
            raise InvalidField(FieldError(name, "repeated", "此查询参数只能给出一次。"))


ONLY_KNOWN_QUERY_PARAMETERS = Depends(_only_known_query_parameters)

# A route names its caller before its session: a connection is only taken for somebody who may have it, and no request
# waits for a second connection while it holds a first.
Reading = Annotated[ReadSession, Depends(_reading, scope="function")]
SummingUp = Annotated[ReadSession, Depends(_summing_up, scope="function")]
PublicReading = Annotated[ReadSession, Depends(_public_reading, scope="function")]
Writing = Annotated[WriteSession, Depends(_writing, scope="function")]

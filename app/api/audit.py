"""The audit, for auditors: who looked up whom and why. Each reading of it is recorded itself."""

from typing import Annotated

from fastapi import APIRouter, Body, Query

from app.api import audit_examples as examples
from app.api.deps import ONLY_KNOWN_QUERY_PARAMETERS, AuditCaller, Now, RequestId, ServicesDep, Writing
from app.api.openapi import AUDIT_PROBLEMS, AUDIT_SEARCH_PROBLEMS, UNUSUAL_PROBLEMS
from app.api.schemas.audit import (
    AuditOut,
    AuditSearch,
    Before,
    ClientName,
    DepartmentName,
    Limit,
    PurposePart,
    Since,
    Until,
    UnusualOut,
    VerdictIs,
)
from app.api.strict_json import StrictJsonRoute
from app.api.uscc_query import UsccInQuery
from app.domain.codes import Uscc
from app.services.audit_reading import Period, Reader, Search, subject_of

router = APIRouter(
    prefix="/v1", route_class=StrictJsonRoute, tags=["audit 审计"], dependencies=[ONLY_KNOWN_QUERY_PARAMETERS]
)


@router.get("/audit", summary="Who asked about whom, and why", responses=examples.AUDIT_ANSWER | AUDIT_PROBLEMS)
async def read_audit(  # noqa: PLR0913 - one parameter per query field, as the framework has it
    caller: AuditCaller,
    services: ServicesDep,
    moment: Now,
    request_id: RequestId,
    session: Writing,
    uscc: UsccInQuery,
    client: Annotated[ClientName, Query()] = None,
    department: Annotated[DepartmentName, Query()] = None,
    purpose: Annotated[PurposePart, Query()] = None,
    verdict: Annotated[VerdictIs, Query()] = None,
    since: Annotated[Since, Query()] = None,
    until: Annotated[Until, Query()] = None,
    after: Annotated[Before, Query()] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> AuditOut:
    """Answer the records that all of the filters let through, the newest first; persons are masked.

    That you read them is recorded, with the filter. To search for a person: `POST /v1/audit/searches`.
    """
    period = Period.given(since, until, moment)
    wanted = Search(period, Uscc(uscc) if uscc else None, client, department, purpose, verdict, after)
    reader = Reader.of(caller, request_id)
    return AuditOut.of(await services.audit.search(session, reader, wanted, moment, limit), period)


@router.post(
    "/audit/searches",
    summary="Who asked about one unit or person",
    responses=examples.AUDIT_ANSWER | AUDIT_SEARCH_PROBLEMS,
)
async def search_audit(
    caller: AuditCaller,
    body: Annotated[AuditSearch, Body(openapi_examples=examples.SEARCH)],
    services: ServicesDep,
    moment: Now,
    request_id: RequestId,
    session: Writing,
) -> AuditOut:
    """Answer as `GET /v1/audit` does, for a code in the body: a person's number has no place in a URL.

    A person is searched for under every index key that is configured. Of your reading, only the index is kept.
    """
    period = Period.given(body.since, body.until, moment)
    subject = subject_of(body.code, body.subject_kind, moment.today) if body.code is not None else None
    wanted = Search(period, subject, body.client, body.department, body.purpose, body.verdict, body.after)
    reader = Reader.of(caller, request_id)
    return AuditOut.of(await services.audit.search(session, reader, wanted, moment, body.limit), period)


@router.get("/audit/unusual", summary="Whose use stands out", responses=examples.UNUSUAL_ANSWER | UNUSUAL_PROBLEMS)
async def read_unusual(
    caller: AuditCaller,
    services: ServicesDep,
    moment: Now,
    request_id: RequestId,
    session: Writing,
    since: Annotated[Since, Query()] = None,
    until: Annotated[Until, Query()] = None,
) -> UnusualOut:
    """Answer how many persons not listed each client asked about, beside its own past and the others.

    What stands out comes first, each with its reasons; the thresholds are the installation's. No person is named.
    """
    period = Period.given(since, until, moment)
    found = await services.unusual.report(session, Reader.of(caller, request_id), period, moment)
    return UnusualOut.of(found, period, services.unusual.thresholds)

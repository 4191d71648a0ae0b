"""Is the process alive; is it able to answer, and if not, why not."""

from typing import Annotated

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, Field

from app.api.deps import ServicesDep
from app.domain.moment import Moment
from app.services.readiness import Check, checks

router = APIRouter(tags=["health 运行状况"])


class Alive(BaseModel):
    """The process runs."""

    status: str


class CheckOut(BaseModel):
    """One thing that has to be in order."""

    name: str
    ok: bool
    detail: Annotated[str | None, Field(description="What is wrong and what to do, in Chinese.")]


class Ready(BaseModel):
    """Whether the process can answer."""

    ready: bool
    checks: list[CheckOut]


@router.get("/healthz", summary="The process runs")
async def healthz() -> Alive:
    """Answer as long as the process does; says nothing of the database."""
    return Alive(status="ok")


@router.get(
    "/readyz",
    summary="The process can answer lookups",
    responses={status.HTTP_503_SERVICE_UNAVAILABLE: {"model": Ready, "description": "It cannot; `checks` says why"}},
)
async def readyz(services: ServicesDep, response: Response) -> Ready:
    """Check the database, its schema, the service's rights, the catalogue, the scenes and the clock, each by itself."""
    found = await checks(services.database, services.lookups.catalogue, services.scenes, Moment.current)
    ready = all(check.ok for check in found)
    if not ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return Ready(ready=ready, checks=[_out(check) for check in found])


def _out(check: Check) -> CheckOut:
    return CheckOut(name=check.name, ok=check.ok, detail=check.detail)

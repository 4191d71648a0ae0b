"""The scenes as data: public, and cacheable by the digests of what they are made of."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import StrictStr

from app.api.cached import NOT_MODIFIED, IfNoneMatch, fresh
from app.api.deps import ONLY_KNOWN_QUERY_PARAMETERS, Services, ServicesDep
from app.api.openapi import CATALOGUE_PROBLEMS, MEASURE_PROBLEMS
from app.api.schemas.scenes import LONGEST_SCENE, SceneOut, ScenesOut
from app.errors import NotFound

router = APIRouter(prefix="/v1", tags=["scenes 场景"], dependencies=[ONLY_KNOWN_QUERY_PARAMETERS])


def _version(services: Services) -> str:
    """Return what changes when the scenes do, or the memo that they quote."""
    return f"{services.scenes.version}+{services.lookups.catalogue.version}"


@router.get(
    "/scenes",
    summary="In which procedure which measures matter",
    response_model=ScenesOut,
    responses=NOT_MODIFIED | CATALOGUE_PROBLEMS,
)
async def read_scenes(
    services: ServicesDep, response: Response, if_none_match: IfNoneMatch = None
) -> ScenesOut | Response:
    """List the scenes that a lookup can be asked in, what each measure asks for there, and what the asks mean."""
    body = ScenesOut.of(services.scenes, services.lookups.catalogue.version)
    return fresh(response, _version(services), if_none_match, body)


@router.get(
    "/scenes/{code}",
    summary="One scene",
    response_model=SceneOut,
    responses=NOT_MODIFIED | MEASURE_PROBLEMS,
)
async def read_scene(
    services: ServicesDep,
    response: Response,
    code: Annotated[StrictStr, Path(max_length=LONGEST_SCENE, description="Code of the scene.", examples=["bidding"])],
    if_none_match: IfNoneMatch = None,
) -> SceneOut | Response:
    """Show a scene: whose procedure it is, the measures that matter in it, and what each asks for in its own words."""
    found = services.scenes.named(code)
    if found is None:
        raise NotFound("没有这个场景，请核对代码。全部场景见 GET /v1/scenes。")
    return fresh(response, _version(services), if_none_match, SceneOut.of(found.scene))

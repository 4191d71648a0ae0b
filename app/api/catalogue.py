"""The memo as data: public, and cacheable by its digest."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.api.cached import NOT_MODIFIED, IfNoneMatch, fresh
from app.api.deps import ONLY_KNOWN_QUERY_PARAMETERS, ServicesDep
from app.api.openapi import CATALOGUE_PROBLEMS, MEASURE_PROBLEMS
from app.api.schemas.catalogue import CatalogueOut, DepartmentOut, DocumentOut, MeasureFull
from app.errors import NotFound

router = APIRouter(prefix="/v1", tags=["catalogue 措施目录"], dependencies=[ONLY_KNOWN_QUERY_PARAMETERS])


@router.get(
    "/catalogue",
    summary="The memo at a glance",
    response_model=CatalogueOut,
    responses=NOT_MODIFIED | CATALOGUE_PROBLEMS,
)
async def read_catalogue(
    services: ServicesDep, response: Response, if_none_match: IfNoneMatch = None
) -> CatalogueOut | Response:
    """List the 24 measures with whom they act on and who carries them out."""
    catalogue = services.lookups.catalogue
    return fresh(response, catalogue.version, if_none_match, CatalogueOut.of(catalogue))


@router.get(
    "/measures/{no}",
    summary="One measure whole",
    response_model=MeasureFull,
    responses=NOT_MODIFIED | MEASURE_PROBLEMS,
)
async def read_measure(
    services: ServicesDep,
    response: Response,
    no: Annotated[int, Path(description="The memo's number of the measure, 1 to 24.", examples=[9])],
    if_none_match: IfNoneMatch = None,
) -> MeasureFull | Response:
    """Show a measure with its sub-measures and its legal bases, their text and what later law says of them."""
    catalogue = services.lookups.catalogue
    measure = next((one for one in catalogue.measures if one.no == no), None)
    if measure is None:
        raise NotFound("备忘录只有第 1 至 24 项措施。")
    return fresh(response, catalogue.version, if_none_match, MeasureFull.of(measure))


@router.get(
    "/documents",
    summary="Documents the measures rest on",
    response_model=list[DocumentOut],
    responses=NOT_MODIFIED | CATALOGUE_PROBLEMS,
)
async def read_documents(
    services: ServicesDep, response: Response, if_none_match: IfNoneMatch = None
) -> list[DocumentOut] | Response:
    """List every legal document with the measures that cite it and what has become of it."""
    catalogue = services.lookups.catalogue
    documents = [DocumentOut.of(document, catalogue) for document in catalogue.documents]
    return fresh(response, catalogue.version, if_none_match, documents)


@router.get(
    "/departments",
    summary="The signatories",
    response_model=list[DepartmentOut],
    responses=NOT_MODIFIED | CATALOGUE_PROBLEMS,
)
async def read_departments(
    services: ServicesDep, response: Response, if_none_match: IfNoneMatch = None
) -> list[DepartmentOut] | Response:
    """List the 14 signatories with the measures that name them."""
    catalogue = services.lookups.catalogue
    departments = [DepartmentOut.of(department, catalogue) for department in catalogue.departments]
    return fresh(response, catalogue.version, if_none_match, departments)

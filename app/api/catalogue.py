"""The memo as data: public, and cacheable by its digest."""

from typing import Annotated, TypeVar

from fastapi import APIRouter, Header, Path, Response, status

from app.api.deps import ONLY_KNOWN_QUERY_PARAMETERS, ServicesDep
from app.api.openapi import CATALOGUE_PROBLEMS, MEASURE_PROBLEMS, Responses
from app.api.schemas.catalogue import CatalogueOut, DepartmentOut, DocumentOut, MeasureFull
from app.domain.catalogue import Catalogue
from app.errors import NotFound

router = APIRouter(prefix="/v1", tags=["catalogue 措施目录"], dependencies=[ONLY_KNOWN_QUERY_PARAMETERS])

IfNoneMatch = Annotated[str | None, Header(description="ETag of the copy you have; if it is the newest, 304.")]
Body = TypeVar("Body")
_CACHED = "public, max-age=300"
_NOT_MODIFIED: Responses = {status.HTTP_304_NOT_MODIFIED: {"description": "The copy you have is the newest"}}


def _fresh(response: Response, catalogue: Catalogue, if_none_match: str | None, body: Body) -> Body | Response:
    """Mark the answer with the catalogue's digest, or say that the caller has it (RFC 9110, 13.1.2)."""
    etag = f'"{catalogue.version}"'
    headers = {"ETag": etag, "Cache-Control": _CACHED}
    known = {part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")}
    if etag in known or "*" in known:
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    response.headers.update(headers)
    return body


@router.get(
    "/catalogue",
    summary="The memo at a glance",
    response_model=CatalogueOut,
    responses=_NOT_MODIFIED | CATALOGUE_PROBLEMS,
)
async def read_catalogue(
    services: ServicesDep, response: Response, if_none_match: IfNoneMatch = None
) -> CatalogueOut | Response:
    """List the 24 measures with whom they act on and who carries them out."""
    catalogue = services.lookups.catalogue
    return _fresh(response, catalogue, if_none_match, CatalogueOut.of(catalogue))


@router.get(
    "/measures/{no}",
    summary="One measure whole",
    response_model=MeasureFull,
    responses=_NOT_MODIFIED | MEASURE_PROBLEMS,
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
    return _fresh(response, catalogue, if_none_match, MeasureFull.of(measure))


@router.get(
    "/documents",
    summary="Documents the measures rest on",
    response_model=list[DocumentOut],
    responses=_NOT_MODIFIED | CATALOGUE_PROBLEMS,
)
async def read_documents(
    services: ServicesDep, response: Response, if_none_match: IfNoneMatch = None
) -> list[DocumentOut] | Response:
    """List every legal document with the measures that cite it and what has become of it."""
    catalogue = services.lookups.catalogue
    documents = [DocumentOut.of(document, catalogue) for document in catalogue.documents]
    return _fresh(response, catalogue, if_none_match, documents)


@router.get(
    "/departments",
    summary="The signatories",
    response_model=list[DepartmentOut],
    responses=_NOT_MODIFIED | CATALOGUE_PROBLEMS,
)
async def read_departments(
    services: ServicesDep, response: Response, if_none_match: IfNoneMatch = None
) -> list[DepartmentOut] | Response:
    """List the 14 signatories with the measures that name them."""
    catalogue = services.lookups.catalogue
    departments = [DepartmentOut.of(department, catalogue) for department in catalogue.departments]
    return _fresh(response, catalogue, if_none_match, departments)

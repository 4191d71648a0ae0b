"""Asking: is this subject on the list, and what follows from it."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query
from pydantic import StrictStr

from app.api import examples
from app.api.deps import ONLY_KNOWN_QUERY_PARAMETERS, LookupCaller, Now, RequestId, ServicesDep, Writing
from app.api.openapi import LOOKUP_PROBLEMS, UNIT_PROBLEMS
from app.api.schemas.lookups import (
    LookupAnswer,
    LookupRequest,
    On,
    Purpose,
    Reference,
    ViewField,
)
from app.api.schemas.scenes import SceneField
from app.api.strict_json import StrictJsonRoute
from app.domain.codes import looks_like_identity_number
from app.domain.moment import Moment
from app.domain.scenes import Scenes
from app.domain.subjects import SubjectKind
from app.errors import IdentityNumberInUrl
from app.services.lookup import Subject, Terms, View
from app.services.push_options import NEWEST_VERSION
from app.services.scenes import chosen

router = APIRouter(
    prefix="/v1", route_class=StrictJsonRoute, tags=["lookups 核查"], dependencies=[ONLY_KNOWN_QUERY_PARAMETERS]
)


@router.post("/lookups", summary="Ask about one unit or person", responses=examples.LOOKUP_ANSWER | LOOKUP_PROBLEMS)
async def look_up(
    caller: LookupCaller,
    body: Annotated[LookupRequest, Body(openapi_examples=examples.LOOKUP)],
    services: ServicesDep,
    moment: Now,
    request_id: RequestId,
    session: Writing,
) -> LookupAnswer:
    """Answer whether the subject is on the list on the day, which measures apply, by which law, and whose they are.

    The audit record of the answer (`lookup_id`) is committed before the answer leaves. Anything but a 200 with
    `verdict` means **undetermined**: treat the subject as you would a listed one, and ask again.
    """
    terms = terms_of(body, moment, request_id, services.scenes)
    subject = Subject(body.code, body.subject_kind, body.reference)
    return LookupAnswer.of(await services.lookups.answer(session, caller, subject, terms))


@router.get(
    "/units/{uscc}/measures", summary="Ask about one unit by URL", responses=examples.LOOKUP_ANSWER | UNIT_PROBLEMS
)
async def unit_measures(  # noqa: PLR0913 - one parameter per query field, as the framework has it
    caller: LookupCaller,
    uscc: Annotated[StrictStr, Path(max_length=64, description="统一社会信用代码.", examples=["91441800PDY0000289"])],
    services: ServicesDep,
    moment: Now,
    request_id: RequestId,
    session: Writing,
    purpose: Annotated[Purpose, Query()] = None,
    reference: Annotated[Reference, Query()] = None,
    on: Annotated[On, Query()] = None,
    min_list_version: Annotated[
        int,
        Query(ge=0, le=NEWEST_VERSION, description="The newest list version you have seen; an older list answers 409."),
    ] = 0,
    view: Annotated[ViewField, Query()] = View.SUMMARY,
    scene: Annotated[SceneField, Query()] = None,
) -> LookupAnswer:
    """Answer as `POST /v1/lookups` does, for a unit. An identity number in a URL is refused."""
    if looks_like_identity_number(uscc):
        raise IdentityNumberInUrl("网址中不得出现身份号码，请改用 POST /v1/lookups，并检查沿途日志是否已留存该网址。")
    day = on or moment.today
    terms = Terms(purpose, day, view, min_list_version, request_id, moment, scene=chosen(services.scenes, scene))
    subject = Subject(uscc, SubjectKind.UNIT, reference)
    return LookupAnswer.of(await services.lookups.answer(session, caller, subject, terms))


def terms_of(body: LookupRequest, moment: Moment, request_id: str, scenes: Scenes) -> Terms:
    """Return what a request asks for besides its subject; raise :class:`InvalidField` for a scene that there is not."""
    day = body.on or (Moment.at(body.known_at).today if body.known_at else moment.today)
    scene = chosen(scenes, body.scene)
    return Terms(body.purpose, day, body.view, body.min_list_version, request_id, moment, body.known_at, scene)

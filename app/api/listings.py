"""Reading the list: page by page, one listing on a day or as known at a moment, and everything that happened to it."""

from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Request, Response

from app.api import feed_examples as examples
from app.api.deps import ONLY_KNOWN_QUERY_PARAMETERS, ListCaller, Now, Reading
from app.api.entity_tags import has_already, tag_of
from app.api.openapi import LISTING_PROBLEMS, LISTINGS_PROBLEMS, NOT_MODIFIED
from app.api.schemas.listings import HistoryOut, ListedOut, ListingOnDay, ListingsOut, RevisionOut
from app.api.uscc_query import UsccInQuery
from app.domain.listing import ListingState
from app.domain.moment import Moment
from app.services import history
from app.services.fields import Day, Instant, LongText, NameText, ShortText
from app.store import listing_search, pushes
from app.store.listing_search import ListingFilter

router = APIRouter(prefix="/v1", tags=["listings 名单"], dependencies=[ONLY_KNOWN_QUERY_PARAMETERS])

MOST_IN_PAGE = 500

On = Annotated[Day | None, Query(description="The day that `state` is of; default today (Asia/Shanghai).")]
KnownAt = Annotated[
    Instant | None,
    Query(
        description="As this service knew it at that moment (RFC 3339, its `+` as `%2B`); default: now.",
        examples=["2026-03-03T09:00:00Z"],
    ),
]
ListingId = Annotated[UUID, Path(description="`listing_id` of a listing.")]
IfNoneMatch = Annotated[str | None, Header(description="The `ETag` that you have: 304 if it is still right.")]


@router.get(
    "/listings",
    summary="The list, page by page",
    response_model=ListingsOut,
    responses=examples.LISTINGS_ANSWER | LISTINGS_PROBLEMS,
)
async def read_listings(  # noqa: PLR0913 - one parameter per query field, as the framework has it
    caller: ListCaller,  # noqa: ARG001 - naming it is what demands the scope
    request: Request,
    response: Response,
    moment: Now,
    session: Reading,
    uscc: UsccInQuery,
    state: Annotated[ListingState | None, Query(description="What it is on the day `on`.")] = None,
    tier: Annotated[ShortText | None, Query(description="惩戒等级, whole.")] = None,
    conduct: Annotated[LongText | None, Query(description="Part of 列入原因.")] = None,
    conduct_code: Annotated[ShortText | None, Query(description="失信行为代码.")] = None,
    decided_by: Annotated[ShortText | None, Query(description="作出列入决定机关, whole.")] = None,
    name: Annotated[NameText | None, Query(description="Part of the unit's name, or of a former one.")] = None,
    listed_from: Annotated[Day | None, Query(description="列入日期 from this day on.")] = None,
    listed_to: Annotated[Day | None, Query(description="列入日期 up to this day.")] = None,
    valid_from: Annotated[Day | None, Query(description="有效期 to this day or later.")] = None,
    valid_to: Annotated[Day | None, Query(description="有效期 to this day or earlier.")] = None,
    on: On = None,
    known_at: KnownAt = None,
    after: Annotated[UUID | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_IN_PAGE, description="How many listings.")] = 100,
    if_none_match: IfNoneMatch = None,
) -> ListingsOut | Response:
    """Answer the listings that all of the filters let through, ended ones too unless `state` says otherwise.

    In the order of their ids, which is that of their recording. With `known_at`, a page may hold fewer listings than
    asked for, or none, and still have a `next`.
    """
    version = await history.known_version(session, known_at, moment)
    day = _day(on, known_at, moment)
    chosen = ListingFilter(
        day,
        state,
        tier,
        conduct,
        conduct_code,
        decided_by,
        uscc,
        name,
        listed_from,
        listed_to,
        valid_from,
        valid_to,
    )
    newest = await pushes.current_version(session)
    # What was known earlier is made from the newest version too: who a person is may have been erased since.
    tag = tag_of((newest, day), request)
    if has_already(if_none_match, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    if version is None:
        page = await listing_search.search(session, chosen, after, limit)
    else:
        page = await listing_search.search_as_known(session, chosen, version, after, limit)
    response.headers["ETag"] = tag
    return ListingsOut(
        on=day,
        known_at=known_at,
        list_version=newest if version is None else version,
        listings=[ListedOut.of(entry, day) for entry in page.entries],
        next=page.next,
    )


@router.get(
    "/listings/{listing_id}",
    summary="One listing",
    response_model=ListingOnDay,
    responses=examples.LISTING_ANSWER | LISTING_PROBLEMS | NOT_MODIFIED,
)
async def read_listing(  # noqa: PLR0913 - one parameter per part of the request, as the framework has it
    caller: ListCaller,  # noqa: ARG001 - naming it is what demands the scope
    listing_id: ListingId,
    request: Request,
    response: Response,
    moment: Now,
    session: Reading,
    on: On = None,
    known_at: KnownAt = None,
    if_none_match: IfNoneMatch = None,
) -> ListingOnDay | Response:
    """Answer what a listing is on a day, as it is known now, or as this service knew it at `known_at`."""
    version = await history.known_version(session, known_at, moment)
    entry = await history.listing_at(session, listing_id, version)
    day = _day(on, known_at, moment)
    made_from = entry.listing.list_version if version is None else await pushes.current_version(session)
    tag = tag_of((made_from, day), request)
    if has_already(if_none_match, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return ListingOnDay(**ListedOut.of(entry, day).model_dump(by_alias=False), on=day, known_at=known_at)


@router.get(
    "/listings/{listing_id}/history",
    summary="Everything that happened to a listing",
    responses=examples.HISTORY_ANSWER | LISTING_PROBLEMS,
)
async def read_history(
    caller: ListCaller,  # noqa: ARG001 - naming it is what demands the scope
    listing_id: ListingId,
    session: Reading,
) -> HistoryOut:
    """Answer every revision of a listing: what changed, who pushed it when, by which document."""
    found = await history.of_listing(session, listing_id)
    return HistoryOut(listing_id=listing_id, revisions=[RevisionOut.of(one) for one in found])


def _day(on: date | None, known_at: datetime | None, moment: Moment) -> date:
    return on or (Moment.at(known_at).today if known_at else moment.today)

"""What the public may see (the memo, part three): the list, one entry, a table and a feed, for anybody, without a key.

Everything is made anew from the list for the day on which it is asked; what a cache may keep of it is minutes old at
most, and never older than the day (docs/decisions/0021-the-public.md).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BeforeValidator, StrictStr

from app.api import public_examples as examples
from app.api.deps import ONLY_KNOWN_QUERY_PARAMETERS, Now, PublicReading, Services, ServicesDep
from app.api.openapi import NOT_MODIFIED, PUBLIC_ENTRY_PROBLEMS, PUBLIC_PROBLEMS, PUBLIC_SEARCH_PROBLEMS
from app.api.public_atom import ATOM, FeedLinks, ToldEntry, atom, read_place, written_place
from app.api.public_csv import csv_head, csv_rows
from app.api.reading import entity_tag, matches, refuse_identity_number, unit_code
from app.api.schemas.public import NoticesOut, PublicChainOut, PublicListingOnDay, PublicListingOut, PublicListingsOut
from app.domain.chain import written
from app.domain.moment import CITY, Moment
from app.domain.publication import is_public
from app.errors import NoLongerPublished, NotFound
from app.services.fields import PartOfName
from app.store import listings, publication
from app.store.publication import PublicFilter, PublicState

router = APIRouter(prefix="/v1/public", tags=["public 公示"], dependencies=[ONLY_KNOWN_QUERY_PARAMETERS])

MOST_IN_PAGE = 100
_CSV_PAGE = 500
CSV = "text/csv; charset=utf-8"

IfNoneMatch = Annotated[str | None, Header(description="The `ETag` that you have: 304 if it is still right.")]
Limit = Annotated[int, Query(ge=1, le=MOST_IN_PAGE, description="How many entries.")]


async def _chosen(
    moment: Now,
    name: Annotated[
        Annotated[PartOfName, BeforeValidator(refuse_identity_number)] | None,
        Query(description="Part of the unit's name, or of a former one; two characters or more."),
    ] = None,
    uscc: Annotated[StrictStr | None, Query(max_length=64, description="统一社会信用代码, whole.")] = None,
) -> PublicFilter:
    """Return which of what is published was asked for."""
    return PublicFilter(moment.today, name, unit_code(uscc))


Chosen = Annotated[PublicFilter, Depends(_chosen)]


@dataclass(frozen=True, slots=True)
class _Made:
    """What an answer is made from, and what a cache is told of it."""

    state: PublicState
    moment: Moment
    tag: str
    headers: dict[str, str]

    @property
    def chain(self) -> PublicChainOut:
        state = self.state
        return PublicChainOut(
            list_version=state.list_version,
            head=written(state.head),
            committed_at=state.committed_at,
            href=f"/v1/chain/{state.list_version}",
        )

    def not_modified(self) -> Response:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=self.headers)


def cache_headers(committed_at: datetime | None, moment: Moment, most_seconds: int) -> dict[str, str]:
    """Return how long an answer may be kept, and since when it is what it is: a commit, or the day's beginning.

    No cache keeps an entry past the day on which its period ends, nor serves it when we cannot be asked.
    """
    midnight = datetime.combine(moment.today, time(), CITY)
    left = int((midnight + timedelta(days=1) - moment.now).total_seconds())
    changed = max(midnight, committed_at) if committed_at else midnight
    return {
        "Cache-Control": f"public, max-age={max(0, min(most_seconds, left))}, must-revalidate",
        "Last-Modified": format_datetime(changed.astimezone(UTC), usegmt=True),
    }


async def _made(request: Request, services: ServicesDep, moment: Now, session: PublicReading) -> _Made:
    state = await publication.state(session)
    tag = entity_tag(state.list_version, moment.today, request, services.publication.version)
    headers = cache_headers(state.committed_at, moment, services.settings.public_max_age) | {"ETag": tag}
    return _Made(state, moment, tag, headers)


Made = Annotated[_Made, Depends(_made)]


@router.get(
    "/listings",
    summary="What is published, page by page",
    response_model=PublicListingsOut,
    responses=examples.PUBLIC_LISTINGS_ANSWER | PUBLIC_SEARCH_PROBLEMS | NOT_MODIFIED,
)
async def read_public_listings(
    made: Made,
    chosen: Chosen,
    services: ServicesDep,
    session: PublicReading,
    response: Response,
    after: Annotated[UUID | None, Query(description="`next` of the page before.")] = None,
    limit: Limit = 50,
    if_none_match: IfNoneMatch = None,
) -> PublicListingsOut | Response:
    """Answer the listings that are published today, the newest recorded first, without a key.

    An entry is gone with the next answer once its period, its publication period, a repair, a revocation or a
    correction ends it, and is there again once it is restored.
    """
    if matches(if_none_match, made.tag):
        return made.not_modified()
    page = await publication.search(session, chosen, after, limit)
    response.headers.update(made.headers)
    return PublicListingsOut(
        on=chosen.on,
        list_version=made.state.list_version,
        chain=made.chain,
        notices=NoticesOut.of(services.publication),
        listings=[PublicListingOut.of(one, chosen.on, services.publication) for one in page.entries],
        next=page.next,
    )


@router.get(
    "/listings.csv",
    summary="What is published, as a table",
    response_class=StreamingResponse,
    responses=examples.PUBLIC_CSV_ANSWER | PUBLIC_SEARCH_PROBLEMS | NOT_MODIFIED,
)
async def read_public_table(
    made: Made, chosen: Chosen, services: ServicesDep, if_none_match: IfNoneMatch = None
) -> Response:
    """Stream everything that is published today, or that the search finds, as CSV: UTF-8 with a byte order mark."""
    if matches(if_none_match, made.tag):
        return made.not_modified()
    headers = made.headers | {"Content-Disposition": 'attachment; filename="listings.csv"'}
    return StreamingResponse(_table(services, chosen), media_type=CSV, headers=headers)


async def _table(services: Services, chosen: PublicFilter) -> AsyncIterator[bytes]:
    yield csv_head()
    past: UUID | None = None
    while True:
        # A connection for each page: a slow reader keeps none, and what is withdrawn meanwhile is not told any more.
        async with services.public_database.reading() as session:
            page = await publication.search(session, chosen, past, _CSV_PAGE)
        yield csv_rows(PublicListingOut.of(one, chosen.on, services.publication) for one in page.entries)
        if page.next is None:
            return
        past = page.next


@router.get(
    "/listings/{listing_id}",
    summary="One published listing",
    response_model=PublicListingOnDay,
    responses=examples.PUBLIC_LISTING_ANSWER | PUBLIC_ENTRY_PROBLEMS | NOT_MODIFIED,
)
async def read_public_listing(
    made: Made,
    listing_id: Annotated[UUID, Path(description="`listing_id` of a listing.")],
    services: ServicesDep,
    session: PublicReading,
    response: Response,
    if_none_match: IfNoneMatch = None,
) -> PublicListingOnDay | Response:
    """Answer one listing while it is published; once it is not any more, 410 says so, and nothing else of it."""
    today = made.moment.today
    entry = (await listings.named(session, [listing_id])).get(listing_id)
    if entry is None:
        raise NotFound("没有这条公示信息。")
    if not is_public(entry.listing, today):
        raise NoLongerPublished("本条信息不再公示，请撤下此前取得的内容。")
    if matches(if_none_match, made.tag):
        return made.not_modified()
    response.headers.update(made.headers)
    return PublicListingOnDay(
        **PublicListingOut.of(entry, today, services.publication).model_dump(),
        on=today,
        list_version=made.state.list_version,
        chain=made.chain,
        notices=NoticesOut.of(services.publication),
    )


@router.get(
    "/feed.atom",
    summary="What was published, changed and withdrawn",
    response_class=Response,
    responses=examples.PUBLIC_FEED_ANSWER | PUBLIC_PROBLEMS | NOT_MODIFIED,
)
async def read_public_feed(
    made: Made,
    services: ServicesDep,
    session: PublicReading,
    before: Annotated[str | None, Query(max_length=70, description="Of the page before: in its `next` link.")] = None,
    limit: Limit = 50,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Answer an Atom feed (RFC 4287), paged (RFC 5005): each listing once, with the last thing that happened to it.

    The entry of a listing keeps its id for ever. Once the listing is withdrawn, the entry is of the category
    `withdrawn` and names nobody.
    """
    behind = read_place(before) if before is not None else None
    if matches(if_none_match, made.tag):
        return made.not_modified()
    today, texts = made.moment.today, services.publication
    found = await publication.feed(session, today, behind, limit + 1)
    told = [
        ToldEntry(one.place, one.happened, PublicListingOut.of(one.entry, today, texts) if one.entry else None)
        for one in found[:limit]
    ]
    size = {"limit": str(limit)}
    links = FeedLinks(
        this=size | ({"before": before} if before is not None else {}),
        first=size,
        next=size | {"before": written_place(told[-1].place)} if len(found) > limit else None,
    )
    updated = told[0].place.updated if told else datetime.combine(today, time(), CITY)
    return Response(atom(told, updated, links, texts), media_type=ATOM, headers=made.headers)

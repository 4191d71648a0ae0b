"""The client that is awaited; it mirrors `sync`."""

from collections.abc import AsyncGenerator, Sequence
from types import TracebackType
from typing import Self, Unpack, cast

import httpx

from liancheng.client import following, pushes, snapshots
from liancheng.client.async_io import AsyncDriver
from liancheng.client.errors import LianchengClientError, SnapshotIncomplete
from liancheng.client.following import OnTrouble
from liancheng.client.http import ClientOptions, set_up
from liancheng.client.lookup_types import LookupAnswer, LookupItem, Scenes
from liancheng.client.pushes import Source
from liancheng.client.requests import BatchTerms, Day, ListingFilters, LookupTerms, PushTerms, Time
from liancheng.client.types import (
    ChainHead,
    Change,
    ChangesPage,
    FeedListing,
    History,
    Listing,
    PushResult,
    SnapshotHead,
)
from liancheng.client.upload import Progress


class AsyncClient:
    """Calls liancheng without holding up other tasks: `Client`, awaited.

    ::

        async with AsyncClient("https://liancheng.example.gov.cn", key) as client:
            answer = await client.look_up("91441800PDY0000289", purpose="通关审核", view="mine")
            results = await client.look_up_batch([{"code": code} for code in codes], purpose="评先评优审查")
            done = await client.push(Path("名单.xlsx"), dry_run=True)
            rest = await client.read_push(push_id, after=1000)
            await client.approve(push_id)
            async for listing in client.listings(state="in_force"): ...
            await client.listing(listing_id), await client.history(listing_id)
            page = await client.changes("41.3", wait=30)
            async for change in client.follow(page["cursor"]): ...
            async with client.snapshot() as snapshot:
                async for listing in snapshot: ...
                cursor = (await snapshot.head())["cursor"]
            await client.tokens(id_numbers, purpose="比对本部门名册")
            await client.chain(), await client.chain(41)
            await client.scenes()
    """

    def __init__(self, url: str, key: str, **options: Unpack[ClientOptions]) -> None:
        """Take the address of the service (``https://…``) and an API key; nothing is sent yet."""
        setup = set_up(url, key, **options)
        self._url = setup.url
        self._calls = setup.calls
        self._http = httpx.AsyncClient(**setup.arguments)
        self._driver = AsyncDriver(self._http, setup.calls.timeout)

    def __repr__(self) -> str:
        """Show the address, and not the key."""
        return f"AsyncClient({self._url!r})"

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    @property
    def list_version_seen(self) -> int:
        """The newest list version in any answer; sent with lookups, so that no older list answers."""
        return self._calls.seen.version

    async def look_up(self, code: str, **terms: Unpack[LookupTerms]) -> LookupAnswer:
        """Return the verdict about a unit or a person, on terms of `LookupTerms`.

        Only what is returned is a verdict. Whatever is raised means undetermined: neither listed nor not listed.
        """
        return await self._driver.run(self._calls.look_up(code, **terms))

    async def look_up_batch(
        self, items: Sequence[LookupItem | str], **terms: Unpack[BatchTerms]
    ) -> list[LookupAnswer | LianchengClientError]:
        """Return the verdicts about up to 1,000 subjects, in their order.

        Where an item has none, the error stands in its place (returned, not raised), so that nobody takes it for one.
        """
        return await self._driver.run(self._calls.look_up_batch(items, **terms))

    async def push(
        self,
        source: Source,
        *,
        media_type: str | None = None,
        idempotency_key: str | None = None,
        on_progress: Progress | None = None,
        **terms: Unpack[PushTerms],
    ) -> PushResult:
        """Change the list: all of it or nothing, on terms of `PushTerms`.

        ``source`` is a `Path` (its type is told by its ending), an open file that can seek (say ``media_type``), or a
        list of operations. A file is sent piece by piece. Without ``idempotency_key`` one is made, which serves the
        repeats within this call; keep one of your own if your program may die and push again.
        """
        with pushes.prepared(source, media_type, on_progress, **terms) as push:
            return await self._driver.run(self._calls.push(push, idempotency_key))

    async def read_push(self, push_id: str, *, after: int | None = None, limit: int | None = None) -> PushResult:
        """Return what a push did, from the change after ``after`` (a `change_no`) on."""
        return await self._driver.run(self._calls.read_push(push_id, after=after, limit=limit))

    async def approve(self, push_id: str, *, approve: bool = True) -> PushResult:
        """Approve a push that waits for it, or reject it. Never repeated: after `Undetermined`, read the push."""
        return await self._driver.run(self._calls.approve(push_id, approve=approve))

    def listings(self, **filters: Unpack[ListingFilters]) -> AsyncGenerator[Listing, None]:
        """Yield every listing that passes the `ListingFilters`, fetching page by page."""
        return self._driver.iterate(self._calls.listings(**filters))

    async def listing(self, listing_id: str, *, on: Day | None = None, known_at: Time | None = None) -> Listing:
        """Return a listing as it is on a day, as known at a time."""
        return await self._driver.run(self._calls.listing(listing_id, on=on, known_at=known_at))

    async def history(self, listing_id: str) -> History:
        """Return everything that was done to a listing."""
        return await self._driver.run(self._calls.history(listing_id))

    async def changes(self, after: str, *, limit: int | None = None, wait: int | None = None) -> ChangesPage:
        """Return the changes after a cursor; if there are none, wait for one up to ``wait`` seconds."""
        return await self._driver.run(self._calls.changes(after, limit=limit, wait=wait))

    def follow(self, after: str, *, on_trouble: OnTrouble | None = None) -> AsyncGenerator[Change, None]:
        """Yield every change after a cursor, once and in order, and then each as it happens, for ever.

        It goes on from broken connections and a service that is away, telling ``on_trouble`` of each. It ends by an
        error that will not pass by itself: a key that has ended, a list that went back, a feed out of order.
        """
        return self._driver.iterate(following.follow(self._calls, after, on_trouble))

    def snapshot(self, at: int | None = None, *, after: str | None = None) -> "AsyncSnapshot":
        """Return every listing ever made, as it is at one version of the list (now, or ``at``).

        ``after`` goes on behind a listing's id where an earlier reading of the same version stopped.
        """
        return AsyncSnapshot(self._driver.iterate(snapshots.snapshot(self._calls, at, after)))

    async def tokens(self, id_numbers: Sequence[str], purpose: str) -> list[list[str] | LianchengClientError]:
        """Return for each of up to 1,000 identity numbers the tokens it has in your feed, or the error in their place.

        Keep a token beside your own record and compare it with those of the listings; it is of no use to anybody else.
        """
        return await self._driver.run(self._calls.tokens(id_numbers, purpose))

    async def chain(self, version: int | None = None) -> ChainHead:
        """Return the hash that stands for the whole list, now or up to a version."""
        return await self._driver.run(self._calls.chain(version))

    async def scenes(self) -> Scenes:
        """Return the procedures that a lookup can be asked in, and what each measure asks for there."""
        return await self._driver.run(self._calls.scenes())


class AsyncSnapshot:
    """The listings of a snapshot. Its loop ends after the last of them and raises if that is not certain."""

    def __init__(self, items: AsyncGenerator[SnapshotHead | FeedListing | None, None]) -> None:
        """Take the head and what follows it."""
        self._items = items
        self._head: SnapshotHead | None = None
        self._complete = False

    async def head(self) -> SnapshotHead:
        """Which version of the list it is, and the cursor to follow from; asks the service if nothing was read yet."""
        if self._head is None:
            self._head = cast("SnapshotHead | None", await anext(self._items, None))
        if self._head is None:
            raise SnapshotIncomplete("the snapshot could not be read")
        return self._head

    def __aiter__(self) -> Self:
        """Return itself."""
        return self

    async def __anext__(self) -> FeedListing:
        """Return the next listing."""
        await self.head()
        if not self._complete:
            try:
                item = await anext(self._items)
            except StopAsyncIteration:
                raise SnapshotIncomplete("the snapshot broke off, or was closed") from None
            if item is not None:
                return cast("FeedListing", item)
            self._complete = True
        raise StopAsyncIteration

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connection, wherever the reading stopped."""
        await self._items.aclose()

"""The client that waits."""

from collections.abc import Generator, Sequence
from types import TracebackType
from typing import Self, Unpack, cast

import httpx

from liancheng.client import following, pushes, snapshots
from liancheng.client.errors import LianchengClientError, SnapshotIncomplete
from liancheng.client.following import OnTrouble
from liancheng.client.http import ClientOptions, set_up
from liancheng.client.lookup_types import LookupAnswer, LookupItem, Scenes
from liancheng.client.pushes import Source
from liancheng.client.requests import BatchTerms, Day, ListingFilters, LookupTerms, PushTerms, Time
from liancheng.client.sync_io import SyncDriver
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


class Client:
    """Calls liancheng and waits for the answer. One client serves a whole program, threads included.

    ::

        with Client("https://liancheng.example.gov.cn", key) as client:
            answer = client.look_up("91441800PDY0000289", purpose="通关审核", reference="QYHG-2026-1", view="mine")
            results = client.look_up_batch([{"code": code} for code in codes], purpose="评先评优审查")
            done = client.push(Path("名单.xlsx"), dry_run=True)
            done = client.push([{"op": "remove", "listing_id": listing_id, "removed_on": "2026-11-20",
                                 "reason": "repaired"}], idempotency_key="2026-11-20-1")
            rest = client.read_push(done["push_id"], after=1000)
            client.approve(push_id)
            for listing in client.listings(state="in_force", decided_by="清远市应急管理局"): ...
            client.listing(listing_id), client.history(listing_id)
            page = client.changes("41.3", wait=30)
            for change in client.follow(page["cursor"]): ...
            with client.snapshot() as snapshot:
                for listing in snapshot: ...
                cursor = snapshot.head["cursor"]
            client.tokens(id_numbers, purpose="比对本部门名册")
            client.chain(), client.chain(41)
            client.scenes()

    Every method returns what the service certainly said, or raises a `LianchengClientError`. What is safe to repeat
    (reading, looking up, a push under its key) is repeated when the connection or the service fails for a moment. The
    options are those of `ClientOptions`.
    """

    def __init__(self, url: str, key: str, **options: Unpack[ClientOptions]) -> None:
        """Take the address of the service (``https://…``) and an API key; nothing is sent yet."""
        setup = set_up(url, key, **options)
        self._url = setup.url
        self._calls = setup.calls
        self._http = httpx.Client(**setup.arguments)
        self._driver = SyncDriver(self._http, setup.calls.timeout)

    def __repr__(self) -> str:
        """Show the address, and not the key."""
        return f"Client({self._url!r})"

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def list_version_seen(self) -> int:
        """The newest list version in any answer; sent with lookups, so that no older list answers."""
        return self._calls.seen.version

    def look_up(self, code: str, **terms: Unpack[LookupTerms]) -> LookupAnswer:
        """Return the verdict about a unit or a person, on terms of `LookupTerms`.

        Only what is returned is a verdict. Whatever is raised means undetermined: neither listed nor not listed.
        """
        return self._driver.run(self._calls.look_up(code, **terms))

    def look_up_batch(
        self, items: Sequence[LookupItem | str], **terms: Unpack[BatchTerms]
    ) -> list[LookupAnswer | LianchengClientError]:
        """Return the verdicts about up to 1,000 subjects, in their order.

        Where an item has none, the error stands in its place (returned, not raised), so that nobody takes it for one.
        """
        return self._driver.run(self._calls.look_up_batch(items, **terms))

    def push(
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
            return self._driver.run(self._calls.push(push, idempotency_key))

    def read_push(self, push_id: str, *, after: int | None = None, limit: int | None = None) -> PushResult:
        """Return what a push did, from the change after ``after`` (a `change_no`) on."""
        return self._driver.run(self._calls.read_push(push_id, after=after, limit=limit))

    def approve(self, push_id: str, *, approve: bool = True) -> PushResult:
        """Approve a push that waits for it, or reject it. Never repeated: after `Undetermined`, read the push."""
        return self._driver.run(self._calls.approve(push_id, approve=approve))

    def listings(self, **filters: Unpack[ListingFilters]) -> Generator[Listing, None, None]:
        """Yield every listing that passes the `ListingFilters`, fetching page by page."""
        return self._driver.iterate(self._calls.listings(**filters))

    def listing(self, listing_id: str, *, on: Day | None = None, known_at: Time | None = None) -> Listing:
        """Return a listing as it is on a day, as known at a time."""
        return self._driver.run(self._calls.listing(listing_id, on=on, known_at=known_at))

    def history(self, listing_id: str) -> History:
        """Return everything that was done to a listing."""
        return self._driver.run(self._calls.history(listing_id))

    def changes(self, after: str, *, limit: int | None = None, wait: int | None = None) -> ChangesPage:
        """Return the changes after a cursor; if there are none, wait for one up to ``wait`` seconds."""
        return self._driver.run(self._calls.changes(after, limit=limit, wait=wait))

    def follow(self, after: str, *, on_trouble: OnTrouble | None = None) -> Generator[Change, None, None]:
        """Yield every change after a cursor, once and in order, and then each as it happens, for ever.

        It goes on from broken connections and a service that is away, telling ``on_trouble`` of each. It ends by an
        error that will not pass by itself: a key that has ended, a list that went back, a feed out of order.
        """
        return self._driver.iterate(following.follow(self._calls, after, on_trouble))

    def snapshot(self, at: int | None = None, *, after: str | None = None) -> "Snapshot":
        """Return every listing ever made, as it is at one version of the list (now, or ``at``).

        ``after`` goes on behind a listing's id where an earlier reading of the same version stopped.
        """
        return Snapshot(self._driver.iterate(snapshots.snapshot(self._calls, at, after)))

    def tokens(self, id_numbers: Sequence[str], purpose: str) -> list[list[str] | LianchengClientError]:
        """Return for each of up to 1,000 identity numbers the tokens it has in your feed, or the error in their place.

        Keep a token beside your own record and compare it with those of the listings; it is of no use to anybody else.
        """
        return self._driver.run(self._calls.tokens(id_numbers, purpose))

    def chain(self, version: int | None = None) -> ChainHead:
        """Return the hash that stands for the whole list, now or up to a version."""
        return self._driver.run(self._calls.chain(version))

    def scenes(self) -> Scenes:
        """Return the procedures that a lookup can be asked in, and what each measure asks for there."""
        return self._driver.run(self._calls.scenes())


class Snapshot:
    """The listings of a snapshot. Its loop ends after the last of them and raises if that is not certain."""

    def __init__(self, items: Generator[SnapshotHead | FeedListing | None, None, None]) -> None:
        """Take the head and what follows it."""
        self._items = items
        self._head: SnapshotHead | None = None
        self._complete = False

    @property
    def head(self) -> SnapshotHead:
        """Which version of the list it is, and the cursor to follow from; asks the service if nothing was read yet."""
        if self._head is None:
            self._head = cast("SnapshotHead | None", next(self._items, None))
        if self._head is None:
            raise SnapshotIncomplete("the snapshot could not be read")
        return self._head

    def __iter__(self) -> Self:
        """Return itself."""
        return self

    def __next__(self) -> FeedListing:
        """Return the next listing."""
        _ = self.head
        if not self._complete:
            try:
                item = next(self._items)
            except StopIteration:
                raise SnapshotIncomplete("the snapshot broke off, or was closed") from None
            if item is not None:
                return cast("FeedListing", item)
            self._complete = True
        raise StopIteration

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connection, wherever the reading stopped."""
        self._items.close()

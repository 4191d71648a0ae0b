"""The feed: every change in the order of commits, and the list whole at one version, for departments' own copies.

Both are read from the history, which is never altered: a page needs no long transaction, a copy can be continued after
any break, and nothing that was told once is told differently later, but for persons whose identity was erased.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.domain.identity import BlindIndex, IdentityVault
from app.domain.listing import Entry
from app.errors import FieldError, IdentityKeysMissing, InvalidField, LianchengError, ListVersionNotReached
from app.services.identity_keys import KEYS_MISSING
from app.store import pushes, revisions
from app.store.database import Database, ReadSession, Session
from app.store.pushes import StoredPush
from app.store.revisions import Revision

_CURSOR = re.compile(r"(0|[1-9][0-9]{0,14})(?:\.([1-9][0-9]{0,8}))?")
_ALL = 2**31 - 1
"""More changes than any version has."""


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in the feed: behind change ``change_no`` of ``version``, or behind all of that version."""

    version: int
    change_no: int

    @classmethod
    def parse(cls, text: str, field: str) -> "Cursor":
        """Read ``41.3`` or ``41``; raise :class:`InvalidField`."""
        found = _CURSOR.fullmatch(text)
        if found is None:
            told = "游标应为上一次所得的 cursor，例如 41.3；从头开始为 0。"
            raise InvalidField(FieldError(field, "cursor_invalid", told))
        return cls(int(found.group(1)), int(found.group(2) or _ALL))

    def __str__(self) -> str:
        """Return the cursor as it is written."""
        return str(self.version) if self.change_no == _ALL else f"{self.version}.{self.change_no}"


@dataclass(frozen=True, slots=True)
class FeedPerson:
    """Who somebody in a copy is: a masked name, and the token by which the asking client recognises them."""

    masked_name: str
    token: str
    index_key_id: str


@dataclass(frozen=True, slots=True)
class FeedListing:
    """A listing as copies hold it; ``people`` has its persons and perhaps others, and nobody who was erased."""

    entry: Entry
    people: Mapping[UUID, FeedPerson]


@dataclass(frozen=True, slots=True)
class FeedChange:
    """One change, the listing after it, and the push that made it."""

    revision: Revision
    push: StoredPush
    listing: FeedListing

    @property
    def cursor(self) -> Cursor:
        """The place behind this change."""
        return Cursor(self.revision.list_version, self.revision.change_no)


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Changes in their order, where to go on, the list's version, and whether more is there already."""

    changes: Sequence[FeedChange]
    cursor: Cursor
    list_version: int
    more: bool


class FeedService:
    """Tells clients what changed, with one set of identity keys."""

    def __init__(self, database: Database, vault: IdentityVault, poll: float) -> None:
        """Look every ``poll`` seconds for a new version, while somebody waits for one."""
        self._database = database
        self._vault = vault
        self._watch = _VersionWatch(database, poll)

    async def page(self, session: ReadSession, client_id: UUID, after: Cursor, limit: int) -> FeedPage:
        """Return what follows a cursor; raise :class:`ListVersionNotReached` for one from a newer list than ours."""
        version = await pushes.current_version(session)
        if after.version > version:
            raise ListVersionNotReached(
                f"本库名单版本为 {version}，而游标来自第 {after.version} 版：数据库可能曾被恢复到较早的状态。"
                "请核对后重新取全量快照。"
            )
        # One more than asked for tells whether there is more.
        found = await revisions.after(session, after.version, after.change_no, limit + 1)
        made = await pushes.at_versions(session, [one.list_version for one in found])
        listings = await self._listings(session, client_id, found[:limit])
        changes = [
            FeedChange(one, made[one.list_version], listing)
            for one, listing in zip(found[:limit], listings, strict=True)
        ]
        more = len(found) > limit
        cursor = changes[-1].cursor if changes else after
        return FeedPage(changes, cursor if more or not changes else Cursor(version, _ALL), version, more)

    async def waited_page(self, client_id: UUID, after: Cursor, limit: int, seconds: float) -> FeedPage:
        """Return what follows a cursor, waiting up to ``seconds`` for something to do so."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while True:
            async with self._database.reading() as session:
                page = await self.page(session, client_id, after, limit)
            left = until - loop.time()
            if page.changes or left <= 0 or not await self._watch.beyond(page.list_version, left):
                return page

    async def snapshot_page(
        self, session: ReadSession, client_id: UUID, version: int, past: UUID | None, limit: int
    ) -> list[FeedListing]:
        """Return listings as they were at a version, by id, those after ``past``."""
        return await self._listings(session, client_id, await revisions.page_at_version(session, version, past, limit))

    async def _listings(self, session: Session, client_id: UUID, found: Sequence[Revision]) -> list[FeedListing]:
        ids = {UUID(kept["person_id"]) for one in found for kept in one.state["persons"]}
        known = await revisions.known_persons(session, ids) if ids else {}
        entries = await revisions.entries_from(session, found, known)
        people = {
            person_id: self._person(client_id, one.name, BlindIndex(one.index_key_id, one.blind_index))
            for person_id, one in known.items()
            if one.name and one.blind_index and one.index_key_id
        }
        return [FeedListing(entry, people) for entry in entries]

    def _person(self, client_id: UUID, name: str, index: BlindIndex) -> FeedPerson:
        if index.key_id not in self._vault.index_key_ids:
            raise IdentityKeysMissing(KEYS_MISSING)
        return FeedPerson(masked_name(name), self._vault.feed_token(client_id, index), index.key_id)

    def stop(self) -> None:
        """Let everybody who waits go: the process is about to stop."""
        self._watch.stop()

    @property
    def stopping(self) -> bool:
        """Whether the process is about to stop."""
        return self._watch.stopping


def masked_name(name: str) -> str:
    """Return a name of which only the first character is told."""
    return name[0] + "*" * max(1, len(name) - 1)


class _VersionWatch:
    """One look at the list's version for everybody in this process who waits for the next."""

    def __init__(self, database: Database, every: float) -> None:
        self._database = database
        self._every = every
        self._moved = asyncio.Condition()
        self._version = -1
        self._waiting = 0
        self._looking: asyncio.Task[None] | None = None
        self.stopping = False

    async def beyond(self, version: int, seconds: float) -> bool:
        """Wait until the list is at another version than this one; return whether it is, and not the time up."""
        if self.stopping:
            return False
        self._waiting += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(seconds), self._moved:
                await self._moved.wait_for(lambda: self.stopping or self._version > version)
        except TimeoutError:
            return False
        else:
            return not self.stopping
        finally:
            self._waiting -= 1

    async def _look(self) -> None:
        while self._waiting and not self.stopping:
            # While the database is away there is nothing to tell; whoever asks it next is told so.
            with contextlib.suppress(LianchengError):
                async with self._database.single_statement() as session:
                    version = await pushes.current_version(session)
                if version != self._version:
                    self._version = version
                    async with self._moved:
                        self._moved.notify_all()
            await asyncio.sleep(self._every)

    def stop(self) -> None:
        self.stopping = True

        async def tell() -> None:
            async with self._moved:
                self._moved.notify_all()

        self._looking = asyncio.get_running_loop().create_task(tell())


async def pages(feed: FeedService, client_id: UUID, after: Cursor, limit: int, beat: float) -> AsyncIterator[FeedPage]:
    """Yield what follows a cursor as long as the process lives: pages of changes, or after ``beat`` an empty one."""
    while not feed.stopping:
        page = await feed.waited_page(client_id, after, limit, beat)
        yield page
        after = page.cursor

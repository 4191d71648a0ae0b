"""Making the next version of the list: its changes linked one to the other, and its record the last link."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.domain import chain
from app.domain.listing import Entry
from app.services.webhook_announcing import announce
from app.store import pushes, states
from app.store.database import WriteSession
from app.store.pushes import StoredPush
from app.store.revisions import NewRevision


class VersionMaking:
    """One version under way; whoever makes it holds the lock of the list."""

    def __init__(self, push_id: UUID, version: int) -> None:
        """Prepare to make ``version``, by the push with this id."""
        self.push_id = push_id
        self.version = version
        self.change_no = 0
        self._head = chain.GENESIS

    async def begin(self, session: WriteSession) -> None:
        """Continue from the head of the version before."""
        self._head = await pushes.head_of(session, self.version - 1)

    def revision(self, entry: Entry, *, op: str, row: int | None, detail: Mapping[str, Any]) -> NewRevision:
        """Return the next change, linked to the one before it: what the listing is after it."""
        self.change_no += 1
        made = NewRevision(
            listing_id=entry.listing.listing_id,
            revision=entry.listing.revision,
            push_id=self.push_id,
            list_version=self.version,
            change_no=self.change_no,
            row=row,
            operation=op,
            detail=chain.spelt(detail) if detail else "{}",
            state=states.spelt(entry),
        )
        self._head = chain.link_spelt(self._head, made.canonical_record())
        return made._replace(link=self._head)

    async def finish(self, session: WriteSession, record: StoredPush) -> StoredPush:
        """Move the list to this version and remember the push that made it, dated and linked; return it as kept."""
        moment = await pushes.moment_of_commit(session)
        dated = replace(record, list_version=self.version, committed_at=moment)
        made = replace(dated, head=chain.link(self._head, dated.record()))
        await pushes.set_version(session, self.version)
        await pushes.add(session, made)
        await announce(session, dated.committed_at)
        return made

"""One plan for each call of the service: which request, whether it may be repeated, and how its answer is read."""

import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Unpack, cast

from liancheng.client import answers, feed, requests
from liancheng.client.errors import BrokenFeed, LianchengClientError, MalformedAnswer
from liancheng.client.lookup_types import LookupAnswer, LookupItem, Scenes
from liancheng.client.plans import Clock, Emit, Plan, exchange, once
from liancheng.client.pushes import PreparedPush
from liancheng.client.requests import BatchTerms, Day, ListingFilters, LookupTerms, Request, Time
from liancheng.client.retries import PUSH_RETRIES, Retries
from liancheng.client.types import ChainHead, ChangesPage, History, Listing, ListingsPage, PushResult

PUSH_READ_SECONDS = 600.0
"""A push is answered when it is committed, which takes minutes where it is large."""


class NewestSeen:
    """The newest list version that any answer has shown us."""

    def __init__(self, *, remember: bool) -> None:
        """Start without any; if told not to remember, stay so."""
        self._remember = remember
        self._version = 0
        self._lock = threading.Lock()

    @property
    def version(self) -> int:
        """The version, 0 before the first answer."""
        return self._version

    def note(self, version: int) -> None:
        """Take a version into account."""
        with self._lock:
            if self._remember and version > self._version:
                self._version = version


@dataclass(frozen=True, slots=True)
class Calls:
    """The plans of one client, with what they have in common."""

    timeout: float = 10.0
    stream_silence: float = 65.0
    retries: Retries = field(default_factory=Retries)
    push_retries: Retries = PUSH_RETRIES
    seen: NewestSeen = field(default_factory=lambda: NewestSeen(remember=True))
    clock: Clock = time.monotonic

    def look_up(self, code: str, **terms: Unpack[LookupTerms]) -> Plan[LookupAnswer]:
        """Ask about one subject. Asking again is safe: it is one more record in the audit."""
        at_least = self._at_least(terms)
        terms["min_list_version"] = at_least or None
        reply = yield from self._exchange(requests.look_up(code, **terms))
        # What was known earlier is of an earlier version, on purpose; whether the list is new enough, the service says.
        answer = answers.verdict(reply, 0 if terms.get("known_at") else at_least, terms.get("scene"))
        self.seen.note(answer["list_version"])
        return answer

    def look_up_batch(
        self, items: Sequence[LookupItem | str], **terms: Unpack[BatchTerms]
    ) -> Plan[list[LookupAnswer | LianchengClientError]]:
        """Ask about several subjects."""
        at_least = self._at_least(terms)
        asked: list[LookupItem] = [{"code": item} if isinstance(item, str) else item for item in items]
        terms["min_list_version"] = at_least or None
        reply = yield from self._exchange(requests.look_up_batch(asked, **terms))
        results = answers.verdicts(reply, len(asked), at_least, terms.get("scene"))
        for result in results:
            if not isinstance(result, LianchengClientError):
                self.seen.note(result["list_version"])
        return results

    def push(self, push: PreparedPush, idempotency_key: str | None) -> Plan[PushResult]:
        """Send operations, and send the same bytes again under the same key while it is open whether they arrived."""
        key = None if push.query.get("dry_run") else idempotency_key or str(uuid.uuid4())
        patience = max(PUSH_READ_SECONDS, self.timeout)
        request = requests.push(push.upload, push.media_type, push.query, idempotency_key=key, read_timeout=patience)
        try:
            result = answers.push_result((yield from exchange(request, self.push_retries, self.clock)))
        except LianchengClientError as error:
            error.idempotency_key = key
            raise
        if result["committed_at"] is not None:
            self.seen.note(result["list_version"])
        return result

    def read_push(self, push_id: str, *, after: int | None = None, limit: int | None = None) -> Plan[PushResult]:
        """Ask what a push did."""
        reply = yield from self._exchange(requests.read_push(push_id, after=after, limit=limit))
        return answers.push_result(reply)

    def approve(self, push_id: str, *, approve: bool) -> Plan[PushResult]:
        """Approve or reject a push; never repeated, because it is a decision and not a delivery."""
        reply = yield from once(requests.approve(push_id, approve=approve))
        result = answers.push_result(reply)
        if result["committed_at"] is not None:
            self.seen.note(result["list_version"])
        return result

    def listings(self, **filters: Unpack[ListingFilters]) -> Plan[None]:
        """Emit every listing, page by page."""
        read = answers.reading(listings=list, list_version=int)
        after: str | None = None
        while True:
            page = cast("ListingsPage", read((yield from self._exchange(requests.listings(after=after, **filters)))))
            self.seen.note(page["list_version"])
            for one in page["listings"]:
                yield Emit(one)
            before, after = after, page.get("next")
            if after is None:
                return
            if after == before:
                raise BrokenFeed("the pages of the listings do not go on")

    def listing(self, listing_id: str, *, on: Day | None = None, known_at: Time | None = None) -> Plan[Listing]:
        """Ask for one listing."""
        reply = yield from self._exchange(requests.listing(listing_id, on=on, known_at=known_at))
        return answers.reading(listing_id=str)(reply)

    def history(self, listing_id: str) -> Plan[History]:
        """Ask for everything that was done to a listing."""
        reply = yield from self._exchange(requests.history(listing_id))
        return cast("History", answers.reading(listing_id=str, revisions=list)(reply))

    def changes(self, after: str, *, limit: int | None = None, wait: int | None = None) -> Plan[ChangesPage]:
        """Ask for a page of changes."""
        reply = yield from self._exchange(requests.changes(after, limit=limit, wait=wait, patience=self.timeout))
        page = feed.page_of(reply, after)
        self.seen.note(page["list_version"])
        return page

    def tokens(self, id_numbers: Sequence[str], purpose: str) -> Plan[list[list[str] | LianchengClientError]]:
        """Ask which tokens persons have in our feed."""
        reply = yield from self._exchange(requests.tokens(id_numbers, purpose))
        return answers.token_lists(reply, len(id_numbers))

    def chain(self, version: int | None = None) -> Plan[ChainHead]:
        """Ask for the head of the chain."""
        head = cast(
            "ChainHead",
            answers.reading(list_version=int, head=str)((yield from self._exchange(requests.chain(version)))),
        )
        if version is not None and head["list_version"] != version:
            raise MalformedAnswer("the answer is about another version of the list")
        self.seen.note(head["list_version"])
        return head

    def scenes(self) -> Plan[Scenes]:
        """Ask for the scenes."""
        reply = yield from self._exchange(requests.scenes())
        return cast("Scenes", answers.reading(scenes_version=str, asks=list, scenes=list)(reply))

    def _exchange(self, request: Request) -> Plan[Any]:
        return exchange(request, self.retries, self.clock)

    def _at_least(self, terms: LookupTerms | BatchTerms) -> int:
        given = terms.get("min_list_version")
        return self.seen.version if given is None else given

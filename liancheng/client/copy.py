"""A department's own copy of the list, in one SQLite file, kept current by the changes of the feed."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from liancheng.client.copy_store import CopyFile, Incoming, Pin
from liancheng.client.errors import CopyOutOfStep, ListVersionNotReached, NotFound
from liancheng.client.feed import position
from liancheng.client.in_force import listing_in_force, person_concerned
from liancheng.client.sync import Client, Snapshot
from liancheng.client.types import ChangesPage, FeedListing

_PAGE = 1000
_USCC = re.compile(r"[0-9A-Z]{18}")
_TOKEN = re.compile(r"[0-9a-f]{64}")
_SEPARATORS = re.compile(r"[\s\-‐-―]")


class LocalCopy:
    """A copy of the list in one file, to search and to compare your own records with. **It is never a verdict.**

    What it holds is what the list was at its last update; the list may have changed since, and it says nothing of the
    measures. Before you act on anybody, or let anybody pass, ask the service: `Client.look_up`. Its answer is on
    record; what you read here is not.

    ::

        with LocalCopy(Path("list.sqlite")) as copy, Client(url, key) as client:
            copy.update(client)
            for listing in copy.by_uscc("91441800PDY0000289", date.today()):
                print(listing["decision_no"])

    **Updating.** The first `update` takes a snapshot, each later one applies the changes since, page by page. A page
    and the cursor behind it are written in one transaction. Kill the process whenever you like: the copy is whole, and
    the next `update` goes on exactly where it stood, in the midst of a snapshot too.

    **Persons** are known by their *token*, which the service makes for your client only (`Client.tokens`). When the
    service changes its index key, the same person gets another token. While two keys are in use, `Client.tokens` gives
    both, and `by_token` takes them together. `index_key_ids` says which keys the copy's tokens are made with; once an
    old one is gone from it, fetch the tokens beside your records anew. If the copy still holds tokens of a key that
    the service has ended, `rebuild` it.

    **Erased persons.** When the service erases a person, the next update removes name and token from every listing
    here, and from the file. Backups of the file are yours to see to.

    One object is for one thread. Several processes may use one file at the same time.
    """

    def __init__(self, path: Path) -> None:
        """Open the copy, or make an empty one that only the file's owner can read."""
        self._path = path
        self._file = CopyFile(path)

    def __repr__(self) -> str:
        """Show the path."""
        return f"LocalCopy({str(self._path)!r})"

    def __enter__(self) -> Self:
        """Return the copy."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def cursor(self) -> str | None:
        """How far the copy has followed the list; ``None`` until the first snapshot is complete."""
        return self._file.cursor

    def update(self, client: Client) -> int:
        """Bring the copy up to the list as it is now; return how many changes were applied.

        Raises `CopyOutOfStep` if the service's list is older than the copy, or another one: it was restored from a
        backup, or the address is that of another installation. Nothing is changed then.
        """
        if self._file.incoming is not None or self.cursor is None:
            self._take_snapshot(client)
        else:
            self._check_pin(client)
        applied = 0
        while True:
            after = self._updated_to()
            page = _changes(client, after)
            # Another process may have been faster; then the page is fetched again from where it left the copy.
            if self._file.apply(page, after):
                applied += len(page["changes"])
                if not page["more"]:
                    break
        self._pin(client)
        self._file.tidy()
        return applied

    def rebuild(self, client: Client) -> None:
        """Take the copy anew. What it held is there for readers until the new one is complete."""
        self._begin_snapshot(client)
        self.update(client)

    def listings(self) -> Iterator[FeedListing]:
        """Yield every listing of the copy, in the order of their ids, whatever their state."""
        self._updated_to()
        return self._file.bodies()

    def by_uscc(self, code: str, on: date) -> list[FeedListing]:
        """Return the listings of a unit that are in force on a day; an empty list is **not** a "not listed".

        Full-width characters, lower case, spaces and hyphens are understood. Raises `ValueError` for what is no
        unified social credit code by its form, `CopyOutOfStep` before the first update.
        """
        self._updated_to()
        uscc = _SEPARATORS.sub("", unicodedata.normalize("NFKC", code)).upper()
        if not _USCC.fullmatch(uscc):
            raise ValueError("a unified social credit code is 18 digits and letters")
        return [listing for listing in self._file.with_uscc(uscc) if listing_in_force(listing, on)]

    def by_token(self, token: str | Iterable[str], on: date) -> list[FeedListing]:
        """Return the listings that concern a person on a day; an empty list is **not** a "not listed".

        Give one token or all that the person has. A listing concerns them while it is in force and they answer for the
        unit, and as long as it bans them from positions (`in_force` tells which).
        """
        self._updated_to()
        tokens = {token} if isinstance(token, str) else set(token)
        if not tokens or not all(_TOKEN.fullmatch(one) for one in tokens):
            raise ValueError("a token is 64 hexadecimal digits, as the service gave it; give at least one")
        found = {listing["listing_id"]: listing for one in tokens for listing in self._file.with_token(one)}
        return [
            listing
            for _, listing in sorted(found.items())
            if any(person["token"] in tokens and person_concerned(listing, person, on) for person in listing["persons"])
        ]

    def index_key_ids(self) -> frozenset[str]:
        """Return the ids of the index keys that the tokens of the copy are made with; more than one in a rotation."""
        return self._file.index_key_ids()

    def _updated_to(self) -> str:
        cursor = self.cursor
        if cursor is None:
            raise CopyOutOfStep("the copy holds nothing yet: update it first")
        return cursor

    def _begin_snapshot(self, client: Client) -> None:
        with client.snapshot() as snapshot:
            self._stage(snapshot, self._file.begin_incoming(snapshot.head))

    def _take_snapshot(self, client: Client) -> None:
        incoming = self._file.incoming
        if incoming is None:
            self._begin_snapshot(client)
            return
        try:
            with client.snapshot(incoming.pin.version, after=incoming.after) as snapshot:
                if snapshot.head["head"] == incoming.pin.head:
                    self._stage(snapshot, incoming)
                    return
        except (ListVersionNotReached, NotFound):
            pass
        # The list was put back since; what we have of it belongs to another.
        self._begin_snapshot(client)

    def _stage(self, snapshot: Snapshot, incoming: Incoming) -> None:
        while batch := list(islice(snapshot, _PAGE)):
            incoming = self._file.stage(incoming, batch)
        self._file.finish_incoming(incoming)

    def _check_pin(self, client: Client) -> None:
        pin = self._file.pin
        if pin is None:
            return
        try:
            head = client.chain(pin.version)["head"]
        except (ListVersionNotReached, NotFound):
            raise _behind() from None
        if head != pin.head:
            raise CopyOutOfStep(
                f"the service's list is another one than at version {pin.version}, up to which the copy followed it: "
                "LocalCopy.rebuild takes the copy anew"
            )

    def _pin(self, client: Client) -> None:
        version, _ = position(self._updated_to())
        # Version 0 is the empty list: there is nothing in it that could be another.
        if version:
            self._file.set_pin(Pin(version, client.chain(version)["head"]))


def _changes(client: Client, after: str) -> ChangesPage:
    try:
        return client.changes(after, limit=_PAGE)
    except ListVersionNotReached:
        raise _behind() from None


def _behind() -> CopyOutOfStep:
    return CopyOutOfStep(
        "the service's list is behind the copy: it was restored from a backup, or is another installation's; "
        "LocalCopy.rebuild takes the copy anew"
    )

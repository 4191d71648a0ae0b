"""The SQLite file of a local copy: each method that writes is one transaction, so a kill at any moment leaves it whole.

Rows belong to a *generation*. Readers see the current one; a snapshot fills the next, and the last transaction of it
makes that the current one. So a copy that is being rebuilt still answers as it was.
"""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from liancheng.client.errors import CopyBusy
from liancheng.client.types import ChangesPage, FeedListing, FeedPerson, SnapshotHead

_FORMAT = 1
_WAIT_SECONDS = 30.0
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE listings (
    generation INTEGER NOT NULL, listing_id TEXT NOT NULL, uscc TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (generation, listing_id)
);
CREATE INDEX listings_by_uscc ON listings (generation, uscc);
CREATE TABLE persons (
    generation INTEGER NOT NULL, listing_id TEXT NOT NULL, person_id TEXT NOT NULL, token TEXT, index_key_id TEXT,
    PRIMARY KEY (generation, listing_id, person_id)
) WITHOUT ROWID;
CREATE INDEX persons_by_token ON persons (generation, token);
CREATE INDEX persons_by_id ON persons (generation, person_id);
INSERT INTO meta VALUES ('generation', '0');
"""


@dataclass(frozen=True, slots=True)
class Pin:
    """A version of the list with the hash that stands for it, to notice a list that was put back or exchanged."""

    version: int
    head: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """A snapshot that is being taken: of which version, where to follow from after it, and the last listing we have."""

    pin: Pin
    cursor: str
    after: str | None


class CopyFile:
    """The file, open. For one thread; other processes may read and write it at the same time."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it, readable by its owner only; raise `ValueError` if it is something else."""
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._db = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def cursor(self) -> str | None:
        """The place in the feed up to which the current listings are told; ``None`` before the first snapshot."""
        return self._meta("cursor")

    @property
    def pin(self) -> Pin | None:
        """The newest version that the current listings are known to belong to."""
        version, head = self._meta("pin_version"), self._meta("pin_head")
        return Pin(int(version), head) if version is not None and head is not None else None

    @property
    def incoming(self) -> Incoming | None:
        """The snapshot that was begun and is not done."""
        version, head = self._meta("incoming_version"), self._meta("incoming_head")
        cursor = self._meta("incoming_cursor")
        if version is None or head is None or cursor is None:
            return None
        return Incoming(Pin(int(version), head), cursor, self._meta("incoming_after"))

    def bodies(self) -> Iterator[FeedListing]:
        """Yield every current listing in the order of their ids."""
        query = "SELECT body FROM listings WHERE generation = ? ORDER BY listing_id"
        for (body,) in self._db.execute(query, (self._generation(),)):
            yield cast("FeedListing", json.loads(body))

    def with_uscc(self, uscc: str) -> list[FeedListing]:
        """Return the current listings of a unit."""
        query = "SELECT body FROM listings WHERE generation = ? AND uscc = ? ORDER BY listing_id"
        return [
            cast("FeedListing", json.loads(body)) for (body,) in self._db.execute(query, (self._generation(), uscc))
        ]

    def with_token(self, token: str) -> list[FeedListing]:
        """Return the current listings with a person of this token."""
        query = (
            "SELECT DISTINCT listing_id, body FROM persons JOIN listings USING (generation, listing_id) "
            "WHERE generation = ? AND token = ? ORDER BY listing_id"
        )
        rows = self._db.execute(query, (self._generation(), token))
        return [cast("FeedListing", json.loads(body)) for _, body in rows]

    def index_key_ids(self) -> frozenset[str]:
        """Return the ids of the keys that the current tokens are made with."""
        query = "SELECT DISTINCT index_key_id FROM persons WHERE generation = ? AND index_key_id IS NOT NULL"
        return frozenset(key_id for (key_id,) in self._db.execute(query, (self._generation(),)))

    def apply(self, page: ChangesPage, after: str) -> bool:
        """Apply a page of changes; ``False``, and nothing done, if the copy does not stand at ``after`` any more."""
        with self._transaction():
            if self.cursor != after:
                return False
            generation = self._generation()
            for change in page["changes"]:
                self._put(generation, change["listing"])
                for person in change["listing"]["persons"]:
                    if person["erased"]:
                        self._erase(generation, person["person_id"])
            self._set(cursor=page["cursor"])
        return True

    def set_pin(self, pin: Pin) -> None:
        """Note a version that the current listings belong to."""
        with self._transaction():
            self._set(pin_version=str(pin.version), pin_head=pin.head)

    def begin_incoming(self, head: SnapshotHead) -> Incoming:
        """Begin a snapshot; what was left of another is dropped."""
        with self._transaction():
            generation = self._generation()
            self._db.execute("DELETE FROM listings WHERE generation > ?", (generation,))
            self._db.execute("DELETE FROM persons WHERE generation > ?", (generation,))
            self._db.execute("DELETE FROM meta WHERE name LIKE 'incoming_%'")
            self._set(
                incoming_version=str(head["list_version"]),
                incoming_head=head["head"],
                incoming_cursor=head["cursor"],
            )
        return Incoming(Pin(head["list_version"], head["head"]), head["cursor"], None)

    def stage(self, incoming: Incoming, listings: Sequence[FeedListing]) -> Incoming:
        """Add listings to a snapshot; raise `CopyBusy` if it is not where it was left."""
        after = listings[-1]["listing_id"]
        with self._transaction():
            self._require(incoming)
            for listing in listings:
                self._put(self._generation() + 1, listing)
            self._set(incoming_after=after)
        return replace(incoming, after=after)

    def finish_incoming(self, incoming: Incoming) -> None:
        """Make a snapshot the current listings; raise `CopyBusy` if it is not where it was left."""
        with self._transaction():
            self._require(incoming)
            generation = self._generation()
            self._db.execute("DELETE FROM listings WHERE generation = ?", (generation,))
            self._db.execute("DELETE FROM persons WHERE generation = ?", (generation,))
            self._set(generation=str(generation + 1), cursor=incoming.cursor)
            self._db.execute("DELETE FROM meta WHERE name LIKE 'incoming_%' OR name LIKE 'pin_%'")

    def tidy(self) -> None:
        """Write the log back into the file and empty it, so that nothing that was erased stays behind there."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _prepare(self) -> None:
        try:
            found, tables = self._found()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            raise ValueError("this file is no local copy") from error
        if found != _FORMAT and (found or tables):
            raise ValueError("this file is no local copy, or one of another version: remove it and take a new one")
        self._db.execute("PRAGMA journal_mode = WAL").fetchall()
        # What is erased is overwritten, not only forgotten.
        self._db.execute("PRAGMA secure_delete = ON").fetchall()
        self._db.execute("PRAGMA synchronous = FULL")
        with self._transaction():
            # Another process may have made it meanwhile.
            if self._found() == (0, 0):
                for statement in _TABLES.split(";"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {_FORMAT}")

    def _found(self) -> tuple[int, int]:
        """Return the file's format, and how many tables and indexes are in it."""
        (found,) = self._db.execute("PRAGMA user_version").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return found, tables

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _put(self, generation: int, listing: FeedListing) -> None:
        key = (generation, listing["listing_id"])
        self._db.execute(
            "INSERT OR REPLACE INTO listings VALUES (?, ?, ?, ?)",
            (*key, listing["unit"]["uscc"], json.dumps(listing, ensure_ascii=False, separators=(",", ":"))),
        )
        self._db.execute("DELETE FROM persons WHERE generation = ? AND listing_id = ?", key)
        self._db.executemany(
            "INSERT INTO persons VALUES (?, ?, ?, ?, ?)",
            [(*key, person["person_id"], person["token"], person["index_key_id"]) for person in listing["persons"]],
        )

    def _erase(self, generation: int, person_id: str) -> None:
        query = (
            "SELECT body FROM persons JOIN listings USING (generation, listing_id) "
            "WHERE generation = ? AND person_id = ?"
        )
        for (body,) in self._db.execute(query, (generation, person_id)).fetchall():
            listing = cast("FeedListing", json.loads(body))
            listing["persons"] = [
                _without_identity(person) if person["person_id"] == person_id else person
                for person in listing["persons"]
            ]
            self._put(generation, listing)

    def _generation(self) -> int:
        return int(self._meta("generation") or 0)

    def _require(self, incoming: Incoming) -> None:
        # Two snapshots in one place would be a mixture of two versions of the list.
        if self.incoming != incoming:
            raise CopyBusy("another process has begun a snapshot of this copy: let it finish, then update")

    def _meta(self, name: str) -> str | None:
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def _set(self, **values: str) -> None:
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())


def _without_identity(person: FeedPerson) -> FeedPerson:
    return {**person, "name_masked": None, "token": None, "index_key_id": None, "erased": True}

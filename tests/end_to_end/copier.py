"""A department's copier, a program of its own so that it can be killed: ``python -m tests.end_to_end.copier``.

It keeps a `LocalCopy`, and beside it notes every change that it is told of, by pages, long polling and event streams
in turn. Arguments: a folder, and the addresses of the service; the key is in ``COPIER_KEY``.
"""

import contextlib
import itertools
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from types import ModuleType

import liancheng.client.copy
from liancheng.client import Client, LocalCopy, Retries, Undetermined
from liancheng.client.types import Change

QUICK = Retries(attempts=2, seconds=5, first=0.05, longest=0.2)


class Seen:
    """The cursors of all changes in the order in which they came, and where to go on, in one SQLite file."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it."""
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("CREATE TABLE IF NOT EXISTS seen (n INTEGER PRIMARY KEY, cursor TEXT NOT NULL, told TEXT)")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def position(self) -> str:
        """Where to go on."""
        row = self._db.execute("SELECT cursor FROM seen ORDER BY n DESC LIMIT 1").fetchone()
        return str(row[0]) if row else "0"

    def note(self, changes: Sequence[Change], way: str) -> None:
        """Note changes and how they came; all of them, or none if we are killed."""
        self._db.execute("BEGIN IMMEDIATE")
        rows = [(change["cursor"], way) for change in changes]
        self._db.executemany("INSERT INTO seen (cursor, told) VALUES (?, ?)", rows)
        self._db.execute("COMMIT")

    def cursors(self) -> list[tuple[str, str]]:
        """Return every cursor, and how it came."""
        return list(self._db.execute("SELECT cursor, told FROM seen ORDER BY n"))


def by_pages(client: Client, seen: Seen, draw: Random) -> None:
    """Ask for pages until there are no more."""
    more = True
    while more:
        page = client.changes(seen.position, limit=draw.randint(1, 5))
        seen.note(page["changes"], "pages")
        more = page["more"]


def by_long_polling(client: Client, seen: Seen, draw: Random) -> None:
    """Wait for something to happen, twice."""
    for _ in range(2):
        page = client.changes(seen.position, wait=1, limit=draw.randint(1, 5))
        seen.note(page["changes"], "long poll")


def by_events(client: Client, seen: Seen, draw: Random) -> None:
    """Follow the event stream for some changes."""
    with contextlib.closing(client.follow(seen.position)) as changes:
        for change in itertools.islice(changes, draw.randint(1, 8)):
            seen.note([change], "events")


WAYS: tuple[Callable[[Client, Seen, Random], None], ...] = (by_pages, by_long_polling, by_events)


def in_small_pages(module: ModuleType) -> None:
    """Let the copy take its pages and snapshots in small bites, so that it is killed between them too."""
    vars(module)["_PAGE"] = 3


def main() -> None:
    """Copy until killed."""
    folder, *urls = sys.argv[1:]
    draw = Random(os.getpid())  # noqa: S311 - nothing here has to be hard to guess
    in_small_pages(liancheng.client.copy)
    with (
        LocalCopy(Path(folder) / "list.sqlite") as copy,
        contextlib.closing(Seen(Path(folder) / "seen.sqlite")) as seen,
    ):
        while True:
            # A service that is away is no trouble of ours: the next round may find the other one.
            with contextlib.suppress(Undetermined), client_of(draw.choice(urls)) as client:
                copy.update(client)
                draw.choice(WAYS)(client, seen, draw)
                if draw.random() < 0.2:
                    copy.rebuild(client)


def client_of(url: str) -> Client:
    """Return a client that soon gives up."""
    return Client(url, os.environ["COPIER_KEY"], retries=QUICK, timeout=5)


if __name__ == "__main__":
    main()

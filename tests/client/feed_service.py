"""A feed, a snapshot and a chain over HTTP, as slow as one likes and put back when one likes: for the local copy."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from liancheng.client.feed import position
from liancheng.client.types import Change, FeedListing
from tests.client.shapes import change


@dataclass
class FeedService:
    """The list as versions of changes; a version is what one ``push`` made."""

    url: str = ""
    versions: list[list[Change]] = field(default_factory=list)
    salt: str = "a"
    """two lists of another salt have other chains"""
    page: int = 1000
    pause: float = 0.0
    """seconds before each page, and before each line of a snapshot"""
    asked: list[str] = field(default_factory=list)
    """paths with their queries"""

    def push(self, *listings: FeedListing, op: str = "list") -> None:
        """Make a version of these listings as they are from now on."""
        version = len(self.versions) + 1
        self.versions.append([change(f"{version}.{n}", one, op) for n, one in enumerate(listings, start=1)])

    def put_back(self, version: int, salt: str = "b") -> None:
        """Put the list back to a version, as from a backup; what is pushed now makes another list."""
        del self.versions[version:]
        self.salt = salt

    def state(self, cursor: str) -> dict[str, FeedListing]:
        """Return the listings as they are at a cursor."""
        changes = (one for version in self.versions for one in version if position(one["cursor"]) <= position(cursor))
        return {one["listing"]["listing_id"]: one["listing"] for one in changes}

    def head(self, version: int) -> str:
        """Return the chain's head; the salt counts for versions that it was pushed with."""
        return f"sm3:{version}{self.salt if version > self.shared else ''}"

    shared: int = 0
    """versions that every list has in common"""


class _Handler(BaseHTTPRequestHandler):
    service: ClassVar[FeedService]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        service, newest = self.service, len(self.service.versions)
        service.asked.append(self.path)
        match parts.path.split("/")[2:]:
            case ["listings", "snapshot"]:
                self._snapshot(int(query.get("at", newest)), query.get("after", ""))
            case ["changes"]:
                self._changes(query["after"], min(int(query.get("limit", service.page)), service.page))
            case ["chain", version] if int(version) <= newest:
                self._json(200, {"list_version": int(version), "head": service.head(int(version))})
            case _:
                self._json(404, {"status": 404, "code": "not_found"})

    def _changes(self, after: str, limit: int) -> None:
        newest = len(self.service.versions)
        if position(after)[0] > newest:
            self._json(409, {"status": 409, "code": "list_version_not_reached"})
            return
        time.sleep(self.service.pause)
        every = [one for version in self.service.versions for one in version]
        later = [one for one in every if position(one["cursor"]) > position(after)]
        more = len(later) > limit
        cursor = later[limit - 1]["cursor"] if more else str(newest)
        self._json(200, {"changes": later[:limit], "cursor": cursor, "list_version": newest, "more": more})

    def _snapshot(self, at: int, after: str) -> None:
        if at > len(self.service.versions):
            self._json(409, {"status": 409, "code": "list_version_not_reached"})
            return
        chosen = sorted((key, one) for key, one in self.service.state(str(at)).items() if key > after)
        self._head(200, "application/x-ndjson")
        self._line({"type": "snapshot", "list_version": at, "cursor": str(at), "head": self.service.head(at)})
        for _, listing in chosen:
            time.sleep(self.service.pause)
            self._line({"type": "listing", "listing": listing})
        self._line({"type": "end", "count": len(chosen)})

    def _line(self, value: Any) -> None:
        self.wfile.write(json.dumps(value, ensure_ascii=False).encode() + b"\n")

    def _json(self, status: int, value: Any) -> None:
        self._head(status, "application/problem+json" if status >= 400 else "application/json")
        self.wfile.write(json.dumps(value).encode())

    def _head(self, status: int, media_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""

    def handle(self) -> None:
        """Serve, though the client may be killed in the midst of it."""
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


@contextmanager
def feed_service() -> Iterator[FeedService]:
    """Serve an empty list on loopback."""
    service = FeedService()
    handler = type("_Bound", (_Handler,), {"service": service})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

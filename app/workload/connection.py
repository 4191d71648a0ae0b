"""One kept-alive HTTP/1.1 connection: bytes out, an answer in, as little as possible in between.

What a client costs is taken from the same machine's cores as what is measured. For answers of 25 KB this one takes 36
µs of processor time each, aiohttp 134, pyreqwest 60, httpx more than a millisecond: docs/decisions/0028.
"""

import asyncio
import json
from collections.abc import Callable
from typing import cast

import httptools

from app.workload.target import Target

_VERDICT_STANDS_WITHIN = 1024


class Answer:
    """A whole answer. ``body`` is kept in the parts in which it came."""

    __slots__ = ("body", "status")

    def __init__(self, status: int, body: list[bytes]) -> None:
        """Keep what came."""
        self.status = status
        self.body = body

    def verdicts(self, target: Target, codes: int) -> tuple[int, int]:
        """Count how often it says "listed" and "not listed"; of one code, the first that it says."""
        body = self.body[0] if len(self.body) == 1 else b"".join(self.body)
        listed, not_listed = target.verdicts
        if codes == 1:
            start = body[:_VERDICT_STANDS_WITHIN]
            if listed in start:
                return 1, 0
            if not_listed in start:
                return 0, 1
        return body.count(listed), body.count(not_listed)

    def refusal(self) -> str:
        """Return the status with the problem's stable code, where it has one: `503 overloaded`."""
        try:
            code = json.loads(b"".join(self.body)).get("code")
        except (ValueError, AttributeError):
            code = None
        return f"http_{self.status}" + (f" {code}" if isinstance(code, str) else "")


class Connection(asyncio.Protocol):
    """A connection with at most one request under way; it says when that has ended, and when it is gone itself."""

    def __init__(self, answered: Callable[["Connection", Answer], None], lost: Callable[["Connection"], None]) -> None:
        """Tell ``answered`` of each whole answer, and ``lost`` once when the connection is gone."""
        self._answered = answered
        self._lost = lost
        self._parts: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self.used = False
        self.received = False
        self.lasting = True

    async def open(self, target: Target) -> None:
        """Connect, or raise ``OSError``."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(
            lambda: self,
            target.address,
            target.port,
            ssl=target.tls,
            server_hostname=target.name if target.tls else None,
        )

    def ask(self, raw: bytes) -> None:
        """Send a request; the one before must have been answered."""
        self.received = False
        self._parts = []
        if self._transport is not None:
            self._transport.write(raw)

    def abort(self) -> None:
        """Drop the connection with whatever is under way; ``lost`` is told."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        """Read what came; bytes that are no HTTP end the connection."""
        self.received = True
        try:
            if self._parser is not None:
                self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        """Tell that it is gone."""
        self._transport = None
        self._lost(self)

    def on_body(self, part: bytes) -> None:
        """Take a part of the body."""
        self._parts.append(part)

    def on_message_complete(self) -> None:
        """Tell of the answer."""
        if self._parser is None:
            return
        answer = Answer(self._parser.get_status_code(), self._parts)
        self.used = True
        self.lasting = self._parser.should_keep_alive()
        self._answered(self, answer)
        if not self.lasting:
            self.abort()

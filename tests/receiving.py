"""A receiver of webhooks on loopback: it keeps what it is sent, and answers as a test wants it to."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

JSON = dict[str, Any]
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Received:
    """One request: its target, its headers in lower case, and its body."""

    target: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> JSON:
        """Return the body read."""
        read: JSON = json.loads(self.body)
        return read


Answering = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Receiver:
    """A running receiver; ``answer`` may be exchanged at any time."""

    port: int
    answer: Answering
    received: list[Received] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self.port}/hook"

    async def after(self, count: int, seconds: float = 20.0) -> list[Received]:
        """Wait until so many requests have come; return all."""
        async with asyncio.timeout(seconds):
            while len(self.received) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return self.received


def answering(status: str, *headers: str, body: bytes = b"") -> Answering:
    """Answer every request with this status line, these headers and this body."""

    async def answer(_: Received, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()

    return answer


ACKNOWLEDGED = answering("204 No Content")


async def silent(_: Received, writer: asyncio.StreamWriter) -> None:
    """Never answer; it is over when the sender goes away."""
    with suppress(ConnectionError):
        while not writer.is_closing():
            await asyncio.sleep(0.01)
            await writer.drain()


@asynccontextmanager
async def receiving(answer: Answering = ACKNOWLEDGED, context: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Receive on a free port of loopback for the time of the block."""
    receiver = Receiver(0, answer)
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await _handle(receiver, reader, writer)
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, LOOPBACK, 0, ssl=context)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)


async def _handle(receiver: Receiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    request = Received(head[0].split(" ")[1], headers, body)
    receiver.received.append(request)
    receiver.arrived.set()
    await receiver.answer(request, writer)

"""Losing the database at a chosen moment: a backend that is ended where it stands, a commit whose answer is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import text

from tests.support import Api

_LOCK = 78
_PIECE = 64 * 1024


@asynccontextmanager
async def held_at(api: Api, table: str, *, commit: bool = False) -> AsyncIterator[None]:
    """Let whoever adds to a table stand still during the block: at the first row, or once all is done, at COMMIT."""
    await api.run(
        f"""
        CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock_shared({_LOCK}); RETURN NEW; END $$
        """
    )
    kind = ("CONSTRAINT TRIGGER", "AFTER", "DEFERRABLE INITIALLY DEFERRED") if commit else ("TRIGGER", "BEFORE", "")
    await api.run(f"CREATE {kind[0]} hold {kind[1]} INSERT ON {table} {kind[2]} FOR EACH ROW EXECUTE FUNCTION hold()")
    async with api.owner.writing() as session:
        await session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        yield


async def end_whoever_stands_still(api: Api) -> str:
    """End the backend that is being held, as an operator or a failover would; return the statement it was in."""
    query = """
        SELECT pid, query FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'
    """
    async with asyncio.timeout(20):
        while not (held := await api.rows(query)):  # noqa: ASYNC110 - the server calls nobody
            await asyncio.sleep(0.02)
    await api.rows("SELECT pg_terminate_backend(:pid)", pid=held[0]["pid"])
    return str(held[0]["query"])


class Cut:
    """A way to the database that breaks once a COMMIT, sent while it is armed, has been answered by the server.

    With ``stalling``, nothing that begins with a COPY arrives any more, and nobody is told.
    """

    def __init__(self, url: str) -> None:
        """Lead to the server of this URL."""
        self._parts = urlsplit(url)
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.armed = self.stalling = False
        self.cuts = 0

    @asynccontextmanager
    async def way(self) -> AsyncIterator[str]:
        """Yield the URL that leads through it."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        user = f"{self._parts.username}@" if self._parts.username else ""
        try:
            yield f"postgresql://{user}127.0.0.1:{port}{self._parts.path}?sslmode=disable"
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for writer in self._writers:
                writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        folder = parse_qs(self._parts.query).get("host")
        if folder:
            server_reader, server_writer = await asyncio.open_unix_connection(f"{folder[0]}/.s.PGSQL.5432")
        else:
            host, port = self._parts.hostname or "127.0.0.1", self._parts.port or 5432
            server_reader, server_writer = await asyncio.open_connection(host, port)
        self._writers += (writer, server_writer)
        sent = asyncio.Event()
        for task in (self._asking(reader, server_writer, sent), self._answering(server_reader, writer, sent)):
            self._tasks.add(asyncio.create_task(task))

    async def _asking(self, client: asyncio.StreamReader, server: asyncio.StreamWriter, sent: asyncio.Event) -> None:
        while piece := await client.read(_PIECE):
            if self.armed and b"COMMIT;" in piece:
                sent.set()
            if self.stalling and b"COPY" in piece:
                await asyncio.Event().wait()
            server.write(piece)
        server.close()

    async def _answering(self, server: asyncio.StreamReader, client: asyncio.StreamWriter, sent: asyncio.Event) -> None:
        while piece := await server.read(_PIECE):
            if sent.is_set():
                self.armed = False
                self.cuts += 1
                break
            client.write(piece)
        client.transport.abort()

"""The way to PostgreSQL: one engine per process, and sessions whose type says what their holder may do.

A session is one transaction. ``ReadSession`` and ``WriteSession`` are the same object to SQLAlchemy and different
types to the checker, and the database itself refuses a write in the former.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from types import MappingProxyType
from typing import NewType

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncTransaction, create_async_engine

from app.errors import ConnectionsBusy, DatabaseUnavailable, Misconfigured

SERVICE_ROLE = "liancheng_service"

ReadSession = NewType("ReadSession", AsyncConnection)
WriteSession = NewType("WriteSession", AsyncConnection)
Session = ReadSession | WriteSession

# Classes of SQLSTATE that say "not now" rather than "you are wrong": connection, resources, operator intervention.
_UNIQUE_VIOLATION = "23505"
_INSUFFICIENT_PRIVILEGE = "42501"
_OUTAGES = ("08", "53", "57")
# A server that tells of a commit before it is on disk could lose a push that was acknowledged, and the record of an
# answer that somebody acts on. Whatever asks for more than that is left as it is.
_ON_DISK = """
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
"""
# A server that was the primary and is a standby now.
_READ_ONLY = "25006"


# Among a connection's options: after how many seconds the client gives a statement up, where the server does not.
_PATIENCE = "liancheng_patience"


def patience(session: Session) -> float:
    """Return after how many seconds a statement of this session is given up, whatever has become of the server."""
    seconds: float = session.engine.get_execution_options()[_PATIENCE]
    return seconds


class Database:
    """One process's connections, all of them in the restricted role of the running service."""

    def __init__(
        self, url: str, *, pool_size: int, timeout: float, wait: float | None = None, role: str | None = SERVICE_ROLE
    ) -> None:
        """Prepare connections to ``url`` (libpq form); nothing is opened yet.

        ``timeout`` is in seconds and bounds each statement, each connect and, where ``wait`` says nothing else, each
        wait for a free connection. ``role``
        is taken on by every connection, so that even an owner's URL cannot rewrite history by accident; ``None`` is
        for the maintenance commands that need the owner.
        """
        self._url = url
        self._role = role
        self.timeout = timeout
        # hide_parameters: the values of a failing statement never reach an error message.
        self.engine: AsyncEngine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self.connect,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=wait or timeout,
            hide_parameters=True,
            execution_options={_PATIENCE: timeout + 1},
        )

    async def connect(self, further: Mapping[str, str] = MappingProxyType({})) -> "asyncpg.Connection[asyncpg.Record]":
        """Open one connection in the role of all of them, with ``further`` settings of the server for it."""
        # Where somebody has switched row security on, a statement that would be shown some of the rows only is an
        # error: what it was not shown would be "not listed".
        settings = {"application_name": "liancheng", "timezone": "UTC", "jit": "off", "row_security": "off", **further}
        if self._role is not None:
            settings["role"] = self._role
        settings["statement_timeout"] = str(int(self.timeout * 1000))
        try:
            connection = await asyncpg.connect(
                # The server's own timeout is of no use when it is frozen or cut off: the client gives up as well.
                self._url,
                timeout=self.timeout,
                command_timeout=self.timeout + 1,
                server_settings=settings,
            )
            await _prepared(connection)
        except (ValueError, asyncpg.InterfaceError):
            # Its words quote what could not be read, which is a part of the password if that has a sign like / in it.
            raise Misconfigured(
                "数据库地址（LIANCHENG_DATABASE_URL）的写法不正确。密码中的 /、#、@ 等符号须写作 %2F、%23、%40。"
            ) from None
        except (OSError, asyncpg.PostgresError) as error:
            # Whatever keeps us from connecting (no server, no such database, a wrong password), nothing was decided.
            raise _unavailable() from error
        return connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[ReadSession]:
        """One read-only transaction that sees one state of the database throughout."""
        async with told_as_ours(), self.engine.begin() as connection:
            await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            yield ReadSession(connection)

    @asynccontextmanager
    async def single_statement(self) -> AsyncIterator[ReadSession]:
        """One statement that only reads and needs no transaction around it: a single round trip."""
        async with told_as_ours(), self.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            yield ReadSession(connection)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[WriteSession]:
        """One transaction, committed when the block ends and rolled back when it raises."""
        async with told_as_ours(), self.engine.begin() as connection:
            yield WriteSession(connection)

    @asynccontextmanager
    async def apart(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """One connection of the driver's own kind, beside the pool: for a library that brings its own statements."""
        connection = await self.connect()
        try:
            yield connection
        finally:
            # In order if it answers; a server that has gone must not hold us up.
            await connection.close(timeout=self.timeout)

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


async def _prepared(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    try:
        await connection.execute(_ON_DISK)
    except BaseException:
        connection.terminate()
        raise


class Tentative:
    """A part of a transaction that may be taken back while the rest of it stays."""

    def __init__(self, savepoint: AsyncTransaction) -> None:
        """Start with this savepoint."""
        self._savepoint = savepoint

    async def take_back(self) -> None:
        """Undo everything since the part began."""
        await self._savepoint.rollback()


@asynccontextmanager
async def tentatively(session: WriteSession) -> AsyncIterator[Tentative]:
    """Begin a part of the session's transaction; it is kept unless it is taken back or the block raises."""
    async with session.begin_nested() as savepoint:
        yield Tentative(savepoint)


class Collision(Exception):
    """A row is there already under the same key. The transaction is lost."""


@asynccontextmanager
async def collisions_told() -> AsyncIterator[None]:
    """Turn a violated unique constraint into :class:`Collision`; the server's words, which hold values, stay behind."""
    try:
        yield
    except asyncpg.UniqueViolationError:
        raise Collision from None
    except IntegrityError as error:
        if sqlstate(error) == _UNIQUE_VIOLATION:
            raise Collision from None
        raise


@asynccontextmanager
async def told_as_ours() -> AsyncIterator[None]:
    """Turn "the database is not there" into :class:`DatabaseUnavailable`; let every other error pass."""
    try:
        yield
    except PoolTimeout as error:
        raise ConnectionsBusy(_UNAVAILABLE) from error
    except OSError as error:
        raise _unavailable() from error
    except DBAPIError as error:
        if error.connection_invalidated or (sqlstate(error) or "").startswith(_OUTAGES):
            raise _unavailable() from error
        raise


@contextmanager
def rights_told(told: str) -> Iterator[None]:
    """Turn "permission denied" into :class:`Misconfigured` that says ``told``."""
    try:
        yield
    except DBAPIError as error:
        if sqlstate(error) != _INSUFFICIENT_PRIVILEGE:
            raise
        raise Misconfigured(told) from error


@asynccontextmanager
async def driver_told_as_ours() -> AsyncIterator[None]:
    """As :func:`told_as_ours`, where the driver is used directly."""
    try:
        yield
    except (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        # The driver's own words for a connection that it has lost or given up.
        raise _unavailable() from error
    except asyncpg.PostgresError as error:
        state = error.sqlstate or ""
        if state.startswith(_OUTAGES) or state == _READ_ONLY:
            raise _unavailable() from error
        raise


def sqlstate(error: DBAPIError) -> str | None:
    """Return the SQLSTATE behind a database error, if it came from the server."""
    state = getattr(error.orig, "sqlstate", None)
    return state if isinstance(state, str) else None


_UNAVAILABLE = "数据库暂时无法访问，本次未作出任何结论，请按“未确定”处理并稍后重试。"


def _unavailable() -> DatabaseUnavailable:
    return DatabaseUnavailable(_UNAVAILABLE)

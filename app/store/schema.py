"""The schema's version: bringing it up, and refusing to serve with one that does not fit this code."""

from datetime import datetime
from functools import lru_cache

from sqlalchemy import text
from sqlalchemy.sql.schema import SchemaItem

from app.errors import Misconfigured
from app.settings import PROJECT_ROOT
from app.store.database import Database, ReadSession, Session, WriteSession, told_as_ours

AUDIT_MONTHS_AHEAD = 24
HISTORY = (
    "pushes",
    "listing_revisions",
    "catalogues",
    "scenes",
    "audit",
    "enforcement_reports",
    "alert_acknowledgements",
    "readings_of_audit",
)


def is_ours(item: SchemaItem, name: str | None, kind: str, reflected: bool, compare_to: SchemaItem | None) -> bool:  # noqa: ARG001, FBT001 - Alembic's signature
    """Whether the drift test looks at this object.

    The audit's monthly partitions come and go by themselves; the queue's tables are its library's, which has a test of
    its own.
    """
    return not (kind == "table" and (name or "").startswith(("audit_", "pgqueuer")))


async def migrate(database: Database) -> None:
    """Bring the schema up to this code's version and make the audit's partitions; ``database`` is the owner's."""
    async with told_as_ours(), database.engine.connect() as connection:
        if await _current(WriteSession(connection)) != expected_version():
            from app.store import migration  # noqa: PLC0415 - to import it takes as long as all else of a start

            await connection.run_sync(migration.upgrade)
            await connection.commit()
        await ensure_audit_partitions(WriteSession(connection))
        await connection.commit()


async def check(database: Database) -> None:
    """Raise :class:`Misconfigured` if the schema is not the one this code was written for."""
    async with told_as_ours(), database.engine.connect() as connection:
        await require_version(ReadSession(connection))


async def require_version(session: Session) -> None:
    """Raise :class:`Misconfigured`, saying which schema is there and which is needed."""
    found = await _current(session)
    needed = expected_version()
    if found != needed:
        raise Misconfigured(
            f"数据库结构版本为 {found or '空'}，本程序需要 {needed}。请先以数据库属主身份运行 liancheng migrate。"
        )


@lru_cache
def expected_version() -> str:
    """Return the newest migration that this code brings: they are named by their day, and each names its file."""
    names = [path.stem for path in (PROJECT_ROOT / "migrations" / "versions").glob("*.py")]
    if not names:
        raise Misconfigured(f"找不到数据库迁移脚本（{PROJECT_ROOT / 'migrations'}）。")
    return max(names)


async def ensure_audit_partitions(session: Session) -> None:
    """Make the audit's partitions of this month and the two years after it, where they are missing.

    The function runs with its owner's rights, so that the service may call it at each start. Were it not called for
    longer than that, records would go to the default partition: slower to search, and none lost.
    """
    await session.execute(text("SELECT ensure_audit_partitions(:months)"), {"months": AUDIT_MONTHS_AHEAD})


async def rewritable_history(session: Session) -> list[str]:
    """Return the tables of history that this session's role could alter or empty; there should be none."""
    query = text("""
        SELECT name FROM unnest(CAST(:names AS text[])) AS name
        WHERE has_table_privilege(name, 'UPDATE, DELETE, TRUNCATE')
    """)
    return list((await session.execute(query, {"names": list(HISTORY)})).scalars())


async def hidden_tables(session: Session) -> list[str]:
    """Return our tables on which row security is switched on, so that the service would be shown some rows only."""
    query = text("""
        SELECT relname FROM pg_class
        WHERE relrowsecurity AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'listings'::regclass)
        ORDER BY relname
    """)
    return list((await session.execute(query)).scalars())


async def _current(session: Session) -> str | None:
    """Return the version that the database says it is of, if it says one."""
    if (await session.execute(text("SELECT to_regclass('alembic_version')"))).scalar_one() is None:
        return None
    found: str | None = (await session.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    return found


async def clock_ahead(session: Session, now: datetime) -> float:
    """Return by how many seconds a clock that says ``now`` is ahead of the database's; negative if it is behind."""
    ahead: float = (
        await session.execute(text("SELECT extract(epoch FROM :now - clock_timestamp())::float"), {"now": now})
    ).scalar_one()
    return ahead


async def room_for_connections(session: Session) -> int:
    """Return how many connections the server has for ordinary clients."""
    reserved = "current_setting('superuser_reserved_connections')::int"
    query = text(f"SELECT current_setting('max_connections')::int - {reserved}")
    room: int = (await session.execute(query)).scalar_one()
    return room

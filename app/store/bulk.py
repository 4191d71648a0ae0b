"""Adding many rows at once, by COPY within the session's transaction: a tenth of the time of as many inserts."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Table

from app.store.database import WriteSession, collisions_told


async def copy_in(session: WriteSession, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Add rows to a table; raise :class:`Collision` where a constraint stands against one.

    Values are as asyncpg takes them: JSON as text, a multirange as a list of ``asyncpg.Range``.
    """
    connection = await session.get_raw_connection()
    driver: Any = connection.driver_connection
    async with collisions_told():
        await driver.copy_records_to_table(table.name, columns=columns, records=rows)

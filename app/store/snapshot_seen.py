"""Which listings a snapshot holds, noted in the transaction's own temporary table while the file goes by."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import text

from app.store.bulk import fetch
from app.store.database import WriteSession


async def begin(session: WriteSession) -> None:
    """Make the table; it is gone when the transaction ends."""
    await session.execute(
        text(
            "CREATE TEMPORARY TABLE snapshot_seen (uscc text, decision_no text, row_no integer NOT NULL, "
            "PRIMARY KEY (uscc, decision_no)) ON COMMIT DROP"
        )
    )


_GIVEN = "unnest($1::text[], $2::text[], $3::integer[])"
_NOTE = f"""
    WITH added AS (INSERT INTO snapshot_seen SELECT * FROM {_GIVEN} ON CONFLICT DO NOTHING RETURNING 1)
    SELECT count(*) FROM added
"""  # noqa: S608 - our own words
_REPEATED = f"""
    SELECT given.row_no, seen.row_no AS earlier FROM {_GIVEN} AS given (uscc, decision_no, row_no)
    JOIN snapshot_seen AS seen USING (uscc, decision_no) WHERE given.row_no <> seen.row_no
"""  # noqa: S608 - our own words


async def note(session: WriteSession, keys: Sequence[tuple[str, str, int]]) -> dict[int, int]:
    """Note listings by (USCC, decision number, row); return the rows that repeat another one, with that other row."""
    columns = [list(column) for column in zip(*keys, strict=True)] or [[], [], []]
    ((added,),) = await fetch(session, _NOTE, *columns)
    if added == len(keys):
        return {}
    return {row["row_no"]: row["earlier"] for row in await fetch(session, _REPEATED, *columns)}


_MISSING = """
    FROM listings AS l
    WHERE l.removed_on IS NULL AND l.valid_until >= :today AND NOT EXISTS (
        SELECT FROM snapshot_seen AS s WHERE s.uscc = l.uscc AND s.decision_no = l.decision_no
    )
"""


async def missing(session: WriteSession, today: date) -> tuple[int, int]:
    """Return how many listings in force the snapshot lacks, and of how many that were so before it."""
    # Without statistics on a table that was just made, the planner would compare each with each.
    await session.execute(text("ANALYZE snapshot_seen"))
    lacking: int = (await session.execute(text(f"SELECT count(*) {_MISSING}"), {"today": today})).scalar_one()
    kept = text("""
        SELECT count(*) FROM listings JOIN snapshot_seen USING (uscc, decision_no)
        WHERE removed_on IS NULL AND valid_until >= :today AND revision > 1
            OR removed_on IS NULL AND valid_until >= :today AND list_version < :version
    """)
    version = await _version(session)
    stayed: int = (await session.execute(kept, {"today": today, "version": version})).scalar_one()
    return lacking, lacking + stayed


async def _version(session: WriteSession) -> int:
    """Return the version that is being made: the list's own is moved when the push ends."""
    version: int = (await session.execute(text("SELECT list_version + 1 FROM list_state"))).scalar_one()
    return version


async def missing_page(session: WriteSession, today: date, past: UUID | None, limit: int) -> list[UUID]:
    """Return the next listings in force that the snapshot lacks, by id."""
    query = text(f"""
        SELECT l.listing_id {_MISSING} AND (CAST(:past AS uuid) IS NULL OR l.listing_id > :past)
        ORDER BY l.listing_id LIMIT :limit
    """)
    return list((await session.execute(query, {"today": today, "past": past, "limit": limit})).scalars())

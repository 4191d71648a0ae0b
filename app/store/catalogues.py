"""Every catalogue that was ever served, under the digest of its bytes."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.store.database import Session, WriteSession
from app.store.tables import catalogues


async def keep(session: WriteSession, catalogue_version: str, source: bytes) -> None:
    """Keep a catalogue's source; nothing happens if it is kept already."""
    values = {"catalogue_version": catalogue_version, "source": source}
    await session.execute(insert(catalogues).values(values).on_conflict_do_nothing())


async def kept(session: Session, catalogue_version: str) -> bytes | None:
    """Return the source of a catalogue that was served once."""
    query = select(catalogues.c.source).where(catalogues.c.catalogue_version == catalogue_version)
    return (await session.execute(query)).scalar_one_or_none()

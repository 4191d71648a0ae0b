"""Every catalogue and every set of scenes that was ever served, under the digest of its bytes."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.store.database import Session, WriteSession
from app.store.tables import catalogues, scenes


async def keep(session: WriteSession, catalogue_version: str, source: bytes) -> None:
    """Keep a catalogue's source; nothing happens if it is kept already."""
    values = {"catalogue_version": catalogue_version, "source": source}
    await session.execute(insert(catalogues).values(values).on_conflict_do_nothing())


async def kept(session: Session, catalogue_version: str) -> bytes | None:
    """Return the source of a catalogue that was served once."""
    query = select(catalogues.c.source).where(catalogues.c.catalogue_version == catalogue_version)
    return (await session.execute(query)).scalar_one_or_none()


async def keep_scenes(session: WriteSession, scenes_version: str, source: bytes) -> None:
    """Keep the source of scenes; nothing happens if it is kept already."""
    values = {"scenes_version": scenes_version, "source": source}
    await session.execute(insert(scenes).values(values).on_conflict_do_nothing())


async def kept_scenes(session: Session, scenes_version: str) -> bytes | None:
    """Return the source of scenes that were served once."""
    query = select(scenes.c.source).where(scenes.c.scenes_version == scenes_version)
    return (await session.execute(query)).scalar_one_or_none()

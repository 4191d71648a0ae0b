"""Every catalogue and every set of scenes that was ever served, under the digest of its bytes."""

from sqlalchemy import Column, Table, func, literal, select
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


async def rewritten(session: Session) -> str | None:
    """Return the version of a catalogue whose source is not the one of that version, if there is one."""
    return await _rewritten(session, catalogues, catalogues.c.catalogue_version)


async def rewritten_scenes(session: Session) -> str | None:
    """Return the version of scenes whose source is not the one of that version, if there are such."""
    return await _rewritten(session, scenes, scenes.c.scenes_version)


async def _rewritten(session: Session, table: Table, version: Column[str]) -> str | None:
    digest = literal("sha256:") + func.encode(func.sha256(table.c.source), "hex")
    return (await session.execute(select(version).where(version != digest).limit(1))).scalar_one_or_none()

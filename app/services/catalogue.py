"""Reading the memo from its file, and keeping each one that is served, so that an old answer can be made again."""

from functools import lru_cache
from pathlib import Path

from app.domain.catalogue import Catalogue
from app.domain.catalogue_file import parse_catalogue
from app.errors import Misconfigured
from app.services.data_file import source_of
from app.store import catalogues
from app.store.database import Session, WriteSession

# A catalogue is made from its bytes alone and never changes; reading one takes a good part of a second, and every old
# answer that is made again asks for the one it was given with.
parsed = lru_cache(maxsize=8)(parse_catalogue)


def load(file: Path) -> Catalogue:
    """Read and check a catalogue file; raise :class:`CatalogueError` with every problem and its line."""
    return parsed(source_of(file, "措施目录"))


async def keep_served(session: WriteSession, catalogue: Catalogue) -> None:
    """Keep the catalogue that this process serves under its digest."""
    await catalogues.keep(session, catalogue.version, catalogue.source)


async def served(session: Session, version: str) -> Catalogue:
    """Return a catalogue as it once was served; raise :class:`Misconfigured` if it is not kept as it was."""
    source = await catalogues.kept(session, version)
    if source is None:
        raise Misconfigured(f"数据库中没有版本为 {version} 的措施目录。")
    found = parsed(source)
    if found.version != version:
        raise Misconfigured(f"数据库中版本为 {version} 的措施目录已被改写，不能据以重现当时的答复。")
    return found

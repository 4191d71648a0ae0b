"""Reading the scenes from their file, keeping each set that is served, and choosing the one a lookup is asked in."""

from functools import lru_cache
from pathlib import Path

from app.domain.catalogue import Catalogue
from app.domain.scenes import ChosenScene, Scenes
from app.domain.scenes_file import parse_scenes
from app.errors import FieldError, InvalidField, Misconfigured
from app.services.catalogue import parsed
from app.services.data_file import source_of
from app.store import catalogues
from app.store.database import Session, WriteSession


@lru_cache(maxsize=8)
def _parsed(source: bytes, catalogue_source: bytes) -> Scenes:
    """Read scenes: once, for the bytes of the two files are all that they are made from."""
    return parse_scenes(source, parsed(catalogue_source))


def load(file: Path, catalogue: Catalogue) -> Scenes:
    """Read a file of scenes of this catalogue; raise :class:`ScenesError` with every problem and its line."""
    return _parsed(source_of(file, "场景"), catalogue.source)


async def keep_served(session: WriteSession, scenes: Scenes) -> None:
    """Keep the scenes that this process serves under their digest."""
    await catalogues.keep_scenes(session, scenes.version, scenes.source)


def chosen(scenes: Scenes, code: str | None) -> ChosenScene | None:
    """Return the scene that a caller names, if they name one; raise :class:`InvalidField` if there is none such."""
    if code is None:
        return None
    found = scenes.named(code)
    if found is None:
        told = "没有这个场景，请核对代码。全部场景见 GET /v1/scenes，不需要密钥。"
        raise InvalidField(FieldError("scene", "unknown_scene", told))
    return found


async def as_served(session: Session, version: str, code: str, catalogue: Catalogue) -> ChosenScene:
    """Return a scene as it once was served, with the catalogue that it was served with.

    Raises :class:`Misconfigured` if it is not kept as it was.
    """
    source = await catalogues.kept_scenes(session, version)
    scenes = _parsed(source, catalogue.source) if source is not None else None
    if scenes is not None and scenes.version != version:
        raise Misconfigured(f"数据库中版本为 {version} 的场景已被改写，不能据以重现当时的答复。")
    found = scenes.named(code) if scenes is not None else None
    if found is None:
        raise Misconfigured(f"数据库中没有版本为 {version} 的场景 {code}。")
    return found

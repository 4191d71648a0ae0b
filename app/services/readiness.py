"""What has to be in order before a process may answer, each checked by itself."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.domain.catalogue import Catalogue
from app.domain.moment import Moment
from app.domain.scenes import Scenes
from app.errors import LianchengError
from app.store import catalogues, schema
from app.store.database import Database, ReadSession

_MOST_APART = 30.0
"""Seconds between the clocks of process and database, what it takes to ask included."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be in order; ``detail`` says in Chinese what is wrong and what to do."""

    name: str
    ok: bool
    detail: str | None


async def checks(database: Database, catalogue: Catalogue, scenes: Scenes, clock: Callable[[], Moment]) -> list[Check]:
    """Check the database, its schema, that history cannot be rewritten, that catalogue and scenes are kept, the clock.

    ``clock`` is the process's: what day it is, and with it every verdict, is told by it.
    """

    async def kept(session: ReadSession) -> str | None:
        found = await catalogues.kept(session, catalogue.version)
        return None if found else "数据库中没有正在使用的措施目录，请重新启动服务。"

    async def kept_scenes(session: ReadSession) -> str | None:
        found = await catalogues.kept_scenes(session, scenes.version)
        return None if found else "数据库中没有正在使用的场景，请重新启动服务。"

    async def rights(session: ReadSession) -> str | None:
        if hidden := await schema.hidden_tables(session):
            return f"这些表启用了行级安全：{'、'.join(hidden)}。服务看不到全部内容，不作答；请由数据库属主将其关闭。"
        rewritable = await schema.rewritable_history(session)
        return f"服务所用的数据库角色可以改写历史（{'、'.join(rewritable)}），请重新运行迁移。" if rewritable else None

    async def version(session: ReadSession) -> str | None:
        await schema.require_version(session)
        return None

    async def right_clock(session: ReadSession) -> str | None:
        ahead = await schema.clock_ahead(session, clock().now)
        told = f"本机时钟与数据库相差 {abs(ahead):.0f} 秒，“今天”可能不对：请校准两者的时钟（NTP）。"
        return told if abs(ahead) > _MOST_APART else None

    async def reachable(_: ReadSession) -> str | None:
        return None

    todo = {
        "database": reachable,
        "schema": version,
        "rights": rights,
        "catalogue": kept,
        "scenes": kept_scenes,
        "clock": right_clock,
    }
    return [await _checked(name, database, check) for name, check in todo.items()]


async def _checked(name: str, database: Database, check: Callable[[ReadSession], Awaitable[str | None]]) -> Check:
    try:
        async with database.reading() as session:
            detail = await check(session)
    except LianchengError as error:
        detail = error.detail
    except Exception as error:  # noqa: BLE001 - readiness never fails itself; the kind of error is told, not its words
        detail = f"检查失败（{type(error).__name__}）。"
    return Check(name, detail is None, detail)

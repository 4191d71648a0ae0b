"""Proving that history was not rewritten: the chain recomputed, and everything that follows from it.

The chain says what every revision was; the listings have to be what the last revision of each says, and every person
who is recorded has to be the one that the history is bound to. So have the texts that answers were made from to be
those of their versions. What is found first is named; nothing is repaired.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.domain import chain
from app.domain.identity import IdentityVault
from app.errors import LianchengError
from app.store import catalogues, listings, persons, pushes, revisions
from app.store.database import ReadSession
from app.store.persons import StoredPerson
from app.store.pushes import StoredPush
from app.store.revisions import Revision
from app.store.states import state_of

_PAGE = 1000
_ABSENT: tuple[Any, ...] = (None, [], False)

Progress = Callable[[str, int], None]
"""Is told what is being verified, and how much of it has been."""


class HistoryRewritten(LianchengError):
    """Something does not fit the chain; the detail names the first place that does not."""

    code = "history_rewritten"
    title = "The history does not fit its chain"


@dataclass(frozen=True, slots=True)
class Verified:
    """What was verified; ``unbound`` persons were recorded before there were commitments."""

    list_version: int
    head: bytes
    changes: int
    listings: int
    persons: int
    unbound: int
    erased: int


async def verify(
    session: ReadSession, vault: IdentityVault, noted: Mapping[int, bytes], progress: Progress
) -> Verified:
    """Verify everything, as the database's owner; raise :class:`HistoryRewritten` at the first thing that is wrong.

    ``noted`` holds heads that somebody noted earlier, by version: they must still be what the chain led to.
    """
    version, head, changes = await _chain(session, noted, progress)
    count = await _listings(session, version, progress)
    bound, unbound, erased = await _persons(session, vault, progress)
    await _served(session)
    return Verified(version, head, changes, count, bound + unbound + erased, unbound, erased)


async def _chain(session: ReadSession, noted: Mapping[int, bytes], progress: Progress) -> tuple[int, bytes, int]:
    head, version, total = chain.GENESIS, 0, 0
    changes = _changes(session)
    change = await anext(changes, None)
    async for push in _pushes(session):
        if push.list_version != version + 1:
            raise _wrong(f"第 {version + 1} 版", "缺少该版的推送记录")
        version = push.list_version
        number = 0
        while change is not None and change.list_version == version:
            number += 1
            head = _linked(head, change, push, number)
            change = await anext(changes, None)
        total += number
        if number != sum(count for kind, count in push.counts.items() if kind != "unchanged"):
            raise _wrong(f"第 {version} 版", "变更的项数与推送记录不符")
        head = chain.link(head, push.record())
        if head != push.head:
            raise _wrong(f"第 {version} 版的推送记录（{push.push_id}）", "与哈希链不符")
        if noted.get(version, head) != head:
            raise _wrong(f"第 {version} 版", "链首与所记录的不同：该版或更早的历史被改写过")
        progress("变更", total)
    if change is not None:
        raise _wrong(f"第 {change.list_version} 版", "有变更而没有推送记录")
    if await pushes.current_version(session) != version:
        raise _wrong("名单版本号（list_state）", f"与最后一次推送（第 {version} 版）不符")
    missing = [one for one in noted if one > version]
    if missing:
        raise _wrong(f"第 {min(missing)} 版", f"曾有人记录其链首，而名单现在只到第 {version} 版：末尾的历史被删除")
    return version, head, total


def _linked(head: bytes, change: Revision, push: StoredPush, number: int) -> bytes:
    where = f"第 {change.list_version} 版第 {number} 项变更（listing_id {change.listing_id}，修订 {change.revision}）"
    if change.change_no != number:
        raise _wrong(f"第 {change.list_version} 版第 {number} 项变更", "缺失")
    if change.push_id != push.push_id:
        raise _wrong(where, "不属于该版的推送")
    if change.state["listing_id"] != str(change.listing_id):
        raise _wrong(where, "内容属于另一条记录")
    linked = chain.link(head, change.record())
    if linked != change.link:
        raise _wrong(where, "与哈希链不符")
    return linked


async def _listings(session: ReadSession, version: int, progress: Progress) -> int:
    """Hold every listing, and its persons, against the last revision of it."""
    broken = await revisions.broken_sequence(session)
    if broken is not None:
        raise _wrong(f"列入记录 {broken}", "修订号不连续")
    past: UUID | None = None
    total = 0
    while page := await revisions.page_at_version(session, version, past, _PAGE):
        current = await listings.named(session, [one.listing_id for one in page])
        for last in page:
            entry = current.get(last.listing_id)
            if entry is None:
                raise _wrong(f"列入记录 {last.listing_id}", "现行名单中没有，而历史中有")
            stands = (entry.listing.revision, entry.listing.list_version)
            field = _difference(state_of(entry), last.state)
            if field is None and stands != (last.revision, last.list_version):
                field = "revision"
            if field is not None:
                raise _wrong(f"列入记录 {last.listing_id} 的现行内容（{field}）", "与其最后一次修订不符")
        past = page[-1].listing_id
        total += len(page)
        progress("列入记录", total)
    if await listings.count(session) != total:
        raise _wrong("现行名单", "有历史中没有的列入记录")
    return total


def _difference(current: Mapping[str, Any], kept: Mapping[str, Any]) -> str | None:
    """Return the fields in which a listing, or else the first of its persons, is not what was kept of it."""
    if fields := _differing({**current, "persons": None}, {**kept, "persons": None}):
        return "、".join(fields)
    if len(current["persons"]) != len(kept["persons"]):
        return "persons"
    for person, before in zip(current["persons"], kept["persons"], strict=True):
        if fields := _differing(person, before):
            return "、".join(f"persons[{person['person_id']}].{field}" for field in fields)
    return None


def _differing(current: Mapping[str, Any], kept: Mapping[str, Any]) -> list[str]:
    """Return the fields that differ; what was not kept then was not there."""
    return [
        field
        for field, value in current.items()
        if value != kept.get(field) and not (field not in kept and value in _ABSENT)
    ]


async def _persons(session: ReadSession, vault: IdentityVault, progress: Progress) -> tuple[int, int, int]:
    bound = unbound = erased = 0
    async for person in persons.whole(session):
        if isinstance(person, UUID):
            erased += 1
            continue
        _require_whole(person, vault)
        if person.commitment is None:
            unbound += 1
        else:
            bound += 1
        if (bound + unbound) % _PAGE == 0:
            progress("人员", bound + unbound)
    unnoted = await persons.unnoted_index_key(session)
    if unnoted is not None:
        # A process without it would answer "not listed" instead of nothing.
        raise _wrong("在用索引密钥登记（index_keys_in_use）", f"缺少人员所用的 {unnoted}")
    stray = await persons.in_no_listing(session)
    if stray is not None:
        raise _wrong(f"人员 {stray}", "不在任何列入记录中")
    return bound, unbound, erased


async def _served(session: ReadSession) -> None:
    """Hold what old answers are made again from against the digests that their records name."""
    kept = {
        "措施目录": await catalogues.rewritten(session),
        "场景": await catalogues.rewritten_scenes(session),
    }
    for what, version in kept.items():
        if version is not None:
            raise _wrong(f"{what} {version}", "内容与其版本（摘要）不符")


def _require_whole(person: StoredPerson, vault: IdentityVault) -> None:
    where = f"人员 {person.person_id}"
    number = vault.open(person.sealed_number, person.person_id)
    if vault.blind_index(number, person.blind_index.key_id) != person.blind_index:
        raise _wrong(where, "盲索引与加密号码不符：按号码将查不到此人")
    if person.masked_number != number.masked:
        raise _wrong(where, "掩码号码与加密号码不符")
    if (person.salt is None) != (person.commitment is None):
        raise _wrong(where, "身份承诺不完整")
    if person.salt is not None and chain.commitment(person.salt, person.name, number) != person.commitment:
        raise _wrong(where, "姓名或号码与历史中的身份承诺不符")


async def _changes(session: ReadSession) -> AsyncIterator[Revision]:
    version, change_no = 0, 0
    while page := await revisions.after(session, version, change_no, _PAGE):
        for one in page:
            yield one
        version, change_no = page[-1].list_version, page[-1].change_no


async def _pushes(session: ReadSession) -> AsyncIterator[StoredPush]:
    version = 0
    while page := await pushes.after(session, version, _PAGE):
        for one in page:
            yield one
        version = page[-1].list_version


def _wrong(where: str, what: str) -> HistoryRewritten:
    return HistoryRewritten(f"{where}：{what}。")

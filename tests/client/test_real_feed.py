"""The client against a real service: reading the list and its past, following and copying it, approving, erasing."""

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.access import Scope
from liancheng.client import AsyncClient, Client, Forbidden, ListVersionNotReached, LocalCopy, NotFound, Rejected
from liancheng.client.types import Change
from tests.cli.commands import printed
from tests.end_to_end.serving import serving
from tests.support import BUREAU, Api, list_operation, make_key, person, remove_operation, today

pytestmark = pytest.mark.processes

FIRST = {"uscc": synthetic_uscc(1), "decision_no": "虚构列〔2026〕1号"}
NAME, NEW_NAME = "示例第1（虚构）有限公司", "示例更名（虚构）有限公司"


def day(days: int) -> str:
    return (today() + timedelta(days)).isoformat()


def push_three_versions(client: Client) -> list[datetime]:
    """List two units and persons, rename one and remove the other; return when."""
    pushes = (
        [list_operation(1, persons=[person(1), person(2)]), list_operation(2, persons=[person(2)])],
        [{"op": "rename", **FIRST, "new_name": NEW_NAME, "renamed_on": day(-1)}],
        [remove_operation(2), {"op": "ban", **FIRST, "id_number": person(1)["id_number"], "position_ban": ban(90)}],
    )
    done = [client.push(operations, source_document=f"虚构文{n}号") for n, operations in enumerate(pushes, start=1)]
    assert [one["list_version"] for one in done] == [1, 2, 3]
    return [datetime.fromisoformat(str(one["committed_at"])) for one in done]


def ban(days: int) -> dict[str, str]:
    return {"until": day(days)}


async def test_the_list_its_past_and_its_changes_are_read_and_followed(api: Api) -> None:
    with serving(api.settings, LIANCHENG_FEED_HEARTBEAT="0.5") as process:

        def go() -> None:
            with Client(process.url, api.key) as client:
                moments = push_three_versions(client)
                read_the_list(client, moments)
                read_the_changes(client)
                follow_while_it_happens(client)
                assert client.list_version_seen == 5

        await asyncio.to_thread(go)
        async with AsyncClient(process.url, api.key) as client:
            await read_and_follow_awaiting(client)


def read_the_list(client: Client, moments: list[datetime]) -> None:
    first, second = client.listings(limit=1)
    assert [one["unit"]["name"] for one in client.listings(state="in_force")] == [NEW_NAME]
    assert [one["listing_id"] for one in client.listings(name=NAME)] == [first["listing_id"]]
    assert list(client.listings(uscc=synthetic_uscc(9))) == []
    before = list(client.listings(known_at=moments[0], state="in_force", on=today()))
    assert [one["unit"]["name"] for one in before] == [NAME, second["unit"]["name"]]
    then = client.listing(second["listing_id"], on=day(-1), known_at=moments[2])
    assert (then["state"], client.listing(second["listing_id"])["state"]) == ("in_force", "removed")
    with pytest.raises(NotFound):
        client.listing(first["listing_id"], known_at=moments[0] - timedelta(microseconds=1))
    made = client.history(first["listing_id"])["revisions"]
    assert [(one["list_version"], one["op"]) for one in made] == [(1, "list"), (2, "rename"), (3, "ban")]
    assert made[1]["source_document"] == "虚构文2号"
    assert {change["field"]: change["after"] for change in made[1]["changes"]}["unit_name"] == NEW_NAME
    known = client.look_up(synthetic_uscc(2), known_at=moments[1], on=today())
    assert (known["verdict"], client.look_up(synthetic_uscc(2))["verdict"]) == ("listed", "not_listed")


def read_the_changes(client: Client) -> None:
    pages, cursor, more = [], "0", True
    while more:
        page = client.changes(cursor, limit=2)
        pages.append(page["changes"])
        cursor, more = page["cursor"], page["more"]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert cursor == "3"
    changes = list(itertools.chain(*pages))
    assert [one["cursor"] for one in changes] == ["1.1", "1.2", "2.1", "3.1", "3.2"]
    assert [one["op"] for one in changes] == ["list", "list", "rename", "remove", "ban"]
    with client.snapshot() as snapshot:
        assert snapshot.head == {"list_version": 3, "cursor": "3", "head": client.chain()["head"]}
        last = {one["listing"]["listing_id"]: one["listing"] for one in changes}
        assert {one["listing_id"]: one for one in snapshot} == last
    with client.snapshot(1) as snapshot:
        assert next(one["unit"]["name"] for one in snapshot) == NAME
        assert snapshot.head["head"] == client.chain(1)["head"] != client.chain(2)["head"]
    with pytest.raises(ListVersionNotReached):
        client.changes("99")


def follow_while_it_happens(client: Client) -> None:
    assert client.changes("3", wait=1)["changes"] == [], "nothing comes, and the wait ends"
    with closing(client.follow("0")) as changes:
        assert [one["cursor"] for one in itertools.islice(changes, 5)] == ["1.1", "1.2", "2.1", "3.1", "3.2"]
        with pushing(lambda: client.push([list_operation(4)])):
            came = next(changes)
        assert (came["cursor"], came["listing"]["unit"]["uscc"]) == ("4.1", synthetic_uscc(4))
    with pushing(lambda: client.push([list_operation(5)])):
        page = client.changes("4", wait=30)
    assert [one["cursor"] for one in page["changes"]] == ["5.1"]


@contextmanager
def pushing(push: Callable[[], Any]) -> Iterator[None]:
    """Push a moment later, while the block waits for it."""
    later = threading.Timer(0.3, push)
    later.start()
    yield
    later.join()


async def read_and_follow_awaiting(client: AsyncClient) -> None:
    assert [one["revision"] async for one in client.listings(state="in_force", uscc=synthetic_uscc(1))] == [3]
    told: list[Change] = []
    following = client.follow("4.1")
    told.append(await anext(following))
    waiting = asyncio.ensure_future(anext(following))
    await client.push([list_operation(6)])
    told.append(await waiting)
    await following.aclose()
    assert [one["cursor"] for one in told] == ["5.1", "6.1"]
    async with client.snapshot() as snapshot:
        assert (await snapshot.head())["list_version"] == 6
        assert len([one async for one in snapshot]) == 5


async def test_a_department_keeps_a_copy_and_recognises_its_own_persons_in_it(api: Api, tmp_path: Path) -> None:
    ours = await make_key(api.database, Scope.CHANGES_READ)
    theirs = await make_key(api.database, Scope.CHANGES_READ)
    approving = await make_key(api.database, Scope.LIST_APPROVE, Scope.LIST_READ, department=BUREAU)
    path = tmp_path / "list.sqlite"
    with serving(api.settings, LIANCHENG_APPROVAL_ABOVE="2") as process:

        def go() -> None:
            with (
                Client(process.url, api.key) as bureau,
                Client(process.url, approving) as second,
                Client(process.url, ours) as client,
                Client(process.url, theirs) as other,
                LocalCopy(path) as copy,
            ):
                copy.update(client)
                push_three_versions(bureau)
                assert copy.update(client) == 5
                tokens = recognise(client, copy)
                assert not {one for each in tokens for one in each} & {one for each in asked(other) for one in each}
                approve(bureau, second)
                assert copy.update(client) == 3
                assert len(copy.by_uscc(synthetic_uscc(11), today())) == 1
                erase(api, client, copy, tokens)
                assert all(one.encode() not in path.read_bytes() for one in tokens[1])

        await asyncio.to_thread(go)


def asked(client: Client) -> list[list[str]]:
    """Return the tokens of the first three numbers."""
    found = client.tokens([synthetic_resident_id(n) for n in (1, 2, 3)], purpose="比对本部门名册（虚构）")
    assert all(isinstance(one, list) for one in found)
    return [one for one in found if isinstance(one, list)]


def recognise(client: Client, copy: LocalCopy) -> list[list[str]]:
    tokens = asked(client)
    found = [[one["unit"]["uscc"] for one in copy.by_token(each, today())] for each in tokens]
    assert found == [[synthetic_uscc(1)], [synthetic_uscc(1)], []], "the second unit was removed today"
    yesterday = date.fromisoformat(day(-1))
    assert [len(copy.by_token(each, yesterday)) for each in tokens] == [1, 2, 0]
    assert [one["unit"]["former_names"] for one in copy.by_uscc(synthetic_uscc(1), today())] == [[NAME]]
    assert copy.index_key_ids() == {"test-1"}
    problem, _ = client.tokens(["123", synthetic_resident_id(1)], purpose="比对本部门名册（虚构）")
    assert isinstance(problem, Rejected)
    return tokens


def approve(bureau: Client, second: Client) -> None:
    """Push what is more than one person may do alone."""
    waiting = bureau.push([list_operation(n) for n in (11, 12, 13)])
    push_id = str(waiting["push_id"])
    assert (waiting["status"], waiting["committed_at"], bureau.chain()["list_version"]) == (
        "awaiting_approval",
        None,
        3,
    )
    with pytest.raises(Forbidden):
        bureau.approve(push_id)
    done = second.approve(push_id)
    assert (done["status"], done["list_version"]) == ("committed", 4)
    assert bureau.read_push(push_id)["status"] == "committed"
    refused = bureau.push([list_operation(n) for n in (14, 15, 16)])
    assert second.approve(str(refused["push_id"]), approve=False)["status"] == "rejected"
    assert bureau.chain()["list_version"] == 4


def erase(api: Api, client: Client, copy: LocalCopy, tokens: list[list[str]]) -> None:
    """Erase the second person by order; the copy forgets them, and nobody else."""
    yesterday = date.fromisoformat(day(-1))
    printed(
        api.settings, "identity", "erase", "--document", "虚构法院（2026）1号", "--yes", stdin=synthetic_resident_id(2)
    )
    assert [one["op"] for one in client.changes(str(copy.cursor))["changes"]] == ["erase", "erase"]
    assert copy.update(client) == 2
    assert [len(copy.by_token(each, yesterday)) for each in tokens] == [1, 0, 0]
    erased = [one for listing in copy.listings() for one in listing["persons"] if one["erased"]]
    assert {(one["name_masked"], one["token"], one["index_key_id"]) for one in erased} == {(None, None, None)}
    assert len(erased) == 2

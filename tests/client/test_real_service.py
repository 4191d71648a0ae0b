"""Both clients against real service processes on a real database: what exists there goes through them unchanged."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.access import Scope
from liancheng.client import (
    AsyncClient,
    Client,
    Forbidden,
    LianchengClientError,
    ListVersionMoved,
    ListVersionNotReached,
    PushRejected,
    Rejected,
    Unauthorised,
)
from tests.client.shells import QUICK
from tests.end_to_end.serving import serving
from tests.support import Api, list_operation, make_key, person, remove_operation

pytestmark = pytest.mark.processes

UNIT, PERSON = synthetic_uscc(1), synthetic_resident_id(1)


def look_up_and_push(url: str, key: str, path: Path) -> list[Any]:
    """Go through what a bureau and a department do, with the client that waits."""
    path.write_text(json.dumps({"operations": [list_operation(2), list_operation(3)]}))
    sent: list[int] = []
    with Client(url, key) as client:
        before = client.look_up(UNIT, subject_kind="unit")
        dry = client.push([list_operation(1)], dry_run=True)
        done = client.push([list_operation(1, persons=[person(1)])], idempotency_key="k-1", source_document="虚构文1号")
        again = client.push(
            [list_operation(1, persons=[person(1)])], idempotency_key="k-1", source_document="虚构文1号"
        )
        unit = client.look_up(UNIT, view="mine", reference="测试-1")
        concerned = client.look_up(PERSON, subject_kind="person", purpose="测试", view="full")
        client.push(path, expected_list_version=1, on_progress=lambda now, _: sent.append(now))
        in_scene = client.look_up(UNIT, scene="safety.supervision")
        known = client.scenes()
        assert {one["code"] for one in known["scenes"]} >= {"safety.supervision", "land"}
        land = client.look_up_batch([UNIT, PERSON], purpose="测试", scene="land")
        with pytest.raises(Rejected, match="unknown_scene"):
            client.look_up(UNIT, scene="moon")
        batch = client.look_up_batch([UNIT, {"code": synthetic_uscc(3)}, {"code": "1234"}], purpose="测试")
        read = client.read_push(str(done["push_id"]))
        seen = client.list_version_seen
    assert (before["verdict"], before["list_version"]) == ("not_listed", 0)
    assert (dry["push_id"], dry["dry_run"]) == (None, True)
    assert not done["replayed"]
    assert again == {**done, "replayed": True}
    assert (unit["verdict"], unit["listings"][0]["unit"]["uscc"]) == ("listed", UNIT)
    assert concerned["verdict"] == "listed"
    assert PERSON not in json.dumps(concerned)
    assert in_scene["scene"] is not None
    assert in_scene["scene"]["scenes_version"] == known["scenes_version"]
    assert [measure["no"] for measure in in_scene["measures"]] == [1]
    assert [one["measures"] == [] for one in land if not isinstance(one, LianchengClientError)] == [False, True]
    assert sent == [0, path.stat().st_size]
    assert read["rows"] == done["rows"]
    assert seen == 2
    return list(batch)


async def test_lookups_and_pushes_go_through(api: Api, tmp_path: Path) -> None:
    with serving(api.settings) as process:
        first, second, third = await asyncio.to_thread(look_up_and_push, process.url, api.key, tmp_path / "list.json")
    assert (first["verdict"], second["verdict"]) == ("listed", "listed")
    assert isinstance(third, Rejected)
    assert third.code == "code_length"
    assert third.detail


async def test_lookups_and_pushes_go_through_awaited(api: Api) -> None:
    with serving(api.settings) as process:
        async with AsyncClient(process.url, api.key) as client:
            done = await client.push([list_operation(n, persons=[person(n)]) for n in range(1, 20)])
            answers = await asyncio.gather(*(client.look_up(synthetic_uscc(n)) for n in range(1, 25)))
            gone = await client.push([remove_operation(1)])
            answer = await client.look_up(UNIT)
            known = await client.scenes()
    assert known["scenes"][0]["measures"][0]["asks"]
    assert done["counts"]["list"] == 19
    assert [answer["verdict"] for answer in answers] == ["listed"] * 19 + ["not_listed"] * 5
    assert gone["list_version"] == answer["list_version"] == 2
    assert answer["verdict"] == "not_listed"


async def test_each_refusal_arrives_as_its_error(api: Api) -> None:
    reader = await make_key(api.database, Scope.LOOKUP)
    with serving(api.settings) as process:
        async with AsyncClient(process.url, api.key) as client:
            await client.push([list_operation(1)])
            refused: list[LianchengClientError] = [
                await refusal(client.push([list_operation(2, tier=None), remove_operation(9)])),
                await refusal(client.push([list_operation(3)], expected_list_version=0)),
                await refusal(client.look_up(UNIT, min_list_version=99)),
                await refusal(client.look_up(PERSON, subject_kind="person")),
            ]
        async with AsyncClient(process.url, reader) as client:
            refused.append(await refusal(client.push([list_operation(2)])))
        async with AsyncClient(process.url, "lc_" + "0" * 12 + "_" + "0" * 64) as client:
            refused.append(await refusal(client.look_up(UNIT)))
    kinds = [PushRejected, ListVersionMoved, ListVersionNotReached, Rejected, Forbidden, Unauthorised]
    assert [type(error) for error in refused] == kinds
    assert {problem["row"] for problem in refused[0].errors} == {1, 2}
    assert all(error.request_id and error.detail and PERSON not in str(error) for error in refused)


async def test_a_push_to_a_service_that_dies_is_carried_out_once_by_the_repeat(api: Api) -> None:
    """The first process is killed while it writes; the same bytes under the same key go to the second."""
    await api.run(
        "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(2); RETURN NULL; END $$"
    )
    await api.run("CREATE TRIGGER hold AFTER INSERT ON listings FOR EACH STATEMENT EXECUTE FUNCTION hold()")
    operations = [list_operation(n) for n in range(1, 10)]
    with serving(api.settings) as process:
        async with AsyncClient(process.url, api.key, push_retries=QUICK) as client:
            pushing = asyncio.create_task(refusal(client.push(operations)))
            await asyncio.sleep(1)
            process.kill()
            lost = await pushing
    assert lost.idempotency_key is not None
    with serving(api.settings) as process:
        async with AsyncClient(process.url, api.key) as client:
            done = await client.push(operations, idempotency_key=lost.idempotency_key)
            again = await client.push(operations, idempotency_key=lost.idempotency_key)
    assert again == {**done, "replayed": True}
    assert (await api.rows("SELECT count(*) AS n FROM listings"))[0]["n"] == 9


async def refusal(call: Any) -> LianchengClientError:
    """Return the error that a call ends with."""
    with pytest.raises(LianchengClientError) as told:
        await call
    return told.value

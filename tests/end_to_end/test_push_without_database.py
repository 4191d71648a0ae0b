"""The database is lost while a push is under way: what is told of it is true, and the same key finds out the rest."""

import asyncio

import pytest
from pydantic import SecretStr

from app.domain.synthetic import synthetic_uscc
from tests.end_to_end.losing import Cut, end_whoever_stands_still, held_at
from tests.services.serving import also_serving
from tests.support import JSON, Api, list_operation, person

# More than a connection holds by itself: the driver waits to write, and hears nothing meanwhile.
LARGE = [list_operation(n, conduct="虚构" * 240, facts="虚构" * 2000) for n in range(1, 1001)]
OPERATIONS = [list_operation(n, persons=[person(n)]) for n in range(1, 4)]
LEFT = "SELECT (SELECT count(*) FROM listings) + (SELECT count(*) FROM persons) + (SELECT count(*) FROM pushes) AS n"
NOTHING_KEPT, PERHAPS_KEPT = "本次没有保存任何内容", "是否已经生效尚不可知"


def database_of(api: Api) -> str:
    """Return the URL of the service's database."""
    assert api.settings.database_url is not None
    return api.settings.database_url.get_secret_value()


async def made_once(api: Api, operations: list[JSON]) -> None:
    """Send it again under its key, twice: it is made, and made once."""
    first = await api.push(*operations, key="cut")
    again = await api.push(*operations, key="cut")
    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert first.json() == again.json()
    assert (first.json()["list_version"], first.json()["counts"]["list"]) == (1, len(operations))
    assert (await api.asked(synthetic_uscc(1)))["verdict"] == "listed"


@pytest.mark.parametrize("table", ["persons", "listings", "listing_revisions"])
async def test_a_push_whose_backend_is_ended_in_its_copy_keeps_nothing_and_says_so(api: Api, table: str) -> None:
    async with held_at(api, table):
        sending = asyncio.create_task(api.push(*OPERATIONS, key="cut"))
        assert (await end_whoever_stands_still(api)).startswith(f'COPY "{table}"')
        told = await sending
    assert (told.status_code, told.json()["code"]) == (503, "database_unavailable")
    assert NOTHING_KEPT in told.json()["detail"]
    assert told.headers["retry-after"]
    assert await api.rows(LEFT) == [{"n": 0}]
    await made_once(api, OPERATIONS)


async def test_so_does_one_that_is_still_sending_what_it_copies(api: Api) -> None:
    async with held_at(api, "listings"):
        sending = asyncio.create_task(api.push(*LARGE, key="cut"))
        await end_whoever_stands_still(api)
        told = await sending
    assert (told.status_code, told.json()["code"]) == (503, "database_unavailable"), told.text
    assert await api.rows(LEFT) == [{"n": 0}]
    await made_once(api, LARGE)


async def test_so_does_one_whose_copy_arrives_nowhere(api: Api) -> None:
    cut = Cut(database_of(api))
    async with cut.way() as url, also_serving(api, database_url=SecretStr(url), push_timeout=1.0) as service:
        cut.stalling = True
        told = await service.push(*LARGE, key="cut")
        assert (told.status_code, told.json()["code"]) == (503, "database_unavailable"), told.text
        assert NOTHING_KEPT in told.json()["detail"]
        cut.stalling = False
        # Of the other half of the broken way nobody has told the server; its keep-alives, or an operator, will.
        await api.rows("SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE relation = 'list_state'::regclass")
        assert (await service.push(list_operation(9))).status_code == 201, "here it stands in nobody's way"


async def test_one_whose_backend_is_ended_in_the_commit_is_told_as_not_known(api: Api) -> None:
    async with held_at(api, "pushes", commit=True):
        sending = asyncio.create_task(api.push(*OPERATIONS, key="cut"))
        assert (await end_whoever_stands_still(api)).startswith("COMMIT")
        told = await sending
    assert (told.status_code, told.json()["code"]) == (503, "database_unavailable")
    assert PERHAPS_KEPT in told.json()["detail"]
    assert await api.rows(LEFT) == [{"n": 0}]
    await made_once(api, OPERATIONS)


async def test_one_that_was_committed_without_our_hearing_of_it_is_told_as_made_when_it_is_sent_again(api: Api) -> None:
    cut = Cut(database_of(api))
    async with cut.way() as url, also_serving(api, database_url=SecretStr(url)) as service:
        cut.armed = True
        told = await service.push(*OPERATIONS, key="cut")
        assert cut.cuts == 1
        assert (told.status_code, told.json()["code"]) == (503, "database_unavailable"), told.text
        assert PERHAPS_KEPT in told.json()["detail"]
        assert (await api.asked(synthetic_uscc(1)))["verdict"] == "listed", "it was made"
        again = await service.push(*OPERATIONS, key="cut")
        assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
        assert (again.json()["list_version"], again.json()["counts"]["list"]) == (1, len(OPERATIONS))
        other = await service.push(list_operation(9), key="cut")
        assert other.json()["code"] == "idempotency_key_reused"
    assert await api.rows("SELECT list_version FROM list_state") == [{"list_version": 1}]

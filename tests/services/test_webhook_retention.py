"""What is over for long is deleted, few at a time; what is still to be told, or is shown, is not."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.domain.webhooks import UNFINISHED, State
from app.services.identity_keys import vault_from
from app.services.webhook_worker import WebhookWorker, delivering, forget_old
from app.settings import Settings
from app.store import webhook_deliveries
from tests.api.hooks import HOST
from tests.support import JSON, Api

KEEP = timedelta(days=184)
SHOWN = 20


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Let webhooks be made."""
    return settings.model_copy(update={"webhook_allowed_hosts": HOST})


async def webhook(api: Api, path: str) -> str:
    """Make a webhook; return its id."""
    response = await api.http.post("/v1/webhooks", json={"url": f"https://{HOST}/{path}"}, headers=api.headers())
    made: JSON = response.json()
    return str(made["webhook_id"])


async def add(api: Api, webhook_id: str, first: int, count: int, days: int, state: State = State.DELIVERED) -> None:
    """Add deliveries with one attempt each, in the order of their numbers, that were over so many days ago."""
    await api.run(f"""
        WITH made AS (
            INSERT INTO webhook_deliveries (delivery_id, webhook_id, kind, created_at, state, attempts)
            SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '{webhook_id}', 'list.changed',
                now() - interval '{days} days', '{state}', 1
            FROM generate_series({first}, {first + count - 1}) AS n RETURNING delivery_id
        )
        INSERT INTO webhook_attempts (delivery_id, attempt_no, started_at, milliseconds, status)
        SELECT delivery_id, 1, now(), 5, 204 FROM made
    """)


async def left(api: Api, webhook_id: str) -> list[int]:
    """Return the numbers of a webhook's deliveries; each of them, and none besides, has its attempt."""
    deliveries = await api.rows("SELECT delivery_id FROM webhook_deliveries ORDER BY 1")
    assert await api.rows("SELECT delivery_id FROM webhook_attempts ORDER BY 1") == deliveries
    own = await api.rows("SELECT delivery_id FROM webhook_deliveries WHERE webhook_id = :id ORDER BY 1", id=webhook_id)
    return [int(one["delivery_id"].hex[-12:], 16) for one in own]


async def test_what_is_over_for_long_goes_and_what_waits_or_is_shown_stays(api: Api) -> None:
    busy, quiet, deleted = [await webhook(api, name) for name in ("busy", "quiet", "deleted")]
    over = sorted(set(State) - UNFINISHED)
    unfinished = sorted(UNFINISHED)
    for n, state in enumerate((*over, *unfinished)):
        await add(api, busy, n, 1, days=200, state=state)
    await add(api, busy, 50, 3, days=180)
    await add(api, busy, 100, SHOWN, days=200)
    await add(api, quiet, 200, SHOWN, days=3000)
    await add(api, deleted, 300, 3, days=200)
    await add(api, deleted, 400, 3, days=180)
    # Told again lately: then it is not over for long, whenever it was made.
    await api.run(
        "UPDATE webhook_deliveries SET started_at = created_at, from_version = 0, to_version = 1, changes = 1, "
        "give_up_at = now() WHERE delivery_id = '00000000-0000-7000-8000-000000000000'"
    )
    await api.http.delete(f"/v1/webhooks/{deleted}", headers=api.headers())

    await forget_old(api.database, KEEP)
    stays = [0, *range(len(over), len(over) + len(unfinished)), 50, 51, 52, *range(100, 100 + SHOWN)]
    assert await left(api, busy) == stays
    assert await left(api, quiet) == list(range(200, 200 + SHOWN))
    assert await left(api, deleted) == [400, 401, 402]
    log = await api.http.get(f"/v1/webhooks/{quiet}/deliveries", headers=api.headers())
    assert len(log.json()["deliveries"]) == SHOWN


async def test_whatever_is_asked_for_the_last_month_stays_and_who_is_at_work_on_one_is_not_waited_for(api: Api) -> None:
    webhook_id = await webhook(api, "deleted")
    await add(api, webhook_id, 1, 5, days=31)
    await add(api, webhook_id, 10, 2, days=29)
    await api.http.delete(f"/v1/webhooks/{webhook_id}", headers=api.headers())

    async def asked(most: int) -> int:
        async with api.database.writing() as session:
            return await webhook_deliveries.forget(session, datetime.now(UTC) + timedelta(days=1), most)

    async with api.owner.writing() as session:
        locked = (
            "SELECT 1 FROM webhook_deliveries WHERE delivery_id = '00000000-0000-7000-8000-000000000003' FOR UPDATE"
        )
        await session.execute(text(locked))
        assert [await asked(2), await asked(9)] == [2, 2]
    assert await left(api, webhook_id) == [3, 10, 11]
    assert [await asked(9), await asked(9)] == [1, 0]


async def test_whoever_delivers_does_it_until_nothing_of_it_is_left(api: Api) -> None:
    webhook_id = await webhook(api, "deleted")
    await add(api, webhook_id, 1, 1001, days=185)
    await api.http.delete(f"/v1/webhooks/{webhook_id}", headers=api.headers())
    async with delivering(WebhookWorker(api.settings, api.database, vault_from(api.settings))), asyncio.timeout(20):
        while await api.rows("SELECT 1 FROM webhook_deliveries"):  # noqa: ASYNC110 - the database calls nobody
            await asyncio.sleep(0.05)
    assert await left(api, webhook_id) == []

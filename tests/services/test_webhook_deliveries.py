"""What a push leaves to be told, and what becomes of it, attempt by attempt, on a real database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from app.domain.webhooks import RetryTerms
from app.services.identity_keys import vault_from
from app.services.webhook_deliveries import Deliverer
from app.services.webhook_sending import Sender
from app.services.webhook_targets import TargetRules, trust
from app.settings import Settings
from app.store.queue import Job, NotYet
from liancheng.client import verify_webhook
from tests.receiving import ACKNOWLEDGED, LOOPBACK, Received, Receiver, answering, receiving, silent
from tests.support import JSON, Api, list_operation, remove_operation

TERMS = RetryTerms(timedelta(seconds=10), timedelta(days=1), timedelta(days=5))
FAILING = answering("500 No")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Listen on loopback."""
    async with receiving() as running:
        yield running


@pytest.fixture
def settings(settings: Settings, receiver: Receiver) -> Settings:
    """Let webhooks lead to the receiver."""
    allowed = {"webhook_allowed_hosts": f"{LOOPBACK}:{receiver.port}", "webhook_allowed_networks": f"{LOOPBACK}/32"}
    return settings.model_copy(update=allowed | {"webhook_allow_http": True})


class Hooked:
    """A service with a webhook, whose queue moves only when it is told to."""

    def __init__(self, api: Api, sender: Sender, webhook: JSON) -> None:
        """Deliver to this webhook."""
        self.api = api
        self.webhook = webhook
        self.deliverer = Deliverer(api.database, vault_from(api.settings), sender, TERMS, timedelta(seconds=1))

    async def queued(self) -> list[Job]:
        """Return the jobs that wait, in their order."""
        rows = await self.api.rows("SELECT convert_from(payload, 'UTF8') AS job FROM pgqueuer ORDER BY id")
        return [_job(row["job"]) for row in rows]

    async def do(self, job: Job) -> None:
        """Take a job out of the queue and do it."""
        payload = f"{job.delivery_id}:{job.attempt_no}"
        await self.api.run(f"DELETE FROM pgqueuer WHERE convert_from(payload, 'UTF8') = '{payload}'")
        await self.deliverer.do(job)

    async def do_all(self) -> None:
        """Do what waits now, and not what comes of it."""
        for job in await self.queued():
            await self.do(job)

    async def call(self, method: str, path: str = "", body: JSON | None = None) -> JSON:
        """Call the service about the webhook."""
        url = f"/v1/webhooks/{self.webhook['webhook_id']}{path}"
        response = await self.api.http.request(method, url, json=body, headers=self.api.headers())
        assert response.is_success, response.text
        answer: JSON = response.json()
        return answer

    async def deliveries(self) -> list[JSON]:
        """Return the log, the oldest delivery first."""
        found: list[JSON] = (await self.call("GET", "/deliveries"))["deliveries"]
        return found[::-1]

    async def later(self, column: str, interval: str) -> None:
        """Let something that the webhook or its deliveries note be so much longer ago."""
        table = "webhooks" if column == "failing_since" else "webhook_deliveries"
        await self.api.run(f"UPDATE {table} SET {column} = {column} - interval '{interval}'")


def _job(payload: str) -> Job:
    delivery_id, _, attempt_no = payload.partition(":")
    return Job(UUID(delivery_id), int(attempt_no))


@pytest.fixture
async def hooked(api: Api, receiver: Receiver) -> AsyncIterator[Hooked]:
    """Make a webhook that leads to the receiver."""
    response = await api.http.post("/v1/webhooks", json={"url": receiver.url}, headers=api.headers())
    assert response.status_code == httpx.codes.CREATED, response.text
    sender = Sender(TargetRules.of(api.settings), trust(None), 1)
    yield Hooked(api, sender, response.json())
    await sender.close()


def told(hooked: Hooked, request: Received) -> JSON:
    """Return what a request says, its signature checked."""
    data: JSON = verify_webhook(hooked.webhook["secret"], request.headers, request.body)["data"]
    return data


async def test_a_push_leaves_one_nudge_that_tells_of_everything_since_the_last(
    hooked: Hooked, receiver: Receiver
) -> None:
    await hooked.api.pushed(list_operation(1), list_operation(2))
    await hooked.api.pushed(remove_operation(1))
    assert len(await hooked.queued()) == 1, "two pushes close together are told as one"
    await hooked.do_all()
    await hooked.api.pushed(list_operation(3))
    await hooked.do_all()
    first, second = (told(hooked, one) for one in receiver.received)
    assert (first["from_version"], first["to_version"], first["changes"]) == (0, 2, 3)
    assert (second["from_version"], second["to_version"], second["changes"]) == (2, 3, 1)
    assert (await hooked.call("GET"))["told_version"] == 3
    assert [one["state"] for one in await hooked.deliveries()] == ["delivered", "delivered"]
    assert await hooked.queued() == []


async def test_what_was_not_pushed_is_not_told(hooked: Hooked) -> None:
    dry = await hooked.api.http.post(
        "/v1/pushes", json={"operations": [list_operation(1)]}, params={"dry_run": True}, headers=hooked.api.headers()
    )
    assert dry.is_success
    assert (await hooked.api.push(remove_operation(7))).status_code == httpx.codes.UNPROCESSABLE_ENTITY
    await hooked.api.run("ALTER TABLE pushes ADD CONSTRAINT never CHECK (list_version < 1) NOT VALID")
    assert (await hooked.api.push(list_operation(1))).status_code == httpx.codes.INTERNAL_SERVER_ERROR
    await hooked.api.run("ALTER TABLE pushes DROP CONSTRAINT never")
    await hooked.api.run("CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$")
    await hooked.api.run(
        "CREATE CONSTRAINT TRIGGER never AFTER INSERT ON pushes DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION never()"
    )
    assert (await hooked.api.push(list_operation(1))).status_code == httpx.codes.INTERNAL_SERVER_ERROR
    assert await hooked.queued() == []
    assert await hooked.deliveries() == []


async def test_a_failed_nudge_is_told_again_under_the_same_id_until_it_is_acknowledged(
    hooked: Hooked, receiver: Receiver
) -> None:
    await hooked.api.pushed(list_operation(1))
    receiver.answer = FAILING
    await hooked.do_all()
    (failed,) = await hooked.deliveries()
    assert failed["state"] == "retrying"
    wait = datetime.fromisoformat(failed["next_attempt_at"]) - datetime.now(UTC)
    assert timedelta(seconds=5) < wait < timedelta(seconds=13)
    (due,) = await hooked.api.rows("SELECT execute_after - now() AS wait FROM pgqueuer")
    assert abs(due["wait"] - wait) < timedelta(seconds=2)
    assert (await hooked.call("GET"))["failing_since"] is not None
    receiver.answer = ACKNOWLEDGED
    await hooked.do_all()
    (done,) = await hooked.deliveries()
    assert done["state"] == "delivered"
    assert [(one["attempt_no"], one["status"], one["error"]) for one in done["attempts"]] == [
        (1, 500, "status"),
        (2, 204, None),
    ]
    one, other = receiver.received
    assert one.headers["webhook-id"] == other.headers["webhook-id"] == done["delivery_id"]
    assert one.body == other.body
    assert (await hooked.call("GET"))["failing_since"] is None


async def test_a_newer_nudge_takes_the_place_of_those_that_fail_and_tells_what_they_would_have(
    hooked: Hooked, receiver: Receiver
) -> None:
    receiver.answer = FAILING
    await hooked.api.pushed(list_operation(1))
    await hooked.do_all()
    (again,) = await hooked.queued()
    await hooked.api.pushed(list_operation(2))
    newer = (await hooked.queued())[1]
    receiver.answer = ACKNOWLEDGED
    await hooked.do(newer)
    await hooked.do(again)
    assert [one["state"] for one in await hooked.deliveries()] == ["superseded", "delivered"]
    assert len(receiver.received) == 2
    assert told(hooked, receiver.received[-1])["from_version"] == 0
    assert told(hooked, receiver.received[-1])["to_version"] == 2


async def test_a_nudge_is_given_up_after_a_day_and_the_next_one_tells_of_its_versions(
    hooked: Hooked, receiver: Receiver
) -> None:
    receiver.answer = FAILING
    await hooked.api.pushed(list_operation(1))
    await hooked.do_all()
    await hooked.later("give_up_at", "1 day")
    await hooked.do_all()
    assert [one["state"] for one in await hooked.deliveries()] == ["failed"]
    assert await hooked.queued() == []
    assert (await hooked.call("GET"))["state"] == "enabled"
    receiver.answer = ACKNOWLEDGED
    await hooked.api.pushed(list_operation(2))
    await hooked.do_all()
    assert told(hooked, receiver.received[-1])["from_version"] == 0


async def test_410_disables_at_once_and_enabling_tells_at_once_of_what_was_missed(
    hooked: Hooked, receiver: Receiver
) -> None:
    receiver.answer = answering("410 Gone")
    await hooked.api.pushed(list_operation(1))
    await hooked.do_all()
    webhook = await hooked.call("GET")
    assert (webhook["state"], webhook["state_reason"]) == ("disabled", "gone")
    await hooked.api.pushed(list_operation(2))
    assert await hooked.queued() == [], "one that is disabled is told nothing"
    receiver.answer = ACKNOWLEDGED
    webhook = await hooked.call("PATCH", body={"enabled": True})
    assert (webhook["state"], webhook["state_reason"], webhook["failing_since"]) == ("enabled", None, None)
    await hooked.do_all()
    assert told(hooked, receiver.received[-1])["to_version"] == 2
    assert (await hooked.call("GET"))["told_version"] == 2


async def test_one_that_fails_for_too_long_is_disabled_and_says_so(hooked: Hooked, receiver: Receiver) -> None:
    receiver.answer = silent
    await hooked.api.pushed(list_operation(1))
    await hooked.do_all()
    await hooked.later("failing_since", "5 days")
    await hooked.api.pushed(list_operation(2))
    (again, newer) = await hooked.queued()
    await hooked.do(newer)
    webhook = await hooked.call("GET")
    assert (webhook["state"], webhook["state_reason"]) == ("disabled", "failing")
    assert webhook["failing_since"] is not None
    await hooked.do(again)
    assert len(receiver.received) == 2
    assert [one["state"] for one in await hooked.deliveries()] == ["superseded", "failed"]


async def test_disabling_and_deleting_end_what_was_to_be_told(hooked: Hooked, receiver: Receiver) -> None:
    await hooked.api.pushed(list_operation(1))
    await hooked.call("PATCH", body={"enabled": False})
    await hooked.do_all()
    assert [one["state"] for one in await hooked.deliveries()] == ["cancelled"]
    await hooked.call("PATCH", body={"enabled": True})
    await hooked.call("DELETE")
    await hooked.do_all()
    assert receiver.received == []
    states = await hooked.api.rows("SELECT DISTINCT state FROM webhook_deliveries")
    assert states == [{"state": "cancelled"}]
    kept = await hooked.api.rows("SELECT sealed_secret, old_sealed_secret FROM webhooks")
    assert kept == [{"sealed_secret": None, "old_sealed_secret": None}]


async def test_a_test_says_that_it_is_one_and_is_made_once_even_while_disabled(
    hooked: Hooked, receiver: Receiver
) -> None:
    await hooked.call("PATCH", body={"enabled": False})
    receiver.answer = FAILING
    await hooked.call("POST", "/test")
    second = await hooked.api.http.post(
        f"/v1/webhooks/{hooked.webhook['webhook_id']}/test", headers=hooked.api.headers()
    )
    assert second.status_code == httpx.codes.CONFLICT
    await hooked.do_all()
    (done,) = await hooked.deliveries()
    assert (done["type"], done["state"]) == ("webhook.test", "failed")
    assert receiver.received[0].json()["type"] == "webhook.test"
    assert await hooked.queued() == []
    assert (await hooked.call("GET"))["failing_since"] is None


async def test_a_replay_tells_the_same_again_and_only_once_it_is_over(hooked: Hooked, receiver: Receiver) -> None:
    await hooked.api.pushed(list_operation(1))
    (waiting,) = await hooked.deliveries()
    path = f"/v1/webhooks/{hooked.webhook['webhook_id']}/deliveries/{waiting['delivery_id']}/replay"
    early = await hooked.api.http.post(path, headers=hooked.api.headers())
    assert early.status_code == httpx.codes.CONFLICT
    await hooked.do_all()
    again = await hooked.api.http.post(path, headers=hooked.api.headers())
    assert (again.status_code, again.json()["state"]) == (httpx.codes.ACCEPTED, "retrying")
    receiver.answer = FAILING
    await hooked.do_all()
    receiver.answer = ACKNOWLEDGED
    await hooked.do_all()
    assert len({(one.headers["webhook-id"], one.body) for one in receiver.received}) == 1
    (done,) = await hooked.deliveries()
    assert [one["status"] for one in done["attempts"]] == [204, 500, 204]


async def test_both_secrets_sign_while_one_is_exchanged_for_the_other(hooked: Hooked, receiver: Receiver) -> None:
    new = (await hooked.call("POST", "/rotation", {"overlap_hours": 24}))["secret"]
    await hooked.api.pushed(list_operation(1))
    await hooked.do_all()
    await hooked.api.run("UPDATE webhooks SET old_secret_until = now()")
    await hooked.api.pushed(list_operation(2))
    await hooked.do_all()
    both, after = receiver.received
    assert told(hooked, both) == verify_webhook(new, both.headers, both.body)["data"]
    assert both.headers["webhook-signature"].count("v1,") == 2
    assert after.headers["webhook-signature"].count("v1,") == 1
    assert verify_webhook(new, after.headers, after.body)


async def test_an_attempt_that_may_still_be_under_way_is_not_made_beside_itself(
    hooked: Hooked, receiver: Receiver
) -> None:
    """The queue takes a worker that says nothing for dead, and gives its job to another, rightly or not."""
    await hooked.api.pushed(list_operation(1))
    (job,) = await hooked.queued()
    receiver.answer = silent
    first = asyncio.create_task(hooked.do(job))
    await receiver.after(1)
    with pytest.raises(NotYet) as put_back:
        await hooked.do(job)
    assert timedelta(0) < put_back.value.wait <= timedelta(seconds=3)
    await first
    await hooked.do(job)
    assert len(receiver.received) == 1, "the job is out of date: its attempt has been made"
    # One that died leaves its attempt to be made again, under the same number.
    (again,) = await hooked.queued()
    await hooked.api.run("UPDATE webhook_deliveries SET state = 'sending', busy_until = now()")
    receiver.answer = ACKNOWLEDGED
    await hooked.do(again)
    (done,) = await hooked.deliveries()
    assert [one["attempt_no"] for one in done["attempts"]] == [1, 2]


async def test_no_connection_is_held_while_a_receiver_is_waited_for(hooked: Hooked, receiver: Receiver) -> None:
    receiver.answer = silent
    await hooked.api.pushed(list_operation(1))
    attempt = asyncio.create_task(hooked.do_all())
    await receiver.after(1)
    held = await hooked.api.rows(
        "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
    )
    checked_out: Any = hooked.api.database.engine.pool
    assert (held, checked_out.checkedout()) == ([], 0)
    await attempt


async def test_a_push_while_a_nudge_is_being_begun_is_told_too(hooked: Hooked, receiver: Receiver) -> None:
    await hooked.api.pushed(list_operation(1))
    (job,) = await hooked.queued()
    async with hooked.api.owner.writing() as session:
        await session.execute(text("SELECT 1 FROM webhook_deliveries FOR UPDATE"))
        beginning = asyncio.create_task(hooked.do(job))
        await asyncio.sleep(0)
        pushing = asyncio.create_task(hooked.api.pushed(list_operation(2)))
        await asyncio.wait([beginning, pushing], timeout=0.3)
    await asyncio.gather(beginning, pushing)
    await hooked.do_all()
    assert (await hooked.call("GET"))["told_version"] == 2
    assert told(hooked, receiver.received[-1])["to_version"] == 2

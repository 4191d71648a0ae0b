"""A report that is judged just when the list changes: it is judged by one list, the one that it names."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.moment import Moment
from app.domain.synthetic import synthetic_uscc
from app.files.spool import Spool
from app.services.access import authenticate
from app.services.pushing import PushRequest
from app.store.database import WriteSession
from tests.api.test_obligations import department, refusals, row
from tests.support import CUSTOMS, JSON, Api, list_operation, remove_operation, today

# Until somebody waits for the table; the function looks, for the test has nothing to be told by.
_UNTIL_SOMEBODY_WAITS = """
DO $$ BEGIN
    FOR n IN 1..2000 LOOP
        IF EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = '{table}'::regclass) THEN RETURN; END IF;
        PERFORM pg_sleep(0.01);
    END LOOP;
    RAISE EXCEPTION 'nobody came';
END $$
"""


async def push_in(session: WriteSession, api: Api, operation: JSON) -> None:
    """Push within a transaction that somebody else commits."""
    services: Any = api.http._transport.app.state.services  # type: ignore[attr-defined]  # noqa: SLF001 - the service itself
    caller = await authenticate(session, api.key, Moment.current().now)
    with Spool() as body:
        body.write(json.dumps({"operations": [operation]}).encode())
        await services.pushes.push(session, caller, PushRequest(body, "application/json", "meanwhile", {}))


@pytest.mark.parametrize("held", ["related_persons", "list_state"])
async def test_what_a_push_ended_meanwhile_is_not_reported_as_if_that_had_been_known(api: Api, held: str) -> None:
    await api.pushed(list_operation(1))
    customs = await department(api, CUSTOMS)
    item = (await customs.items())[0]
    yesterday = today() - timedelta(days=1)
    async with api.owner.writing() as session:
        # Whatever the report reads from this table, and after it, it reads after the push.
        await session.execute(text(f"LOCK TABLE {held} IN ACCESS EXCLUSIVE MODE"))
        reporting = asyncio.create_task(customs.send(row(item)))
        await session.execute(text(_UNTIL_SOMEBODY_WAITS.format(table=held)))
        await push_in(session, api, remove_operation(1, reason="revoked", removed_on=yesterday.isoformat()))
    reported = await reporting
    assert (await api.asked(synthetic_uscc(1)))["verdict"] == "not_listed"
    assert refusals(reported) == [(1, "acted_on", "not_in_force")]

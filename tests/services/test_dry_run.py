"""A dry run for somebody who has gone ends, and keeps the list from nobody."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from app.errors import ClientGone
from app.files.spool import Spool
from app.main import create_app
from app.services.access import Caller
from app.services.push_reports import PushReport
from app.services.pushing import PushRequest
from tests.support import Api, list_operation

StillThere = Callable[[], Awaitable[bool]]


@asynccontextmanager
async def pushing(
    api: Api, rows: int, still_there: StillThere, *, dry_run: bool
) -> AsyncIterator[tuple[PushReport, bool]]:
    """Push that many listings for somebody of whom ``still_there`` tells; give what was done and whether again."""
    app = create_app(api.settings)
    async with app.router.lifespan_context(app):
        services = app.state.services
        (row,) = await api.rows("SELECT client_id, key_id FROM api_keys JOIN clients USING (client_id)")
        caller = Caller(row["client_id"], row["key_id"], "", "", frozenset(), b"")
        with Spool() as body:
            body.write(b"".join(json.dumps(list_operation(n)).encode() + b"\n" for n in range(1, rows + 1)))
            request = PushRequest(body, "application/x-ndjson", "key-1", {}, dry_run=dry_run, still_there=still_there)
            async with services.push_database.writing() as session:
                done = await services.pushes.push(session, caller, request)
        yield done


async def test_a_dry_run_ends_between_two_parts_once_nobody_waits_for_it(api: Api) -> None:
    asked: list[bool] = []

    async def still_there() -> bool:
        asked.append(len(asked) < 1)
        return asked[-1]

    with pytest.raises(ClientGone):
        async with pushing(api, 3000, still_there, dry_run=True):
            raise AssertionError
    assert asked == [True, False]
    assert (await api.pushed(list_operation(1)))["list_version"] == 1


async def test_a_push_goes_on_for_it_can_be_asked_about_afterwards(api: Api) -> None:
    async def gone() -> bool:
        raise AssertionError

    async with pushing(api, 1, gone, dry_run=False) as (report, replayed):
        assert (report.status, replayed) == ("committed", False)
    assert len(await api.rows("SELECT 1 FROM listings")) == 1

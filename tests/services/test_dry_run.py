"""A dry run for somebody who has gone ends, and keeps the list from nobody."""

import json
from uuid import uuid4

import pytest

from app.errors import ClientGone
from app.files.spool import Spool
from app.main import create_app
from app.services.access import Caller
from app.services.pushing import PushRequest
from tests.support import Api, list_operation


async def test_a_dry_run_ends_between_two_parts_once_nobody_waits_for_it(api: Api) -> None:
    asked: list[bool] = []

    async def still_there() -> bool:
        asked.append(len(asked) < 1)
        return asked[-1]

    app = create_app(api.settings)
    async with app.router.lifespan_context(app):
        services = app.state.services
        (row,) = await api.rows("SELECT client_id, key_id FROM api_keys JOIN clients USING (client_id)")
        caller = Caller(row["client_id"], row["key_id"], "", "", frozenset(), b"")
        with Spool() as body:
            body.write(b"".join(json.dumps(list_operation(n)).encode() + b"\n" for n in range(1, 3001)))
            request = PushRequest(body, "application/x-ndjson", str(uuid4()), {}, dry_run=True, still_there=still_there)
            with pytest.raises(ClientGone):
                async with services.push_database.writing() as session:
                    await services.pushes.push(session, caller, request)
    assert asked == [True, False]
    assert (await api.pushed(list_operation(1)))["list_version"] == 1


async def test_a_push_goes_on_for_it_can_be_asked_about_afterwards(api: Api) -> None:
    async def gone() -> bool:
        raise AssertionError

    app = create_app(api.settings)
    async with app.router.lifespan_context(app):
        services = app.state.services
        (row,) = await api.rows("SELECT client_id, key_id FROM api_keys JOIN clients USING (client_id)")
        caller = Caller(row["client_id"], row["key_id"], "", "", frozenset(), b"")
        with Spool() as body:
            body.write(json.dumps({"operations": [list_operation(1)]}).encode())
            request = PushRequest(body, "application/json", "key-1", {}, still_there=gone)
            async with services.push_database.writing() as session:
                report, replayed = await services.pushes.push(session, caller, request)
    assert (report.status, replayed) == ("committed", False)

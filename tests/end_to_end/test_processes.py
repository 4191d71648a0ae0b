"""What must hold when processes die, stop, and work side by side; every one is a real process on a real database."""

import asyncio
import json
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.access import Scope
from tests.end_to_end.serving import COMMAND, environment, serving
from tests.support import Api, list_operation, make_key, person, remove_operation, revoke_all

pytestmark = pytest.mark.processes


def ask(url: str, api: Api, code: str, **fields: object) -> httpx.Response:
    body = {"code": code, "purpose": "测试"} | fields
    return httpx.post(f"{url}/v1/lookups", json=body, headers=api.headers(), timeout=30)


def push(url: str, api: Api, key: str, *operations: dict[str, object]) -> httpx.Response:
    return httpx.post(
        f"{url}/v1/pushes",
        json={"operations": operations},
        headers=api.headers(**{"Idempotency-Key": key}),
        timeout=60,
    )


async def test_the_record_of_an_answer_is_there_though_the_process_is_killed_right_after_it(api: Api) -> None:
    with serving(api.settings) as process:
        answers = [(await asyncio.to_thread(ask, process.url, api, synthetic_uscc(n))).json() for n in range(5)]
        process.kill()
    records = await api.rows("SELECT lookup_id FROM audit")
    assert {record["lookup_id"] for record in records} == {UUID(answer["lookup_id"]) for answer in answers}


async def test_the_audit_record_is_visible_to_others_before_the_answer_leaves(api: Api) -> None:
    """A lock that lets the insert through and holds back the commit holds back the answer too."""
    await api.run(
        """
        CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock_shared(77); RETURN NULL; END $$
        """
    )
    # Deferred: it runs at COMMIT, after every statement of the transaction has succeeded.
    await api.run(
        "CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON audit DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION hold()"
    )
    async with api.owner.writing() as session:
        await session.execute(text("SELECT pg_advisory_xact_lock(77)"))
        asking = asyncio.create_task(api.ask(synthetic_uscc(1)))
        answered, _ = await asyncio.wait([asking], timeout=1)
        assert not answered, "an answer left before its record was committed"
    assert (await asking).json()["verdict"] == "not_listed"
    assert len(await api.rows("SELECT 1 FROM audit")) == 1


@pytest.mark.parametrize(
    "breakage",
    ["REVOKE INSERT ON audit FROM liancheng_service", "ALTER TABLE audit ADD CONSTRAINT never CHECK (false) NOT VALID"],
)
async def test_where_the_record_cannot_be_written_there_is_no_answer(api: Api, breakage: str) -> None:
    await api.pushed(list_operation(1))
    await api.run(breakage)
    for code in (synthetic_uscc(1), synthetic_uscc(2), synthetic_resident_id(1)):
        response = await api.ask(code)
        assert response.status_code == 500
        assert "verdict" not in response.json()
        assert response.json()["code"] == "internal_error"
    body = {"items": [{"code": synthetic_uscc(1)}]}
    batch = await api.http.post("/v1/lookups/batch", json=body, headers=api.headers())
    assert batch.status_code == 500


async def test_a_commit_that_fails_is_not_an_answer(api: Api) -> None:
    await api.run(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no commit for you'; END $$"
    )
    await api.run(
        "CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON audit DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION fail()"
    )
    response = await api.ask(synthetic_uscc(1))
    assert response.status_code == 500
    assert "verdict" not in response.json()
    assert "no commit" not in response.text


async def test_the_next_lookup_on_any_process_sees_an_acknowledged_push(api: Api) -> None:
    with serving(api.settings) as one, serving(api.settings) as other:

        def storm() -> list[tuple[str, str]]:
            seen = []
            for n in range(1, 16):
                pushed_at, asked_at = (one.url, other.url) if n % 2 else (other.url, one.url)
                assert push(pushed_at, api, f"l{n}", list_operation(n, persons=[person(n)])).status_code == 201
                seen.append(("listed", ask(asked_at, api, synthetic_uscc(n)).json()["verdict"]))
                seen.append(("listed", ask(asked_at, api, synthetic_resident_id(n)).json()["verdict"]))
                assert push(pushed_at, api, f"r{n}", remove_operation(n)).status_code == 201
                seen.append(("not_listed", ask(asked_at, api, synthetic_uscc(n)).json()["verdict"]))
            return seen

        for expected, verdict in await asyncio.to_thread(storm):
            assert verdict == expected


async def test_a_push_cut_off_by_a_kill_leaves_nothing_and_can_be_repeated_under_its_key(api: Api) -> None:
    await api.run(
        """
        CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock_shared(78); RETURN NULL; END $$
        """
    )
    # The push has written its listings and stands before its last insert when the process dies.
    await api.run("CREATE TRIGGER hold AFTER INSERT ON pushes FOR EACH STATEMENT EXECUTE FUNCTION hold()")
    operations = [list_operation(n, persons=[person(n)]) for n in range(1, 50)]
    with serving(api.settings) as process:
        async with api.owner.writing() as session:
            await session.execute(text("SELECT pg_advisory_xact_lock(78)"))
            sending = asyncio.create_task(asyncio.to_thread(push, process.url, api, "cut", *operations))
            await asyncio.sleep(2)
            process.kill()
            with pytest.raises(httpx.TransportError):
                await sending
    assert await api.rows("SELECT 1 FROM listings") == await api.rows("SELECT 1 FROM pushes") == []
    with serving(api.settings) as process:
        first = await asyncio.to_thread(push, process.url, api, "cut", *operations)
        again = await asyncio.to_thread(push, process.url, api, "cut", *operations)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert {op: n for op, n in first.json()["counts"].items() if n} == {"list": len(operations)}
    assert (await api.rows("SELECT count(*) AS n FROM listings"))[0]["n"] == len(operations)


async def test_a_revoked_key_is_refused_at_once_by_every_process(api: Api) -> None:
    api.key = await make_key(api.database, Scope.LOOKUP, name="short-lived")
    with serving(api.settings) as one, serving(api.settings) as other:
        for url in (one.url, other.url):
            assert (await asyncio.to_thread(ask, url, api, synthetic_uscc(1))).status_code == 200
        await revoke_all(api.database, "short-lived")
        for url in (one.url, other.url):
            assert (await asyncio.to_thread(ask, url, api, synthetic_uscc(1))).status_code == 401


async def test_a_stopping_process_finishes_what_it_took_in(api: Api) -> None:
    with serving(api.settings) as process:
        async with api.owner.writing() as session:
            await session.execute(text("SELECT list_version FROM list_state FOR UPDATE"))
            sending = asyncio.create_task(asyncio.to_thread(push, process.url, api, "late", list_operation(1)))
            await asyncio.sleep(1)
            stopping = asyncio.create_task(asyncio.to_thread(process.stop))
            await asyncio.sleep(0.5)
            with pytest.raises(httpx.TransportError):
                await asyncio.to_thread(httpx.get, f"{process.url}/healthz")
        assert (await sending).status_code == 201
        assert await stopping == 0
    assert (await api.asked(synthetic_uscc(1)))["verdict"] == "listed"


async def test_several_workers_serve_one_port(api: Api) -> None:
    with serving(api.settings, "--workers", "2") as process:
        verdicts = {ask(process.url, api, synthetic_uscc(n)).json()["verdict"] for n in range(20)}
        assert verdicts == {"not_listed"}
        assert await asyncio.to_thread(process.stop) == 0


async def test_log_lines_are_json_and_name_routes_not_urls(api: Api) -> None:
    with serving(api.settings, LIANCHENG_LOG_LEVEL="debug") as process:
        number = synthetic_resident_id(1)
        await asyncio.to_thread(httpx.get, f"{process.url}/v1/units/{number}/measures", headers=api.headers())
        await asyncio.to_thread(ask, process.url, api, number)
        process.stop()
        lines = [json.loads(line) for line in process.output().splitlines()]
    assert number not in process.output()
    assert {"/v1/units/{uscc}/measures", "/v1/lookups"} <= {line.get("route") for line in lines}
    assert {"service.started", "service.stopped"} <= {line["event"] for line in lines}


async def test_a_process_refuses_to_start_on_a_schema_that_does_not_fit(api: Api) -> None:
    await api.run("UPDATE alembic_version SET version_num = '20200101_other'")
    finished = await asyncio.create_subprocess_exec(
        COMMAND,
        "serve",
        "--port",
        "0",
        env=environment(api.settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await finished.communicate()
    assert finished.returncode != 0
    assert "liancheng migrate" in printed.decode()

"""The queue's tables are those that its library wants, and the service's restricted role can work with them."""

import asyncio
import os
from datetime import timedelta
from uuid import uuid4

import pytest
from pgqueuer.domain.settings import DBSettings
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.store import queue
from app.store.database import Database
from app.store.queue import Job, NotYet

MINUTE = timedelta(minutes=1)


async def test_the_migrations_leave_exactly_what_the_library_would_install(owner: Database) -> None:
    async with owner.apart() as connection:
        plan = await queue.queries(connection).plan_upgrade()
        assert not plan.statements
        await connection.execute("DROP INDEX pgqueuer_log_created")
        assert (await queue.queries(connection).plan_upgrade()).statements, "a difference would be seen"


def test_the_environment_does_not_rename_the_queues_tables() -> None:
    assert "QUEUE_TABLE" not in os.environ
    os.environ["QUEUE_TABLE"] = os.environ["PGQUEUER_PREFIX"] = "elsewhere"
    try:
        names = DBSettings(**queue.NAMES.model_dump())
    finally:
        del os.environ["QUEUE_TABLE"], os.environ["PGQUEUER_PREFIX"]
    assert names == queue.NAMES


async def test_the_service_deletes_from_the_queue_and_its_log_and_changes_nothing_else_of_it(
    database: Database,
) -> None:
    async with database.writing() as session:
        await queue.enqueue(session, [Job(uuid4(), 1)], MINUTE)
        await session.execute(text("UPDATE pgqueuer SET execute_after = now()"))
        await session.execute(text("DELETE FROM pgqueuer"))
        await queue.forget_done(session)
    for statement in ("UPDATE pgqueuer_log SET created = now()", "DELETE FROM pgqueuer_statistics"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with database.writing() as session:
                await session.execute(text(statement))
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with database.writing() as session:
            await session.execute(text("UPDATE webhooks SET client_id = client_id"))


async def test_every_job_is_done_one_that_is_put_back_again_and_one_that_breaks_by_the_next_worker(
    database: Database, owner: Database
) -> None:
    jobs = [Job(uuid4(), number) for number in (1, 2, 3)]
    done: list[Job] = []
    stop = asyncio.Event()
    wanted = {*jobs}

    async def do(job: Job) -> None:
        done.append(job)
        if job == jobs[1] and done.count(job) == 1:
            raise NotYet(timedelta(milliseconds=100))
        if job == jobs[2] and done.count(job) == 1:
            wanted.discard(job)
            raise RuntimeError("breaks")
        wanted.discard(job)
        if not wanted:
            stop.set()

    async with database.writing() as session:
        await session.execute(text("SELECT 1"))
        await queue.enqueue(session, jobs, timedelta(0))
    await queue.work(database, do, stop, lost_after=MINUTE)
    assert sorted(job.attempt_no for job in done) == [1, 2, 2, 3]
    stop.clear()
    await queue.work(database, do, stop, lost_after=MINUTE)
    assert done[4:] == [jobs[2]]
    async with owner.writing() as session:
        assert (await session.execute(text("SELECT count(*) FROM pgqueuer"))).scalar_one() == 0
        kept = (await session.execute(text("SELECT string_agg(traceback::text, '') FROM pgqueuer_log"))).scalar_one()
    assert "NotYet" not in kept

"""Writers, services and a copier that die at any moment: nothing acknowledged is lost, and the copy is the list."""

import asyncio
import contextlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.services.access import Scope
from app.services.identity_keys import vault_from
from app.services.verification import verify
from liancheng.client import Client, LocalCopy
from liancheng.client.types import FeedListing
from tests.end_to_end.copier import Seen, by_pages
from tests.end_to_end.storm import ROUNDS, WRITERS, Storm, Writer, storm
from tests.services.list_model.basics import JSON
from tests.support import BUREAU, Api, make_key

pytestmark = pytest.mark.processes

# Each push takes a moment while it is written and while it is committed. Who kills the service then leaves a push that
# is not made, or one that the database goes on to commit though nobody is there to tell.
_LINGERING = [
    """
    CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(random() * 0.06); RETURN NULL; END $$
    """,
    "CREATE TRIGGER linger AFTER INSERT ON listing_revisions FOR EACH STATEMENT EXECUTE FUNCTION linger()",
    """
    CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON pushes DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION linger()
    """,
]


async def test_nothing_is_lost_and_the_copy_is_the_list_whoever_is_killed(api: Api, tmp_path: Path) -> None:
    scopes = (Scope.LIST_PUSH, Scope.LIST_READ)
    writing = [await make_key(api.database, *scopes, department=BUREAU) for _ in range(WRITERS)]
    copying = await make_key(api.database, Scope.CHANGES_READ)

    for statement in _LINGERING:
        await api.run(statement)

    def rage() -> tuple[Storm, list[FeedListing], list[FeedListing], list[tuple[str, str]]]:
        with storm(api, tmp_path, writing, copying) as everybody:
            everybody.rage()
            everybody.copier.kill()
            # The copy goes on from where it was killed; so does the reading of the changes.
            with (
                Client(everybody.services[0].url, copying) as client,
                LocalCopy(tmp_path / "list.sqlite") as copy,
                contextlib.closing(Seen(tmp_path / "seen.sqlite")) as seen,
            ):
                copy.update(client)
                by_pages(client, seen, everybody.random)
                with client.snapshot() as snapshot:
                    told = list(snapshot)
                    assert copy.cursor == snapshot.head["cursor"]
                return everybody, list(copy.listings()), told, seen.cursors()

    everybody, held, told, seen = await asyncio.to_thread(rage)
    assert everybody.killed == ROUNDS * 2 + 1
    assert held == told
    assert held
    await compare_with_rows(api, [dict(one) for one in held], everybody.writers)
    changes = await api.rows("SELECT list_version, change_no FROM listing_revisions ORDER BY list_version, change_no")
    assert [cursor for cursor, _ in seen] == [f"{one['list_version']}.{one['change_no']}" for one in changes]
    assert len({way for _, way in seen}) > 1
    assert sum(writer.unanswered for writer in everybody.writers) > 0
    await compare_pushes(api, everybody.writers)
    async with api.owner.reading() as session:
        await verify(session, vault_from(api.settings), {}, lambda _, __: None)


async def compare_pushes(api: Api, writers: Sequence[Writer]) -> None:
    """Hold the pushes that the database knows against those that were acknowledged: neither more nor less."""
    kept = await api.rows("SELECT idempotency_key, push_id::text, list_version FROM pushes ORDER BY list_version")
    acknowledged = {name: done for writer in writers for name, done in writer.done.items()}
    assert {one["idempotency_key"]: (one["push_id"], one["list_version"]) for one in kept} == {
        name: (done["push_id"], done["list_version"]) for name, done in acknowledged.items()
    }
    assert [one["list_version"] for one in kept] == list(range(1, len(kept) + 1))


_SAME_IN_ROWS = (
    *("listing_id", "revision", "decision_no", "conduct_code", "tier", "facts", "basis"),
    *("listed_on", "valid_until", "published_until"),
)
_ROWS = """
SELECT listing_id::text, revision, unit_name, uscc, former_names, decision_no, conduct_code, tier, facts, basis,
    listed_on::text, valid_until::text, published_until::text, removed_on::text, removal_reason, removal_decision_no,
    (
        SELECT coalesce(json_agg(json_build_array(
            person_id, roles, since, ended_on, end_reason, ban_since, ban_until, ban_for_life
        ) ORDER BY person_id), '[]')::text FROM related_persons AS r WHERE r.listing_id = l.listing_id
    ) AS persons
FROM listings AS l ORDER BY listing_id
"""


async def compare_with_rows(api: Api, held: Sequence[JSON], writers: Sequence[Writer]) -> None:
    """Hold the copy against the database's own rows, and against what the writers know that they made."""
    rows = await api.rows(_ROWS)
    assert [{**row, "persons": json.loads(row["persons"])} for row in rows] == [as_row(one) for one in held]
    made = {one["listing_id"]: one for writer in writers for one in writer.listings}
    assert made.keys() == {one["listing_id"] for one in held}
    for one in held:
        ours = made[one["listing_id"]]
        same = ("unit", "decision_no", "tier", "facts", "listed_on", "valid_until", "removal", "suspensions")
        assert {name: one[name] for name in same} == {name: ours[name] for name in same}
        ends = {person["person_id"]: (person["ended_on"], person["position_ban"]) for person in one["persons"]}
        assert ends == {person["person_id"]: (person["ended_on"], person["position_ban"]) for person in ours["persons"]}


def as_row(one: JSON) -> JSON:
    """Return a listing of the copy as the database has it."""
    removal = one["removal"] or {"removed_on": None, "reason": None, "decision_no": None}
    row = {name: one[name] for name in _SAME_IN_ROWS}
    row |= {"unit_name": one["unit"]["name"], "uscc": one["unit"]["uscc"], "former_names": one["unit"]["former_names"]}
    row |= {"removed_on": removal["removed_on"], "removal_reason": removal["reason"]}
    row |= {"removal_decision_no": removal["decision_no"], "persons": []}
    for person in one["persons"]:
        ban = person["position_ban"] or {"since": None, "until": None, "for_life": False}
        told = [person[name] for name in ("person_id", "roles", "since", "ended_on", "end_reason")]
        row["persons"].append([*told, ban["since"], ban["until"], ban["for_life"]])
    return row

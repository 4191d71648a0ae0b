"""The chain's head, public: what it says can be worked out anew from what the database keeps, by other means."""

import hashlib
import json
from datetime import UTC
from typing import Any

import httpx

from app.domain.synthetic import synthetic_resident_id
from tests.support import JSON, Api, list_operation, person, remove_operation

GENESIS = "sm3:" + "00" * 32


async def chain(api: Api, path: str = "") -> JSON:
    response = await api.http.get(f"/v1/chain{path}")
    assert response.status_code == httpx.codes.OK, response.text
    told: JSON = response.json()
    return told


def linked(previous: bytes, record: JSON) -> bytes:
    """Return the next link as docs/decisions/0013 has it, with another SM3 than the service's."""
    spelt = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.new("sm3", previous + spelt.encode()).digest()


async def rebuilt(api: Api) -> dict[int, str]:
    """Work every head out from the tables alone."""
    head, heads = bytes(32), {}
    for push in await api.rows("SELECT * FROM pushes ORDER BY list_version"):
        version = push["list_version"]
        made = "SELECT * FROM listing_revisions WHERE list_version = :version ORDER BY change_no"
        for row in await api.rows(made, version=version):
            names: dict[str, Any] = {"row": row["row_no"], "op": row["operation"], "listing_id": str(row["listing_id"])}
            kept = ("list_version", "change_no", "revision", "detail", "state")
            head = linked(head, names | {name: row[name] for name in kept})
            assert head == row["hash"]
        record = {name: push[name] for name in ("list_version", "mode", "source_document", "counts")}
        record |= {name: str(push[name]) for name in ("push_id", "client_id")}
        record |= {"body_fingerprint": push["body_fingerprint"].hex(), "approved_by": None}
        head = linked(head, record | {"committed_at": push["committed_at"].astimezone(UTC).isoformat()})
        heads[version] = "sm3:" + head.hex()
    return heads


async def test_before_the_first_push_the_chain_begins(api: Api) -> None:
    assert await chain(api) == await chain(api, "/0") == {"list_version": 0, "head": GENESIS, "committed_at": None}
    for version in ("1", "9007199254740991"):
        response = await api.http.get(f"/v1/chain/{version}")
        assert (response.status_code, response.json()["code"]) == (409, "list_version_not_reached")
    for version in ("-1", "x", "9007199254740992"):
        assert (await api.http.get(f"/v1/chain/{version}")).status_code == httpx.codes.UNPROCESSABLE_ENTITY


async def test_every_head_follows_from_what_is_kept_and_stays_what_it_was(api: Api) -> None:
    noted = {0: GENESIS}
    for operations in (
        [list_operation(1, persons=[person(1), person(2)]), list_operation(2)],
        [list_operation(3, facts="“引号”与\\反斜线、é、\U00020bb7（虚构）")],
        [remove_operation(2, removal_decision_no="虚构移1号")],
    ):
        pushed = await api.push(*operations, source_document="虚构发〔2026〕1号")
        now = await chain(api)
        assert now["committed_at"] == pushed.json()["committed_at"]
        noted[now["list_version"]] = now["head"]
    assert noted == {0: GENESIS} | await rebuilt(api)
    assert [(await chain(api, f"/{version}"))["head"] for version in noted] == list(noted.values())
    assert len(set(noted.values())) == len(noted)


async def test_a_head_is_reached_through_the_hashes_that_feed_history_and_snapshot_tell(api: Api) -> None:
    made = await api.pushed(list_operation(1, persons=[person(1)]))
    await api.pushed(remove_operation(1))
    fed = (await api.http.get("/v1/changes", headers=api.headers())).json()["changes"]
    url = f"/v1/listings/{made['rows'][0]['listing_id']}/history"
    told = (await api.http.get(url, headers=api.headers())).json()["revisions"]
    assert [one["hash"] for one in fed] == [one["hash"] for one in told]
    snapshot = await api.http.get("/v1/listings/snapshot?at=1", headers=api.headers())
    assert json.loads(snapshot.text.splitlines()[0])["head"] == (await chain(api, "/1"))["head"]


async def test_a_push_that_came_to_nothing_leaves_the_chain_as_it_was(api: Api) -> None:
    await api.pushed(list_operation(1))
    before = await chain(api)
    await api.push(remove_operation(9))
    dry = {"operations": [remove_operation(1)]}
    await api.http.post("/v1/pushes?dry_run=true", json=dry, headers=api.headers())
    assert await chain(api) == before


async def test_two_lists_that_say_the_same_of_other_persons_have_other_heads(api: Api) -> None:
    """Who somebody is stands in the chain by a commitment only, which nobody can work out from the number."""
    await api.pushed(list_operation(1, persons=[person(1)]), list_operation(2, persons=[person(2)]))
    states = [row["state"] for row in await api.rows("SELECT state FROM listing_revisions")]
    one, other = (state["persons"][0]["commitment"] for state in states)
    assert one != other
    number = synthetic_resident_id(1)
    guesses = [number, f"{number}\0虚构1", f"虚构1{number}"]
    assert not {hashlib.new("sm3", guess.encode()).hexdigest() for guess in guesses} & {one, other}

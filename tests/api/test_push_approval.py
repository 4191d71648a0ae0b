"""A second pair of eyes: a push above the threshold waits, and is carried out exactly as it was sent, or never."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.access import Scope
from tests.services.serving import also_serving
from tests.support import BUREAU, JSON, Api, list_operation, make_key, person

NUMBER = synthetic_resident_id(1)
OPERATIONS = (list_operation(1, persons=[person(1)]), list_operation(2))


@pytest.fixture
async def careful(api: Api) -> AsyncIterator[Api]:
    """Serve with a threshold of one change."""
    async with also_serving(api, approval_above=1) as service:
        yield service


@pytest.fixture
async def second(careful: Api) -> Api:
    """Another client of the bureau."""
    return replace(careful, key=await make_key(careful.database, *Scope, department=BUREAU))


async def decide(api: Api, push_id: str, *, approve: bool) -> httpx.Response:
    url = f"/v1/pushes/{push_id}/approval"
    return await api.http.post(url, json={"approve": approve}, headers=api.headers())


async def waiting(api: Api) -> JSON:
    response = await api.push(*OPERATIONS, key="waits", source_document="虚构发〔2026〕1号")
    assert response.status_code == 202, response.text
    told: JSON = response.json()
    assert (told["status"], told["counts"]["list"], told["committed_at"]) == ("awaiting_approval", 2, None)
    assert [row["listing_id"] for row in told["rows"]] == [None, None]
    return told


async def test_a_push_at_the_threshold_is_made_at_once_and_one_above_it_waits(careful: Api) -> None:
    assert (await careful.push(list_operation(3))).status_code == 201
    await waiting(careful)
    assert (await careful.asked(synthetic_uscc(1)))["verdict"] == "not_listed"
    assert await careful.rows("SELECT list_version FROM list_state") == [{"list_version": 1}]


async def test_what_waits_is_kept_sealed_and_emptied_once_it_is_decided(careful: Api, second: Api) -> None:
    told = await waiting(careful)
    kept = await careful.rows("SELECT sealed FROM waiting_push_parts")
    assert len(kept) == 1
    assert NUMBER.encode() not in kept[0]["sealed"]
    assert NUMBER not in str(await careful.rows("SELECT * FROM waiting_pushes"))
    assert (await decide(second, told["push_id"], approve=True)).status_code == 200
    assert await careful.rows("SELECT sealed FROM waiting_push_parts") == [{"sealed": b""}]


async def test_another_client_approves_it_and_it_is_made_as_it_was_sent(careful: Api, second: Api) -> None:
    told = await waiting(careful)
    done = (await decide(second, told["push_id"], approve=True)).json()
    assert (done["status"], done["push_id"], done["list_version"]) == ("committed", told["push_id"], 1)
    assert done["source_document"] == "虚构发〔2026〕1号"
    assert (await careful.asked(NUMBER, subject_kind="person"))["verdict"] == "listed"
    url = f"/v1/listings/{done['rows'][0]['listing_id']}/history"
    (revision,) = (await careful.http.get(url, headers=careful.headers())).json()["revisions"]
    assert revision["approved_by"] not in {None, revision["pushed_by"]}


async def test_repeating_it_under_its_key_tells_how_it_stands(careful: Api, second: Api) -> None:
    told = await waiting(careful)
    again = await careful.push(*OPERATIONS, key="waits", source_document="虚构发〔2026〕1号")
    assert (again.status_code, again.json()) == (202, told)
    assert again.headers["idempotency-replayed"] == "true"
    other = await careful.push(*OPERATIONS, key="waits", source_document="虚构发〔2026〕2号")
    assert other.json()["code"] == "idempotency_key_reused"
    await decide(second, told["push_id"], approve=True)
    made = await careful.push(*OPERATIONS, key="waits", source_document="虚构发〔2026〕1号")
    assert (made.status_code, made.json()["status"]) == (201, "committed")
    assert len(await careful.rows("SELECT 1 FROM pushes")) == 1


async def test_nobody_approves_their_own_push_nor_decides_one_twice(careful: Api, second: Api) -> None:
    told = await waiting(careful)
    own = await decide(careful, told["push_id"], approve=True)
    assert (own.status_code, own.json()["code"]) == (403, "forbidden")
    refused = await decide(second, told["push_id"], approve=False)
    assert (refused.status_code, refused.json()["status"]) == (200, "rejected")
    again = await decide(second, told["push_id"], approve=True)
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")
    shown = await careful.http.get(f"/v1/pushes/{told['push_id']}", headers=careful.headers())
    assert shown.json()["status"] == "rejected"
    assert await careful.rows("SELECT 1 FROM listings") == []


async def test_what_was_checked_against_another_list_is_not_made(careful: Api, second: Api) -> None:
    told = await waiting(careful)
    assert (await careful.push(list_operation(9))).status_code == 201
    moved = await decide(second, told["push_id"], approve=True)
    assert (moved.status_code, moved.json()["code"]) == (409, "list_version_moved")
    assert (await decide(second, told["push_id"], approve=False)).json()["status"] == "rejected"


async def test_what_is_wrong_is_refused_at_once_and_does_not_wait(careful: Api) -> None:
    response = await careful.push(list_operation(1, listed_on="2090-01-01"), list_operation(2))
    assert response.json()["code"] == "push_rejected"
    assert await careful.rows("SELECT 1 FROM waiting_pushes") == []


async def test_a_dry_run_never_waits(careful: Api) -> None:
    body = {"operations": list(OPERATIONS)}
    response = await careful.http.post("/v1/pushes?dry_run=true", json=body, headers=careful.headers())
    assert (response.status_code, response.json()["status"]) == (200, "dry_run")
    assert await careful.rows("SELECT 1 FROM waiting_pushes") == []


@pytest.mark.parametrize("media_type", ["text/csv", "application/x-ndjson"])
async def test_what_is_not_what_the_second_client_was_shown_is_not_carried_out(
    careful: Api, second: Api, monkeypatch: pytest.MonkeyPatch, media_type: str
) -> None:
    """A body that was cut off at the end of a row looks whole: what is missing would go unseen, or be removed."""
    monkeypatch.setattr("app.services.waiting._PART_BYTES", 1)
    rows = [list_operation(n) for n in range(1, 4)]
    if media_type == "text/csv":
        columns = {"列入决定书文号": "decision_no", "作出列入决定机关": "decided_by", "列入原因": "conduct"}
        columns |= {"惩戒等级": "tier", "列入日期": "listed_on", "有效期至": "valid_until"}
        lines = [["统一社会信用代码", "单位名称", *columns]]
        lines += [[*one["unit"].values(), *(one[name] for name in columns.values())] for one in rows]
        body = "".join(f"{','.join(line)}\n" for line in lines)
    else:
        body = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows)
    headers = careful.headers(**{"Idempotency-Key": "whole", "Content-Type": media_type})
    told = (await careful.http.post("/v1/pushes", content=body.encode(), headers=headers)).json()
    assert told["counts"]["list"] == 3
    until = body.encode().rindex(b"\n", 0, -1) + 1
    await careful.run(f"DELETE FROM waiting_push_parts WHERE part_no >= {until}")
    refused = await decide(second, told["push_id"], approve=True)
    assert (refused.status_code, refused.json()["code"]) == (409, "list_version_moved")
    assert (await careful.asked(synthetic_uscc(1)))["verdict"] == "not_listed"
    assert (await decide(second, told["push_id"], approve=False)).json()["status"] == "rejected"

"""Everything that can happen to a listing, over the interface, and what is told where it cannot."""

from datetime import timedelta
from typing import Any

import pytest

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.identity_keys import vault_from
from app.services.verification import verify
from tests.support import JSON, Api, list_operation, person, remove_operation, today

DAY = timedelta(days=1)
TARGET = {"uscc": synthetic_uscc(1), "decision_no": "虚构列〔2026〕1号"}
FIRST = today() - 180 * DAY
_CODE = synthetic_uscc(50)
IRREGULAR = _CODE[:-1] + ("0" if _CODE[-1] != "0" else "1")


def operation(op: str, **fields: Any) -> JSON:
    return {"op": op, **TARGET, **fields}


def days_ago(n: int) -> str:
    return (today() - n * DAY).isoformat()


async def errors(api: Api, *operations: JSON) -> list[tuple[int | None, str | None, str]]:
    response = await api.push(*operations)
    assert response.status_code == 422, response.text
    return [(one["row"], one["field"], one["code"]) for one in response.json()["errors"]]


async def listing(api: Api) -> JSON:
    found = await api.http.get("/v1/listings", params={"uscc": synthetic_uscc(1)}, headers=api.headers())
    (one,) = found.json()["listings"]
    told: JSON = one
    return told


async def test_facts_are_added_and_what_is_recorded_is_not_overwritten_by_it(api: Api) -> None:
    await api.pushed(list_operation(1, facts="第一项（虚构）"))
    await api.pushed(operation("amend", facts="第二项（虚构）", basis="依据（虚构）", conduct_code="YJ11-06-4"))
    now = await listing(api)
    assert (now["facts"], now["basis"], now["conduct_code"]) == (
        "第一项（虚构）\n第二项（虚构）",
        "依据（虚构）",
        "YJ11-06-4",
    )
    assert await errors(api, operation("amend", basis="别的")) == [(1, "basis", "already_recorded")]
    assert await errors(api, operation("amend")) == [(1, None, "nothing_given")]


async def test_a_correction_keeps_before_and_after_in_the_history(api: Api) -> None:
    made = await api.pushed(list_operation(1))
    fields = {"tier": "联合惩戒对象", "valid_until": (FIRST + 300 * DAY).isoformat()}
    done = await api.pushed(operation("correct", set=fields, reason="等级录错（虚构）", document="虚构更〔2026〕1号"))
    assert {one["field"] for one in done["rows"][0]["changes"]} == {"tier", "valid_until"}
    url = f"/v1/listings/{made['rows'][0]['listing_id']}/history"
    first, second = (await api.http.get(url, headers=api.headers())).json()["revisions"]
    assert first["changes"] == []
    assert {"field": "tier", "before": "严重失信主体", "after": "联合惩戒对象"} in second["changes"]
    assert second["detail"] == {"reason": "等级录错（虚构）", "document": "虚构更〔2026〕1号"}
    too_long = {"valid_until": (FIRST + 400 * DAY).isoformat()}
    assert await errors(api, operation("correct", set=too_long, reason="x")) == [
        (1, "set.valid_until", "period_too_long")
    ]
    assert await errors(api, operation("correct", set=fields, reason="x")) == [(1, None, "nothing_changed")]


@pytest.mark.parametrize("by_id", [True, False])
async def test_a_correction_to_the_key_of_another_listing_is_refused(api: Api, *, by_id: bool) -> None:
    made = await api.pushed(list_operation(1), list_operation(2))
    target = {"listing_id": made["rows"][0]["listing_id"]} if by_id else TARGET
    values = {"uscc": synthetic_uscc(2), "decision_no": "虚构列〔2026〕2号"}
    wrong = {"op": "correct", **target, "set": values, "reason": "录错（虚构）"}
    assert await errors(api, wrong) == [(1, "set.decision_no", "already_listed")]


async def test_a_listing_may_take_the_place_that_another_leaves_in_the_same_push(api: Api) -> None:
    """As where two decisions were typed in with each other's number: what comes first leaves, what follows takes."""
    await api.pushed(list_operation(1), list_operation(1, decision_no="虚构列〔2026〕另1号"))
    off = operation("correct", set={"decision_no": "虚构列〔2026〕新1号"}, reason="录错（虚构）")
    onto: JSON = {"op": "correct", "set": {"decision_no": list_operation(1)["decision_no"]}, "reason": "录错（虚构）"}
    onto |= {"uscc": synthetic_uscc(1), "decision_no": "虚构列〔2026〕另1号"}
    again = list_operation(1, decision_no="虚构列〔2026〕另1号", conduct="另一虚构行为")
    for rows in ((onto, off, again), (off, again, onto), (again, off, onto)):
        told = await errors(api, *rows)
        assert told
        assert all(row is not None for row, _, _ in told), told
    done = await api.pushed(off, onto, again)
    assert [row["op"] for row in done["rows"]] == ["correct", "correct", "list"]
    answer = await api.asked(synthetic_uscc(1))
    assert sorted((one["decision_no"], one["conduct"]) for one in answer["listings"]) == [
        ("虚构列〔2026〕1号", "虚构行为"),
        ("虚构列〔2026〕另1号", "另一虚构行为"),
        ("虚构列〔2026〕新1号", "虚构行为"),
    ]
    async with api.owner.reading() as session:
        assert (await verify(session, vault_from(api.settings), {}, lambda _, __: None)).listings == 3


async def test_a_unit_is_renamed_in_all_its_listings_and_its_old_names_stay_findable(api: Api) -> None:
    await api.pushed(list_operation(1), list_operation(1, decision_no="虚构列〔2026〕另1号"))
    renamed = {"op": "rename", "uscc": synthetic_uscc(1), "new_name": "新名（虚构）", "renamed_on": days_ago(5)}
    assert (await api.pushed(renamed))["counts"]["rename"] == 2
    answer = await api.asked(synthetic_uscc(1))
    assert {one["unit"]["name"] for one in answer["listings"]} == {"新名（虚构）"}
    assert {tuple(one["unit"]["former_names"]) for one in answer["listings"]} == {("示例第1（虚构）有限公司",)}
    for name in ("示例第1", "新名"):
        found = await api.http.get("/v1/listings", params={"name": name}, headers=api.headers())
        assert len(found.json()["listings"]) == 2, name
    assert await errors(api, renamed) == [(1, None, "nothing_changed")]
    nobody = renamed | {"uscc": synthetic_uscc(7)}
    assert await errors(api, nobody) == [(1, "uscc", "listing_not_found")]


async def test_a_unit_is_renamed_in_the_listings_that_do_not_have_the_name_yet(api: Api) -> None:
    made = await api.pushed(list_operation(1), list_operation(1, decision_no="虚构列〔2026〕另1号"))
    by_unit = {"op": "rename", "uscc": synthetic_uscc(1), "new_name": "新名（虚构）", "renamed_on": days_ago(5)}
    first = by_unit | {"decision_no": "虚构列〔2026〕1号"}
    await api.pushed(first)
    done = await api.pushed(by_unit)
    assert [one["listing_id"] for one in done["rows"]] == [made["rows"][1]["listing_id"]]
    answer = await api.asked(synthetic_uscc(1))
    assert {one["unit"]["name"] for one in answer["listings"]} == {"新名（虚构）"}
    assert {one["revision"] for one in answer["listings"]} == {2}


async def test_a_repair_that_was_revoked_restores_the_listing_with_a_gap(api: Api) -> None:
    await api.pushed(list_operation(1))
    await api.pushed(remove_operation(1, removed_on=days_ago(30)))
    await api.pushed(operation("restore", restored_on=days_ago(10), reason="repair_revoked", document="虚构撤1号"))
    verdicts = [(await api.asked(synthetic_uscc(1), on=days_ago(n)))["verdict"] for n in (31, 30, 11, 10, 0)]
    assert verdicts == ["listed", "not_listed", "not_listed", "listed", "listed"]
    told = (await listing(api))["suspensions"]
    assert told == [{"from": days_ago(30), "until": days_ago(10)}]


async def test_what_is_not_possible_is_refused_with_what_would_be(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]), list_operation(2))
    response = await api.push(operation("restore", restored_on=days_ago(0), reason="repair_revoked"))
    (error,) = response.json()["errors"]
    assert error["code"] == "not_removed"
    assert "移出（remove）" in error["detail"]
    await api.pushed(remove_operation(1, reason="revoked"))
    response = await api.push(operation("amend", facts="x"))
    (error,) = response.json()["errors"]
    assert error["code"] == "illegal_transition"
    assert "决定撤销" in error["detail"]
    assert "恢复（restore）" in error["detail"]
    assert "任职限制" not in error["detail"], "no ban can rest on a decision that was revoked"
    not_repaired = operation("restore", restored_on=days_ago(0), reason="repair_revoked")
    assert await errors(api, not_repaired) == [(1, "reason", "not_repaired")]


async def test_persons_come_leave_return_and_are_banned_in_one_push_in_the_order_of_its_rows(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]))
    one, two = synthetic_resident_id(1), synthetic_resident_id(2)
    await api.pushed(
        operation("end_person", id_number=one, ended_on=days_ago(50), reason="left"),
        operation("add_person", person=person(2, since=days_ago(50))),
        operation("ban", id_number=one, position_ban={"for_life": True, "since": days_ago(50)}),
    )

    async def verdict(number: str, n: int) -> str:
        answer: str = (await api.asked(number, subject_kind="person", on=days_ago(n)))["verdict"]
        return answer

    assert [await verdict(two, n) for n in (51, 50, 0)] == ["not_listed", "listed", "listed"]
    banned = await api.asked(one, subject_kind="person")
    assert (banned["verdict"], [measure["no"] for measure in banned["measures"]]) == ("listed", [9])
    await api.pushed(operation("add_person", person=person(1, since=days_ago(20))))
    back = await api.asked(one, subject_kind="person")
    assert len(back["measures"]) > 1
    again = operation("add_person", person=person(1))
    assert await errors(api, again) == [(1, "person.id_number", "person_already_recorded")]
    stranger = operation("end_person", id_number=synthetic_resident_id(9), ended_on=days_ago(1), reason="left")
    assert await errors(api, stranger) == [(1, "id_number", "person_not_found")]


async def test_somebody_recorded_by_mistake_never_was(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1, position_ban={"for_life": True})]))
    number = synthetic_resident_id(1)
    await api.pushed(operation("end_person", id_number=number, ended_on=days_ago(0), reason="corrected"))
    for n in (0, 100):
        assert (await api.asked(number, subject_kind="person", on=days_ago(n)))["verdict"] == "not_listed"


async def test_a_code_that_fails_its_check_character_is_listed_knowingly_and_then_found(api: Api) -> None:
    async def told() -> tuple[int, str]:
        response = await api.ask(IRREGULAR, subject_kind="unit")
        return response.status_code, response.json().get("verdict") or response.json()["code"]

    assert await told() == (422, "code_check_character")
    unit = {"uscc": IRREGULAR, "name": "示例不合规代码（虚构）有限公司"}
    assert await errors(api, list_operation(1, unit=unit)) == [(1, "unit.uscc", "code_check_character")]
    without_reason = list_operation(1, unit=unit, nonconforming_code=True)
    assert await errors(api, without_reason) == [(1, "nonconforming_reason", "missing")]
    knowingly = {"nonconforming_code": True, "nonconforming_reason": "试点地区早期代码（虚构）"}
    await api.pushed(list_operation(1, unit=unit, **knowingly))
    assert await told() == (200, "listed")
    assert (await api.http.get(f"/v1/units/{IRREGULAR}/measures", headers=api.headers())).status_code == 200
    needless = list_operation(2, **knowingly)
    assert await errors(api, needless) == [(1, "nonconforming_code", "code_is_conforming")]
    gone = remove_operation(1) | {"uscc": IRREGULAR}
    await api.pushed(gone)
    assert await told() == (422, "code_check_character"), "not listed any more, it is an error again"
    assert len(await api.rows("SELECT 1 FROM audit WHERE verdict = 'not_listed'")) == 0


async def test_a_period_that_is_not_given_is_the_longest_that_the_tier_allows(api: Api) -> None:
    plain = {key: value for key, value in list_operation(1, listed_on="2026-03-01").items() if key != "valid_until"}
    await api.pushed(plain)
    assert (await listing(api))["valid_until"] == "2029-02-28"
    assert await errors(api, list_operation(2, tier="没有的等级")) == [(1, "tier", "unknown_tier")]
    assert await errors(api, list_operation(2, conduct_code="X")) == [(1, "conduct_code", "unknown_conduct")]


async def test_an_early_repair_is_done_and_warned_of(api: Api) -> None:
    await api.pushed(list_operation(1))
    done = await api.pushed(remove_operation(1))
    assert [(one["row"], one["code"]) for one in done["warnings"]] == [(1, "repair_early")]

"""A snapshot makes the list what the file says, and no more of it goes than somebody stands in for."""

import csv
import io
from datetime import timedelta

import httpx
import pytest

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from tests.services.serving import also_serving
from tests.support import JSON, Api, list_operation, person, remove_operation, today


async def snapshot(
    api: Api, *rows: JSON, terms: JSON | None = None, dry_run: bool = False, key: str = "snapshot"
) -> httpx.Response:
    body = {"operations": list(rows), "mode": "snapshot"} | (terms or {})
    headers = api.headers(**{"Idempotency-Key": key})
    return await api.http.post(f"/v1/pushes?dry_run={str(dry_run).lower()}", json=body, headers=headers)


def counts(response: httpx.Response) -> dict[str, int]:
    assert response.is_success, response.text
    return {name: count for name, count in response.json()["counts"].items() if count}


async def test_what_is_new_is_listed_what_differs_corrected_what_is_missing_removed_and_the_rest_left_alone(
    api: Api,
) -> None:
    await api.pushed(*(list_operation(n) for n in range(1, 5)))
    rows = (
        list_operation(1),
        list_operation(2, conduct="改过的行为（虚构）"),
        list_operation(3, unit={"uscc": synthetic_uscc(3), "name": "新名（虚构）"}),
        list_operation(5),
    )
    terms = {"removal_reason": "repaired", "confirm_removals": 1}
    expected = {"list": 1, "correct": 1, "rename": 1, "remove": 1, "unchanged": 1}
    tried = await snapshot(api, *rows, dry_run=True, terms=terms)
    assert counts(tried) == expected
    assert (await api.rows("SELECT max(list_version) AS v FROM pushes")) == [{"v": 1}]
    done = await snapshot(api, *rows, terms=terms)
    assert counts(done) == expected
    assert {row["row"] for row in done.json()["rows"] if row["op"] == "remove"} == {None}
    verdicts = [(await api.asked(synthetic_uscc(n)))["verdict"] for n in range(1, 6)]
    assert verdicts == ["listed", "listed", "listed", "not_listed", "listed"]
    assert counts(await snapshot(api, *rows, key="again", terms=terms)) == {"unchanged": 4}


async def test_a_snapshot_that_says_nothing_of_a_position_ban_does_not_lift_it(api: Api) -> None:
    """A file without columns for bans is no decision about them: who is banned for life would be "not listed"."""
    await api.pushed(list_operation(1, persons=[person(1, position_ban={"for_life": True}), person(2)]))
    told = list_operation(1, persons=[person(1), person(2)])
    assert counts(await snapshot(api, told)) == {"unchanged": 1}
    changed = list_operation(1, persons=[person(1, roles=["principal"]), person(2)])
    assert counts(await snapshot(api, changed, key="changed")) == {"correct": 1}
    assert counts(await snapshot(api, list_operation(1, persons=[person(2)]), key="left")) == {"correct": 1}
    assert counts(await snapshot(api, changed, key="back")) == {"correct": 1}
    await api.pushed(remove_operation(1))
    banned = await api.asked(synthetic_resident_id(1))
    assert banned["verdict"] == "listed"
    assert [one["person"]["position_ban"]["for_life"] for one in banned["listings"]] == [True]
    assert (await api.asked(synthetic_resident_id(2)))["verdict"] == "not_listed"


async def test_a_snapshot_that_says_nothing_of_the_period_does_not_change_it(api: Api) -> None:
    """The longest that the tier allows is what a new listing lasts unasked, not what a decided one is stretched to."""
    over = list_operation(1, valid_until=(today() - timedelta(days=1)).isoformat())
    await api.pushed(over, list_operation(2))
    untold = [
        {name: value for name, value in one.items() if name != "valid_until"} for one in (over, list_operation(2))
    ]
    assert counts(await snapshot(api, *untold)) == {"unchanged": 2}
    assert (await api.asked(synthetic_uscc(1)))["verdict"] == "not_listed"
    longer = untold[1] | {"listed_on": (today() - timedelta(days=170)).isoformat()}
    assert counts(await snapshot(api, untold[0], longer, key="later")) == {"correct": 1, "unchanged": 1}
    (listing,) = (await api.asked(synthetic_uscc(2)))["listings"]
    assert listing["valid_until"] > list_operation(2)["valid_until"], "another first day has another period"


@pytest.mark.parametrize("media_type", ["application/json", "text/csv"])
async def test_a_snapshot_that_repeats_what_the_list_tells_changes_nothing_though_facts_were_added(
    api: Api, media_type: str
) -> None:
    target = {"uscc": synthetic_uscc(1), "decision_no": "虚构列〔2026〕1号"}
    await api.pushed(list_operation(1, facts="第一项（虚构）\r\n续（虚构）"))
    for n in range(3):
        await api.pushed({"op": "amend", **target, "facts": f"又一项{n}" + "，虚构" * 330})
    (told,) = (await api.http.get("/v1/listings", headers=api.headers())).json()["listings"]
    assert told["facts"].startswith("第一项（虚构）\n续（虚构）\n又一项0")
    assert len(told["facts"]) > 2900
    same = list_operation(1, facts=told["facts"])
    if media_type == "application/json":
        response = await snapshot(api, same)
    else:
        fields = {"操作": "列入", "统一社会信用代码": synthetic_uscc(1), "单位名称": same["unit"]["name"]}
        fields |= {"列入决定书文号": same["decision_no"], "作出列入决定机关": same["decided_by"]}
        fields |= {"列入原因": same["conduct"], "惩戒等级": same["tier"], "列入日期": same["listed_on"]}
        fields |= {"有效期至": same["valid_until"], "失信事实": same["facts"].replace("\n", "\r\n")}
        file = io.StringIO()
        csv.writer(file).writerows([fields.keys(), fields.values()])
        headers = api.headers(**{"Idempotency-Key": "csv", "Content-Type": media_type})
        response = await api.http.post("/v1/pushes?mode=snapshot", content=file.getvalue().encode(), headers=headers)
    assert counts(response) == {"unchanged": 1}


async def test_facts_do_not_grow_beyond_what_a_row_may_hold_nor_into_somebodys_number(api: Api) -> None:
    number = synthetic_resident_id(1)
    amend = {"op": "amend", "uscc": synthetic_uscc(1), "decision_no": "虚构列〔2026〕1号"}
    await api.pushed(list_operation(1, facts="虚" * 9990 + number[:6]))
    for facts, code in (("构" * 4, "too_long"), (number[6:], "too_long"), ("构" * 10_001, "too_long")):
        response = await api.push({**amend, "facts": facts})
        assert [(one["row"], one["field"], one["code"]) for one in response.json()["errors"]] == [(1, "facts", code)]
    await api.pushed({**amend, "facts": "构" * 3})
    await api.pushed({**amend, "op": "correct", "set": {"facts": f"虚构{number[:6]}"}, "reason": "改"})
    response = await api.push({**amend, "facts": number[6:]})
    assert [one["code"] for one in response.json()["errors"]] == ["identity_number_in_text"]
    assert number[6:] not in response.text


async def test_what_is_missing_goes_for_a_stated_reason_only(api: Api) -> None:
    await api.pushed(list_operation(1), list_operation(2))
    refused = await snapshot(api, list_operation(1))
    assert refused.status_code == 422
    assert [one["code"] for one in refused.json()["errors"]] == ["removal_reason_missing"]
    assert (await api.asked(synthetic_uscc(2)))["verdict"] == "listed"


async def test_much_of_the_list_goes_only_when_counted_out(api: Api) -> None:
    await api.pushed(*(list_operation(n) for n in range(1, 5)))
    terms: JSON = {"removal_reason": "revoked"}
    for confirmed in ({}, {"confirm_removals": 2}):
        refused = await snapshot(api, list_operation(1), terms=terms | confirmed)
        assert (refused.status_code, refused.json()["code"]) == (409, "too_many_removals")
        assert "3 条" in refused.json()["detail"]
    assert counts(await snapshot(api, list_operation(1), terms=terms | {"confirm_removals": 3})) == {
        "remove": 3,
        "unchanged": 1,
    }
    async with also_serving(api, max_snapshot_removals=1.0) as lenient:
        assert counts(await snapshot(lenient, list_operation(9), key="l", terms=terms)) == {"list": 1, "remove": 1}


async def test_what_is_over_by_itself_need_not_be_in_the_file_and_what_was_removed_cannot_be_listed_again(
    api: Api,
) -> None:
    await api.pushed(
        list_operation(1), list_operation(2, valid_until=list_operation(2)["listed_on"]), list_operation(3)
    )
    await api.pushed(remove_operation(3))
    assert counts(await snapshot(api, list_operation(1))) == {"unchanged": 1}
    refused = await snapshot(api, list_operation(1), list_operation(3), key="b")
    assert [(one["row"], one["code"]) for one in refused.json()["errors"]] == [(2, "already_listed")]


async def test_persons_are_compared_only_where_a_row_names_any(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1), person(2)]))
    silent = {key: value for key, value in list_operation(1).items() if key != "persons"}
    assert counts(await snapshot(api, silent, key="a")) == {"unchanged": 1}
    assert counts(await snapshot(api, list_operation(1, persons=[person(2), person(1)]), key="b")) == {"unchanged": 1}
    changed = list_operation(1, persons=[person(1, roles=["principal"]), person(3)])
    assert counts(await snapshot(api, changed, key="c")) == {"correct": 1}
    verdicts = [(await api.asked(synthetic_resident_id(n), subject_kind="person"))["verdict"] for n in (1, 2, 3)]
    assert verdicts == ["listed", "not_listed", "listed"]
    assert counts(await snapshot(api, list_operation(1, persons=[]), key="d")) == {"correct": 1}
    assert (await api.asked(synthetic_resident_id(1), subject_kind="person"))["verdict"] == "not_listed"


async def test_the_same_listing_twice_is_told_however_far_apart(api: Api) -> None:
    rows = [list_operation(n) for n in range(1, 1203)]
    refused = await snapshot(api, *rows, list_operation(7))
    (error,) = refused.json()["errors"]
    assert (error["row"], error["code"]) == (1203, "duplicate_in_push")
    assert "第 7 行" in error["detail"]
    assert await api.rows("SELECT 1 FROM listings") == []
    assert counts(await snapshot(api, *rows)) == {"list": 1202}
    more = await snapshot(api, *rows, key="more")
    assert counts(more) == {"unchanged": 1202}


async def test_a_snapshot_holds_listings_only(api: Api) -> None:
    await api.pushed(list_operation(1))
    refused = await snapshot(api, list_operation(1), remove_operation(1))
    assert [(one["row"], one["field"], one["code"]) for one in refused.json()["errors"]] == [(2, "op", "not_allowed")]


async def test_a_delta_of_many_parts_finds_what_an_earlier_part_did(api: Api) -> None:
    rows = [list_operation(n) for n in range(1, 1102)]
    response = await api.push(*rows, list_operation(3), remove_operation(5))
    told = [(one["row"], one["code"]) for one in response.json()["errors"]]
    assert told == [(1102, "duplicate_in_push"), (1103, "duplicate_in_push")]
    done = await api.push(*rows)
    assert (done.json()["rows_total"], len(done.json()["rows"])) == (1101, 1000)
    rest = await api.http.get(done.headers["location"], params={"after": 1000}, headers=api.headers())
    assert [row["change_no"] for row in rest.json()["rows"]] == list(range(1001, 1102))

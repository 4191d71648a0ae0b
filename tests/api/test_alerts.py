"""Alerts: told "not listed", and then a listing became known."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.access import Scope
from tests.support import CUSTOMS, JSON, Api, list_operation, make_key, person, remove_operation, today

DAY = timedelta(days=1)
TAX = "市税务局"


@pytest.fixture
async def customs(api: Api) -> Api:
    """Return the same service, as a system of customs calls it."""
    key = await make_key(api.database, Scope.LOOKUP, Scope.ENFORCEMENT_REPORT, department=CUSTOMS, name="海关通关系统")
    return replace(api, key=key)


async def told(caller: Api, **query: Any) -> JSON:
    response = await caller.http.get("/v1/alerts", params=query, headers=caller.headers())
    assert response.status_code == httpx.codes.OK, response.text
    answer: JSON = response.json()
    return answer


async def alerts(caller: Api, **query: Any) -> list[JSON]:
    found: list[JSON] = (await told(caller, **query))["alerts"]
    return found


async def acknowledge(caller: Api, alert_id: str, **body: Any) -> httpx.Response:
    url = f"/v1/alerts/{alert_id}/acknowledgement"
    return await caller.http.post(url, json=body, headers=caller.headers())


async def moved(api: Api, asked: JSON, by: str) -> None:
    """Move the moment of a lookup."""
    await api.run(f"UPDATE audit SET answered_at = answered_at {by} WHERE lookup_id = '{asked['lookup_id']}'")


def looked_up(alert: JSON) -> list[str]:
    return [one["lookup_id"] for one in alert["lookups"]]


async def test_who_was_told_not_listed_is_told_of_the_listing_with_everything_needed_to_act(
    api: Api, customs: Api
) -> None:
    unit = await customs.asked(synthetic_uscc(1), purpose="进口通关审核", reference="QYHG-1")
    again = await customs.asked(synthetic_uscc(1))
    someone = await customs.asked(synthetic_resident_id(1))
    await customs.asked(synthetic_uscc(2))
    pushed = await api.pushed(list_operation(1, persons=[person(1)]), list_operation(3))
    assert (await customs.asked(synthetic_uscc(1)))["verdict"] == "listed"
    of_person, of_unit = sorted(await alerts(customs), key=lambda one: one["subject"]["subject_kind"])
    listing_id = pushed["rows"][0]["listing_id"]
    assert of_unit["alert_id"] == f"cleared_then_listed.{listing_id}.1.unit"
    assert of_unit["subject"] == {
        "subject_kind": "unit",
        "name": list_operation(1)["unit"]["name"],
        "uscc": synthetic_uscc(1),
        "id_number_masked": None,
    }
    assert looked_up(of_unit) == [again["lookup_id"], unit["lookup_id"]]
    first = of_unit["lookups"][1]
    assert (first["client"], first["purpose"], first["reference"]) == ("海关通关系统", "进口通关审核", "QYHG-1")
    assert (first["on"], first["list_version"], first["listed_on_that_day"]) == (today().isoformat(), 0, True)
    assert (of_unit["list_version"], of_unit["listing"]["state"]) == (1, "in_force")
    mine = {one["no"]: one["yours"] for one in (await customs.asked(synthetic_uscc(1), view="mine"))["measures"]}
    assert {one["no"]: one["yours"] for one in of_unit["measures"]} == mine
    assert (looked_up(of_person), of_person["entries_total"]) == ([someone["lookup_id"]], 1)
    assert of_person["subject"]["id_number_masked"] == someone["code"]
    assert synthetic_resident_id(1) not in str(await told(customs))


async def test_alerts_are_of_the_department_whatever_its_client_and_of_nobody_else(api: Api, customs: Api) -> None:
    await customs.asked(synthetic_uscc(1))
    other = replace(api, key=await make_key(api.database, Scope.ENFORCEMENT_REPORT, department=CUSTOMS, name="海关二"))
    tax = replace(api, key=await make_key(api.database, Scope.ENFORCEMENT_REPORT, department=TAX))
    await api.pushed(list_operation(1))
    (alert,) = await alerts(other)
    assert await alerts(tax) == []
    for caller, alert_id in (
        (tax, alert["alert_id"]),
        (customs, alert["alert_id"] + "0"),
        (customs, "x"),
        (customs, "')--"),
    ):
        assert (await acknowledge(caller, alert_id)).status_code == httpx.codes.NOT_FOUND
    done = await acknowledge(customs, alert["alert_id"], note="已复核（虚构）")
    seen = done.json()["acknowledged"]
    assert (seen["by"], seen["note"]) == ("海关通关系统", "已复核（虚构）")
    repeated = await acknowledge(other, alert["alert_id"], note="又一次")
    assert repeated.json() == done.json(), "who was first stays"
    assert [one["acknowledged"] for one in await alerts(other)] == [seen]
    assert await alerts(customs, acknowledged=False) == []
    assert len(await alerts(customs, acknowledged=True)) == 1
    assert len(await api.rows("SELECT 1 FROM alert_acknowledgements")) == 1


async def test_only_a_lookup_within_the_time_and_of_an_older_list_counts(api: Api, customs: Api) -> None:
    for days, n in ((29, 1), (31, 2)):
        asked = await customs.asked(synthetic_uscc(n))
        await moved(api, asked, f"- interval '{days} days'")
    early = await customs.asked(synthetic_uscc(3))
    # However late the clock says it was, what it knew was the version before.
    await moved(api, early, "+ interval '5 minutes'")
    await api.pushed(list_operation(1), list_operation(2), list_operation(3))
    assert [one["subject"]["uscc"] for one in await alerts(customs)] == [synthetic_uscc(1), synthetic_uscc(3)]
    await api.pushed(remove_operation(1, reason="corrected"))
    after = await customs.asked(synthetic_uscc(1))
    assert after["verdict"] == "not_listed"
    assert after["lookup_id"] not in str(await alerts(customs)), "what was known when it was asked is no news"


@pytest.mark.parametrize(
    ("change", "subject"),
    [
        ({"op": "add_person", "person": person(1)}, synthetic_resident_id(1)),
        ({"op": "correct", "set": {"uscc": synthetic_uscc(7)}, "reason": "误录"}, synthetic_uscc(7)),
    ],
)
async def test_whoever_a_change_brings_onto_the_list_is_told_of(
    api: Api, customs: Api, change: JSON, subject: str
) -> None:
    await api.pushed(list_operation(1, persons=[person(2)]))
    asked = await customs.asked(subject)
    named = {"uscc": synthetic_uscc(1), "decision_no": list_operation(1)["decision_no"]}
    await api.pushed(change | named)
    (alert,) = await alerts(customs)
    assert (looked_up(alert), alert["list_version"]) == ([asked["lookup_id"]], 2)
    assert (await customs.asked(subject))["verdict"] == "listed"


async def test_a_restored_listing_and_a_new_ban_are_told_of_too(api: Api, customs: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1), person(2)]))
    await api.pushed(remove_operation(1))
    unit, someone, other = [
        await customs.asked(code) for code in (synthetic_uscc(1), synthetic_resident_id(1), synthetic_resident_id(2))
    ]
    named = {"uscc": synthetic_uscc(1), "decision_no": list_operation(1)["decision_no"]}
    ban = {"op": "ban", "id_number": synthetic_resident_id(1), "position_ban": {"for_life": True}}
    await api.pushed(ban | named)
    (banned,) = await alerts(customs)
    assert (looked_up(banned), banned["listing"]["state"]) == ([someone["lookup_id"]], "removed")
    await api.pushed({"op": "restore", "restored_on": today().isoformat(), "reason": "repair_revoked"} | named)
    found = {one["alert_id"].rpartition(".")[2]: one for one in await alerts(customs, since="2026-01-01T00:00:00Z")}
    assert len(found) == 3
    assert looked_up(found["unit"]) == [unit["lookup_id"]]
    assert {one["list_version"] for one in found.values()} == {3, 4}
    assert sorted(one for alert in found.values() for one in looked_up(alert)) == sorted(
        one["lookup_id"] for one in (unit, someone, other)
    ), "who was banned already is not told of a second time"


async def test_a_change_that_lists_nobody_anew_tells_nothing(api: Api, customs: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]))
    past = (today() - 300 * DAY).isoformat()
    for code in (synthetic_uscc(1), synthetic_resident_id(1)):
        assert (await customs.asked(code, on=past))["verdict"] == "not_listed"
    named = {"uscc": synthetic_uscc(1), "decision_no": list_operation(1)["decision_no"]}
    later = (today() + 300 * DAY).isoformat()
    await api.pushed({"op": "correct", "set": {"valid_until": later}, "reason": "误录"} | named)
    await api.pushed(
        {"op": "rename", "new_name": "示例改名（虚构）有限公司", "renamed_on": today().isoformat()} | named
    )
    assert await alerts(customs) == [], "it was on the list already when that earlier day was asked about"
    await api.pushed({"op": "correct", "set": {"listed_on": past}, "reason": "误录"} | named)
    found = await alerts(customs)
    assert [(one["list_version"], one["lookups"][0]["listed_on_that_day"]) for one in found] == [(4, True)] * 2


async def test_a_question_about_an_earlier_day_says_whether_the_listing_reaches_it(api: Api, customs: Api) -> None:
    listed_on = today() - 20 * DAY
    before, within = (listed_on - DAY).isoformat(), (listed_on + DAY).isoformat()
    for day in (before, within):
        await customs.asked(synthetic_uscc(1), on=day)
    over = list_operation(1, listed_on=listed_on.isoformat(), valid_until=(today() - 5 * DAY).isoformat())
    await customs.asked(synthetic_uscc(1), on=(today() - 2 * DAY).isoformat())
    await api.pushed(over)
    (alert,) = await alerts(customs)
    assert {one["on"]: one["listed_on_that_day"] for one in alert["lookups"]} == {before: False, within: True}
    assert (alert["listing"]["state"], alert["measures"]) == ("expired", [])


async def test_a_question_about_what_was_known_sets_aside_what_was_known_since(api: Api, customs: Api) -> None:
    await api.pushed(list_operation(2))
    (push,) = await api.rows("SELECT committed_at FROM pushes")
    known_at = push["committed_at"].isoformat()
    await api.pushed(list_operation(1))
    assert (await customs.asked(synthetic_uscc(1), known_at=known_at))["verdict"] == "not_listed"
    assert await alerts(customs) == [], "the listing was there when it was asked, and was not asked for"
    await customs.asked(synthetic_uscc(3), known_at=known_at)
    await api.pushed(list_operation(3))
    (alert,) = await alerts(customs)
    assert alert["lookups"][0]["known_at"] is not None


async def test_each_item_of_a_batch_is_a_lookup_and_a_refused_one_is_none(api: Api, customs: Api) -> None:
    codes = [synthetic_uscc(1), synthetic_resident_id(1), "1", synthetic_uscc(1)]
    body = {"items": [{"code": code} for code in codes], "purpose": "批量筛查（虚构）"}
    response = await customs.http.post("/v1/lookups/batch", json=body, headers=customs.headers())
    ids = [one.get("lookup_id") for one in response.json()["results"]]
    await api.pushed(list_operation(1, persons=[person(1)]))
    found = {one["subject"]["subject_kind"]: looked_up(one) for one in await alerts(customs)}
    assert found == {"unit": [ids[3], ids[0]], "person": [ids[1]]}


async def test_what_one_push_did_and_undid_nobody_was_ever_told(api: Api, customs: Api) -> None:
    await api.pushed(list_operation(1))
    await customs.asked(synthetic_resident_id(1))
    named = {"uscc": synthetic_uscc(1), "decision_no": list_operation(1)["decision_no"]}
    ended = {"op": "end_person", "id_number": synthetic_resident_id(1), "reason": "corrected"}
    await api.pushed(
        {"op": "add_person", "person": person(1)} | named, ended | {"ended_on": today().isoformat()} | named
    )
    assert await alerts(customs) == []


async def test_pages_hold_every_alert_once_and_the_cursor_leaves_what_is_new(api: Api, customs: Api) -> None:
    for n in range(5):
        await customs.asked(synthetic_uscc(n))
    await api.pushed(*(list_operation(n) for n in range(5)))
    seen, page = [], await told(customs, limit=2)
    cursor = page["cursor"]
    while True:
        seen += [one["alert_id"] for one in page["alerts"]]
        assert page["cursor"] == cursor, "the first page's is that of all"
        if page["next"] is None:
            break
        page = await told(customs, limit=2, after=page["next"])
    assert len(seen) == len(set(seen)) == 5
    assert await alerts(customs, cursor=cursor) == []
    await customs.asked(synthetic_uscc(7))
    await api.pushed(list_operation(7))
    (new,) = await alerts(customs, cursor=cursor)
    assert new["subject"]["uscc"] == synthetic_uscc(7)
    assert [one["alert_id"] for one in await alerts(customs, since=new["happened_at"])] == [new["alert_id"]]
    assert len(await alerts(customs, kind="cleared_then_listed")) == 6
    assert await alerts(customs, kind="acted_then_ended") == []


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({"kind": "x"}, "kind", "not_allowed"),
        ({"acknowledged": "x"}, "acknowledged", "wrong_type"),
        ({"since": "2026-01-01"}, "since", "moment_format"),
        ({"limit": "0"}, "limit", "out_of_range"),
        ({"cursor": ""}, "cursor", "cursor_invalid"),
        ({"cursor": "1~2~3"}, "cursor", "cursor_invalid"),
        ({"cursor": "0~1795400000~9:8:"}, "cursor", "cursor_invalid"),
        ({"cursor": "0~1795400000~5:8:7,6"}, "cursor", "cursor_invalid"),
        ({"cursor": "0~1795400000~5:8:4"}, "cursor", "cursor_invalid"),
        ({"cursor": "0~1795400000~5:8:8"}, "cursor", "cursor_invalid"),
        ({"cursor": "0~1795400000~0:0:"}, "cursor", "cursor_invalid"),
        ({"cursor": "0~1795400000~0:5:3"}, "cursor", "cursor_invalid"),
        ({"after": "1.1.x"}, "after", "cursor_invalid"),
        ({"after": "1.1.x@y"}, "after", "cursor_invalid"),
        ({"unknown": "1"}, "query", "unknown_parameter"),
    ],
)
async def test_a_query_that_does_not_fit_is_refused(customs: Api, query: JSON, field: str, code: str) -> None:
    response = await customs.http.get("/v1/alerts", params=query, headers=customs.headers())
    assert response.status_code == httpx.codes.UNPROCESSABLE_ENTITY, response.text
    assert [(one["field"], one["code"]) for one in response.json()["errors"]] == [(field, code)]


async def test_a_cursor_that_has_seen_more_than_there_is_is_refused(customs: Api) -> None:
    version, at, snapshot = (await told(customs))["cursor"].split("~")
    first, last, running = snapshot.split(":")
    for cursor in (
        f"7~{at}~{snapshot}",
        f"{version}~{int(at) + 90_000}~{snapshot}",
        f"{version}~{at}~{first}:{int(last) + 1000}:{running}",
    ):
        response = await customs.http.get("/v1/alerts", params={"cursor": cursor}, headers=customs.headers())
        assert (response.status_code, response.json()["code"]) == (409, "list_version_not_reached")
    assert (await told(customs, cursor=f"{version}~{at}~{snapshot}"))["alerts"] == []


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"note": " "}, "note", "blank"),
        ({"note": f"见{synthetic_resident_id(1)}"}, "note", "identity_number_in_text"),
        ({"note": 1}, "note", "wrong_type"),
        ({"by": "x"}, "by", "unknown_field"),
    ],
)
async def test_an_acknowledgement_that_does_not_fit_is_refused(customs: Api, body: JSON, field: str, code: str) -> None:
    response = await acknowledge(customs, "x", **body)
    assert response.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert [(one["field"], one["code"]) for one in response.json()["errors"]] == [(field, code)]

"""Lookups through the real routes, on a real database."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.access import Scope
from tests.support import CUSTOMS, JSON, Api, list_operation, make_key, person, remove_operation, today

DAY = timedelta(days=1)


def numbers(answer: JSON) -> list[int]:
    return [measure["no"] for measure in answer["measures"]]


def measure(answer: JSON, no: int) -> JSON:
    found: JSON = next(one for one in answer["measures"] if one["no"] == no)
    return found


async def test_a_listed_unit_is_found_with_all_24_measures_in_the_memos_order(api: Api) -> None:
    done = await api.pushed(list_operation(1))
    answer = await api.asked(synthetic_uscc(1))
    assert answer["verdict"] == "listed"
    assert numbers(answer) == list(range(1, 25))
    assert answer["list_version"] == done["list_version"] == 1
    assert answer["listings"][0]["listing_id"] == done["rows"][0]["listing_id"]


async def test_a_unit_that_nobody_listed_is_not_listed_and_nothing_follows_from_it(api: Api) -> None:
    answer = await api.asked(synthetic_uscc(2))
    assert answer["verdict"] == "not_listed"
    assert answer["listings"] == answer["measures"] == []
    assert answer["list_version"] == 0


async def test_a_person_sees_the_unit_they_answer_for_and_only_the_measures_that_act_on_persons(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(7, roles=["legal_representative", "principal"])]))
    answer = await api.asked(synthetic_resident_id(7))
    assert answer["verdict"] == "listed"
    assert answer["subject_kind"] == "person"
    assert answer["code"] == answer["listings"][0]["person"]["id_number_masked"]
    assert answer["code"].count("*") == 14
    assert answer["listings"][0]["unit"]["uscc"] == synthetic_uscc(1)
    assert answer["listings"][0]["person"]["roles"] == ["legal_representative", "principal"]
    assert numbers(answer) == [1, 9, 15, 23]
    assert {one["applies"] for one in answer["measures"]} == {"direct"}
    assert [part["no"] for part in measure(answer, 1)["sub_measures"]] == [3, 5, 6]


async def test_a_unit_shows_the_measures_that_act_on_its_persons_as_reaching_it_through_them(api: Api) -> None:
    await api.pushed(list_operation(1))
    answer = await api.asked(synthetic_uscc(1))
    through = [one["no"] for one in answer["measures"] if one["applies"] == "through_related_persons"]
    assert through == [9, 15]
    parts = {part["no"]: part["applies"] for part in measure(answer, 1)["sub_measures"]}
    assert parts[3] == "through_related_persons"
    assert parts[1] == parts[5] == "direct"


async def test_whose_a_measure_is_depends_on_who_asks_and_an_open_class_stays_open(api: Api) -> None:
    await api.pushed(list_operation(1))
    api.key = await make_key(api.database, Scope.LOOKUP, department=CUSTOMS)
    answer = await api.asked(synthetic_uscc(1))
    yours = {one["no"]: one["yours"] for one in answer["measures"]}
    assert [no for no, whose in yours.items() if whose == "named"] == [16, 17, 18]
    assert [no for no, whose in yours.items() if whose == "open_class"] == [1, 3, 4, 5, 23, 24]
    mine = await api.asked(synthetic_uscc(1), view="mine")
    assert numbers(mine) == [1, 3, 4, 5, 16, 17, 18, 23, 24]


async def test_the_text_of_provisions_comes_with_the_full_view_only_and_later_law_with_every_view(api: Api) -> None:
    await api.pushed(list_operation(1))
    summary = measure(await api.asked(synthetic_uscc(1)), 1)["legal_bases"][0]
    full = measure(await api.asked(synthetic_uscc(1), view="full"), 1)["legal_bases"][0]
    assert summary["document"] == "安全生产法"
    assert summary["provisions"][0]["text"] is None
    assert full["provisions"][0]["text"].startswith("安全生产监督管理部门")
    assert summary["provisions"][0]["later_law"][0]["since"] == "2021-09-01"
    assert summary["provisions"][0]["later_law"] == full["provisions"][0]["later_law"]


@pytest.mark.parametrize(
    ("offset", "verdict"),
    [(-31, "not_listed"), (-30, "listed"), (-1, "listed"), (0, "not_listed")],
    ids=["before the first day", "on the first day", "on the last day", "after the last day"],
)
async def test_a_period_ends_by_itself(api: Api, offset: int, verdict: str) -> None:
    start, end = today() - 30 * DAY, today() - DAY
    await api.pushed(list_operation(1, listed_on=start.isoformat(), valid_until=end.isoformat()))
    answer = await api.asked(synthetic_uscc(1), on=(today() + offset * DAY).isoformat())
    assert answer["verdict"] == verdict


async def test_a_removed_listing_is_in_force_until_the_day_before_and_not_on_the_day(api: Api) -> None:
    await api.pushed(list_operation(1))
    await api.pushed(remove_operation(1))
    assert (await api.asked(synthetic_uscc(1)))["verdict"] == "not_listed"
    yesterday = await api.asked(synthetic_uscc(1), on=(today() - DAY).isoformat())
    assert yesterday["verdict"] == "listed"
    assert yesterday["listings"][0]["removal"] is None


async def test_a_position_ban_outlives_the_repair_and_leaves_measure_nine_alone(api: Api) -> None:
    banned = person(3, position_ban={"for_life": True})
    await api.pushed(list_operation(1, persons=[banned, person(4)]))
    await api.pushed(remove_operation(1, reason="repaired"))
    answer = await api.asked(synthetic_resident_id(3))
    assert answer["verdict"] == "listed"
    assert numbers(answer) == [9]
    listing = answer["listings"][0]
    assert listing["state"] == "removed"
    assert listing["removal"]["reason"] == "repaired"
    assert listing["person"]["position_ban"] == {"until": None, "for_life": True, "in_force": True}
    assert (await api.asked(synthetic_resident_id(4)))["verdict"] == "not_listed"
    assert (await api.asked(synthetic_uscc(1)))["verdict"] == "not_listed"


@pytest.mark.parametrize("reason", ["revoked", "corrected"])
async def test_a_position_ban_falls_with_a_decision_that_was_revoked_or_a_mistake(api: Api, reason: str) -> None:
    await api.pushed(list_operation(1, persons=[person(3, position_ban={"for_life": True})]))
    await api.pushed(remove_operation(1, reason=reason))
    assert (await api.asked(synthetic_resident_id(3)))["verdict"] == "not_listed"


async def test_a_subject_with_several_listings_sees_all_of_them_and_is_audited_once(api: Api) -> None:
    first = list_operation(1, persons=[person(5)])
    second = list_operation(2, persons=[person(5, name="虚构另名")])
    third = list_operation(1, decision_no="虚构列〔2026〕第二件", persons=[person(5)])
    await api.pushed(first, second, third)
    answer = await api.asked(synthetic_resident_id(5))
    assert sorted(one["decision_no"] for one in answer["listings"]) == sorted(
        [first["decision_no"], second["decision_no"], third["decision_no"]]
    )
    records = await api.rows("SELECT cardinality(listing_ids) AS found FROM audit")
    assert records == [{"found": 3}]


async def test_an_older_list_than_the_caller_has_seen_is_a_conflict_and_not_an_answer(api: Api) -> None:
    response = await api.ask(synthetic_uscc(1), min_list_version=1)
    assert response.status_code == 409
    assert response.json()["code"] == "list_version_not_reached"
    assert "verdict" not in response.json()
    assert await api.rows("SELECT 1 FROM audit") == []
    await api.pushed(list_operation(1))
    assert (await api.asked(synthetic_uscc(1), min_list_version=1))["verdict"] == "listed"


async def test_a_person_is_not_looked_up_without_a_purpose_and_a_unit_is(api: Api) -> None:
    response = await api.ask(synthetic_resident_id(1), purpose=None)
    assert response.status_code == 422
    assert response.json()["code"] == "purpose_required"
    assert (await api.asked(synthetic_uscc(1), purpose=None))["verdict"] == "not_listed"


async def test_a_wrong_check_character_is_an_error_that_says_the_right_one_and_never_a_verdict(api: Api) -> None:
    code = synthetic_uscc(1)
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    response = await api.ask(wrong)
    problem = response.json()
    assert response.status_code == 422
    assert problem["code"] == "code_check_character"
    assert f"应为 {code[-1]}" in problem["detail"]
    assert problem["errors"][0]["field"] == "code"
    assert await api.rows("SELECT 1 FROM audit") == []


async def test_a_day_in_the_future_is_refused(api: Api) -> None:
    response = await api.ask(synthetic_uscc(1), on=(today() + DAY).isoformat())
    assert response.status_code == 422
    assert response.json()["errors"][0] | {"detail": ""} == {
        "row": None,
        "column": None,
        "field": "on",
        "code": "date_in_future",
        "detail": "",
    }


async def test_codes_are_understood_however_they_are_typed(api: Api) -> None:
    await api.pushed(list_operation(1))
    code = synthetic_uscc(1)
    typed = "".join(chr(ord(character) + 0xFEE0) for character in code[:9].lower()) + " " + code[9:] + "　"
    assert (await api.asked(typed))["code"] == code


async def test_a_unit_may_be_asked_about_by_url_with_the_same_answer(api: Api) -> None:
    await api.pushed(list_operation(1))
    posted = await api.asked(synthetic_uscc(1), view="full")
    response = await api.http.get(
        f"/v1/units/{synthetic_uscc(1)}/measures", params={"view": "full", "purpose": "测试"}, headers=api.headers()
    )
    assert response.status_code == 200
    got = response.json()
    changing = {"lookup_id", "answered_at"}
    assert {key: got[key] for key in got.keys() - changing} == {key: posted[key] for key in posted.keys() - changing}


async def test_an_identity_number_in_a_url_is_refused_and_not_audited(api: Api) -> None:
    for typed in (synthetic_resident_id(1), synthetic_resident_id(1)[:-1] + "X", "440182880101001"):
        response = await api.http.get(f"/v1/units/{typed}/measures", headers=api.headers())
        assert response.status_code == 400
        assert response.json()["code"] == "identity_number_in_url"
        assert typed not in response.text
    assert await api.rows("SELECT 1 FROM audit") == []


async def ask_batch(api: Api, items: list[Any], **fields: Any) -> list[JSON]:
    body = {"items": items, "purpose": "测试"} | fields
    response = await api.http.post("/v1/lookups/batch", json=body, headers=api.headers())
    assert response.status_code == 200, response.text
    results: list[JSON] = response.json()["results"]
    return results


async def test_in_a_batch_one_bad_item_never_spoils_the_others(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(6)]))
    items: list[Any] = [
        {"code": synthetic_uscc(1)},
        {"code": "not a code"},
        17,
        {"code": synthetic_uscc(3)},
        {"code": synthetic_resident_id(6), "reference": "CASE-1"},
        {"code": synthetic_uscc(1), "colour": "red"},
        None,
    ]
    results = await ask_batch(api, items)
    outcomes = [one.get("verdict") or one["problem"]["code"] for one in results]
    assert outcomes == [
        "listed",
        "code_length",
        "wrong_type",
        "not_listed",
        "listed",
        "unknown_field",
        "wrong_type",
    ]
    assert [one["code_index"] for one in results if "problem" in one] == [1, 2, 5, 6]
    records = await api.rows("SELECT reference, verdict FROM audit ORDER BY lookup_id")
    assert [record["verdict"] for record in records] == ["listed", "not_listed", "listed"]
    assert [record["reference"] for record in records] == [None, None, "CASE-1"]


async def test_a_batch_answers_as_single_lookups_do(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(6)]))
    codes = [synthetic_uscc(1), synthetic_resident_id(6), synthetic_uscc(9)]
    batch = await ask_batch(api, [{"code": code} for code in codes])
    changing = {"lookup_id", "answered_at"}
    for code, result in zip(codes, batch, strict=True):
        single = await api.asked(code)
        assert {key: result[key] for key in result.keys() - changing} == {
            key: single[key] for key in single.keys() - changing
        }


async def test_a_person_in_a_batch_without_purpose_is_that_items_problem(api: Api) -> None:
    items = [{"code": synthetic_resident_id(1)}, {"code": synthetic_uscc(1)}]
    results = await ask_batch(api, items, purpose=None)
    assert results[0]["problem"]["code"] == "purpose_required"
    assert results[1]["verdict"] == "not_listed"


async def test_a_batch_against_a_list_too_old_is_a_conflict(api: Api) -> None:
    body = {"items": [{"code": synthetic_uscc(1)}], "min_list_version": 5}
    response = await api.http.post("/v1/lookups/batch", json=body, headers=api.headers())
    assert response.status_code == 409


async def test_the_day_is_the_citys_and_not_utcs(api: Api) -> None:
    answer = await api.asked(synthetic_uscc(1))
    assert date.fromisoformat(answer["on"]) == today()
    assert answer["answered_at"].endswith("Z")

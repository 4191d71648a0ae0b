"""Changing the list through the real routes."""

import asyncio
import json
from datetime import timedelta
from typing import cast

import httpx
import pytest
from sqlalchemy import text

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.main import create_app
from tests.services.serving import also_serving
from tests.support import JSON, Api, list_operation, person, remove_operation, today

DAY = timedelta(days=1)


def errors(problem: JSON) -> list[tuple[int, str, str]]:
    return [(one["row"], one["field"], one["code"]) for one in problem["errors"]]


async def nothing_kept(api: Api) -> bool:
    """Whether the database holds nothing of any push."""
    counted = await api.rows(
        "SELECT (SELECT count(*) FROM listings) + (SELECT count(*) FROM listing_revisions) + (SELECT count(*) FROM "
        "persons) + (SELECT count(*) FROM pushes) + (SELECT list_version FROM "
        "list_state) AS n"
    )
    return bool(counted[0]["n"] == 0)


async def test_a_push_makes_one_version_and_says_what_each_row_did(api: Api) -> None:
    response = await api.push(list_operation(1), list_operation(2), source_document="虚构发〔2026〕1号")
    done = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"/v1/pushes/{done['push_id']}"
    assert done["list_version"] == 1
    assert {op: count for op, count in done["counts"].items() if count} == {"list": 2}
    assert [row["uscc"] for row in done["rows"]] == [synthetic_uscc(1), synthetic_uscc(2)]
    assert (await api.http.get(response.headers["location"], headers=api.headers())).json() == done


async def test_what_a_push_did_is_kept_as_listing_revision_and_change(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]))
    await api.pushed(remove_operation(1))
    revisions = await api.rows(
        "SELECT revision, list_version, operation, state->>'removed_on' AS removed, state->'persons'->0->'roles' AS r "
        "FROM listing_revisions ORDER BY revision"
    )
    assert [(one["revision"], one["list_version"], one["operation"]) for one in revisions] == [
        (1, 1, "list"),
        (2, 2, "remove"),
    ]
    assert [one["removed"] for one in revisions] == [None, today().isoformat()]
    assert [one["r"] for one in revisions] == [["legal_representative"]] * 2
    changes = await api.rows("SELECT list_version, change_no, row_no FROM listing_revisions ORDER BY list_version")
    assert [tuple(one.values()) for one in changes] == [(1, 1, 1), (2, 1, 1)]


async def test_the_same_key_and_body_get_the_same_answer_again_and_change_nothing(api: Api) -> None:
    first = await api.push(list_operation(1), key="once")
    await api.pushed(remove_operation(1))
    again = await api.push(list_operation(1), key="once")
    assert again.status_code == first.status_code == 201
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert (await api.rows("SELECT list_version FROM list_state"))[0]["list_version"] == 2


async def test_the_same_key_with_another_body_is_refused(api: Api) -> None:
    await api.push(list_operation(1), key="once")
    response = await api.push(list_operation(2), key="once")
    assert response.status_code == 422
    assert response.json()["code"] == "idempotency_key_reused"


async def test_a_rejected_push_does_not_use_up_its_key(api: Api) -> None:
    assert (await api.push(remove_operation(1), key="mend")).status_code == 422
    assert (await api.push(list_operation(1), key="mend")).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a b", "ключ"])
async def test_a_push_without_a_usable_idempotency_key_is_refused(api: Api, key: str) -> None:
    headers = api.headers()
    response = await api.http.post(
        "/v1/pushes",
        json={"operations": [list_operation(1)]},
        headers=httpx.Headers([*headers.items(), ("Idempotency-Key", key)], encoding="utf-8"),
    )
    assert response.status_code == 400
    assert response.json()["code"] == "idempotency_key_missing"
    assert await nothing_kept(api)


async def test_one_wrong_row_keeps_the_whole_push_out_and_every_error_is_told_at_once(api: Api) -> None:
    future = (today() + DAY).isoformat()
    response = await api.push(
        list_operation(1),
        list_operation(2, unit={"uscc": synthetic_uscc(2)[:-1] + "?", "name": "示例"}, listed_on="2026-02-30"),
        list_operation(3, listed_on=future, valid_until=future, tier=5, colour="red"),
        list_operation(4, persons=[person(1), person(2, id_number="123", roles=[]), person(3, roles=["king"])]),
        {"op": "explode"},
        remove_operation(5),
        cast("JSON", "not an object"),
        {"op": "remove", "removed_on": "2026-01-01", "reason": "bored"},
    )
    problem = response.json()
    assert response.status_code == 422
    assert problem["code"] == "push_rejected"
    assert errors(problem) == [
        (2, "listed_on", "impossible_date"),
        (2, "unit.uscc", "code_character"),
        (3, "colour", "unknown_field"),
        (3, "tier", "wrong_type"),
        (4, "persons[1].id_number", "code_length"),
        (4, "persons[1].roles", "too_few"),
        (4, "persons[2].roles[0]", "not_allowed"),
        (5, None, "not_allowed"),
        (6, "decision_no", "listing_not_found"),
        (7, None, "wrong_type"),
        (8, None, "target"),
        (8, "reason", "not_allowed"),
    ]
    assert await nothing_kept(api)


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"listed_on": "2027-01-01", "valid_until": "2028-01-01"}, "listed_on", "date_in_future"),
        ({"valid_until": "2020-01-01"}, "valid_until", "date_order"),
        ({"listed_on": 20260301}, "listed_on", "date_format"),
        ({"listed_on": "2026/03/01"}, "listed_on", "date_format"),
        ({"decision_no": "  "}, "decision_no", "blank"),
        ({"decision_no": "x" * 101}, "decision_no", "too_long"),
        ({"conduct": "有\u0000"}, "conduct", "unprintable_character"),
        ({"conduct": "有\u202e"}, "conduct", "unprintable_character"),
        ({"conduct": f"法人号码{synthetic_resident_id(9)}"}, "conduct", "identity_number_in_text"),
        ({"persons": [person(1), person(1, roles=["other"])]}, "persons[1].id_number", "duplicate_person"),
        ({"persons": [person(1, roles=["other", "other"])]}, "persons[0].roles", "duplicate_role"),
        ({"persons": [person(1, position_ban={})]}, "persons[0].position_ban", "ban_either_way"),
        (
            {"persons": [person(1, position_ban={"for_life": True, "until": "2030-01-01"})]},
            "persons[0].position_ban",
            "ban_either_way",
        ),
        ({"persons": [person(1, position_ban={"until": "2000-01-01"})]}, "persons[0].position_ban.until", "date_order"),
        ({"persons": [person(1, id_number=4.4e17)]}, "persons[0].id_number", "wrong_type"),
        ({"persons": [person(n) for n in range(51)]}, "persons", "too_many"),
        ({"unit": {"uscc": synthetic_resident_id(1), "name": "示例"}}, "unit.uscc", None),
    ],
)
async def test_a_row_that_cannot_be_is_refused_naming_its_field(
    api: Api, changed: JSON, field: str, code: str | None
) -> None:
    response = await api.push(list_operation(1, **changed))
    assert response.status_code == 422
    told = response.json()["errors"]
    assert [(one["row"], one["field"]) for one in told] == [(1, field)]
    assert code is None or told[0]["code"] == code
    assert synthetic_resident_id(9) not in response.text
    assert await nothing_kept(api)


async def test_duplicates_within_a_push_are_named_with_the_row_they_repeat(api: Api) -> None:
    response = await api.push(list_operation(1), list_operation(2), list_operation(1))
    assert errors(response.json()) == [(3, "decision_no", "duplicate_in_push")]
    assert "第 1 行" in response.json()["detail"] + response.json()["errors"][0]["detail"]


async def test_a_listing_named_by_id_and_by_decision_in_one_push_is_still_one_listing(api: Api) -> None:
    listing_id = (await api.pushed(list_operation(1)))["rows"][0]["listing_id"]
    by_id = {"op": "remove", "listing_id": listing_id, "removed_on": today().isoformat(), "reason": "repaired"}
    response = await api.push(by_id, remove_operation(1))
    assert errors(response.json()) == [(2, "decision_no", "duplicate_in_push")]
    assert (await api.push(by_id)).status_code == 201


async def test_a_listing_is_not_listed_or_removed_twice(api: Api) -> None:
    await api.pushed(list_operation(1))
    assert errors((await api.push(list_operation(1))).json()) == [(1, "decision_no", "already_listed")]
    await api.pushed(remove_operation(1))
    assert errors((await api.push(remove_operation(1))).json()) == [(1, "decision_no", "already_removed")]
    assert errors((await api.push(list_operation(1))).json()) == [(1, "decision_no", "already_listed")]


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"removed_on": "2000-01-01"}, "removed_on", "date_order"),
        ({"removed_on": "2090-01-01"}, "removed_on", "date_in_future"),
        ({"reason": "expired"}, "reason", "not_yet_expired"),
        ({"listing_id": "0199", "uscc": None, "decision_no": None}, "listing_id", "wrong_type"),
        ({"listing_id": "01990000-0000-7000-8000-000000000000"}, None, "target"),
        ({"uscc": None}, None, "target"),
    ],
)
async def test_a_removal_that_cannot_be_is_refused(api: Api, changed: JSON, field: str | None, code: str) -> None:
    await api.pushed(list_operation(1))
    response = await api.push(remove_operation(1, **changed))
    assert [(one["field"], one["code"]) for one in response.json()["errors"]] == [(field, code)]
    assert (await api.asked(synthetic_uscc(1)))["verdict"] == "listed"


async def test_a_dry_run_says_what_would_happen_and_keeps_nothing(api: Api) -> None:
    body = {"operations": [list_operation(1, persons=[person(1)])]}
    response = await api.http.post("/v1/pushes?dry_run=true", json=body, headers=api.headers())
    done = response.json()
    assert response.status_code == 200
    assert done["dry_run"] is True
    assert done["list_version"] == 1
    assert done["push_id"] is done["rows"][0]["listing_id"] is None
    assert await nothing_kept(api)
    wrong = {"operations": [remove_operation(1)]}
    told = (await api.http.post("/v1/pushes?dry_run=true", json=wrong, headers=api.headers())).json()
    assert (told["errors_total"], told["rows_total"]) == (1, 0)
    assert [(one["row"], one["field"], one["code"]) for one in told["errors"]] == [
        (1, "decision_no", "listing_not_found")
    ]


async def test_a_push_made_against_another_version_is_refused(api: Api) -> None:
    assert (await api.push(list_operation(1), expected_list_version=0)).status_code == 201
    response = await api.push(list_operation(2), expected_list_version=0)
    assert response.status_code == 409
    assert response.json()["code"] == "list_version_moved"


async def test_pushes_that_arrive_together_are_made_one_after_another_without_a_gap(api: Api) -> None:
    responses = await asyncio.gather(*(api.push(list_operation(n)) for n in range(1, 13)))
    assert sorted(response.json()["list_version"] for response in responses) == list(range(1, 13))
    versions = await api.rows("SELECT list_version FROM pushes ORDER BY committed_at, list_version")
    assert len(versions) == 12


async def test_the_same_push_sent_twice_at_once_is_made_once(api: Api) -> None:
    responses = await asyncio.gather(*(api.push(list_operation(1), key="twice") for _ in range(4)))
    assert {response.status_code for response in responses} == {201}
    assert len({response.json()["push_id"] for response in responses}) == 1
    assert sum("idempotency-replayed" in response.headers for response in responses) == 3


async def test_a_push_that_waits_too_long_for_another_says_so_and_is_not_made(api: Api) -> None:
    impatient = create_app(api.settings.model_copy(update={"push_wait": 0.2}))
    async with impatient.router.lifespan_context(impatient), api.owner.writing() as session:
        await session.execute(text("SELECT list_version FROM list_state FOR UPDATE"))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(impatient), base_url="http://service.test") as http:
            response = await http.post(
                "/v1/pushes",
                json={"operations": [list_operation(1)]},
                headers=api.headers(**{"Idempotency-Key": "k"}),
            )
    assert response.status_code == 503
    assert response.json()["code"] == "push_in_progress"
    assert response.headers["retry-after"]
    assert await nothing_kept(api)


async def test_a_push_waits_for_the_one_before_it(api: Api) -> None:
    async with api.owner.writing() as session:
        await session.execute(text("SELECT list_version FROM list_state FOR UPDATE"))
        task = asyncio.create_task(api.push(list_operation(1)))
        done, _ = await asyncio.wait([task], timeout=0.5)
        assert not done
    assert (await task).status_code == 201


async def test_an_unknown_push_is_not_found(api: Api) -> None:
    response = await api.http.get("/v1/pushes/01990000-0000-7000-8000-000000000000", headers=api.headers())
    assert response.status_code == 404


async def test_a_person_listed_twice_is_recorded_once_and_a_changed_name_as_another_identity(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]), list_operation(2, persons=[person(1)]))
    await api.pushed(list_operation(3, persons=[person(1)]), list_operation(4, persons=[person(1, name="虚构改名")]))
    assert (await api.rows("SELECT count(*) AS n FROM persons"))[0]["n"] == 2
    assert len((await api.asked(synthetic_resident_id(1)))["listings"]) == 4


@pytest.mark.parametrize("media_type", ["application/json", "application/x-ndjson"])
async def test_more_operations_than_configured_are_refused(api: Api, media_type: str) -> None:
    operations = [list_operation(n) for n in range(1, 5)]
    if media_type == "application/json":
        content = json.dumps({"operations": operations})
    else:
        content = "\n".join(json.dumps(one) for one in operations)
    headers = api.headers(**{"Idempotency-Key": "k", "Content-Type": media_type})
    async with also_serving(api, max_push_operations=3) as strict:
        response = await strict.http.post("/v1/pushes", content=content, headers=headers)
    assert response.status_code == 422
    assert response.json()["code"] == "too_many"
    assert await nothing_kept(api)
    async with also_serving(api, max_push_operations=4) as enough:
        assert (await enough.http.post("/v1/pushes", content=content, headers=headers)).status_code == 201


async def test_a_push_of_nonsense_is_told_of_its_first_thousand_errors_and_how_many_there_are(api: Api) -> None:
    body = {"operations": [None] * 3000}
    response = await api.http.post("/v1/pushes", json=body, headers=api.headers(**{"Idempotency-Key": "k"}))
    problem = response.json()
    assert response.status_code == 422
    assert "3000 处" in problem["detail"]
    assert [one["row"] for one in problem["errors"]] == list(range(1, 1001))

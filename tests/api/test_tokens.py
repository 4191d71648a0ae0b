"""Tokens: how a department recognises its own persons in its copy, on record like a lookup, and nobody else."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from app.domain.codes import ResidentId
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.errors import NotFound
from app.services.access import Scope
from app.services.audit_answers import reproduce
from app.services.erasure import erase
from app.services.identity_keys import rekey, vault_from
from tests.rotation import keys
from tests.services.serving import also_serving
from tests.support import CATALOGUE, CUSTOMS, JSON, Api, list_operation, make_key, person

NUMBER = synthetic_resident_id(1)


async def issued(api: Api, *numbers: str, **fields: Any) -> httpx.Response:
    body = {"id_numbers": list(numbers), "purpose": "本单位在职人员比对（虚构）"} | fields
    return await api.http.post("/v1/persons/tokens", json=body, headers=api.headers())


async def tokens(api: Api, *numbers: str) -> list[list[str]]:
    response = await issued(api, *numbers)
    assert response.status_code == httpx.codes.OK, response.text
    return [one["tokens"] for one in response.json()["tokens"]]


async def in_feed(api: Api) -> list[JSON]:
    response = await api.http.get("/v1/changes", headers=api.headers())
    return [person for change in response.json()["changes"] for person in change["listing"]["persons"]]


async def test_a_number_has_the_token_that_it_has_in_the_same_clients_copy(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1), person(2)]), list_operation(2, persons=[person(1)]))
    spaced = f" {NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:].lower()}"
    one, again, other, nobody = await tokens(api, NUMBER, spaced, synthetic_resident_id(2), synthetic_resident_id(3))
    assert one == again
    fed = [person["token"] for person in await in_feed(api)]
    assert sorted(fed) == sorted(one * 2 + other)
    assert nobody[0] not in fed, "a number that is not listed is answered like any other"
    assert all(len(bytes.fromhex(token)) == 32 for token in (*one, *other, *nobody))
    snapshot = await api.http.get("/v1/listings/snapshot", headers=api.headers())
    assert snapshot.text.count(one[0]) == 2
    customs, key = await make_key(api.database, Scope.CHANGES_READ, department=CUSTOMS), api.key
    api.key = customs
    assert await tokens(api, NUMBER) != [one], "two copies cannot be put side by side"
    assert (await in_feed(api))[0]["token"] == (await tokens(api, NUMBER))[0][0]
    api.key = key
    assert await tokens(api, NUMBER) == [one], "and the same client keeps its own"


async def test_each_number_is_on_record_with_its_purpose_and_nothing_is_said_of_the_list(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]))
    response = await issued(api, NUMBER, "no number", synthetic_resident_id(2), NUMBER)
    assert response.headers["cache-control"] == "no-store"
    answered = response.json()["tokens"]
    assert [one["index"] for one in answered] == [0, 1, 2, 3]
    assert set(answered[0]) == set(answered[2]) == {"index", "tokens"}
    records = await api.rows(
        "SELECT lookup_id, purpose, subject_kind, verdict, view, masked_number, uscc, listing_ids, person_ids, "
        "request_id, department FROM audit ORDER BY lookup_id"
    )
    assert [one["masked_number"] for one in records] == [
        f"{number[:2]}{'*' * 14}{number[-2:]}" for number in (NUMBER, synthetic_resident_id(2), NUMBER)
    ]
    for record in records:
        assert (record["purpose"], record["verdict"]) == ("本单位在职人员比对（虚构）", "token_issued")
        assert (record["uscc"], record["listing_ids"], record["person_ids"]) == (None, [], [])
        assert record["request_id"] == response.headers["x-request-id"]
    async with api.database.reading() as session:
        with pytest.raises(NotFound, match="没有结论"):
            await reproduce(session, UUID(str(records[0]["lookup_id"])))


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"id_numbers": []}, "id_numbers", "too_few"),
        ({"id_numbers": ["1"] * 1001}, "id_numbers", "too_many"),
        ({"id_numbers": NUMBER}, "id_numbers", "wrong_type"),
        ({"id_numbers": [int(NUMBER[:17])]}, "id_numbers[0]", "wrong_type"),
        ({"id_numbers": ["1" * 65]}, "id_numbers[0]", "too_long"),
        ({"purpose": None}, "purpose", "wrong_type"),
        ({"purpose": " "}, "purpose", "blank"),
        ({"purpose": f"比对{NUMBER}"}, "purpose", "identity_number_in_text"),
        ({"why": "x"}, "why", "unknown_field"),
    ],
)
async def test_a_request_that_does_not_fit_issues_nothing(api: Api, fields: JSON, field: str, code: str) -> None:
    response = await issued(api, NUMBER, **fields)
    assert response.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert [(one["field"], one["code"]) for one in response.json()["errors"]] == [(field, code)]
    assert await api.rows("SELECT 1 FROM audit") == []


async def test_a_thousand_numbers_are_answered_at_once_and_a_units_code_is_none(api: Api) -> None:
    numbers = [synthetic_resident_id(n) for n in range(999)]
    response = await issued(api, *numbers, synthetic_uscc(1))
    *rest, last = response.json()["tokens"]
    assert len({token for one in rest for token in one["tokens"]}) == 999
    assert last["problem"]["status"] == 422
    assert last["problem"]["errors"][0]["field"] == "id_number"
    assert len(await api.rows("SELECT 1 FROM audit")) == 999


async def test_while_keys_are_exchanged_a_number_has_the_tokens_of_both(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]))
    (before,) = await in_feed(api)
    async with also_serving(api, **keys(api.settings, "{new},{old}")) as during:
        (both,) = await tokens(during, NUMBER)
        assert len(both) == 2
        (fed,) = await in_feed(during)
        assert (fed["token"], fed["index_key_id"]) == (before["token"], "test-1")
        assert fed["token"] in both
        async with api.owner.writing() as session:
            await rekey(session, vault_from(during.settings))
        (fed,) = await in_feed(during)
        assert fed["index_key_id"] == "k2", "which tells a copy that its tokens are to be asked for anew"
        assert fed["token"] in both
        assert fed["token"] != before["token"]
    for refused in (await issued(api, NUMBER), await api.http.get("/v1/changes", headers=api.headers())):
        assert (refused.status_code, refused.json()["code"]) == (503, "identity_keys_missing")


async def test_of_an_erased_person_there_is_no_token_in_the_feed_and_no_trace_in_the_record(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]))
    await tokens(api, NUMBER)
    async with api.owner.writing() as session:
        done = await erase(session, vault_from(api.settings), CATALOGUE, ResidentId(NUMBER), "虚构令1号")
    assert done.audit_records == 1
    assert [(one["token"], one["name_masked"], one["index_key_id"]) for one in await in_feed(api)] == [(None,) * 3] * 2
    (record,) = await api.rows("SELECT masked_number, purpose FROM audit")
    assert set(record["masked_number"]) == {"*"}
    assert record["purpose"], "that somebody was asked about, and why, stays"

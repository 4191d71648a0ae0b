"""The audit over the interface: who looked up whom and why; and that reading it is on record too."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.domain.codes import ResidentId
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.access import Scope
from app.services.erasure import erase
from app.services.identity_keys import INDEX_VARIABLE, new_keys, vault_from
from app.services.unusual_use import Thresholds, judged
from app.store.audit_use import ClientUse
from tests.services.serving import also_serving
from tests.support import BUREAU, CATALOGUE, CUSTOMS, JSON, Api, list_operation, make_key, person, today

PERSON = synthetic_resident_id(1)


@pytest.fixture
async def auditor(api: Api) -> Api:
    """Return the same service, as an auditor calls it."""
    return replace(api, key=await make_key(api.database, Scope.AUDIT_READ, department="市财政局", name="审计"))


async def customs(api: Api) -> Api:
    return replace(api, key=await make_key(api.database, Scope.LOOKUP, department=CUSTOMS, name="海关通关系统"))


async def read(auditor: Api, **query: Any) -> JSON:
    response = await auditor.http.get("/v1/audit", params=query, headers=auditor.headers())
    assert response.status_code == httpx.codes.OK, response.text
    answer: JSON = response.json()
    return answer


async def search(auditor: Api, **body: Any) -> httpx.Response:
    return await auditor.http.post("/v1/audit/searches", json=body, headers=auditor.headers())


async def searched(auditor: Api, **body: Any) -> JSON:
    response = await search(auditor, **body)
    assert response.status_code == httpx.codes.OK, response.text
    answer: JSON = response.json()
    return answer


def ids(answer: JSON) -> list[str]:
    return [one["lookup_id"] for one in answer["records"]]


async def test_an_auditor_finds_lookups_by_whom_why_what_and_when(api: Api, auditor: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]))
    theirs = await customs(api)
    unit = (await theirs.asked(synthetic_uscc(1), purpose="进口通关审核", reference="QYHG-1"))["lookup_id"]
    someone = (await theirs.asked(PERSON, purpose="评先评优审查"))["lookup_id"]
    other = (await api.asked(synthetic_uscc(2)))["lookup_id"]
    assert ids(await read(auditor)) == [other, someone, unit]
    for query, expected in (
        ({"department": CUSTOMS}, [someone, unit]),
        ({"department": BUREAU}, [other]),
        ({"client": "海关通关系统"}, [someone, unit]),
        ({"purpose": "通关"}, [unit]),
        ({"verdict": "not_listed"}, [other]),
        ({"uscc": synthetic_uscc(1)}, [unit]),
        ({"until": "2026-01-01"}, []),
        ({"since": today().isoformat()}, [other, someone, unit]),
    ):
        assert ids(await read(auditor, **query)) == expected, query
        named = {"code" if name == "uscc" else name: value for name, value in query.items()}
        assert ids(await searched(auditor, **named)) == expected, query
    answer = await searched(auditor, code=PERSON)
    (record,) = answer["records"]
    assert (record["lookup_id"], record["code"]) == (someone, f"{PERSON[:2]}{'*' * 14}{PERSON[-2:]}")
    assert (record["client"], record["purpose"], record["verdict"]) == ("海关通关系统", "评先评优审查", "listed")
    assert PERSON not in str(answer)
    first = await read(auditor, limit=2)
    assert (ids(first), ids(await read(auditor, limit=2, after=first["next"]))) == ([other, someone], [unit])
    assert (await read(auditor, limit=2, after=first["next"]))["next"] is None


async def test_the_auditors_reading_is_recorded_with_its_filter_and_the_person_only_by_index(
    api: Api, auditor: Api
) -> None:
    await api.asked(PERSON)
    await searched(auditor, code=PERSON, client="x")
    await read(auditor, uscc=synthetic_uscc(1), department=CUSTOMS)
    await auditor.http.get("/v1/audit/unusual", headers=auditor.headers())
    assert (await search(auditor, code="1")).status_code == 422
    kept = await api.rows(
        "SELECT kind, filters, records, blind_index, name, r.key_id, operator "
        "FROM readings_of_audit r JOIN clients USING (client_id) ORDER BY reading_id"
    )
    assert [(one["kind"], one["name"], one["records"]) for one in kept] == [
        ("search", "审计", 0),
        ("search", "审计", 0),
        ("unusual", "审计", 1),
    ]
    assert (kept[0]["filters"]["client"], kept[1]["filters"]["uscc"]) == ("x", synthetic_uscc(1))
    (asked,) = await api.rows("SELECT blind_index FROM audit")
    assert [one["blind_index"] for one in kept] == [asked["blind_index"], None, None]
    assert all(one["key_id"] == auditor.key.split("_")[1] for one in kept)
    assert PERSON not in str(kept)
    await api.pushed(list_operation(1, persons=[person(1)]))
    async with api.owner.writing() as session:
        await erase(session, vault_from(api.settings), CATALOGUE, ResidentId(PERSON), "虚构令1号")
    (after,) = await api.rows("SELECT blind_index FROM readings_of_audit WHERE blind_index IS NOT NULL")
    assert after["blind_index"] != asked["blind_index"], "whom it was about is forgotten here too"


async def test_a_unit_listed_under_an_irregular_code_is_found(api: Api, auditor: Api) -> None:
    irregular = synthetic_uscc(1)[:-1] + ("A" if synthetic_uscc(1)[-1] != "A" else "B")
    unit = {"uscc": irregular, "name": "示例（虚构）有限公司"}
    reason = {"nonconforming_code": True, "nonconforming_reason": "试点地区赋码（虚构）"}
    await api.pushed(list_operation(1, unit=unit, **reason))
    asked = (await api.asked(irregular, subject_kind="unit"))["lookup_id"]
    assert ids(await searched(auditor, code=irregular, subject_kind="unit")) == [asked]
    assert ids(await read(auditor, uscc=irregular)) == [asked]


async def test_persons_are_found_under_every_key_and_a_key_that_is_missing_is_told(api: Api, auditor: Api) -> None:
    old = (await api.asked(PERSON))["lookup_id"]
    assert api.settings.identity_index_keys is not None
    new, before = new_keys("k2")[INDEX_VARIABLE], api.settings.identity_index_keys
    both = type(before)(f"{new},{before.get_secret_value()}")
    async with also_serving(api, identity_index_keys=both) as during:
        later = (await during.asked(PERSON))["lookup_id"]
        found = await searched(replace(during, key=auditor.key), code=PERSON)
        assert (ids(found), found["index_keys_missing"]) == ([later, old], [])
    found = await searched(auditor, code=PERSON)
    assert (ids(found), found["index_keys_missing"]) == ([old], ["k2"])


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({"uscc": "1"}, "uscc", "code_length"),
        ({"verdict": "x"}, "verdict", "not_allowed"),
        ({"since": "x"}, "since", "date_format"),
        ({"since": "2026-02-01", "until": "2026-01-01"}, "since", "date_order"),
        ({"until": "9999-12-31"}, "until", "out_of_range"),
        ({"since": "0001-01-01"}, "since", "out_of_range"),
        ({"department": "没有的部门"}, "department", "unknown_department"),
        ({"after": "x"}, "after", "wrong_type"),
        ({"limit": "501"}, "limit", "out_of_range"),
        ({"purpose": f"见{PERSON}"}, "purpose", "identity_number_in_text"),
        ({"code": synthetic_uscc(1)}, "query", "unknown_parameter"),
    ],
)
async def test_a_query_that_does_not_fit_is_refused(auditor: Api, query: JSON, field: str, code: str) -> None:
    response = await auditor.http.get("/v1/audit", params=query, headers=auditor.headers())
    assert response.status_code == httpx.codes.UNPROCESSABLE_ENTITY, response.text
    assert [(one["field"], one["code"]) for one in response.json()["errors"]] == [(field, code)]
    body = {"code" if name == "uscc" else "x" if name == "code" else name: value for name, value in query.items()}
    assert (await search(auditor, **body)).status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert await auditor.rows("SELECT 1 FROM readings_of_audit") == []


async def test_a_persons_number_in_the_url_is_refused(auditor: Api) -> None:
    response = await auditor.http.get("/v1/audit", params={"uscc": PERSON}, headers=auditor.headers())
    assert (response.status_code, response.json()["code"]) == (400, "identity_number_in_url")
    assert PERSON not in response.text


MANY = 6


async def test_a_client_that_asks_about_many_persons_not_listed_stands_out(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(n) for n in range(20, 28)]))
    busy = await customs(api)
    for n in [*range(30, 30 + MANY), 30, 30]:
        await busy.asked(synthetic_resident_id(n))
    await busy.asked(synthetic_uscc(1))
    fair = replace(api, key=await make_key(api.database, Scope.LOOKUP, department="市税务局", name="税务"))
    for n in (*range(20, 28), 31):
        await fair.asked(synthetic_resident_id(n))
    async with also_serving(api, unusual_persons=MANY, unusual_share=0.5, unusual_times=3.0) as judging:
        response = await judging.http.get("/v1/audit/unusual", headers=api.headers())
        first, second = response.json()["clients"]
        assert (first["client"], first["department"], first["unusual"]) == ("海关通关系统", CUSTOMS, True)
        counts = ("lookups", "person_lookups", "persons", "persons_not_listed", "persons_not_listed_before", "tokens")
        assert [first[name] for name in counts] == [MANY + 3, MANY + 2, MANY, MANY, 0, 0]
        assert (first["not_listed_share"], first["others_median"]) == (1.0, 1.0)
        assert [one["code"] for one in first["reasons"]] == ["above_own_past", "above_others"]
        assert (second["client"], second["persons"], second["persons_not_listed"]) == ("税务", 9, 1)
        assert (second["unusual"], second["reasons"]) == (False, [])
        assert "*" not in response.text
        # What it asked the month before is its own past, and no longer this month's.
        await api.run("UPDATE audit SET answered_at = answered_at - interval '31 days' WHERE purpose = '测试'")
        await busy.asked(synthetic_resident_id(30), purpose="本月")
        later = (await judging.http.get("/v1/audit/unusual", headers=api.headers())).json()["clients"]
        assert [(one["client"], one["persons_not_listed"], one["persons_not_listed_before"]) for one in later] == [
            ("海关通关系统", 1, MANY)
        ]
        assert later[0]["others_median"] is None


def use(client: str, count: int, before: int, persons: int = 100) -> ClientUse:
    return ClientUse(client, CUSTOMS, persons, persons, persons, count, 0, before)


@pytest.mark.parametrize(
    ("count", "before", "persons", "codes"),
    [
        (50, 10, 60, ["above_own_past", "above_others"]),
        (49, 0, 49, []),
        (60, 20, 60, ["above_own_past", "above_others"]),
        (60, 21, 60, ["above_others"]),
        (60, 10, 76, []),
    ],
)
def test_the_thresholds_are_plain(count: int, before: int, persons: int, codes: list[str]) -> None:
    asked = [use("甲", count, before, persons), use("乙", 10, 10), use("丙", 20, 20), use("丁", 0, 0, 0)]
    found = {one.use.client: one for one in judged(asked, Thresholds(50, 0.8, 3.0))}
    assert [one.code for one in found["甲"].reasons] == codes
    assert found["甲"].others_median == 15
    assert found["丁"].not_listed_share is None


async def test_records_of_a_subject_are_found_by_index_in_the_months_asked_for_only(api: Api) -> None:
    for condition in ("uscc = 'x'", "blind_index = 'x'"):
        query = f"SELECT 1 FROM audit WHERE {condition} AND answered_at BETWEEN now() - interval '1 day' AND now()"
        async with api.owner.writing() as session:
            await session.execute(text("SET LOCAL enable_seqscan = off"))
            plan = list((await session.execute(text(f"EXPLAIN {query}"))).scalars())
        scans = [line for line in plan if " on audit_" in line]
        assert 1 <= len(scans) <= 2, "yesterday's month and today's"
        assert all("Index" in line or "Bitmap" in line for line in scans), plan

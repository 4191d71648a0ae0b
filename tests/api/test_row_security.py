"""Row security, which hides rows without a word: where somebody switches it on, there is an error and no verdict."""

import httpx
import pytest

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from tests.support import Api, list_operation, person


@pytest.mark.parametrize("table", ["listings", "persons", "related_persons", "index_keys_in_use", "listing_revisions"])
async def test_rows_that_the_service_is_not_shown_are_no_verdict(api: Api, table: str) -> None:
    done = await api.pushed(list_operation(1, persons=[person(1)]))
    await api.run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    known_at = {"known_at": done["committed_at"]}
    answers = [
        await api.ask(code, **fields)
        for code in (synthetic_uscc(1), synthetic_resident_id(1))
        for fields in ({}, known_at)
    ]
    answers.append(await api.http.get("/v1/listings", headers=api.headers()))
    batch = {"items": [{"code": synthetic_uscc(1)}], "purpose": "测试"}
    answers.append(await api.http.post("/v1/lookups/batch", json=batch, headers=api.headers()))
    told = [one for one in answers if one.status_code == httpx.codes.OK]
    for one in told:
        assert "not_listed" not in one.text
        assert '"listings":[]' not in one.text
    assert len(told) < len(answers)
    ready = await api.http.get("/readyz")
    assert ready.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert [table in one["detail"] for one in ready.json()["checks"] if not one["ok"]] == [True]

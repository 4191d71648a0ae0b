"""An old answer, made again from its record, is the answer that was given: byte for byte."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.api.schemas.lookups import LookupAnswer
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.errors import NotFound
from app.services.access import Scope
from app.services.audit_answers import reproduce
from app.settings import PROJECT_ROOT
from tests.services.serving import also_serving
from tests.support import CUSTOMS, Api, list_operation, make_key, person, remove_operation, today

DAY = timedelta(days=1)
UNIT, PERSON, BANNED, NOBODY = synthetic_uscc(1), synthetic_resident_id(1), synthetic_resident_id(2), synthetic_uscc(99)
VIEWS = ("summary", "mine", "full")
BAN = {"until": (today() + 900 * DAY).isoformat()}


async def reproduced(api: Api, lookup_id: str) -> bytes:
    """Return the answer of a lookup as its record gives it, with only the service's rights."""
    async with api.database.reading() as session:
        record, answer = await reproduce(session, UUID(lookup_id))
    assert record.verdict == answer.verdict
    assert record.lookup_id == answer.lookup_id
    return LookupAnswer.of(answer).model_dump_json().encode()


async def told(api: Api, code: str, **fields: Any) -> httpx.Response:
    response = await api.ask(code, **fields)
    assert response.status_code == httpx.codes.OK, response.text
    return response


async def told_everything(api: Api) -> list[httpx.Response]:
    """Ask about everybody in every view, today and on days past."""
    days = [today(), today() - DAY, today() - 500 * DAY]
    return [
        await told(api, code, view=view, on=day.isoformat())
        for code in (UNIT, PERSON, BANNED, NOBODY)
        for view in VIEWS
        for day in days
    ]


async def assert_reproduced(api: Api, answers: list[httpx.Response]) -> None:
    for given in answers:
        assert await reproduced(api, given.json()["lookup_id"]) == given.content


async def list_everybody(api: Api) -> None:
    people = [person(1, roles=["principal", "safety_lead"]), person(2, position_ban=BAN), person(3)]
    another = list_operation(1, decision_no="虚构列〔2026〕另1号", persons=[person(1, position_ban={"for_life": True})])
    await api.pushed(list_operation(1, persons=people), another, list_operation(5, persons=[person(1)]))


async def test_every_answer_can_be_made_again_whatever_happened_to_the_list_since(api: Api) -> None:
    before = await told_everything(api)
    await list_everybody(api)
    listed = await told_everything(api)
    await assert_reproduced(api, before + listed)

    await api.pushed(remove_operation(1, reason="repaired", removal_decision_no="虚构移〔2026〕1号"))
    after_removal = await told_everything(api)
    await assert_reproduced(api, before + listed + after_removal)

    await api.pushed(remove_operation(1, decision_no="虚构列〔2026〕另1号", reason="revoked"), remove_operation(5))
    await api.pushed(*(list_operation(n, persons=[person(1), person(n)]) for n in range(20, 40)))
    await assert_reproduced(api, before + listed + after_removal + await told_everything(api))


async def test_the_answers_that_are_made_again_were_of_every_kind(api: Api) -> None:
    """What the test above goes through, so that it cannot become empty unseen."""
    await list_everybody(api)
    assert len((await api.asked(UNIT))["listings"]) == 2
    assert len((await api.asked(PERSON))["listings"]) == 3
    await api.pushed(remove_operation(1, reason="repaired"))
    banned = await told(api, BANNED)
    assert banned.json()["listings"][0]["state"] == "removed"
    assert [measure["no"] for measure in banned.json()["measures"]] == [9]
    assert (await api.asked(UNIT))["listings"][0]["decision_no"] == "虚构列〔2026〕另1号"
    assert (await api.asked(NOBODY))["verdict"] == "not_listed"
    await assert_reproduced(api, [banned])


@pytest.mark.parametrize("reason", ["repaired", "revoked", "corrected"])
async def test_an_answer_for_a_day_before_a_removal_is_made_again_as_it_was_told(api: Api, reason: str) -> None:
    await list_everybody(api)
    await api.pushed(remove_operation(1, reason=reason, removed_on=(today() - 10 * DAY).isoformat()))
    asked = [
        await told(api, code, on=(today() - days * DAY).isoformat())
        for code in (UNIT, PERSON, BANNED)
        for days in (9, 10, 11)
    ]
    await api.pushed(*(list_operation(n, persons=[person(2)]) for n in (7, 8)))
    await assert_reproduced(api, asked)


async def test_each_item_of_a_batch_and_a_question_by_url_are_made_again_too(api: Api) -> None:
    await list_everybody(api)
    body = {"items": [{"code": code} for code in (UNIT, PERSON, UNIT, NOBODY, BANNED)], "purpose": "测试"}
    batch = await api.http.post("/v1/lookups/batch", json=body, headers=api.headers())
    one = await api.http.get(f"/v1/units/{UNIT}/measures", params={"view": "full"}, headers=api.headers())
    await api.pushed(remove_operation(1, reason="corrected"))
    given = [LookupAnswer.model_validate(result) for result in batch.json()["results"]]
    assert [answer.verdict for answer in given] == ["listed", "listed", "listed", "not_listed", "listed"]
    for answer in given:
        assert await reproduced(api, str(answer.lookup_id)) == answer.model_dump_json().encode()
    await assert_reproduced(api, [one])


async def test_whose_a_measure_was_is_told_for_the_department_that_asked(api: Api) -> None:
    await list_everybody(api)
    as_bureau = [await told(api, UNIT, view=view) for view in VIEWS]
    api.key = await make_key(api.database, Scope.LOOKUP, department=CUSTOMS)
    as_customs = [await told(api, UNIT, view=view) for view in VIEWS]
    assert as_bureau[1].json()["measures"] != as_customs[1].json()["measures"]
    await assert_reproduced(api, as_bureau + as_customs)


def changed_catalogue(folder: Path) -> Path:
    """Write the memo's file with one note of later law worded otherwise."""
    source = (PROJECT_ROOT / "data" / "measures.yaml").read_text(encoding="utf-8")
    assert "现为第六十五条。" in source
    file = folder / "changed.yaml"
    file.write_text(source.replace("现为第六十五条。", "现为第六百六十五条（虚构）。"), encoding="utf-8")
    return file


async def test_old_answers_keep_the_text_of_the_catalogue_they_were_given_with(api: Api, tmp_path: Path) -> None:
    await list_everybody(api)
    old = [await told(api, UNIT, view=view) for view in VIEWS]
    async with also_serving(api, catalogue_file=changed_catalogue(tmp_path)) as changed:
        new = [await told(changed, UNIT, view=view) for view in VIEWS]
    assert all("现为第六十五条。" in answer.text for answer in old)
    assert all("现为第六百六十五条（虚构）。" in answer.text for answer in new)
    assert old[0].json()["catalogue_version"] != new[0].json()["catalogue_version"]
    await assert_reproduced(api, old + new)
    kept = {row["catalogue_version"] for row in await api.rows("SELECT catalogue_version FROM catalogues")}
    assert kept == {answer.json()["catalogue_version"] for answer in (old[0], new[0])}


async def test_a_question_that_nobody_asked_has_no_record(api: Api) -> None:
    with pytest.raises(NotFound):
        await reproduced(api, str(uuid4()))


async def test_the_record_of_a_question_about_a_person_holds_no_number(api: Api) -> None:
    await list_everybody(api)
    given = await told(api, PERSON, reference="QYHG-1")
    async with api.database.reading() as session:
        record, _ = await reproduce(session, UUID(given.json()["lookup_id"]))
    assert PERSON not in repr(record)
    assert (record.purpose, record.reference, record.masked_number) == ("测试", "QYHG-1", given.json()["code"])

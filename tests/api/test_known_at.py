"""What was known at a moment, whatever was pushed since: asked, recorded, and made again from its record."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.api.schemas.lookups import LookupAnswer
from app.domain.codes import ResidentId
from app.domain.moment import Moment
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.audit_answers import reproduce
from app.services.erasure import erase
from app.services.identity_keys import vault_from
from tests.support import CATALOGUE, JSON, Api, list_operation, person, remove_operation, today

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
TARGET = {"uscc": synthetic_uscc(1), "decision_no": "虚构列〔2026〕1号"}


def ago(days: int) -> str:
    return (today() - days * DAY).isoformat()


async def told(api: Api, code: str, **fields: Any) -> httpx.Response:
    response = await api.ask(code, **fields)
    assert response.status_code == httpx.codes.OK, response.text
    return response


async def verdict(api: Api, code: str, **fields: Any) -> str:
    answer: str = (await told(api, code, **fields)).json()["verdict"]
    return answer


def committed(pushed: JSON) -> datetime:
    return datetime.fromisoformat(pushed["committed_at"])


async def test_a_push_by_a_process_whose_clock_is_ahead_is_known_from_its_commit_on(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else who asks another process what is known now is told that a unit is not listed which is."""
    with monkeypatch.context() as ahead:
        ahead.setattr(Moment, "current", classmethod(lambda cls: cls.at(datetime.now(UTC) + timedelta(minutes=1))))
        pushed = await api.pushed(list_operation(1))
    now = datetime.now(UTC)
    assert committed(pushed) <= now
    assert await verdict(api, synthetic_uscc(1), known_at=now.isoformat()) == "listed"


async def test_a_removal_for_an_earlier_day_was_not_known_before_it_was_pushed(api: Api) -> None:
    listed = committed(await api.pushed(list_operation(1, persons=[person(1)])))
    removed = committed(await api.pushed(remove_operation(1, removed_on=ago(30))))
    for code in (synthetic_uscc(1), synthetic_resident_id(1)):
        for at, expected in (
            (listed - INSTANT, "not_listed"),
            (listed, "listed"),
            (removed - INSTANT, "listed"),
            (removed, "not_listed"),
        ):
            assert await verdict(api, code, on=ago(20), known_at=at.isoformat()) == expected
        assert await verdict(api, code, on=ago(20)) == "not_listed"
        assert await verdict(api, code, on=ago(31)) == "listed", "before the removal it is listed, as known now too"


async def test_what_was_corrected_was_known_otherwise_before(api: Api) -> None:
    wrong = committed(await api.pushed(list_operation(1, persons=[person(1)])))
    right = {"op": "correct", **TARGET, "set": {"uscc": synthetic_uscc(2)}, "reason": "代码录错（虚构）"}
    await api.pushed(right)
    at = wrong.isoformat()
    assert [await verdict(api, synthetic_uscc(n)) for n in (1, 2)] == ["not_listed", "listed"]
    assert [await verdict(api, synthetic_uscc(n), known_at=at) for n in (1, 2)] == ["listed", "not_listed"]
    renamed = {"op": "rename", "uscc": synthetic_uscc(2), "new_name": "新名（虚构）", "renamed_on": ago(1)}
    await api.pushed(renamed)
    answer = (await told(api, synthetic_resident_id(1), known_at=at)).json()
    assert answer["listings"][0]["unit"] == {
        "name": "示例第1（虚构）有限公司",
        "uscc": synthetic_uscc(1),
        "former_names": [],
    }


async def test_the_answer_says_of_what_it_is_and_so_does_its_record(api: Api) -> None:
    at = committed(await api.pushed(list_operation(1)))
    await api.pushed(remove_operation(1))
    given = (await told(api, synthetic_uscc(1), known_at=at.isoformat())).json()
    assert datetime.fromisoformat(given["known_at"]) == at
    assert (given["list_version"], given["on"], given["verdict"]) == (1, Moment.at(at).today.isoformat(), "listed")
    (record,) = await api.rows("SELECT known_at, list_version, verdict, revisions FROM audit")
    assert record == {"known_at": at, "list_version": 1, "verdict": "listed", "revisions": [1]}
    assert (await told(api, synthetic_uscc(1))).json()["known_at"] is None


async def test_a_moment_may_be_written_in_any_time_zone_and_its_day_is_the_citys(api: Api) -> None:
    await api.pushed(list_operation(1))
    for written, day in (
        ("2026-03-03T15:59:59Z", "2026-03-03"),
        ("2026-03-03T16:00:00z", "2026-03-04"),
        ("2026-03-04T00:00:00+08:00", "2026-03-04"),
        ("2026-03-03T12:00:00.123456-04:00", "2026-03-04"),
    ):
        answer = (await told(api, synthetic_uscc(1), known_at=written)).json()
        assert (answer["on"], answer["list_version"], answer["verdict"]) == (day, 0, "not_listed")


async def test_of_what_was_known_earlier_only_a_list_that_is_new_enough_now_answers(api: Api) -> None:
    """A database that is behind may lack what was known then; one that has it all may tell of any moment."""
    at = committed(await api.pushed(list_operation(1))).isoformat()
    await api.pushed(list_operation(2))
    refused = await api.ask(synthetic_uscc(1), known_at=at, min_list_version=3)
    assert (refused.status_code, refused.json()["code"]) == (409, "list_version_not_reached")
    assert "版本为 2，尚未达到所要求的 3" in refused.json()["detail"]
    assert await api.rows("SELECT 1 FROM audit") == []
    answer = await api.asked(synthetic_uscc(1), known_at=at, min_list_version=2)
    assert (answer["verdict"], answer["list_version"]) == ("listed", 1)
    assert (await api.asked(synthetic_uscc(2), known_at=at, min_list_version=2))["verdict"] == "not_listed"


async def test_a_code_listed_knowingly_though_it_fails_its_check_was_so_only_while_it_was_known(api: Api) -> None:
    irregular = synthetic_uscc(1)[:-1] + ("0" if synthetic_uscc(1)[-1] != "0" else "1")
    unit = {"uscc": irregular, "name": "示例不合规代码（虚构）有限公司"}
    knowingly = {"nonconforming_code": True, "nonconforming_reason": "早期代码（虚构）"}
    at = committed(await api.pushed(list_operation(1, unit=unit, **knowingly)))
    await api.pushed(remove_operation(1, uscc=irregular))
    assert await verdict(api, irregular, known_at=at.isoformat(), subject_kind="unit") == "listed"
    for moment in ((at - INSTANT).isoformat(), None):
        fields = {"known_at": moment} if moment else {}
        refused = await api.ask(irregular, subject_kind="unit", **fields)
        assert (refused.status_code, refused.json()["code"]) == (422, "code_check_character")
    assert await api.rows("SELECT verdict FROM audit") == [{"verdict": "listed"}]


async def test_such_an_answer_is_made_again_from_its_record_byte_for_byte(api: Api) -> None:
    ban = {"until": (today() + 900 * DAY).isoformat()}
    at = committed(await api.pushed(list_operation(1, persons=[person(1), person(2, position_ban=ban)]))).isoformat()
    await api.pushed(
        {"op": "end_person", **TARGET, "id_number": synthetic_resident_id(1), "ended_on": ago(9), "reason": "left"},
        {"op": "ban", **TARGET, "id_number": synthetic_resident_id(2), "position_ban": {"for_life": True}},
    )
    codes = [synthetic_uscc(1), synthetic_uscc(3), *map(synthetic_resident_id, (1, 2, 3))]
    days = {0: "full", 8: "mine", 400: "summary"}
    given = [await told(api, code, view=view, known_at=at, on=ago(n)) for code in codes for n, view in days.items()]
    assert {answer.json()["verdict"] for answer in given} == {"listed", "not_listed"}
    await api.pushed(remove_operation(1, reason="revoked"))
    for answer in given:
        async with api.database.reading() as session:
            _, again = await reproduce(session, UUID(answer.json()["lookup_id"]))
        assert LookupAnswer.of(again).model_dump_json().encode() == answer.content


async def test_an_erasure_reaches_what_was_known_before_it(api: Api) -> None:
    """The history stays whole, and tells nobody any more who it was."""
    at = committed(await api.pushed(list_operation(1, persons=[person(1)]))).isoformat()
    url = f"/v1/listings?known_at={at.replace('+', '%2B')}"
    before = await api.http.get(url, headers=api.headers())
    assert [one["name"] for one in before.json()["listings"][0]["persons"]] == ["虚构1"]
    async with api.owner.writing() as session:
        await erase(session, vault_from(api.settings), CATALOGUE, ResidentId(synthetic_resident_id(1)), "虚构令1号")
    after = await api.http.get(url, headers=api.headers(**{"If-None-Match": before.headers["etag"]}))
    assert after.status_code == httpx.codes.OK, "what a reader holds is not right any more"
    assert [(one["name"], one["erased"]) for one in after.json()["listings"][0]["persons"]] == [
        ("（身份已删除）", True)
    ]
    one = f"/v1/listings/{before.json()['listings'][0]['listing_id']}?known_at={at.replace('+', '%2B')}"
    shown = await api.http.get(one, headers=api.headers())
    assert "虚构1" not in shown.text
    assert await verdict(api, synthetic_resident_id(1), known_at=at) == "not_listed"
    assert await verdict(api, synthetic_uscc(1), known_at=at) == "listed"


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59"])
async def test_a_moment_at_the_end_of_the_calendar_is_no_error_of_ours(api: Api, at: str) -> None:
    answers = [await api.ask(synthetic_uscc(1), known_at=at)]
    for path in ("listings", "alerts"):
        query = {"known_at" if path == "listings" else "since": at}
        answers.append(await api.http.get(f"/v1/{path}", params=query, headers=api.headers()))
    for one in answers:
        assert one.status_code == httpx.codes.UNPROCESSABLE_ENTITY
        assert [error["code"] for error in one.json()["errors"]] == ["impossible_date"]

"""Lookups in a scene, and the scenes as data, through the real routes on a real database."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from app.api.schemas.lookups import LookupAnswer
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.access import Scope
from app.services.audit_answers import reproduce
from app.settings import PROJECT_ROOT
from tests.services.serving import also_serving
from tests.support import CUSTOMS, JSON, SCENES, Api, list_operation, make_key, person, remove_operation, today

UNIT, PERSON, BANNED, NOBODY = synthetic_uscc(1), synthetic_resident_id(1), synthetic_resident_id(2), synthetic_uscc(9)
BAN = {"until": (today() + timedelta(days=900)).isoformat()}


@pytest.fixture
async def listed(api: Api) -> Api:
    """One unit with two persons, one of them banned; the caller is the customs."""
    await api.pushed(list_operation(1, persons=[person(1), person(2, position_ban=BAN)]))
    api.key = await make_key(api.database, *Scope, department=CUSTOMS)
    return api


def numbers(answer: JSON) -> list[int]:
    return [measure["no"] for measure in answer["measures"]]


async def test_a_scene_answers_with_just_its_measures_what_they_ask_for_and_by_which_law(listed: Api) -> None:
    answer = await listed.asked(UNIT, scene="customs.aeo")
    assert answer["verdict"] == "listed"
    assert answer["scene"] == {
        "code": "customs.aeo",
        "name": "海关企业认证",
        "scenes_version": SCENES.version,
        "departments": [CUSTOMS],
        "open_classes": [],
        "yours": "named",
        "other_measures": [no for no in range(1, 25) if no != 17],
        "note": None,
    }
    (measure,) = answer["measures"]
    assert measure["no"] == 17
    assert measure["legal_bases"][0]["document"] == "海关认证企业标准"
    assert [(one["one_of"], one["applies"]) for one in measure["asks"]] == [
        (["refuse"], "direct"),
        (["downgrade"], "direct"),
    ]
    assert measure["asks"][0]["words"].endswith("海关不予通过认证")

    supervised = await listed.asked(UNIT, scene="safety.supervision", view="full")
    (first,) = supervised["measures"]
    assert [part["no"] for part in first["sub_measures"]] == [1, 2, 3]
    assert [one["sub_measure"] for one in first["asks"]] == [1, 2, 3]
    assert first["legal_bases"][0]["provisions"][0]["text"], "the view holds in a scene too"


async def test_without_a_scene_nothing_is_said_of_one(listed: Api) -> None:
    answer = await listed.asked(UNIT)
    assert answer["scene"] is None
    assert numbers(answer) == list(range(1, 25))
    assert {measure["asks"] for measure in answer["measures"]} == {None}


async def test_any_department_may_ask_in_any_scene_and_is_told_whose_it_is(listed: Api) -> None:
    whose = {scene.code: (await listed.asked(UNIT, scene=scene.code))["scene"]["yours"] for scene in SCENES.scenes}
    assert [code for code, yours in whose.items() if yours == "named"] == [
        "customs.clearance",
        "customs.aeo",
        "customs.credit",
    ]
    assert whose["tax.incentive"] == "no"
    assert whose["honours"] == "open_class"


async def test_who_is_listed_is_never_told_otherwise_by_a_scene_without_measures_for_them(listed: Api) -> None:
    """The person is on the list; no measure of the customs acts on persons."""
    answer = await listed.asked(PERSON, scene="customs.aeo")
    assert (answer["verdict"], len(answer["listings"]), answer["measures"]) == ("listed", 1, [])
    assert answer["scene"]["other_measures"] == [1, 9, 15, 23]
    assert answer["scene"]["note"].startswith("该对象在名单上")
    assert "第 1、9、15、23 项" in answer["scene"]["note"]

    mine = await listed.asked(UNIT, scene="tax.incentive", view="mine")
    assert (mine["verdict"], mine["measures"], mine["scene"]["yours"]) == ("listed", [], "no")
    assert mine["scene"]["note"].startswith("该对象在名单上")
    assert "第 22 项" in mine["scene"]["note"]
    assert 22 not in mine["scene"]["other_measures"]

    nobody = await listed.asked(NOBODY, scene="customs.aeo")
    assert (nobody["verdict"], nobody["measures"]) == ("not_listed", [])
    assert (nobody["scene"]["note"], nobody["scene"]["other_measures"]) == (None, [])


async def test_a_ban_that_outlived_the_listing_is_told_in_every_scene(listed: Api) -> None:
    await listed.pushed(remove_operation(1))
    registering = await listed.asked(BANNED, scene="registration.officer")
    assert numbers(registering) == [9]
    assert [one["one_of"] for one in registering["measures"][0]["asks"]] == [["refuse"], ["order"]]
    honoured = await listed.asked(BANNED, scene="honours")
    assert (honoured["verdict"], honoured["measures"]) == ("listed", [])
    assert honoured["scene"]["other_measures"] == [9]
    assert "第 9 项" in honoured["scene"]["note"]


async def test_a_batch_and_a_question_by_url_are_asked_in_a_scene_too(listed: Api) -> None:
    body = {"items": [{"code": UNIT}, {"code": NOBODY}, {"code": "1"}], "scene": "land"}
    batch = (await listed.http.post("/v1/lookups/batch", json=body, headers=listed.headers())).json()["results"]
    assert [one["scene"]["code"] for one in batch[:2]] == ["land", "land"]
    assert numbers(batch[0]) == [14]
    assert batch[0]["measures"][0]["asks"][0]["one_of"] == ["restrict", "refuse"]
    assert batch[2]["problem"]["status"] == 422
    url = f"/v1/units/{UNIT}/measures?scene=land"
    by_url = (await listed.http.get(url, headers=listed.headers())).json()
    assert (numbers(by_url), by_url["scene"]["code"]) == ([14], "land")


@pytest.mark.parametrize(
    ("scene", "code"),
    [
        ("customs", "unknown_scene"),
        ("Customs.AEO", "unknown_scene"),
        ("", "blank"),
        (" ", "blank"),
        (7, "wrong_type"),
        (["land"], "wrong_type"),
        ("x" * 101, "too_long"),
        (synthetic_resident_id(1), "identity_number_in_text"),
        ("la\x00nd", "unprintable_character"),
    ],
)
async def test_an_unknown_scene_is_refused_naming_the_field_and_is_not_recorded(
    api: Api, scene: object, code: str
) -> None:
    sent: list[httpx.Response] = [await api.ask(UNIT, scene=scene)]
    body = {"items": [{"code": UNIT}], "scene": scene}
    sent.append(await api.http.post("/v1/lookups/batch", json=body, headers=api.headers()))
    if isinstance(scene, str):
        url = f"/v1/units/{UNIT}/measures"
        sent.append(await api.http.get(url, params={"scene": scene}, headers=api.headers()))
    for response in sent:
        assert response.status_code == 422, response.text
        (error,) = response.json()["errors"]
        assert (error["field"].rpartition(".")[2], error["code"]) == ("scene", code)
        assert synthetic_resident_id(1) not in response.text
    if code == "unknown_scene":
        assert "GET /v1/scenes" in sent[0].json()["detail"]
    assert await api.rows("SELECT 1 FROM audit") == []


async def test_the_record_says_in_which_scene_of_which_version_was_asked(listed: Api) -> None:
    at = (await listed.rows("SELECT now() AS now"))[0]["now"].isoformat()
    in_scene = await listed.asked(UNIT, scene="land")
    then = await listed.asked(UNIT, scene="bidding", known_at=at)
    plain = await listed.asked(UNIT)
    rows = {
        str(row["lookup_id"]): (row["scene"], row["scenes_version"])
        for row in await listed.rows("SELECT lookup_id, scene, scenes_version FROM audit")
    }
    assert rows == {
        in_scene["lookup_id"]: ("land", SCENES.version),
        then["lookup_id"]: ("bidding", SCENES.version),
        plain["lookup_id"]: (None, None),
    }


async def reproduced(api: Api, given: httpx.Response) -> bytes:
    async with api.database.reading() as session:
        _, answer = await reproduce(session, UUID(given.json()["lookup_id"]))
    return LookupAnswer.of(answer).model_dump_json().encode()


async def test_answers_in_scenes_are_made_again_byte_for_byte_whatever_the_scenes_are_now(
    listed: Api,
) -> None:
    scenes = ("customs.aeo", "safety.supervision", "honours", "registration.officer", "funding", None)
    given = [
        await listed.ask(code, scene=scene, view=view)
        for code in (UNIT, PERSON, BANNED, NOBODY)
        for scene in scenes
        for view in ("summary", "mine", "full")
    ]
    at = (await listed.rows("SELECT now() AS now"))[0]["now"].isoformat()
    given.append(await listed.ask(PERSON, scene="honours", known_at=at))
    await listed.pushed(remove_operation(1))
    given += [await listed.ask(BANNED, scene=scene) for scene in scenes]

    file = listed.settings.data_dir / "changed.yaml"
    source = (PROJECT_ROOT / "data" / "scenes.yaml").read_text(encoding="utf-8")
    changed = source.replace("code: customs.aeo", "code: customs.certification").replace("name: 荣誉、", "name: 虚构、")
    file.write_text(changed, encoding="utf-8")
    async with also_serving(listed, scenes_file=file) as other:
        assert (await other.ask(UNIT, scene="customs.aeo")).json()["errors"][0]["code"] == "unknown_scene"
        given.append(await other.ask(BANNED, scene="customs.certification"))
        given.append(await other.ask(BANNED, scene="honours"))
        assert given[-1].json()["scene"]["name"].startswith("虚构")
        assert (await other.http.get("/readyz")).is_success
    for one in given:
        assert one.status_code == 200, one.text
        assert await reproduced(listed, one) == one.content
    kept = await listed.rows("SELECT scenes_version FROM scenes")
    assert {row["scenes_version"] for row in kept} == {SCENES.version, given[-1].json()["scene"]["scenes_version"]}


async def test_the_scenes_are_public_whole_and_cacheable(api: Api) -> None:
    response = await api.http.get("/v1/scenes")
    body = response.json()
    assert body["scenes_version"] == SCENES.version
    assert [one["code"] for one in body["scenes"]] == [scene.code for scene in SCENES.scenes]
    assert {meaning["ask"] for meaning in body["asks"]} >= {"refuse", "restrict", "inspect_more", "take_into_account"}
    assert body["in_no_scene"] == []
    again = await api.http.get("/v1/scenes", headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert body["scenes_version"] in response.headers["ETag"]
    assert body["catalogue_version"] in response.headers["ETag"], "titles are the memo's"
    assert response.headers["Cache-Control"] == "public, max-age=300"

    one = await api.http.get("/v1/scenes/customs.aeo")
    assert one.json() == next(scene for scene in body["scenes"] if scene["code"] == "customs.aeo")
    assert one.json()["measures"][0]["asks"][0]["subjects"] == ["unit"]
    known = {"If-None-Match": f"W/{one.headers['ETag']}"}
    assert (await api.http.get("/v1/scenes/customs.aeo", headers=known)).status_code == 304


async def test_a_scene_that_is_not_there_is_404_even_to_who_has_a_copy(api: Api) -> None:
    for code in ("customs", "CUSTOMS.AEO", "%00", "x" * 64):
        response = await api.http.get(f"/v1/scenes/{code}", headers={"If-None-Match": "*"})
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
        assert "/v1/scenes" in response.json()["detail"]
    assert (await api.http.get(f"/v1/scenes/{'x' * 65}")).status_code == 422
    assert (await api.http.get("/v1/scenes?code=land")).json()["errors"][0]["code"] == "unknown_parameter"

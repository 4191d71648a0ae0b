"""An objection through the whole of the interface: pushed, looked up, read back, copied, decided, and proved."""

from datetime import timedelta
from typing import Any

import pytest

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.identity_keys import vault_from
from app.services.verification import verify
from tests.support import JSON, Api, list_operation, person, remove_operation, today

DAY = timedelta(days=1)
TARGET = {"uscc": synthetic_uscc(1), "decision_no": "虚构列〔2026〕1号"}
NUMBER = synthetic_resident_id(1)


def filing(**changed: Any) -> JSON:
    fields = {"objection_no": "虚构异1号", "filed_on": today().isoformat(), "matter": "事故责任认定有误（虚构）"}
    return {"op": "file_objection", **TARGET} | fields | changed


def decision(**changed: Any) -> JSON:
    fields = {"objection_no": "虚构异1号", "outcome": "upheld", "decided_on": today().isoformat()}
    return {"op": "decide_objection", **TARGET} | fields | {"document": "虚构异决1号"} | changed


async def marked(api: Api, code: str, **terms: Any) -> tuple[bool, list[JSON]]:
    """Return whether the answer's one listing is contested, and by what."""
    (one,) = (await api.asked(code, **terms))["listings"]
    assert one["state"] == "in_force"
    return one["contested"], one["open_objections"]


async def test_an_objection_marks_the_entry_until_it_is_decided_and_stays_in_history(api: Api) -> None:
    listed = await api.pushed(list_operation(1, persons=[person(1)]))
    filed = await api.pushed(filing(id_number=NUMBER, document="虚构收1号"))
    open_one = [{"objection_no": "虚构异1号", "filed_on": today().isoformat()}]
    for code in (synthetic_uscc(1), NUMBER):
        assert await marked(api, code) == (True, open_one)
        assert await marked(api, code, on=(today() - DAY).isoformat()) == (False, []), "not on the day before"
        assert await marked(api, code, known_at=listed["committed_at"]) == (False, []), "not before it was known"
    await api.pushed(decision(outcome="rejected"))
    assert await marked(api, synthetic_uscc(1)) == (False, [])
    assert await marked(api, NUMBER, known_at=filed["committed_at"]) == (True, open_one)

    listing_id = listed["rows"][0]["listing_id"]
    shown = (await api.http.get(f"/v1/listings/{listing_id}", headers=api.headers())).json()
    kept = {
        "objection_no": "虚构异1号",
        "filed_on": today().isoformat(),
        "matter": "事故责任认定有误（虚构）",
        "filed_by_person": shown["persons"][0]["person_id"],
        "outcome": "rejected",
        "decided_on": today().isoformat(),
        "decision_document": "虚构异决1号",
    }
    assert shown["objections"] == [kept]
    history = (await api.http.get(f"/v1/listings/{listing_id}/history", headers=api.headers())).json()["revisions"]
    assert [(one["op"], one["detail"].get("document")) for one in history] == [
        ("list", None),
        ("file_objection", "虚构收1号"),
        ("decide_objection", "虚构异决1号"),
    ]
    changed = {one["field"]: one["after"] for one in history[2]["changes"]}
    assert changed == {f"objections[虚构异1号].{name}": kept[name] for name in list(kept)[-3:]}
    feed = (await api.http.get("/v1/changes", headers=api.headers())).json()["changes"]
    assert [len(one["listing"]["objections"]) for one in feed] == [0, 1, 1]
    assert feed[2]["listing"]["objections"] == [kept]
    async with api.owner.reading() as session:
        assert (await verify(session, vault_from(api.settings), {}, lambda _, __: None)).changes == 3


@pytest.mark.parametrize("decided_first", [True, False])
async def test_what_was_decided_is_carried_out_in_the_same_push(api: Api, decided_first: bool) -> None:  # noqa: FBT001
    await api.pushed(list_operation(1), list_operation(2))
    await api.pushed(filing(), filing(uscc=synthetic_uscc(2), decision_no="虚构列〔2026〕2号"))
    ends = [decision(), remove_operation(1, reason="corrected")]
    second = {"uscc": synthetic_uscc(2), "decision_no": "虚构列〔2026〕2号"}
    corrects = {"op": "correct", **second, "set": {"conduct": "另一行为（虚构）"}, "reason": "异议部分成立（虚构）"}
    mends = [decision(**second, outcome="upheld_in_part"), corrects]
    order = 1 if decided_first else -1
    done = await api.pushed(*ends[::order], *mends[::order])
    assert done["warnings"] == []
    verdicts = [(await api.asked(synthetic_uscc(n)))["verdict"] for n in (1, 2)]
    assert verdicts == ["not_listed", "listed"]
    again = await api.push(filing(objection_no="虚构异2号"))
    (error,) = again.json()["errors"]
    assert (error["field"], error["code"]) == ("decision_no", "illegal_transition")
    assert "更正" in error["detail"], "what it is, and what would be legal"


async def test_upholding_without_doing_anything_is_done_and_warned_of(api: Api) -> None:
    await api.pushed(list_operation(1))
    # Beside others on the same listing, but not in place of what follows from it.
    done = await api.pushed(filing(), decision(), filing(objection_no="虚构异2号"))
    assert [(one["row"], one["field"], one["code"]) for one in done["warnings"]] == [
        (2, "outcome", "upheld_without_change")
    ]
    twice = await api.push(decision(objection_no="虚构异2号"), remove_operation(1), remove_operation(1))
    assert [(one["row"], one["code"]) for one in twice.json()["errors"]] == [(3, "duplicate_in_push")]


@pytest.mark.parametrize("persons", [[], [person(1)]])
async def test_what_is_listed_and_contested_in_one_push_is_kept_as_its_history_has_it(
    api: Api, persons: list[JSON]
) -> None:
    filed = filing(id_number=NUMBER) if persons else filing()
    done = await api.pushed(list_operation(9), list_operation(1, persons=persons), filed, decision())
    assert [(one["row"], one["revision"]) for one in done["rows"]][1:] == [(2, 1), (3, 2), (4, 3)]
    assert await marked(api, synthetic_uscc(1)) == (False, [])
    # The next change of it goes on from there.
    await api.pushed(filing(objection_no="虚构异2号"))
    assert (await marked(api, synthetic_uscc(1)))[0]
    listing_id = done["rows"][1]["listing_id"]
    shown = (await api.http.get(f"/v1/listings/{listing_id}", headers=api.headers())).json()
    assert (shown["revision"], [one["outcome"] for one in shown["objections"]]) == (4, ["upheld", None])
    assert [one["name"] for one in shown["persons"]] == [one["name"] for one in persons]
    async with api.owner.reading() as session:
        assert (await verify(session, vault_from(api.settings), {}, lambda _, __: None)).listings == 2


async def test_no_number_of_whoever_filed_it_is_ever_shown(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]))
    for wrong in (
        filing(id_number=synthetic_resident_id(9)),
        filing(matter=f"本人{NUMBER}不是责任人"),
        filing(id_number=NUMBER, objection_no=NUMBER),
        filing(id_number=NUMBER, person_id="0199f2a0-2b3c-7d4e-8f50-617283940516"),
    ):
        refused = await api.push(wrong)
        assert refused.status_code == 422
        assert NUMBER not in refused.text
        assert synthetic_resident_id(9) not in refused.text
    done = await api.push(filing(id_number=NUMBER))
    feed = await api.http.get("/v1/changes", headers=api.headers())
    snapshot = await api.http.get("/v1/listings/snapshot", headers=api.headers())
    kept = await api.rows("SELECT state::text || detail::text AS kept FROM listing_revisions")
    for text in (done.text, feed.text, snapshot.text, str(kept)):
        assert NUMBER not in text

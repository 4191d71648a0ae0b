"""What a department has to do, what it reports of it, and what becomes of both when the list changes."""

import asyncio
import csv
import io
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import openpyxl

from app.api.schemas.obligations import ObligationOut
from app.domain.obligations import ObligationKey
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.access import Scope
from tests.support import BUREAU, CUSTOMS, JSON, Api, list_operation, make_key, person, remove_operation, today

REGISTRAR, CREDIT = "市市场监督管理局", "市发展和改革局"
DAY = timedelta(days=1)


class Department:
    """A department that works through what it has to do."""

    def __init__(self, api: Api, key: str) -> None:
        """Call with this key."""
        self._api = api
        self.headers = {"Authorization": f"Bearer {key}"}

    async def get(self, path: str, **query: Any) -> httpx.Response:
        """Read something."""
        headers = self.headers | query.pop("headers", {})
        return await self._api.http.get(f"/v1/{path}", params=query, headers=headers)

    async def items(self, **query: Any) -> list[JSON]:
        """Return every obligation that a filter lets through, page by page."""
        found: list[JSON] = []
        following: dict[str, Any] = {}
        while True:
            response = await self.get("obligations", **query, **following)
            assert response.status_code == httpx.codes.OK, response.text
            body = response.json()
            found += body["obligations"]
            if body["next"] is None:
                return found
            following = {"after": body["next"]}

    async def states(self, **query: Any) -> dict[tuple[int, str], str]:
        """Return the state of each obligation, by measure and kind of subject."""
        return {(one["measure"]["no"], one["subject"]["kind"]): one["state"] for one in await self.items(**query)}

    async def send(self, *rows: Any) -> httpx.Response:
        """Send reports."""
        return await self._api.http.post("/v1/enforcement-reports", json={"reports": list(rows)}, headers=self.headers)

    async def reported(self, *rows: JSON) -> list[JSON]:
        """Send reports that have to be taken; return what became of them."""
        response = await self.send(*rows)
        assert response.status_code == httpx.codes.OK, response.text
        made: list[JSON] = response.json()["reports"]
        return made


async def department(api: Api, name: str, *scopes: Scope) -> Department:
    """Return a department with a key of its own."""
    return Department(api, await make_key(api.database, *(scopes or (Scope.ENFORCEMENT_REPORT,)), department=name))


def row(item: JSON, status: str = "done", on: date | None = None, **more: Any) -> JSON:
    """Return a report of an obligation."""
    return {
        "obligation_id": item["obligation_id"],
        "status": status,
        "acted_on": (on or today()).isoformat(),
    } | more


def refusals(response: httpx.Response) -> list[tuple[int | None, str | None, str]]:
    """Return row, field and code of everything that stood against a call."""
    assert response.status_code == httpx.codes.UNPROCESSABLE_ENTITY, response.text
    return [(one["row"], one["field"], one["code"]) for one in response.json()["errors"]]


async def test_obligations_arise_with_a_listing_for_whom_the_memo_names_and_for_open_classes(api: Api) -> None:
    customs, registrar = await department(api, CUSTOMS), await department(api, REGISTRAR)
    assert await customs.items() == []
    await api.pushed(list_operation(1, persons=[person(1)]))
    items = await customs.items()
    assert {(one["measure"]["no"], one["subject"]["kind"], one["yours"]) for one in items} == {
        *((no, "unit", "named") for no in (16, 17, 18)),
        *((no, "unit", "open_class") for no in (1, 3, 4, 5, 23, 24)),
        *((no, "person", "open_class") for no in (1, 23)),
    }
    assert {(one["state"], one["since"], one["due_on"], one["overdue"]) for one in items} == {
        ("open", today().isoformat(), (today() + 30 * DAY).isoformat(), False)
    }
    of_person = next(one for one in items if one["subject"]["kind"] == "person")
    assert of_person["subject"]["person"]["name"] == "虚构1"
    assert (
        of_person["subject"]["person"]["id_number_masked"]
        == synthetic_resident_id(1)[:2] + "*" * 14 + (synthetic_resident_id(1)[-2:])
    )
    assert synthetic_resident_id(1) not in str(items)
    # Measure 9 acts on persons, and has the unit change its registration.
    assert await registrar.states(measure=9) == {(9, "unit"): "open", (9, "person"): "open"}
    key = ObligationKey(CUSTOMS, UUID(items[0]["listing"]["listing_id"]), None, 1)
    one = (await customs.get(f"obligations/{key.obligation_id}")).json()
    assert one["obligation_id"] == items[0]["obligation_id"]
    assert one["reports"] == []
    provisions = [text for basis in one["measure"]["legal_bases"] for text in basis["provisions"]]
    assert all(provision["text"] for provision in provisions)
    assert any(provision["later_law"] for provision in provisions)


async def test_later_law_is_told_from_the_day_on_which_it_is_law(api: Api) -> None:
    await api.pushed(list_operation(1, listed_on="2021-03-01", valid_until="2022-02-28", tier="联合惩戒对象"))
    await api.run("UPDATE pushes SET committed_at = '2021-03-02'")
    customs = await department(api, CUSTOMS)

    async def notes(on: str) -> list[str]:
        (item,) = await customs.items(measure=1, subject_kind="unit", on=on)
        bases = item["measure"]["legal_bases"]
        return [note["since"] for basis in bases for one in basis["provisions"] for note in one["later_law"]]

    assert await notes("2021-08-31") == []
    assert "2021-09-01" in await notes("2021-09-01")


async def test_reports_decide_the_state_and_a_correction_keeps_the_earlier_one(api: Api) -> None:
    await api.pushed(list_operation(1))
    customs = await department(api, CUSTOMS)
    (item,) = await customs.items(measure=16)
    details: JSON = {"amount": "12000.50", "document_no": "虚构关〔2026〕1号", "remark": "=已布控"}
    (first,) = await customs.reported(row(item, "in_progress", **details))
    assert (first["row"], first["repeated"], first["report"]["report_no"]) == (1, False, 1)
    assert (await customs.items(measure=16))[0]["state"] == "in_progress"
    # Again, and with the amount written otherwise: nothing is added.
    for amount in ("12000.50", "12000.5"):
        (again,) = await customs.reported(row(item, "in_progress", **details | {"amount": amount}))
        assert again == first | {"repeated": True}
    # Several of the same obligation, in the order in which they are sent.
    done, not_ours = row(item, on=today() - DAY), row(item, "not_applicable", reason="无进出口业务")
    made = await customs.reported(done, done, not_ours)
    assert [(one["repeated"], one["report"]["report_no"]) for one in made] == [(False, 2), (True, 2), (False, 3)]
    (now,) = await customs.items(measure=16)
    assert (now["state"], now["last_report"]) == ("not_applicable", made[-1]["report"])
    whole = (await customs.get(f"obligations/{item['obligation_id']}")).json()
    assert [one["status"] for one in whole["reports"]] == ["in_progress", "done", "not_applicable"]
    assert whole["reports"][0] == first["report"]
    assert first["report"]["amount"] == "12000.50"
    # As it was yesterday, by what is known now.
    assert [one["state"] for one in await customs.items(measure=16, on=(today() - DAY).isoformat())] == []


async def test_when_a_listing_ends_departments_confirm_that_they_stopped_and_restoring_brings_it_back(
    api: Api,
) -> None:
    (made,) = (await api.pushed(list_operation(1, listed_on=(today() - 100 * DAY).isoformat())))["rows"]
    await api.run("UPDATE pushes SET committed_at = committed_at - interval '60 days'")
    customs = await department(api, CUSTOMS)
    items = {one["measure"]["no"]: one for one in await customs.items()}
    assert {one["overdue"] for one in items.values()} == {True}
    assert len(await customs.items(overdue="true")) == len(items)
    acted = today() - 20 * DAY
    await customs.reported(
        row(items[16], on=acted),
        row(items[17], on=acted),
        row(items[18], "in_progress", on=acted),
        row(items[23], "not_applicable", on=acted, reason="不评优"),
    )
    ended = today() - 5 * DAY
    await api.pushed(remove_operation(1, removed_on=ended.isoformat()))
    wanted = dict.fromkeys(((no, "unit") for no in (1, 3, 4, 5, 16, 17, 18, 24)), "to_lift")
    assert await customs.states() == wanted | {(23, "unit"): "not_applicable"}
    assert (await customs.items(state="to_lift"))[0]["ended"] == {"on": ended.isoformat(), "reason": "repaired"}
    assert not await customs.items(overdue="true")

    # What cannot have been is refused, and nothing of the whole is kept.
    response = await customs.send(
        row(items[16], "stopped", on=ended),
        row(items[17], on=ended),
        row(items[17], "stopped", on=ended - DAY),
        row(items[17], on=date.fromisoformat(items[17]["listing"]["listed_on"]) - DAY),
        row(items[17], on=today() + DAY),
        row(items[17], "not_applicable"),
        row({"obligation_id": str(uuid4())}),
        {"status": "done"},
        7,
        row(items[17], amount=12.5),
        row(items[17], remark=f"号码{synthetic_resident_id(1)}"),
        row(items[17], lookup_id=str(uuid4()), measure_no=1),
    )
    assert refusals(response) == [
        (2, "acted_on", "not_in_force"),
        (3, "acted_on", "still_in_force"),
        (4, "acted_on", "not_in_force"),
        (5, "acted_on", "date_in_future"),
        (6, None, "reason_required"),
        (7, "obligation_id", "obligation_not_found"),
        (8, "acted_on", "missing"),
        (9, None, "wrong_type"),
        (10, "amount", "amount_format"),
        (11, "remark", "identity_number_in_text"),
        (12, None, "target_either_way"),
    ]
    assert response.json()["code"] == "reports_rejected"
    assert "信用修复" in response.json()["errors"][0]["detail"]
    assert synthetic_resident_id(1) not in response.text
    assert (await customs.states())[16, "unit"] == "to_lift"

    await customs.reported(row(items[16], "stopped", on=ended))
    assert (await customs.states())[16, "unit"] == "lifted"
    restored = {"op": "restore", "uscc": synthetic_uscc(1), "decision_no": "虚构列〔2026〕1号"}
    await api.pushed(restored | {"restored_on": today().isoformat(), "reason": "repair_revoked"})
    assert await customs.states() == {
        **dict.fromkeys(((no, "unit") for no in (1, 3, 4, 5, 24)), "open"),
        (16, "unit"): "open",
        (17, "unit"): "done",
        (18, "unit"): "in_progress",
        (23, "unit"): "not_applicable",
    }
    (back,) = await customs.items(measure=16)
    assert (back["since"], back["due_on"]) == (today().isoformat(), (today() + 30 * DAY).isoformat())
    # Stopping once was not stopping for ever.
    await api.pushed(remove_operation(1, reason="revoked"))
    assert (await customs.states())[16, "unit"] == "to_lift"
    assert made["listing_id"] == back["listing"]["listing_id"]


async def test_a_ban_that_outlives_its_listing_keeps_measure_9_alive_for_the_person(api: Api) -> None:
    banned = person(1, position_ban={"for_life": True})
    await api.pushed(list_operation(1, persons=[banned, person(2)]))
    registrar = await department(api, REGISTRAR)
    items = await registrar.items(measure=9, subject_kind="person")
    await registrar.reported(*(row(one) for one in items))
    await api.pushed(remove_operation(1))
    states = {
        (one["subject"]["person"] or {"name": "单位"})["name"]: one["state"] for one in await registrar.items(measure=9)
    }
    assert states == {"单位": "to_lift", "虚构1": "done", "虚构2": "to_lift"}
    assert set((await registrar.states(measure=1)).values()) == {"to_lift"}
    end = {"op": "end_person", "uscc": synthetic_uscc(1), "decision_no": "虚构列〔2026〕1号"}
    response = await api.push(end | {"id_number": synthetic_resident_id(1), "ended_on": "2026-01-01", "reason": "left"})
    assert response.status_code == httpx.codes.UNPROCESSABLE_ENTITY


async def test_who_comes_later_has_the_whole_period_and_who_never_did_is_lifted(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]))
    await api.run("UPDATE pushes SET committed_at = committed_at - interval '90 days'")
    named = {"uscc": synthetic_uscc(1), "decision_no": "虚构列〔2026〕1号"}
    await api.pushed({"op": "add_person", "person": person(2)} | named)
    customs = await department(api, CUSTOMS)
    items = {one["subject"]["person"]["name"]: one for one in await customs.items(measure=23, subject_kind="person")}
    assert {name: (one["since"], one["overdue"]) for name, one in items.items()} == {
        "虚构1": ((today() - 90 * DAY).isoformat(), True),
        "虚构2": (today().isoformat(), False),
    }
    await customs.reported(row(items["虚构1"], on=today() - DAY))
    ended = {"op": "end_person", "id_number": synthetic_resident_id(1), "ended_on": today().isoformat()}
    await api.pushed(ended | named | {"reason": "corrected"})
    (now,) = await customs.items(state="to_lift", subject_kind="person", measure=23)
    assert (now["subject"]["person"]["name"], now["ended"]["reason"]) == ("虚构1", "person_corrected")


async def test_what_was_over_before_it_was_known_never_was_an_obligation(api: Api) -> None:
    over = {"listed_on": "2020-01-01", "valid_until": "2020-12-31", "tier": "联合惩戒对象"}
    await api.pushed(list_operation(1, **over), list_operation(2))
    customs = await department(api, CUSTOMS)
    assert {one["subject"]["unit"]["uscc"] for one in await customs.items()} == {synthetic_uscc(2)}
    # But what was removed after it was known was known for a while, whatever day the removal is dated to.
    listed_on = (today() - 180 * DAY).isoformat()
    await api.pushed(remove_operation(2, reason="corrected", removed_on=listed_on))
    assert set((await customs.states()).values()) == {"to_lift"}


async def test_a_report_answers_a_lookup_of_the_same_department(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1), person(2)]), list_operation(1, decision_no="虚构二"))
    customs = await department(api, CUSTOMS, Scope.LOOKUP, Scope.ENFORCEMENT_REPORT)
    registrar = await department(api, REGISTRAR, Scope.LOOKUP, Scope.ENFORCEMENT_REPORT)

    async def looked_up(who: Department, code: str) -> str:
        body = {"code": code, "purpose": "测试"}
        response = await api.http.post("/v1/lookups", json=body, headers=who.headers)
        lookup_id: str = response.json()["lookup_id"]
        return lookup_id

    unit = await looked_up(customs, synthetic_uscc(1))
    said = {"status": "done", "acted_on": today().isoformat()}
    made = await customs.reported({"lookup_id": unit, "measure_no": 16} | said)
    assert len({one["report"]["listing_id"] for one in made}) == 2, "by both decisions about the unit"
    assert {(one["row"], one["report"]["lookup_id"], one["report"]["person_id"]) for one in made} == {(1, unit, None)}
    assert {one["state"] for one in await customs.items(measure=16)} == {"done"}
    # A measure on persons, from a lookup of the unit: of its persons, and of the registration that it changes.
    through = await looked_up(registrar, synthetic_uscc(1))
    made = await registrar.reported({"lookup_id": through, "measure_no": 9} | said)
    assert len([one for one in made if one["report"]["person_id"]]) == 2
    assert len(made) == 4
    one_person = await looked_up(customs, synthetic_resident_id(2))
    (made_of_person,) = await customs.reported({"lookup_id": one_person, "measure_no": 23} | said)
    assert made_of_person["report"]["person_id"] is not None

    nothing = await looked_up(customs, synthetic_uscc(7))
    response = await customs.send(
        {"lookup_id": through, "measure_no": 16} | said,
        {"lookup_id": str(uuid4()), "measure_no": 16} | said,
        {"lookup_id": unit, "measure_no": 9} | said,
        {"lookup_id": nothing, "measure_no": 16} | said,
        {"lookup_id": one_person, "measure_no": 16} | said,
        {"lookup_id": unit} | said,
    )
    assert refusals(response) == [
        (1, "lookup_id", "lookup_not_found"),
        (2, "lookup_id", "lookup_not_found"),
        (3, "measure_no", "measure_not_in_answer"),
        (4, "measure_no", "measure_not_in_answer"),
        (5, "measure_no", "measure_not_in_answer"),
        (6, None, "target_either_way"),
    ]


async def test_a_department_sees_its_own_and_the_credit_office_everybodys(api: Api) -> None:
    await api.pushed(list_operation(1))
    customs, registrar = await department(api, CUSTOMS), await department(api, REGISTRAR)
    credit = await department(api, CREDIT, Scope.ENFORCEMENT_READ)
    (item,) = await customs.items(measure=16)
    await customs.reported(row(item))
    assert {one["department"] for one in await customs.items()} == {CUSTOMS}
    assert len({one["department"] for one in await credit.items()}) == 14
    assert {one["department"] for one in await credit.items(department="清远海关")} == {CUSTOMS}
    assert (await customs.get("obligations", department=CUSTOMS)).status_code == httpx.codes.OK
    for path in ("obligations", "enforcement-reports"):
        refused = await registrar.get(path, department=CUSTOMS)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert refusals(await registrar.get(path, department="没有的局"))[0][1:] == ("department", "unknown_department")
    assert (await registrar.get(f"obligations/{item['obligation_id']}")).status_code == httpx.codes.NOT_FOUND
    assert (await credit.get(f"obligations/{item['obligation_id']}")).json()["reports"][0]["status"] == "done"
    assert refusals(await registrar.send(row(item))) == [(1, "obligation_id", "obligation_not_found")]
    assert len((await credit.get("enforcement-reports")).json()["reports"]) == 1
    assert (await registrar.get("enforcement-reports")).json() == {"reports": [], "next": None}


async def test_reports_are_read_page_by_page_and_filtered(api: Api) -> None:
    await api.pushed(list_operation(1))
    customs = await department(api, CUSTOMS)
    items = await customs.items()
    await customs.reported(*(row(one, on=today()) for one in items), row(items[0], "in_progress"))
    found: list[JSON] = []
    following: dict[str, Any] = {}
    while True:
        page = (await customs.get("enforcement-reports", limit=4, **following)).json()
        found += page["reports"]
        if page["next"] is None:
            break
        following = {"after": page["next"]}
    assert [one["obligation_id"] for one in found] == [one["obligation_id"] for one in [*items, items[0]]]

    async def count(**query: Any) -> int:
        return len((await customs.get("enforcement-reports", **query)).json()["reports"])

    assert await count(obligation=items[0]["obligation_id"]) == 2
    assert await count(status="in_progress") == 1
    assert await count(measure=16, listing=items[0]["listing"]["listing_id"]) == 1
    assert await count(acted_from=(today() + DAY).isoformat()) == 0
    assert await count(acted_to=today().isoformat()) == len(found)


async def test_filters_pages_and_entity_tags(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]), list_operation(2))
    customs = await department(api, CUSTOMS)
    everything = await customs.items()
    assert await customs.items(limit=1) == everything
    (first,) = await customs.items(uscc=synthetic_uscc(2), measure=16)
    assert await customs.items(listing=first["listing"]["listing_id"], measure=16) == [first]
    assert {one["subject"]["kind"] for one in await customs.items(subject_kind="person")} == {"person"}
    assert await customs.items(due_before=(today() + 30 * DAY).isoformat()) == []
    assert await customs.items(due_before=(today() + 31 * DAY).isoformat()) == everything
    assert await customs.items(since=today().isoformat()) == everything
    assert await customs.items(since=(today() + DAY).isoformat()) == []
    await customs.reported(row(first))
    assert len(await customs.items(state=["open", "done"])) == len(everything)
    assert [one["obligation_id"] for one in await customs.items(state="done")] == [first["obligation_id"]]

    for path in ("obligations", f"obligations/{first['obligation_id']}"):
        tag = (await customs.get(path)).headers["ETag"]
        assert (await customs.get(path, headers={"If-None-Match": tag})).status_code == httpx.codes.NOT_MODIFIED
        (last,) = await customs.reported(row(first, remark=path))
        assert last["repeated"] is False
        assert (await customs.get(path, headers={"If-None-Match": tag})).status_code == httpx.codes.OK
        tag = (await customs.get(path)).headers["ETag"]
        await api.pushed(list_operation(3, decision_no=path))
        assert (await customs.get(path, headers={"If-None-Match": tag})).status_code == httpx.codes.OK


async def test_a_wrong_parameter_is_named(api: Api) -> None:
    number = synthetic_resident_id(1)
    for query, status, field in (
        ({"state": "lost"}, 422, "state[0]"),
        ({"on": "2999-01-01"}, 422, "on"),
        ({"due_before": "soon"}, 422, "due_before"),
        ({"measure": "0"}, 422, "measure"),
        ({"after": str(UUID(int=1))}, 422, "after"),
        ({"limit": "501"}, 422, "limit"),
        ({"format": "pdf"}, 422, "format"),
        ({"stat": "open"}, 422, "query"),
        ({"uscc": "1"}, 422, "uscc"),
        ({"uscc": number}, 400, None),
        ({"department": number}, 422, "department"),
    ):
        response = await api.http.get("/v1/obligations", params=query, headers=api.headers())
        assert response.status_code == status, response.text
        assert [one["field"] for one in response.json()["errors"]] == ([field] if field else [])
        assert number not in response.text


async def test_reports_sent_at_once_are_numbered_without_gap_and_the_same_is_kept_once(api: Api) -> None:
    await api.pushed(list_operation(1))
    customs = await department(api, CUSTOMS)
    (item,) = await customs.items(measure=16)
    different = [customs.reported(row(item, remark=f"第{n}次")) for n in range(6)]
    numbers = [made[0]["report"]["report_no"] for made in await asyncio.gather(*different)]
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]
    same = [customs.reported(row(item, remark="同一内容")) for _ in range(4)]
    made = [one[0] for one in await asyncio.gather(*same)]
    assert {one["report"]["report_no"] for one in made} == {7}
    assert sorted(one["repeated"] for one in made) == [False, True, True, True]


async def test_the_table_for_people_holds_what_the_pages_hold_and_no_formula(api: Api) -> None:
    unit = {"uscc": synthetic_uscc(1), "name": "=HYPERLINK(1)示例（虚构）有限公司"}
    await api.pushed(list_operation(1, unit=unit, persons=[person(1)]))
    customs = await department(api, CUSTOMS)
    items = await customs.items()
    await customs.reported(row(items[0], amount="12000.50", remark="+1", document_no="-1"))
    items = await customs.items()

    response = await customs.get("obligations", headers={"Accept": "text/csv"}, limit=1)
    assert response.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in response.headers["Content-Disposition"]
    assert response.content.startswith(b"\xef\xbb\xbf")
    table = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))
    assert [one["任务标识"] for one in table] == [one["obligation_id"] for one in items]
    assert {one["单位名称"] for one in table} == {f"'{unit['name']}"}
    first = table[0]
    assert (first["状态"], first["涉及金额（元）"], first["备注"], first["文号"]) == (
        "已落实",
        "12000.50",
        "'+1",
        "'-1",
    )
    assert first["应办结日期"] == items[0]["due_on"]
    assert "安全生产法" in first["法律及政策依据"]
    assert not any(text.startswith(("=", "+", "-", "@")) for one in table for text in one.values())

    response = await customs.get("obligations", format="xlsx", state="open")
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).worksheets[0]
    rows = list(sheet.iter_rows())
    header = [cell.value for cell in rows[0]]
    assert header == list(first)
    assert len(rows) == len(items)
    assert {cell.data_type for line in rows for cell in line} <= {"s", "n", "d"}
    assert rows[1][header.index("单位名称")].value == unit["name"]
    assert str(rows[1][header.index("列入日期")].value).startswith((today() - 180 * DAY).isoformat())
    assert synthetic_resident_id(1) not in str([cell.value for line in rows for cell in line])


async def test_the_shape_is_the_published_one(api: Api) -> None:
    await api.pushed(list_operation(1))
    credit = await department(api, BUREAU, Scope.ENFORCEMENT_READ)
    for one in await credit.items():
        assert ObligationOut.model_validate(one).model_dump(mode="json") == one

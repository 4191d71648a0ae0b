"""Alerts: a measure was carried out, and then the listing ended, or came back."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.access import Scope
from tests.api.test_alerts import acknowledge, alerts, told
from tests.support import CUSTOMS, JSON, Api, list_operation, make_key, person, remove_operation, today

DAY = timedelta(days=1)
BAN_MEASURE = 9
NAMED = {"uscc": synthetic_uscc(1), "decision_no": list_operation(1)["decision_no"]}
RESTORE = {"op": "restore", "restored_on": today().isoformat(), "reason": "repair_revoked"} | NAMED


@pytest.fixture
async def customs(api: Api) -> Api:
    """Return the same service, as a system of customs calls it."""
    key = await make_key(api.database, Scope.LOOKUP, Scope.ENFORCEMENT_REPORT, department=CUSTOMS, name="海关通关系统")
    return replace(api, key=key)


async def reported(
    api: Api,
    listing_id: str,
    measure_no: int,
    status: str = "done",
    *,
    person_id: str | None = None,
    report_no: int = 1,
    acted_on: date | None = None,
    department: str = CUSTOMS,
) -> None:
    """Record a report, as of now."""
    obligation = uuid5(UUID(listing_id), f"{department}{person_id}{measure_no}")
    subject = f"'{person_id}'" if person_id else "NULL"
    await api.run(
        "INSERT INTO enforcement_reports (report_id, obligation_id, report_no, department, client_id, listing_id, "
        "person_id, measure_no, status, acted_on, reason, list_version, reported_at) "
        f"SELECT '{uuid4()}', '{obligation}', {report_no}, '{department}', client_id, '{listing_id}', {subject}, "
        f"{measure_no}, '{status}', '{acted_on or today()}', 'x', list_version, now() "
        "FROM clients, list_state WHERE name = '海关通关系统'"
    )


def brief(found: list[JSON]) -> list[tuple[Any, ...]]:
    return [(one["kind"], one["list_version"], [r["measure_no"] for r in one["reports"]]) for one in found]


async def test_who_acted_is_told_that_the_listing_ended_and_that_it_came_back(api: Api, customs: Api) -> None:
    listing_id = (await api.pushed(list_operation(1), list_operation(2)))["rows"][0]["listing_id"]
    for measure_no, status in ((5, "done"), (7, "in_progress"), (8, "not_applicable"), (11, "done")):
        await reported(api, listing_id, measure_no, status)
    await reported(api, listing_id, 5, department="市税务局")
    await reported(api, listing_id, 11, "stopped", report_no=2)
    assert await alerts(customs) == []
    cursor = (await told(customs))["cursor"]
    await api.pushed(remove_operation(1))
    (ended,) = await alerts(customs, cursor=cursor)
    assert brief([ended]) == [("acted_then_ended", 2, [5, 7])]
    assert (ended["alert_id"], ended["ended_on"]) == (f"acted_then_ended.{listing_id}.2.unit", today().isoformat())
    assert (ended["subject"]["uscc"], ended["listing"]["state"], ended["measures"]) == (
        synthetic_uscc(1),
        "removed",
        [],
    )
    assert [one["status"] for one in ended["reports"]] == ["done", "in_progress"]
    assert (await acknowledge(customs, ended["alert_id"])).json()["acknowledged"]["by"] == "海关通关系统"
    cursor = (await told(customs))["cursor"]
    await api.pushed(RESTORE)
    (returned,) = await alerts(customs, cursor=cursor)
    assert brief([returned]) == [("acted_then_returned", 3, [5, 7, 11])]
    assert returned["measures"], "what is to be done again"
    assert returned["acknowledged"] is None
    assert brief(await alerts(customs, kind="acted_then_ended", acknowledged=True)) == [("acted_then_ended", 2, [5, 7])]
    # What the department has stopped is over; a report that is new opens what it acknowledged again.
    await reported(api, listing_id, 5, "stopped", report_no=2)
    assert brief(await alerts(customs, kind="acted_then_ended")) == [("acted_then_ended", 2, [7])]
    before_reports = await told(customs)
    for measure_no in (6, 12):
        await reported(api, listing_id, measure_no, acted_on=today() - DAY)
    (again,) = await alerts(customs, kind="acted_then_ended")
    assert (again["entries_total"], again["acknowledged"]) == (3, None)
    late = [one["alert_id"] for one in await alerts(customs, cursor=before_reports["cursor"])]
    assert late == [again["alert_id"], returned["alert_id"]]
    assert await alerts(customs, cursor=(await told(customs))["cursor"]) == []


async def test_a_period_that_runs_out_is_told_without_any_push_and_once(api: Api, customs: Api) -> None:
    over = today() - DAY
    expiring = list_operation(1, valid_until=over.isoformat())
    listing_id = (await api.pushed(expiring))["rows"][0]["listing_id"]
    # As if it had been pushed, and acted upon, while it was in force.
    await api.run("UPDATE pushes SET committed_at = committed_at - interval '9 days'")
    await reported(api, listing_id, 5, acted_on=today() - 5 * DAY)
    await api.run("UPDATE enforcement_reports SET reported_at = reported_at - interval '5 days'")
    page = await told(customs)
    (ended,) = page["alerts"]
    assert (ended["kind"], ended["list_version"], ended["ended_on"]) == ("acted_then_ended", 1, today().isoformat())
    assert ended["alert_id"].endswith(f".1.unit.{today()}")
    assert await alerts(customs, cursor=page["cursor"]) == []
    version, seconds, snapshot = page["cursor"].split("~")
    yesterday = f"{version}~{int(seconds) - 86_400}~{snapshot}"
    assert [one["alert_id"] for one in await alerts(customs, cursor=yesterday)] == [ended["alert_id"]]
    assert len(await alerts(customs, since=f"{today()}T00:00:00+08:00")) == 1
    assert await alerts(customs, since=f"{today() + DAY}T00:00:00+08:00") == []
    assert (await acknowledge(customs, ended["alert_id"])).status_code == 200
    # That somebody records the removal afterwards is no second ending.
    await api.pushed(remove_operation(1, reason="expired"))
    (same,) = await alerts(customs)
    assert (same["alert_id"], same["acknowledged"] is not None) == (ended["alert_id"], True)
    longer = (today() + 99 * DAY).isoformat()
    await api.pushed({"op": "restore", "restored_on": today().isoformat(), "reason": "recorded_by_mistake"} | NAMED)
    await api.pushed({"op": "correct", "set": {"valid_until": longer}, "reason": "误录"} | NAMED)
    assert [one["kind"] for one in await alerts(customs)] == ["acted_then_ended", "acted_then_returned"]


async def test_a_person_who_leaves_or_whose_ban_outlives_the_listing_is_told_of_as_such(api: Api, customs: Api) -> None:
    people = [person(1, position_ban={"for_life": True}), person(2)]
    listing_id = (await api.pushed(list_operation(1, persons=people)))["rows"][0]["listing_id"]
    rows = await api.rows("SELECT person_id, name FROM persons")
    ids = {row["name"]: str(row["person_id"]) for row in rows}
    for name in ("虚构1", "虚构2"):
        for measure_no in (BAN_MEASURE, 15):
            await reported(api, listing_id, measure_no, person_id=ids[name])
    left = {"op": "end_person", "id_number": synthetic_resident_id(2), "reason": "left"}
    await api.pushed(left | {"ended_on": today().isoformat()} | NAMED)
    (gone,) = await alerts(customs)
    assert (gone["subject"]["name"], brief([gone])) == ("虚构2", [("acted_then_ended", 2, [BAN_MEASURE, 15])])
    await api.pushed(remove_operation(1))
    _, first = await alerts(customs)
    assert (first["subject"]["name"], brief([first])) == ("虚构1", [("acted_then_ended", 3, [15])]), "the ban goes on"
    assert [one["no"] for one in first["measures"]] == [
        one["no"] for one in (await customs.asked(synthetic_resident_id(1), view="mine"))["measures"]
    ]
    assert synthetic_resident_id(1) not in str(first)

"""A quarter from the first listing to the summary that is circulated, played with real processes over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import openpyxl
import pytest

from app.domain.synthetic import synthetic_resident_id
from app.services.access import Scope
from app.settings import Settings
from app.store.database import Database
from tests.api.test_obligations import refusals
from tests.api.test_obligations import row as report_row
from tests.counting import Rows, check, day
from tests.end_to_end.quarter import (
    CREDIT_OFFICE,
    DAY,
    TAX,
    UNITS,
    World,
    code,
    decision,
    listing_rows,
    persons_of,
    playing,
    subscribe,
    told_of_everything,
    unit_name,
)
from tests.receiving import Receiver, receiving
from tests.support import CUSTOMS

pytestmark = pytest.mark.processes

# By the memo: measures that name customs, or leave it open to everybody; on units, and on persons.
CUSTOMS_ON_UNIT, CUSTOMS_ON_PERSON = 9, 2


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Listen on loopback."""
    async with receiving() as running:
        yield running


async def test_a_quarter_from_the_first_listing_to_the_summary_that_is_circulated(
    settings: Settings, database: Database, owner: Database, receiver: Receiver, tmp_path: Path
) -> None:
    async with playing(settings, (database, owner), receiver, tmp_path) as world:
        webhook = await subscribe(world)
        await the_bureau_lists_twenty_units(world)
        await customs_and_tax_look_up(world)
        await reports_come_in_late_and_wrong_and_are_corrected(world)
        await two_are_repaired_and_one_of_the_repairs_is_revoked(world)
        await one_is_renamed(world)
        await an_objection_is_upheld(world)
        await departments_confirm_that_they_stopped(world)
        await every_figure_of_the_summary_is_what_a_count_says(world)
        await told_of_everything(world, webhook)


async def the_bureau_lists_twenty_units(world: World) -> None:
    rows = listing_rows(world)
    for pushed_on, units in ((6, range(1, 11)), (41, range(11, 21))):
        world.published |= {n: unit_name(n) for n in units}
        theirs = [row for row in rows if row["uscc"] in {code(n) for n in units}]
        await world.push_sheet(pushed_on, *theirs, by_command=True)
    assert len(world.published) == len(UNITS)
    for person in await world.api.rows("SELECT person_id, name FROM persons"):
        world.numbers[str(person["person_id"])] = synthetic_resident_id(int(person["name"].removeprefix("虚构")))
    customs = await world.department(CUSTOMS)
    of_units = await customs.items(subject_kind="unit", limit=500)
    of_persons = await customs.items(subject_kind="person", limit=500)
    assert len(of_units) == CUSTOMS_ON_UNIT * len(UNITS)
    assert len(of_persons) == CUSTOMS_ON_PERSON * sum(len(persons_of(n)) for n in UNITS)
    # What became known later than it was decided arose when it became known.
    assert {one["since"] for one in of_units} == {world.day(6), world.day(41)}


async def customs_and_tax_look_up(world: World) -> None:
    asked = {"listed": code(1), "clean": code(900), "listed_person": synthetic_resident_id(3)}
    assert await world.look_up(CUSTOMS, 7, **asked) == ["listed", "not_listed", "listed"]
    asked = {"listed": code(14), "clean": code(901), "clean_person": synthetic_resident_id(4)}
    assert await world.look_up(TAX, 50, **asked) == ["listed", "not_listed", "not_listed"]


async def reports_come_in_late_and_wrong_and_are_corrected(world: World) -> None:
    customs = await world.department(CUSTOMS)
    items = await customs.items(measure=16, limit=500)
    by_unit = {one["subject"]["unit"]["uscc"]: one for one in items}
    # In time, and one of them long after it was due.
    await customs.reported(
        *(report_row(by_unit[code(n)], on=world.first + (10 + n) * DAY) for n in range(1, 6)),
        report_row(by_unit[code(7)], on=world.first + 60 * DAY),
        report_row(by_unit[code(8)], "in_progress", on=world.first + 12 * DAY),
    )
    # Before there was anything to act upon: refused.
    wrong = await customs.send(report_row(by_unit[code(12)], on=world.first + 20 * DAY))
    assert refusals(wrong) == [(1, "acted_on", "not_in_force")]
    # The wrong unit: it is no importer; and a wrong day: both are corrected, and the last report counts.
    await customs.reported(
        report_row(by_unit[code(5)], "not_applicable", on=world.first + 15 * DAY, reason="无进出口业务"),
        report_row(by_unit[code(4)], on=world.first + 18 * DAY),
    )
    tax = await world.department(TAX)
    await tax.reported(*(report_row(one, on=world.last - 9 * DAY) for one in (await tax.items(limit=500))[:7]))


async def two_are_repaired_and_one_of_the_repairs_is_revoked(world: World) -> None:
    del world.published[1], world.published[2]
    removed = {"op": "移出", "removed_on": world.day(55), "removal_reason": "信用修复"}
    await world.push_sheet(55, *({"uscc": code(n), "decision_no": decision(n), **removed} for n in (1, 2)))
    assert await world.look_up(CUSTOMS, 56, repaired=code(1)) == ["not_listed"]
    customs = await world.department(CUSTOMS)
    (done,) = await customs.items(measure=16, uscc=code(1))
    assert (done["state"], done["ended"]["reason"]) == ("to_lift", "repaired")
    world.published[2] = unit_name(2)
    restored = {
        "op": "恢复",
        "restored_on": world.day(70),
        "restore_reason": "修复撤销",
        "document": "虚构撤〔2026〕1号",
    }
    await world.push_sheet(70, {"uscc": code(2), "decision_no": decision(2), **restored})
    (again,) = await customs.items(measure=16, uscc=code(2))
    # It was never stopped, so it is still done; what nobody had done is to be done anew, and counted from that day.
    assert (again["state"], again["since"]) == ("done", world.day(70))


async def one_is_renamed(world: World) -> None:
    world.published[3] = "示例新名（虚构）有限公司"
    renamed = {"op": "更名", "new_name": world.published[3], "renamed_on": world.day(72)}
    await world.push_sheet(72, {"uscc": code(3), **renamed})


async def an_objection_is_upheld(world: World) -> None:
    target = {"uscc": code(11), "decision_no": decision(11)}
    world.contested.add(11)
    filed = {
        "op": "异议提出",
        "objection_no": "虚构异〔2026〕1号",
        "filed_on": world.day(60),
        "matter": "主体认定有误（虚构）",
    }
    await world.push_sheet(73, {**target, **filed})
    answer = await world.look_up(TAX, 74, contested=code(11))
    assert answer == ["listed"]
    world.contested.remove(11)
    del world.published[11]
    decided = {
        "op": "异议处理",
        "objection_no": "虚构异〔2026〕1号",
        "outcome": "成立",
        "decided_on": world.day(80),
    }
    await world.push_sheet(
        80,
        {**target, **decided},
        {**target, "op": "移出", "removed_on": world.day(80), "removal_reason": "决定撤销"},
    )


async def departments_confirm_that_they_stopped(world: World) -> None:
    customs = await world.department(CUSTOMS)
    to_lift = await customs.items(state="to_lift", limit=500)
    assert {one["subject"]["unit"]["uscc"] for one in to_lift} == {code(1), code(11)}
    await customs.reported(*(report_row(one, "stopped", on=day(one["ended"]["on"])) for one in to_lift[:4]))


async def every_figure_of_the_summary_is_what_a_count_says(world: World) -> None:
    office = await world.department(CREDIT_OFFICE, Scope.ENFORCEMENT_READ)
    rows = await Rows.read(world.api, office, world.first, world.last, world.numbers)
    for by in (("department",), ("measure",), ("district",), ("month",)):
        await check(office, rows, *by)
    found = await check(office, rows, "department", "measure", "month")
    totals = found["totals"]
    assert totals["subjects"] == {"units": 20, "persons": 5}
    assert (totals["checks"], totals["hits"]["count"]) == (8, 4)
    assert totals["carried_out"]["count"] == 5 + 7
    assert found["list"] == {"listed": 20, "units_listed": 20, "in_force": 18, "units_in_force": 18}
    assert all(totals["states"].values())
    file = world.folder / "通报.xlsx"
    await world.run("effect", str(file), "--from", world.first.isoformat(), "--to", world.last.isoformat())
    sheet = openpyxl.load_workbook(file)["关键指标"]
    shown = {row[0]: row[1] for row in sheet.iter_rows(values_only=True)}
    assert (shown["惩戒单位"], shown["任务"]) == (20, totals["obligations"])
    # Its first month, as it was on its last day: what came to be known later is not in it, nor how that ended.
    customs = await world.department(CUSTOMS)
    month = await Rows.read(world.api, customs, world.first, world.first + 30 * DAY, world.numbers)
    month.lookups = [one for one in month.lookups if one["department"] == CUSTOMS]
    found = await check(customs, month, "month")
    assert found["totals"]["subjects"] == {"units": 10, "persons": 3}
    assert found["totals"]["checks"] == 3

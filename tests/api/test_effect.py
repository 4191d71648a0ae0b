"""The effect summary says what a count of the rows by hand says: obligations, reports and the audit."""

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

import httpx
import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.files.rows import XLSX
from app.services.access import Scope
from tests.api.test_obligations import DAY, REGISTRAR, Department, department
from tests.api.test_obligations import row as report_row
from tests.counting import Rows, check, day, summary
from tests.rotation import keys
from tests.services.serving import also_serving
from tests.support import BUREAU, CUSTOMS, JSON, Api, list_operation, make_key, person, remove_operation, today

TAX = "市税务局"
DEPARTMENTS = (CUSTOMS, TAX, REGISTRAR)
IN_DISTRICT = 99_999
"""From a unit of one division to one of the next: ``synthetic_uscc``."""


@dataclass
class Quarter:
    """A drawn quarter: what was listed, by whom it was acted upon, and who is who."""

    api: Api
    seed: Random
    first: date
    last: date
    numbers: dict[str, str] = field(default_factory=dict)

    async def play(self) -> None:
        """List, look up, report, repair and restore; the days of pushes and lookups are set back in the database."""
        for n in range(1, 13):
            await self.list_one(n)
        # One unit a second time, and with one of its persons under another name.
        again = [person(1), person(3, name="虚构别名")]
        await self.on(20, list_operation(1, decision_no="虚构再列1号", listed_on=self.day(20), persons=again))
        await self.on(60, remove_operation(2, removed_on=self.day(60)))
        await self.on(61, remove_operation(4, removed_on=self.day(58)))
        target = {"uscc": synthetic_uscc(4), "decision_no": list_operation(4)["decision_no"]}
        await self.on(
            80,
            {
                "op": "restore",
                **target,
                "restored_on": self.day(80),
                "reason": "repair_revoked",
                "document": "虚构恢复1号",
            },
        )
        for recorded in await self.api.rows("SELECT person_id, name FROM persons"):
            n = 3 if recorded["name"] == "虚构别名" else int(recorded["name"].removeprefix("虚构"))
            self.numbers[str(recorded["person_id"])] = synthetic_resident_id(n)
        for name in DEPARTMENTS:
            await self.report(await department(self.api, name))
            await self.look_up(name)

    def day(self, n: int) -> str:
        """Return the n-th day of the quarter; negative ones are before it."""
        return (self.first + n * DAY).isoformat()

    async def on(self, n: int, *operations: JSON) -> None:
        """Push, and have it been recorded on the n-th day."""
        version = (await self.api.pushed(*operations))["list_version"]
        moment = f"{self.day(n)} 08:00+08"
        await self.api.run(f"UPDATE pushes SET committed_at = '{moment}' WHERE list_version = {version}")

    async def list_one(self, n: int) -> None:
        """List a unit with up to two persons, some in other divisions, some before the quarter."""
        recorded = self.seed.randrange(-40, 70)
        uscc = synthetic_uscc(n if n % 2 else n + IN_DISTRICT * 2)
        persons = [person(i) for i in self.seed.sample(range(1, 9), self.seed.randrange(3))]
        if n == 5:
            persons = [person(5, position_ban={"for_life": True})]
        unit = {"uscc": synthetic_uscc(n) if n in {1, 2, 4} else uscc, "name": f"示例第{n}（虚构）有限公司"}
        listed = self.day(recorded - self.seed.randrange(10))
        until = self.day(65) if n == 7 else self.day(700)
        await self.on(recorded, list_operation(n, unit=unit, listed_on=listed, valid_until=until, persons=persons))

    async def report(self, reporter: Department) -> None:
        """Report of some of what the department has to do, some of it several times."""
        rows = []
        for item in await reporter.items(limit=500):
            end = day(item["ended"]["on"]) if item["ended"] else self.last + DAY
            # What was repaired and restored has days in between on which there was no ground.
            restored = item["listing"]["decision_no"] == list_operation(4)["decision_no"]
            begin = day(item["since"] if restored else item["listing"]["listed_on"])
            for _ in range(self.seed.choice((0, 0, 1, 1, 2, 3))):
                status = self.seed.choice(("done", "done", "in_progress", "not_applicable"))
                acted = begin + self.seed.randrange((end - begin).days) * DAY
                reason = {"reason": "虚构"} if status == "not_applicable" else {}
                rows.append(report_row(item, status, acted, **reason))
            if item["state"] == "to_lift" and self.seed.random() < 0.5:
                rows.append(report_row(item, "stopped", end))
        await reporter.reported(*rows)

    async def look_up(self, name: str) -> None:
        """Ask about units and persons, on days before, in and after the quarter."""
        key = await make_key(self.api.database, Scope.LOOKUP, department=name)
        for n in range(self.seed.randrange(5, 12)):
            code = synthetic_resident_id(n) if n % 3 == 0 else synthetic_uscc(n if n % 2 else n + IN_DISTRICT * 2)
            asked = {"code": code, "purpose": "测试", "subject_kind": "person" if n % 3 == 0 else "unit"}
            headers = {"Authorization": f"Bearer {key}"}
            answer = (await self.api.http.post("/v1/lookups", json=asked, headers=headers)).json()
            moment = f"{self.day(self.seed.randrange(-10, 95))} {self.seed.choice(('00:00', '23:59'))}+08"
            await self.api.run(f"UPDATE audit SET answered_at = '{moment}' WHERE lookup_id = '{answer['lookup_id']}'")


async def test_every_figure_of_a_drawn_quarter_is_what_a_count_of_the_rows_by_hand_says(api: Api) -> None:
    last = today() - 3 * DAY
    quarter = Quarter(
        api,
        Random(2),  # noqa: S311 - nothing secret is drawn
        last - 91 * DAY,
        last,
    )
    await quarter.play()
    reader = await department(api, BUREAU, Scope.ENFORCEMENT_READ)
    rows = await Rows.read(api, reader, quarter.first, last, quarter.numbers)
    await check(reader, rows)
    for by in (("department",), ("measure",), ("district",), ("month",), ("department", "district", "month")):
        await check(reader, rows, *by)
    found = await check(reader, rows, "month", "measure", "department", "district")
    assert found["by"] == ["department", "measure", "district", "month"]
    totals = found["totals"]
    # It was worth counting: nothing that there is to be told apart is missing.
    assert all(totals["states"].values())
    assert all(totals[name]["count"] for name in ("carried_out", "carried_out_late", "overdue", "lifted", "hits"))
    assert all(totals["brought_forward"][name] for name in ("carried_out", "pending", "overdue"))
    assert totals["hits"]["count"] < totals["checks"] < len(rows.lookups)
    # An earlier quarter's obligations are in it and not in this one.
    before = Rows(quarter.first - 60 * DAY, quarter.first - DAY)
    before = await Rows.read(api, reader, before.first, before.last, quarter.numbers)
    assert (await check(reader, before, "month"))["totals"]["obligations"]
    await listings_agree(api, found, quarter)

    customs = await department(api, CUSTOMS)
    own = Rows(
        rows.first,
        rows.last,
        [one for one in rows.obligations if one["department"] == CUSTOMS],
        rows.reports,
        [one for one in rows.lookups if one["department"] == CUSTOMS],
        rows.numbers,
    )
    assert (await check(customs, own, "district"))["departments"] == [CUSTOMS]
    assert await summary(reader, rows.first, last, department="清远海关") | {"known_at": None} == await summary(
        customs, rows.first, last
    ) | {"known_at": None}
    await book_agrees(reader, rows)


async def listings_agree(api: Api, found: JSON, quarter: Quarter) -> None:
    """Hold the figures of the list against the listings."""

    async def listed(**query: str) -> list[str]:
        response = await api.http.get("/v1/listings", params=query, headers=api.headers())
        return [one["unit"]["uscc"] for one in response.json()["listings"]]

    made = await listed(listed_from=quarter.first.isoformat(), listed_to=quarter.last.isoformat())
    held = await listed(state="in_force", on=quarter.last.isoformat())
    assert found["list"] == {
        "listed": len(made),
        "units_listed": len(set(made)),
        "in_force": len(held),
        "units_in_force": len(set(held)),
    }


async def book_agrees(reader: Department, rows: Rows) -> None:
    """Open the workbook, and hold its tables against the summary."""
    period = {"from": rows.first.isoformat(), "to": rows.last.isoformat()}
    response = await reader.get("effect-summary", headers={"Accept": XLSX}, **period)
    assert (response.status_code, response.headers["content-type"]) == (200, XLSX)
    assert "attachment" in response.headers["content-disposition"]
    assert (await reader.get("effect-summary", format="xlsx", **period)).status_code == httpx.codes.OK
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    assert book.sheetnames == ["关键指标", "按部门", "按措施", "按地区", "按月份", "说明"]
    found: JSON = {}
    header: tuple[Any, ...] = ()
    labels = 0
    for by, sheet_name in zip(("department", "measure", "district", "month"), book.sheetnames[1:5], strict=True):
        sheet = book[sheet_name]
        found = await summary(reader, rows.first, rows.last, by)
        header, *table = sheet.iter_rows(values_only=True)
        labels = header.index("惩戒单位")
        figures = [one["figures"] for one in found["groups"]] + [found["totals"]]
        assert [dict(zip(header[labels:], one[labels:], strict=True)) for one in table] == [
            shown(one) for one in figures
        ]
        # openpyxl reads charts, and has no other name for them.
        assert len(getattr(sheet, "_charts")) == 1  # noqa: B009
        assert all(cell.data_type != "f" for cells in sheet.iter_rows() for cell in cells)
    key_figures = dict(texts(book["关键指标"]))
    assert key_figures["期间"] == f"{rows.first} 至 {rows.last}"
    assert key_figures["名单版本"] == found["list_version"]
    assert key_figures["任务"] == found["totals"]["obligations"]
    assert key_figures["期末在列单位"] == found["list"]["units_in_force"]
    explained = dict(texts(book["说明"]))
    assert all(name in explained for name in header[labels:])


def texts(sheet: Worksheet) -> Iterable[tuple[Any, Any]]:
    """Yield the first two cells of each row."""
    return ((row[0], row[1]) for row in sheet.iter_rows(values_only=True, max_col=2))


def shown(one: JSON) -> JSON:
    """Return figures as the workbook shows them."""

    def share(part: JSON | None) -> float | None:
        return part["count"] / part["of"] if part and part["of"] else None

    states, forward = one["states"], one["brought_forward"]
    found = {
        "惩戒单位": one["subjects"]["units"],
        "惩戒人员": one["subjects"]["persons"],
        "任务": one["obligations"],
        **dict(zip(("待办", "办理中", "已落实", "不适用", "待解除", "已解除"), states.values(), strict=True)),
        "落实": one["carried_out"]["count"],
        "应落实": one["carried_out"]["of"],
        "落实率": share(one["carried_out"]),
        "逾期后落实": one["carried_out_late"]["count"],
        "逾期未办": one["overdue"]["count"],
        "未办结": one["overdue"]["of"],
        "逾期率": share(one["overdue"]),
        "办理天数中位数": one["days_to_act"]["median"],
        "中位数样本": one["days_to_act"]["of"],
        "结转：期内落实": forward["carried_out"],
        "结转：未办结": forward["pending"],
        "结转：逾期": forward["overdue"],
        "结转：待解除": forward["to_lift"],
        "核查": one["checks"],
        "命中": one["hits"]["count"] if one["hits"] else None,
        "命中率": share(one["hits"]),
    }
    return {name: pytest.approx(value) if isinstance(value, float) else value for name, value in found.items()}


async def test_a_person_is_one_subject_though_recorded_by_two_names_under_two_index_keys(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]))
    async with also_serving(api, **keys(api.settings, "{new},{old}")) as during:
        await during.pushed(list_operation(2, persons=[person(1, name="虚构甲"), person(2)]))
        used = {row["index_key_id"] for row in await api.rows("SELECT index_key_id FROM persons")}
        assert len(used) == 2
        reader = await department(during, BUREAU, Scope.ENFORCEMENT_READ)
        assert (await summary(reader, today(), today()))["totals"]["subjects"] == {"units": 2, "persons": 2}


async def test_what_cannot_be_summed_up_is_refused_and_says_why(api: Api) -> None:
    reader = await department(api, BUREAU, Scope.ENFORCEMENT_READ)
    now = today()
    good = {"from": now.isoformat(), "to": now.isoformat()}
    for changed, name, code in (
        ({"from": (now + DAY).isoformat()}, "from", "date_order"),
        ({"to": (now + DAY).isoformat()}, "to", "date_in_future"),
        ({"from": (now - 366 * DAY).isoformat()}, "from", "period_too_long"),
        ({"from": "0001-01-01", "to": "0001-01-01"}, "from", "out_of_range"),
        ({"from": "2026-02-30"}, "from", "impossible_date"),
        ({"to": "20260101"}, "to", "date_format"),
        ({"from": None}, "from", "missing"),
        ({"by": "colour"}, "by[0]", "not_allowed"),
        ({"by": "month", "format": "xlsx"}, "by", "not_allowed"),
        ({"format": "pdf"}, "format", "not_allowed"),
        ({"department": "市教育局"}, "department", "unknown_department"),
        ({"form": "xlsx"}, "query", "unknown_parameter"),
    ):
        response = await reader.get("effect-summary", **{k: v for k, v in (good | changed).items() if v is not None})
        assert response.status_code == httpx.codes.UNPROCESSABLE_ENTITY, changed
        assert [(one["field"], one["code"]) for one in response.json()["errors"]] == [(name, code)]
    assert (await summary(reader, now - 365 * DAY, now, "month"))["totals"]["obligations"] == 0
    customs = await department(api, CUSTOMS)
    assert (await customs.get("effect-summary", department=TAX, **good)).status_code == httpx.codes.FORBIDDEN
    other = await department(api, CUSTOMS, Scope.LOOKUP)
    assert (await other.get("effect-summary", **good)).status_code == httpx.codes.FORBIDDEN

"""Counting by hand what an effect summary counts: from obligations, reports and the audit, one row at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from statistics import median
from typing import Any

import httpx

from app.domain.moment import CITY
from tests.api.test_obligations import Department
from tests.support import JSON, Api


@dataclass
class Rows:
    """Everything that figures are counted from, as the interface shows it; the audit as the database has it."""

    first: date
    last: date
    obligations: list[JSON] = field(default_factory=list)
    reports: dict[str, list[JSON]] = field(default_factory=dict)
    lookups: list[JSON] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)
    """Identity numbers by person_id."""

    @classmethod
    async def read(cls, api: Api, reader: Department, first: date, last: date, numbers: dict[str, str]) -> "Rows":
        """Read all of it."""
        rows = cls(first, last, numbers=numbers)
        rows.obligations = await reader.items(on=last.isoformat(), limit=500)
        following: dict[str, Any] = {}
        while True:
            page = (await reader.get("enforcement-reports", limit=500, **following)).json()
            for one in page["reports"]:
                rows.reports.setdefault(one["obligation_id"], []).append(one)
            if page["next"] is None:
                break
            following = {"after": page["next"]}
        rows.lookups = await api.rows("SELECT * FROM audit WHERE verdict <> 'token_issued'")
        return rows

    def acted(self, item: JSON) -> date | None:
        """Return the day of the act by which an obligation was carried out, if it was."""
        told = [one for one in self.reports.get(item["obligation_id"], []) if day(one["acted_on"]) <= self.last]
        if item["ended"] is not None:
            # That it was stopped once its ground was gone does not undo that it was done.
            while told and told[-1]["status"] == "stopped" and told[-1]["acted_on"] >= item["since"]:
                told.pop()
        return day(told[-1]["acted_on"]) if told and told[-1]["status"] == "done" else None

    def figures(self, of: Callable[[JSON], bool], asked: Callable[[JSON], bool] | None) -> JSON:
        """Count the figures of the obligations and the lookups that belong to a group."""
        mine = [one for one in self.obligations if of(one)]
        new = [one for one in mine if day(one["since"]) >= self.first]
        old = [one for one in mine if day(one["since"]) < self.first]
        states = {state: sum(one["state"] == state for one in new) for state in STATES}
        acts = [(one, acted) for one in new if (acted := self.acted(one)) is not None]
        days = [max((acted - day(one["since"])).days, 0) for one, acted in acts]
        late = sum(one["due_on"] is not None and acted > day(one["due_on"]) for one, acted in acts)
        persons = {self.numbers[one["subject"]["person"]["person_id"]] for one in new if one["subject"]["person"]}
        done_before = [one for one in old if (acted := self.acted(one)) is not None and acted >= self.first]
        lookups = [one for one in self.lookups if asked is not None and self.covers(one) and asked(one)]
        hits = sum(one["verdict"] == "listed" for one in lookups)
        pending = states["open"] + states["in_progress"]
        return {
            "subjects": {
                "units": len({one["subject"]["unit"]["uscc"] for one in new if not one["subject"]["person"]}),
                "persons": len(persons),
            },
            "obligations": len(new),
            "states": states,
            "carried_out": {"count": len(acts), "of": len(new) - states["not_applicable"]},
            "carried_out_late": {"count": late, "of": len(acts)},
            "overdue": {"count": sum(one["overdue"] for one in new), "of": pending},
            "lifted": {"count": states["lifted"], "of": states["lifted"] + states["to_lift"]},
            "not_applicable": {"count": states["not_applicable"], "of": len(new)},
            "days_to_act": {"median": median(days) if days else None, "of": len(days)},
            "brought_forward": {
                "carried_out": len(done_before),
                "pending": sum(one["state"] in {"open", "in_progress"} for one in old),
                "overdue": sum(one["overdue"] for one in old),
                "to_lift": sum(one["state"] == "to_lift" for one in old),
            },
            "checks": len(lookups) if asked is not None else None,
            "hits": {"count": hits, "of": len(lookups)} if asked is not None else None,
        }

    def covers(self, lookup: JSON) -> bool:
        """Whether a lookup was answered in the period."""
        return self.first <= answered(lookup).date() <= self.last


STATES = ("open", "in_progress", "done", "not_applicable", "to_lift", "lifted")


def day(text: str) -> date:
    """Return the day that a text says."""
    return date.fromisoformat(text)


def answered(lookup: JSON) -> datetime:
    """Return when a lookup was answered, as the city's clock had it."""
    moment: datetime = lookup["answered_at"]
    return moment.astimezone(CITY)


def places(item: JSON) -> JSON:
    """Return the groups that an obligation belongs to, by dimension."""
    return {
        "department": item["department"],
        "measure": item["measure"]["no"],
        "district": item["subject"]["unit"]["uscc"][2:8],
        "month": item["since"][:7],
    }


def places_of_lookup(lookup: JSON) -> JSON:
    """Return the groups that a lookup belongs to."""
    uscc = lookup["uscc"]
    return {
        "department": lookup["department"],
        "district": uscc[2:8] if uscc else None,
        "month": f"{answered(lookup):%Y-%m}",
    }


def key_of(group: JSON) -> JSON:
    """Return a group's key as :func:`places` has it, what it is not told apart by included as null."""
    return {
        "department": group["department"],
        "measure": group["measure"]["no"] if group["measure"] else None,
        "district": group["district"]["code"] if group["district"] else None,
        "month": group["month"],
    }


def expected(rows: Rows, key: JSON, by: Sequence[str]) -> JSON:
    """Count the figures of one group."""

    def belongs(found: JSON) -> bool:
        return all(found[name] == key[name] for name in by)

    asked = None if "measure" in by else lambda one: belongs(places_of_lookup(one))
    return rows.figures(lambda one: belongs(places(one)), asked)


async def summary(reader: Department, first: date, last: date, *by: str, **query: Any) -> JSON:
    """Ask for a summary that has to be given."""
    asked = {"from": first.isoformat(), "to": last.isoformat(), "by": list(by)} | query
    response = await reader.get("effect-summary", **asked)
    assert response.status_code == httpx.codes.OK, response.text
    found: JSON = response.json()
    return found


async def check(reader: Department, rows: Rows, *by: str) -> JSON:
    """Ask for a summary, and hold every figure of it against the rows."""
    found = await summary(reader, rows.first, rows.last, *by)
    assert found["totals"] == expected(rows, {}, ())
    keys = [key_of(one) for one in found["groups"]]
    assert all(one["figures"] == expected(rows, key, by) for one, key in zip(found["groups"], keys, strict=True))
    distinct = {tuple(key.items()) for key in keys}
    assert len(distinct) == len(keys)
    # Nothing is left out: what can be added up adds up to the total.
    for name in ("obligations", *(() if "measure" in by else ("checks",))):
        assert not by or sum(one["figures"][name] for one in found["groups"]) == found["totals"][name]
    return found

"""What operations do to a listing."""

from collections.abc import Callable
from copy import deepcopy
from datetime import date

from tests.services.list_model.basics import JSON, add_gap, demand
from tests.services.list_model.days import VOID
from tests.services.list_model.objections import decide_objection, file_objection, undecided
from tests.services.list_model.persons import (
    add_person,
    ban_person,
    bring_persons_to,
    check_persons,
    end_person,
    new_person,
)

LONGEST = {"严重失信主体": 1095, "联合惩戒对象": 365}
"""Days that a listing of each tier lasts at most, give or take what leap years do."""
CONDUCT_CODES = {"YJ11-06-1", "YJ11-07-1"}
MUST_BE_GIVEN = ("decided_by", "conduct", "tier", "listed_on", "valid_until")
MAY_BE_GIVEN = ("conduct_code", "facts", "basis", "published_until")
RULED = {"tier", "conduct_code", "listed_on", "valid_until"}


def listed(row: JSON, today: str) -> JSON:
    """Return the listing that a `list` makes."""
    given: list[JSON] = row.get("persons") or []
    one = {name: row[name] for name in ("decision_no", *MUST_BE_GIVEN)}
    one |= {name: row.get(name) for name in MAY_BE_GIVEN}
    one |= {"listing_id": None, "revision": 0, "unit": {**row["unit"], "former_names": []}}
    one |= {"nonconforming_reason": None, "removal": None, "suspensions": [], "objections": []}
    _check_days(one, today)
    check_rules(one)
    check_persons(given, one, today)
    return one | {"persons": [new_person(person) for person in given]}


def change(one: JSON, row: JSON, today: str) -> None:
    """Carry out any operation but `list`; what would change nothing is refused."""
    removal, before = one["removal"], deepcopy(one)
    if row["op"] == "decide_objection":
        demand(undecided(one))
    elif removal is None:
        demand(row["op"] != "restore")
    else:
        outlives = row["op"] in {"ban", "file_objection"} and removal["reason"] not in VOID
        demand(row["op"] in {"correct", "restore"} or outlives)
    _CHANGES[row["op"]](one, row, today)
    demand(one != before)


def _check_days(one: JSON, today: str) -> None:
    demand(one["listed_on"] <= min(today, one["valid_until"]))
    if one["removal"]:
        first = max([one["listed_on"], *(gap["until"] for gap in one["suspensions"])])
        demand(first <= one["removal"]["removed_on"] <= today)
        demand(one["removal"]["reason"] != "expired" or one["removal"]["removed_on"] > one["valid_until"])


def check_rules(one: JSON) -> None:
    """Demand that a listing, or the row of a `list`, keeps to what its tier allows."""
    days = date.fromisoformat(one["valid_until"]) - date.fromisoformat(one["listed_on"])
    demand(days.days <= LONGEST.get(one["tier"], -1))
    demand(one.get("conduct_code") in {None, *CONDUCT_CODES})


def _amend(one: JSON, row: JSON, _: str) -> None:
    demand(row.get("conduct_code") in {None, *CONDUCT_CODES})
    for name in ("conduct_code", "basis", "published_until"):
        if row.get(name):
            demand(one[name] is None)
            one[name] = row[name]
    if row.get("facts"):
        one["facts"] = f"{one['facts']}\n{row['facts']}" if one["facts"] else row["facts"]


def _correct(one: JSON, row: JSON, today: str) -> None:
    values = dict(row["set"])
    if not one["removal"]:
        demand(not {"removed_on", "removal_decision_no"} & values.keys())
    else:
        one["removal"]["removed_on"] = values.pop("removed_on", one["removal"]["removed_on"])
        one["removal"]["decision_no"] = values.pop("removal_decision_no", one["removal"]["decision_no"])
    one["unit"]["uscc"] = values.pop("uscc", one["unit"]["uscc"])
    _name(one, values.pop("unit_name", one["unit"]["name"]))
    one |= values
    _check_days(one, today)
    if values.keys() & RULED:
        check_rules(one)
    if row.get("persons") is not None:
        check_persons(row["persons"], one, today)
        bring_persons_to(one, row["persons"], today)


def _name(one: JSON, name: str) -> None:
    unit = one["unit"]
    former = dict.fromkeys((*unit["former_names"], unit["name"]))
    one["unit"] = unit | {"name": name, "former_names": [other for other in former if other != name]}


def _rename(one: JSON, row: JSON, today: str) -> None:
    demand(row["renamed_on"] <= today)
    _name(one, row["new_name"])


def _remove(one: JSON, row: JSON, today: str) -> None:
    one["removal"] = {name: row[name] for name in ("removed_on", "reason")}
    one["removal"]["decision_no"] = row.get("removal_decision_no")
    _check_days(one, today)


def _restore(one: JSON, row: JSON, today: str) -> None:
    removal, on = one["removal"], row["restored_on"]
    demand(removal["removed_on"] <= on <= today)
    one |= {"removal": None, "valid_until": row.get("valid_until") or one["valid_until"]}
    if row["reason"] == "repair_revoked":
        demand(removal["reason"] == "repaired")
        demand(on <= one["valid_until"])
    else:
        demand(on == removal["removed_on"])
    _check_days(one, today)
    if row.get("valid_until"):
        check_rules(one)
    if on > removal["removed_on"]:
        add_gap(one["suspensions"], removal["removed_on"], on)


_CHANGES: dict[str, Callable[[JSON, JSON, str], None]] = {
    "amend": _amend,
    "correct": _correct,
    "rename": _rename,
    "remove": _remove,
    "restore": _restore,
    "add_person": add_person,
    "end_person": end_person,
    "ban": ban_person,
    "file_objection": file_objection,
    "decide_objection": decide_objection,
}

"""What a push does: all of it, or nothing."""

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy

from tests.services.list_model.basics import JSON, demand, key
from tests.services.list_model.listings import MAY_BE_GIVEN, MUST_BE_GIVEN, change, check_rules, listed
from tests.services.list_model.persons import bring_persons_to

OF_PERSONS = {"add_person", "end_person", "ban"}


def pushed(before: Sequence[JSON], push: JSON, today: str, version: int) -> list[JSON]:
    """Return the listings after a push that makes ``version``, or raise `Illegal`; ``before`` stays as it is."""
    listings = deepcopy(list(before))
    whole = push.get("mode") == "snapshot"
    rows = _snapshot_rows(before, push, today) if whole else _listing_by_listing(push["operations"], before)
    touched: dict[int, str] = {}
    for row in rows:
        if row["op"] == "list":
            demand(key(row) not in {key(one) for one in listings})
            one = listed(row, today)
            listings.append(one)
        else:
            one = _target(listings, row)
            demand(id(one) not in touched or {row["op"], touched[id(one)]} <= OF_PERSONS)
            change(one, row, today)
            demand([key(other) for other in listings].count(key(one)) == 1)
        touched[id(one)] = row["op"]
        one |= {"revision": one["revision"] + 1, "list_version": version}
    return listings


def _listing_by_listing(rows: Iterable[JSON], before: Sequence[JSON]) -> Iterator[JSON]:
    """Make of the renaming of a unit one for each of its listings that is not removed and has not the name already."""
    for row in rows:
        if row["op"] != "rename" or "listing_id" in row or "decision_no" in row:
            yield row
            continue
        targets = [one for one in before if one["unit"]["uscc"] == row["uscc"] and not one["removal"]]
        demand(targets)
        left = [one for one in targets if one["unit"]["name"] != row["new_name"]]
        demand(left)
        yield from ({"listing_id": one["listing_id"], **row} for one in left)


def _target(listings: Sequence[JSON], row: JSON) -> JSON:
    wanted = row.get("listing_id") or (row["uscc"], row["decision_no"])
    found = [one for one in listings if wanted in {one["listing_id"], key(one)}]
    demand(found)
    return found[0]


def missing(listings: Sequence[JSON], rows: Sequence[JSON], today: str) -> list[JSON]:
    """Return the listings in force that a snapshot lacks."""
    held = {key(row) for row in rows if row["op"] == "list"}
    return [one for one in listings if key(one) not in held and not one["removal"] and one["valid_until"] >= today]


def _snapshot_rows(before: Sequence[JSON], push: JSON, today: str) -> Iterator[JSON]:
    """Yield what makes the list say what the snapshot says."""
    standing, seen = {key(one): one for one in before}, set()
    for row in push["operations"]:
        demand(row["op"] == "list")
        demand(key(row) not in seen)
        seen.add(key(row))
        one = standing.get(key(row))
        if one is None or one["removal"]:
            yield row
        else:
            check_rules(row)
            yield from _difference(one, row, today)
    gone = missing(before, push["operations"], today)
    demand(not gone or (push.get("removal_reason") and push.get("confirm_removals") == len(gone)))
    for one in gone:
        by_id = {"op": "remove", "listing_id": one["listing_id"]}
        yield by_id | {"removed_on": today, "reason": push["removal_reason"]}


def _difference(one: JSON, row: JSON, today: str) -> Iterator[JSON]:
    values = {name: row[name] for name in MUST_BE_GIVEN if row[name] != one[name]}
    values |= {name: row[name] for name in MAY_BE_GIVEN if row.get(name) not in {None, one[name]}}
    if row["unit"]["name"] != one["unit"]["name"]:
        values["unit_name"] = row["unit"]["name"]
    correction = {"op": "correct", "listing_id": one["listing_id"], "set": values}
    given = row.get("persons")
    if given is not None:
        demand(len({person["id_number"] for person in given}) == len(given))
        trial = deepcopy(one)
        bring_persons_to(trial, given, today)
        if trial["persons"] != one["persons"]:
            correction["persons"] = given
    if values or "persons" in correction:
        yield correction

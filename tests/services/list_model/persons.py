"""What operations do to the persons of a listing."""

from collections.abc import Sequence

from tests.services.list_model.basics import JSON, add_gap, demand


def new_person(given: JSON) -> JSON:
    """Return a person as a row gives one, as the listing has them."""
    person = {name: given[name] for name in ("name", "roles")} | {"number": given["id_number"], "person_id": None}
    person |= {"since": given.get("since"), "ended_on": None, "end_reason": None, "absences": []}
    return person | {"position_ban": _ban(given.get("position_ban"))}


def check_persons(given: Sequence[JSON], one: JSON, today: str) -> None:
    """Demand that these persons can stand in the listing."""
    demand(len({person["id_number"] for person in given}) == len(given))
    for person in given:
        demand(len(set(person["roles"])) == len(person["roles"]))
        demand((person.get("since") or "") <= today)
        _check_ban(person.get("position_ban"), one, today)


def _ban(given: JSON | None) -> JSON | None:
    return {"since": None, "until": None, "for_life": False} | given if given else None


def _check_ban(ban: JSON | None, one: JSON, today: str) -> None:
    if ban:
        demand((ban.get("since") or "") <= today)
        demand(ban.get("for_life") or ban["until"] >= (ban.get("since") or one["listed_on"]))


def _named(one: JSON, row: JSON) -> JSON:
    """Return the person meant; of two under one number, the one who has not left."""
    wanted = row.get("person_id") or row["id_number"]
    found = [person for person in one["persons"] if wanted in {person["number"], person["person_id"]}]
    demand(found)
    return min(found, key=lambda person: person["ended_on"] is not None)


def add_person(one: JSON, row: JSON, today: str) -> None:
    """Carry out an `add_person`."""
    given = row["person"]
    check_persons([given], one, today)
    known = [person for person in one["persons"] if person["number"] == given["id_number"]]
    demand(all(person["ended_on"] for person in known))
    same = [person for person in known if person["name"] == given["name"]]
    if not same:
        one["persons"].append(new_person(given))
    elif same[0]["end_reason"] == "left":
        demand((given.get("since") or "") >= same[0]["ended_on"])
        _take_up(same[0], given, given["since"])
        same[0]["position_ban"] = _ban(given.get("position_ban")) or same[0]["position_ban"]
    else:
        # They never were, says the record: what it held of them is no part of what it holds now.
        same[0].update(new_person(given) | {"person_id": same[0]["person_id"]})


def _take_up(person: JSON, given: JSON, again: str) -> None:
    if person["ended_on"]:
        add_gap(person["absences"], person["ended_on"], again)
    person |= {"roles": given["roles"], "ended_on": None, "end_reason": None}


def end_person(one: JSON, row: JSON, today: str) -> None:
    """Carry out an `end_person`."""
    person = _named(one, row)
    demand(person["ended_on"] is None)
    first = max([one["listed_on"], person["since"] or "", *(gap["until"] for gap in person["absences"])])
    demand(first <= row["ended_on"] <= today)
    person |= {"ended_on": row["ended_on"], "end_reason": row["reason"]}


def ban_person(one: JSON, row: JSON, today: str) -> None:
    """Carry out a `ban`."""
    person, ban = _named(one, row), row["position_ban"]
    demand(person["end_reason"] != "corrected")
    demand((ban.get("since") or one["listed_on"]) >= one["listed_on"])
    _check_ban(ban, one, today)
    person["position_ban"] = _ban(ban)


def bring_persons_to(one: JSON, given: Sequence[JSON], today: str) -> None:
    """Make the given persons everybody who stands in the listing, as a snapshot asks."""
    wanted = {(person["id_number"], person["name"]): person for person in given}
    for person in one["persons"]:
        match = wanted.pop((person["number"], person["name"]), None)
        if match is not None:
            _bring_to(person, match, today)
        elif person["ended_on"] is None:
            person.update(ended_on=today, end_reason="left")
    one["persons"] += [new_person(person) for person in wanted.values()]


def _bring_to(person: JSON, given: JSON, today: str) -> None:
    if person["end_reason"] == "corrected":
        person |= new_person(given) | {"person_id": person["person_id"]}
        return
    since = given.get("since") or ""
    # Who comes back on a day that is given has been away until then, and was there before.
    returns = person["ended_on"] and since >= person["ended_on"]
    _take_up(person, given, since if returns else today)
    if since and since not in [gap["until"] for gap in person["absences"]]:
        person["since"] = since
    person["position_ban"] = _ban(given.get("position_ban")) or person["position_ban"]

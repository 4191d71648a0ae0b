"""What operations do to the persons of a listing."""

from collections.abc import Sequence

from tests.services.list_model.basics import JSON, Illegal, add_gap, demand, within


def new_person(given: JSON) -> JSON:
    """Return a person as a row gives one, as the listing has them."""
    person = {name: given[name] for name in ("name", "roles")} | {"number": given["id_number"], "person_id": None}
    person |= {"since": given.get("since"), "ended_on": None, "end_reason": None, "absences": []}
    # Every day on which they left, also where they were back at once.
    person |= {"left_on": []}
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


def named(one: JSON, row: JSON) -> JSON:
    """Return the person meant; of several under one number, the one who has not left, or the only one who has."""
    wanted = row.get("person_id") or row["id_number"]
    found = [person for person in one["persons"] if wanted in {person["number"], person["person_id"]}]
    for ending in (None, "left", "corrected"):
        meant: list[JSON] = [person for person in found if person["end_reason"] == ending]
        if meant:
            demand(len(meant) == 1)
            return meant[0]
    raise Illegal


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
    person = named(one, row)
    demand(person["ended_on"] is None)
    first = max([one["listed_on"], person["since"] or "", *(gap["until"] for gap in person["absences"])])
    demand(first <= row["ended_on"] <= today)
    _end(person, row["ended_on"], row["reason"])


def _end(person: JSON, on: str, reason: str) -> None:
    person |= {"ended_on": on, "end_reason": reason, "left_on": [*person["left_on"], on]}


def ban_person(one: JSON, row: JSON, today: str) -> None:
    """Carry out a `ban`."""
    person, ban = named(one, row), row["position_ban"]
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
            _end(person, today, "left")
    one["persons"] += [new_person(person) for person in wanted.values()]


def _bring_to(person: JSON, given: JSON, today: str) -> None:
    if person["end_reason"] == "corrected":
        person |= new_person(given) | {"person_id": person["person_id"]}
        return
    person["position_ban"] = _ban(given.get("position_ban")) or person["position_ban"]
    since, left = given.get("since"), person["ended_on"]
    if since and left and since >= left:
        _take_up(person, given, since)
        return
    _take_up(person, given, today)
    if since:
        _tell_first_day(person, since)


def _tell_first_day(person: JSON, since: str) -> None:
    gaps = person["absences"]
    back_at_once = since in person["left_on"] and not within(gaps, since)
    if back_at_once or since in {person["since"], *(gap["until"] for gap in gaps)}:
        return
    # A day that is not known is that on which they were back from their last absence by then, or else the first of all.
    earlier = [gap for gap in gaps if gap["from"] <= since]
    if earlier:
        earlier[-1]["until"] = since
        person["absences"] = [gap for gap in gaps if gap["from"] < gap["until"]]
    else:
        person["since"] = since

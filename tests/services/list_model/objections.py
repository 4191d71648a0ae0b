"""What operations do to the objections to a listing."""

from tests.services.list_model.basics import JSON, demand
from tests.services.list_model.persons import named

OF_OBJECTIONS = {"file_objection", "decide_objection"}
"""They stand beside any other operation on the same listing."""


def undecided(one: JSON) -> bool:
    """Whether some objection to the listing waits for its decision."""
    return any(objection["outcome"] is None for objection in one["objections"])


def contesting(one: JSON, on: str) -> list[JSON]:
    """Return number and day of the objections that contest the listing on a day."""
    return [
        {name: objection[name] for name in ("objection_no", "filed_on")}
        for objection in one["objections"]
        if objection["filed_on"] <= on < (objection["decided_on"] or "9999")
    ]


def file_objection(one: JSON, row: JSON, today: str) -> None:
    """Carry out a `file_objection`."""
    demand(row["objection_no"] not in {objection["objection_no"] for objection in one["objections"]})
    demand(one["listed_on"] <= row["filed_on"] <= today)
    by_person = row.get("person_id") or row.get("id_number")
    person = named(one, row) if by_person else {"person_id": None}
    # Of somebody new in this very push the name stands for the id until it is learnt.
    filed_by = person["person_id"] or person.get("name")
    filed = {name: row[name] for name in ("objection_no", "filed_on", "matter")} | {"filed_by_person": filed_by}
    one["objections"].append(filed | {"outcome": None, "decided_on": None, "decision_document": None})


def decide_objection(one: JSON, row: JSON, today: str) -> None:
    """Carry out a `decide_objection`."""
    found = [objection for objection in one["objections"] if objection["objection_no"] == row["objection_no"]]
    demand(found and found[0]["outcome"] is None)
    demand(found[0]["filed_on"] <= row["decided_on"] <= today)
    decided = {"outcome": row["outcome"], "decided_on": row["decided_on"]}
    found[0].update(decided | {"decision_document": row.get("document")})

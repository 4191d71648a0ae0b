"""What holds on a day."""

from tests.services.list_model.basics import JSON, within

VOID = {"revoked", "corrected"}
"""Reasons of a removal after which nothing is left that a ban could rest on."""


def state(one: JSON, on: str) -> str:
    """Return what the listing is on a day."""
    removal = one["removal"]
    if on < one["listed_on"]:
        return "not_yet"
    if (removal and on >= removal["removed_on"]) or within(one["suspensions"], on):
        return "removed"
    return "expired" if on > one["valid_until"] else "in_force"


def banned(one: JSON, person: JSON, on: str) -> bool:
    """Whether the listing bans the person from positions on a day."""
    ban, removal = person["position_ban"], one["removal"]
    if not ban or person["end_reason"] == "corrected" or on < max(one["listed_on"], ban["since"] or ""):
        return False
    void = removal and removal["reason"] in VOID and on >= removal["removed_on"]
    return not void and bool(ban["for_life"] or on <= ban["until"])


def concerned(one: JSON, person: JSON, on: str) -> bool:
    """Whether a lookup of the person finds the listing."""
    if banned(one, person, on):
        return True
    answers = person["end_reason"] != "corrected" and (person["since"] or "") <= on < (person["ended_on"] or "9999")
    return answers and not within(person["absences"], on) and state(one, on) == "in_force"

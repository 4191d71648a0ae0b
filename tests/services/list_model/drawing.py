"""Random pushes around a list: most of them may be carried out, and some must be refused."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from tests.services.list_model.basics import JSON, Illegal
from tests.services.list_model.pushes import missing, pushed

# Few of each, so that they meet.
UNITS = tuple(synthetic_uscc(n) for n in range(1, 4))
NUMBERS = tuple(synthetic_resident_id(n) for n in range(1, 4))
_NAMES = ("示例（虚构）有限公司", "示例甲（虚构）有限公司", "示例乙（虚构）有限公司")
_DECISIONS = ("虚构列〔2026〕1号", "虚构列〔2026〕2号", "虚构列〔2026〕3号")
_TIERS = ("严重失信主体", "联合惩戒对象")
_CONDUCT_CODES = ("YJ11-06-1", "YJ11-07-1")
_ROLES = ("legal_representative", "safety_lead", "other")
_OPS = (
    *("amend", "correct", "correct", "rename", "remove"),
    *("add_person", "add_person", "end_person", "end_person", "ban"),
    *("file_objection", "decide_objection"),
)
_OPS_WHEN_REMOVED = ("restore", "restore", "restore", "restore", "correct", "ban", "file_objection", "decide_objection")
_TRIES = 20


def legal(listings: Sequence[JSON], push: JSON, today: date) -> bool:
    """Whether the push may be carried out."""
    try:
        pushed(listings, push, today.isoformat(), 0)
    except Illegal:
        return False
    return True


class Drawing:
    """Draws pushes, always the same ones from the same seed on the same day."""

    def __init__(self, seed: int, today: date, units: Sequence[str] = UNITS) -> None:
        """Start from a seed; days are around today, and pushes are about these units."""
        # Nothing here has to be hard to guess.
        self.random = Random(seed)  # noqa: S311
        self._today = today
        self._units = units

    def push(self, listings: Sequence[JSON]) -> JSON:
        """Draw operations or a snapshot; one in four pushes shall be refused."""
        wanted = not self._seldom(4)
        for _ in range(_TRIES):
            push = self._snapshot(listings) if listings and self._seldom(4) else self.delta(listings)
            if legal(listings, push, self._today) == wanted:
                return push
        return self.delta(listings)

    def day(self, first: int = -60) -> str:
        """Draw a day from ``first`` on, five apart so that they meet, up to today and seldom beyond."""
        offset = 2 if self._seldom(25) else 5 * self.random.randint(first // 5, 0)
        return self._in(offset)

    def _from(self, first: str) -> str:
        """Draw a day not before another, but for a few."""
        past = (self._today - date.fromisoformat(first)).days
        return self.day() if past < 0 or self._seldom(8) else self._in(-max(0, past - 5 * self.random.randint(0, 12)))

    def delta(self, listings: Sequence[JSON]) -> JSON:
        """Draw a push of one to five operations."""
        rows: list[JSON] = []
        for _ in range(self.random.randint(1, 4)):
            row: JSON = {}
            for _ in range(_TRIES):
                row = self._row(listings)
                if legal(listings, {"operations": [*rows, row]}, self._today):
                    break
            rows.append(row)
        if self._seldom(6):
            rows.append(self._row(listings))
        return {"operations": rows}

    def _seldom(self, times: int) -> bool:
        return self.random.randrange(times) == 0

    def _in(self, days: int) -> str:
        return (self._today + timedelta(days)).isoformat()

    def _last_day(self) -> str:
        if self._seldom(3):
            return self.day()
        return self._in(self.random.choice((50, 200, 200, 700, 2000)))

    def _some(self, **drawn: Any) -> JSON:
        """Return some of these fields, or none."""
        return {name: value for name, value in drawn.items() if self._seldom(3)}

    def _tier(self) -> str:
        return "并无此等级（虚构）" if self._seldom(25) else self.random.choice(_TIERS)

    def _conduct_code(self) -> str:
        return "并无此代码" if self._seldom(25) else self.random.choice(_CONDUCT_CODES)

    def _text(self) -> str:
        return f"虚构事实{self.random.randint(1, 3)}"

    def _ban(self) -> JSON:
        end = {"for_life": True} if self._seldom(2) else {"until": self._last_day()}
        return end | self._some(since=self.day())

    def _person(self, n: int | None = None) -> JSON:
        """Draw a person; a number has one of two names, and a name belongs to one number."""
        chosen = self.random.randrange(len(NUMBERS)) if n is None else n
        roles = self.random.sample(_ROLES, self.random.randint(1, 2)) + (["other"] if self._seldom(30) else [])
        named = {"name": f"虚构{chosen}{'乙' if self._seldom(4) else '甲'}", "id_number": NUMBERS[chosen]}
        return named | {"roles": roles} | self._some(since=self.day(), position_ban=self._ban())

    def _persons(self) -> list[JSON]:
        chosen = self.random.sample(range(len(NUMBERS)), self.random.randint(0, len(NUMBERS)))
        return [self._person(n) for n in chosen] + ([self._person()] if self._seldom(30) else [])

    def _listing_row(self) -> JSON:
        row = {
            "op": "list",
            "unit": {"uscc": self.random.choice(self._units), "name": self.random.choice(_NAMES)},
            "decision_no": self.random.choice(_DECISIONS),
            "decided_by": "清远市应急管理局（测试）",
            "conduct": "虚构行为",
            "tier": self._tier(),
            "listed_on": self.day(),
            "valid_until": self._last_day(),
        }
        persons = {} if self._seldom(5) else {"persons": self._persons()}
        return row | persons | self._optional()

    def _optional(self) -> JSON:
        texts = {"facts": self._text(), "basis": self._text()}
        return self._some(conduct_code=self._conduct_code(), published_until=self._last_day(), **texts)

    def _row(self, listings: Sequence[JSON]) -> JSON:
        """Draw a row that lists, or changes one of the listings."""
        if not listings or self._seldom(4):
            return self._listing_row()
        one = self.random.choice(listings)
        op = self.random.choice(_OPS_WHEN_REMOVED if one["removal"] and not self._seldom(10) else _OPS)
        if one["removal"] is None and self._seldom(3) and any(person["ended_on"] for person in one["persons"]):
            op = "add_person"
        row = {"op": op} | self._change(op, one)
        if op == "rename" and self._seldom(2):
            return row | {"uscc": one["unit"]["uscc"]}
        if self._seldom(2):
            return row | {"listing_id": one["listing_id"]}
        return row | {"uscc": one["unit"]["uscc"], "decision_no": one["decision_no"]}

    def _change(self, op: str, one: JSON) -> JSON:
        """Return what an operation on a listing says beside which it is."""
        if op.endswith("objection"):
            return self._change_of_objection(op, one)
        if op.endswith("person") or op == "ban":
            return self._change_of_person(op, one)
        if op == "amend":
            return {"facts": self._text()} | self._optional()
        if op == "correct":
            return {"set": self._correction(one), "reason": "录入有误（虚构）"}
        if op == "rename":
            return {"new_name": self.random.choice(_NAMES), "renamed_on": self.day()}
        return self._restoring(one) if op == "restore" else self._removing(one)

    def _removing(self, one: JSON) -> JSON:
        reason = self.random.choice(("repaired", "repaired", "repaired", "expired", "revoked", "corrected"))
        return {"removed_on": self._from(one["listed_on"]), "reason": reason}

    def _change_of_person(self, op: str, one: JSON) -> JSON:
        if op == "add_person":
            return {"person": self._joining(one)}
        if op == "ban":
            return self._whom(one) | {"position_ban": self._ban()}
        reason = "corrected" if self._seldom(4) else "left"
        return self._whom(one) | {"ended_on": self._from(one["listed_on"]), "reason": reason}

    def _change_of_objection(self, op: str, one: JSON) -> JSON:
        numbered = {"objection_no": f"虚构异{self.random.randint(1, 3)}号"}
        if op == "decide_objection":
            outcome = self.random.choice(("upheld", "upheld_in_part", "rejected", "withdrawn"))
            decided_on = self._from(one["listed_on"])
            return numbered | {"outcome": outcome, "decided_on": decided_on} | self._some(document="虚构异决1号")
        filed_by = self._whom(one) if self._seldom(2) else {}
        return numbered | {"filed_on": self._from(one["listed_on"]), "matter": self._text()} | filed_by

    def _joining(self, one: JSON) -> JSON:
        """Draw somebody new, or somebody who left and comes back."""
        left = [person for person in one["persons"] if person["ended_on"]]
        if not left or self._seldom(3):
            return self._person()
        again = self.random.choice(left)
        named = {"name": again["name"], "id_number": again["number"]}
        return self._person() | named | {"since": self._from(again["ended_on"])}

    def _correction(self, one: JSON) -> JSON:
        place = {"uscc": self.random.choice(self._units), "decision_no": self.random.choice(_DECISIONS)}
        period = {"listed_on": self.day(), "valid_until": self._last_day()}
        texts = {"unit_name": self.random.choice(_NAMES), "tier": self._tier()}
        if self._seldom(4):
            return {"uscc": place["uscc"]}
        values = self._some(facts=self._text(), conduct_code=self._conduct_code(), **place, **period, **texts)
        if one["removal"] or self._seldom(20):
            values |= self._some(removed_on=self.day(), removal_decision_no="虚构移〔2026〕1号")
        return values or texts

    def _restoring(self, one: JSON) -> JSON:
        removed_on = one["removal"]["removed_on"] if one["removal"] else self.day()
        if self._seldom(4):
            restored_on = self.day() if self._seldom(4) else removed_on
            return {"restored_on": restored_on, "reason": "recorded_by_mistake"} | self._some(
                valid_until=self._last_day()
            )
        valid_until = {"valid_until": self._last_day()} if self._seldom(2) else {}
        return {"restored_on": self._from(removed_on), "reason": "repair_revoked"} | valid_until

    def _whom(self, one: JSON) -> JSON:
        """Name one of a listing's persons, or seldom a number that may be nobody's there."""
        if not one["persons"] or self._seldom(20):
            return {"id_number": self.random.choice(NUMBERS)}
        person = self.random.choice(one["persons"])
        return {"person_id": person["person_id"]} if self._seldom(2) else {"id_number": person["number"]}

    def _snapshot(self, listings: Sequence[JSON]) -> JSON:
        """Draw a snapshot: the list as it is, but for what is changed, left out or new in it."""
        standing = [one for one in listings if one["removal"] is None and not self._seldom(4)]
        rows = [self._as_it_is(one) | self._alteration(one) for one in standing]
        if not rows or self._seldom(3):
            rows.append(self._listing_row())
        count = len(missing(listings, rows, self._in(0)))
        terms = {"removal_reason": self.random.choice(("repaired", "revoked", "corrected"))}
        return {"mode": "snapshot", "confirm_removals": count + self._seldom(20), **terms, "operations": rows}

    def _alteration(self, one: JSON) -> JSON:
        renamed = {"unit": {"uscc": one["unit"]["uscc"], "name": self.random.choice(_NAMES)}}
        if self._seldom(3):
            return {}
        period = {"listed_on": self.day(), "valid_until": self._last_day()}
        persons = [self._joining(one)] if self._seldom(2) else self._persons()
        return self._some(persons=persons, tier=self._tier(), **renamed, **period) | self._optional()

    def _as_it_is(self, one: JSON) -> JSON:
        row = {name: one[name] for name in ("decision_no", "decided_by", "conduct", "tier", "listed_on", "valid_until")}
        row |= {name: one[name] for name in ("conduct_code", "facts", "basis", "published_until") if one[name]}
        present = [person for person in one["persons"] if person["ended_on"] is None]
        unit = {name: one["unit"][name] for name in ("uscc", "name")}
        return {"op": "list", "unit": unit, **row, "persons": [self._as_they_are(person) for person in present]}

    def _as_they_are(self, person: JSON) -> JSON:
        """Return a person as a file tells them: with one of the days on which they came or came back, or none."""
        days = [person["since"], *(gap["until"] for gap in person["absences"]), *person["left_on"]]
        since = person["since"] if self._seldom(2) else self.random.choice(days)
        ban = {name: value for name, value in (person["position_ban"] or {}).items() if value}
        given = {"name": person["name"], "id_number": person["number"], "roles": person["roles"]}
        return given | ({"position_ban": ban} if ban else {}) | ({"since": since} if since else {})

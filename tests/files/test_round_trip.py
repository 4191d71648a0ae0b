"""Whatever operations a table can say, in whatever format and encoding: what is read is what was meant."""

import csv
import io
import json
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import names
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.files import words
from app.files.columns import COLUMNS
from app.files.rows import CSV, NDJSON, XLSX
from tests.files.files import new_workbook, read, saved, values

HEADERS = {column.key: column.header for column in COLUMNS}
ROLE_WORDS = names.ROLES

TEXTS = st.text(
    st.characters(codec="gb18030", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp", "Cn", "Co"]),
    min_size=1,
    max_size=12,
).filter(lambda text: text == text.strip() and text not in words.EMPTY and "_x" not in text)
QUOTED = st.sampled_from(['甲"乙', "甲,乙", "甲\n乙", "甲;乙\t丙", "=1+1", "@甲", '"', "甲\r\n乙"])
DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 12, 31))


@st.composite
def persons(draw: st.DrawFn) -> dict[str, Any]:
    person: dict[str, Any] = {
        "name": draw(TEXTS),
        "id_number": synthetic_resident_id(draw(st.integers(0, 10_000))),
        "roles": draw(st.lists(st.sampled_from(sorted(ROLE_WORDS)), min_size=1, unique=True)),
    }
    if draw(st.booleans()):
        person["since"] = draw(DAYS).isoformat()
    ban = draw(st.sampled_from(["none", "until", "for_life"]))
    if ban != "none":
        person["position_ban"] = {"for_life": True} if ban == "for_life" else {"until": draw(DAYS).isoformat()}
    return person


@st.composite
def listings(draw: st.DrawFn, n: int) -> dict[str, Any]:
    texts = TEXTS | QUOTED
    listing = {
        "op": "list",
        "unit": {"uscc": synthetic_uscc(n), "name": draw(texts)},
        "decision_no": draw(TEXTS),
        "decided_by": draw(texts),
        "conduct": draw(texts),
        "tier": draw(texts),
        "listed_on": draw(DAYS).isoformat(),
    }
    for key in ("facts", "basis", "conduct_code"):
        if draw(st.booleans()):
            listing[key] = draw(texts)
    people = draw(st.lists(persons(), max_size=3))
    return listing | ({"persons": people} if people else {})


@st.composite
def removals(draw: st.DrawFn, n: int) -> dict[str, Any]:
    return {
        "op": "remove",
        "uscc": synthetic_uscc(n),
        "decision_no": draw(TEXTS),
        "removed_on": draw(DAYS).isoformat(),
        "reason": draw(st.sampled_from(sorted(names.REMOVAL_REASONS))),
    }


@st.composite
def pushes(draw: st.DrawFn) -> list[dict[str, Any]]:
    count = draw(st.integers(1, 4))
    return [draw(draw(st.sampled_from([listings, removals]))(n)) for n in range(count)]


def rows_of(operation: dict[str, Any]) -> list[dict[str, str]]:
    """Return the rows, by the columns' keys, that a clerk would write for an operation."""
    if operation["op"] == "remove":
        reason = names.REMOVAL_REASONS[operation["reason"]]
        return [{k: v for k, v in operation.items() if k != "reason"} | {"op": "移出", "removal_reason": reason}]
    unit = {k: v for k, v in operation.items() if isinstance(v, str)} | {
        "op": "列入",
        "uscc": operation["unit"]["uscc"],
        "unit_name": operation["unit"]["name"],
    }
    rows = [unit]
    for number, person in enumerate(operation.get("persons", ())):
        if number:
            rows.append({key: unit[key] for key in ("op", "uscc", "decision_no")})
        ban = person.get("position_ban", {})
        rows[-1] = rows[-1] | {
            "person_name": person["name"],
            "id_number": person["id_number"],
            "roles": "、".join(ROLE_WORDS[role] for role in person["roles"]),
            "since": person.get("since", ""),
            "ban_until": "终身" if ban.get("for_life") else ban.get("until", ""),
        }
    return rows


@settings(max_examples=60)
@given(pushes(), st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]), st.sampled_from([",", "\t", ";"]))
def test_operations_written_as_a_table_are_read_back(push: list[dict[str, Any]], encoding: str, delimiter: str) -> None:
    table = [list(HEADERS.values())]
    table += [[row.get(key, "") for key in HEADERS] for operation in push for row in rows_of(operation)]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(table)
    assert values(read(text.getvalue().encode(encoding), CSV)) == push
    lines = "\n".join(json.dumps(operation, ensure_ascii=False) for operation in push)
    assert values(read(lines.encode(), NDJSON)) == push


@settings(max_examples=40)
@given(pushes())
def test_operations_written_as_a_workbook_are_read_back(push: list[dict[str, Any]]) -> None:
    book, sheet = new_workbook(list(HEADERS.values()))
    for number, row in enumerate((row for operation in push for row in rows_of(operation)), start=2):
        for place, key in enumerate(HEADERS, start=1):
            if text := row.get(key):
                cell = sheet.cell(number, place, text)
                # Otherwise a text that begins with = would be a formula.
                cell.data_type = "s"
    # XML knows one kind of line end only, and openpyxl does not write the other in the way that Excel does.
    expected = json.loads(json.dumps(push).replace("\\r\\n", "\\n"))
    assert values(read(saved(book), XLSX)) == expected

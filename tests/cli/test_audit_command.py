"""`liancheng audit`: who asked about whom, why, and what they were told."""

import json
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from app.domain.codes import CodeError, CodeFault, parse_code, resident_id_check_character
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.access import Scope
from tests.cli.commands import liancheng, printed, refused
from tests.support import CUSTOMS, JSON, Api, list_operation, make_key, person, remove_operation, today

UNIT, PERSON = synthetic_uscc(1), synthetic_resident_id(1)


def records(api: Api, *options: str, stdin: str = "") -> list[JSON]:
    """Return what `audit list --json` prints."""
    lines = printed(api.settings, "audit", "list", "--json", *options, stdin=stdin).splitlines()
    return [json.loads(line) for line in lines]


def ids(found: list[JSON]) -> list[Any]:
    return [one["lookup_id"] for one in found]


async def test_the_table_tells_when_who_whom_why_and_what(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]))
    api.key = await make_key(api.database, Scope.LOOKUP, department=CUSTOMS, name="海关通关系统")
    unit = await api.asked(UNIT, purpose="进口通关审核")
    someone = await api.asked(PERSON, purpose="评先评优审查")
    nobody = await api.asked(synthetic_uscc(9))
    table = printed(api.settings, "audit", "list")
    lines = [[cell.strip() for cell in line.split("│")][1:-1] for line in table.splitlines()[3:-1]]
    assert [line[1:] for line in lines] == [
        ["海关通关系统", synthetic_uscc(9), "测试", unit["on"], "不在名单上", "1", nobody["lookup_id"]],
        ["海关通关系统", someone["code"], "评先评优审查", unit["on"], "在名单上", "1", someone["lookup_id"]],
        ["海关通关系统", UNIT, "进口通关审核", unit["on"], "在名单上", "1", unit["lookup_id"]],
    ]
    assert PERSON not in table


async def test_a_purpose_in_square_brackets_is_shown_as_it_is(api: Api) -> None:
    for purpose in ("[/x]", "[red]通关[/red]", ":warning:"):
        await api.asked(UNIT, purpose=purpose)
    table = printed(api.settings, "audit", "list")
    assert all(purpose in table for purpose in ("[/x]", "[red]通关[/red]", ":warning:"))


async def test_the_newest_come_first_and_no_more_than_were_wanted(api: Api) -> None:
    asked = [(await api.asked(UNIT))["lookup_id"] for _ in range(5)]
    assert ids(records(api)) == asked[::-1]
    assert ids(records(api, "--limit", "2")) == asked[:-3:-1]


async def test_a_record_as_json_holds_the_circumstances_and_neither_number_nor_index(api: Api) -> None:
    answer = await api.asked(PERSON, reference="QYHG-1", view="mine")
    (record,) = records(api)
    assert (record["purpose"], record["reference"], record["view"]) == ("测试", "QYHG-1", "mine")
    assert (record["subject_kind"], record["masked_number"], record["uscc"]) == ("person", answer["code"], None)
    assert (record["verdict"], record["on_day"]) == ("not_listed", today().isoformat())
    assert "blind_index" not in record
    assert PERSON not in json.dumps(record)


async def test_records_are_chosen_by_client_and_by_day(api: Api) -> None:
    await api.asked(UNIT)
    api.key = await make_key(api.database, Scope.LOOKUP, name="海关通关系统")
    theirs = (await api.asked(UNIT))["lookup_id"]
    assert ids(records(api, "--client", "海关通关系统")) == [theirs]
    assert records(api, "--client", "别的") == []
    assert len(records(api, "--since", today().isoformat())) == 2
    assert records(api, "--since", (today() + timedelta(days=1)).isoformat()) == []
    # Days are the city's: what was asked one second before its midnight was asked the day before.
    await api.run(f"UPDATE audit SET answered_at = '{today()} 00:00:00+08'::timestamptz WHERE lookup_id = '{theirs}'")
    assert theirs in ids(records(api, "--since", today().isoformat()))
    second = "interval '1 second'"
    await api.run(f"UPDATE audit SET answered_at = answered_at - {second} WHERE lookup_id = '{theirs}'")
    assert theirs not in ids(records(api, "--since", today().isoformat()))


async def test_the_subject_is_read_from_standard_input_and_is_in_no_output(api: Api) -> None:
    unit, someone = (await api.asked(UNIT))["lookup_id"], (await api.asked(PERSON))["lookup_id"]
    assert ids(records(api, "--subject", stdin=f"{UNIT}\n")) == [unit]
    finished = liancheng(api.settings, "audit", "list", "--subject", "--json", stdin=PERSON)
    assert [json.loads(line)["lookup_id"] for line in finished.stdout.splitlines()] == [someone]
    assert PERSON not in finished.stdout + finished.stderr
    assert finished.stderr == ""


async def test_the_subject_is_never_an_argument(api: Api) -> None:
    assert liancheng(api.settings, "audit", "list", "--subject", PERSON).returncode == 2


async def test_a_subject_that_is_no_code_is_refused_and_shows_no_records(api: Api) -> None:
    await api.asked(UNIT)
    for stdin in ("", "\n", "不是代码\n", f"{PERSON[:-1]}\n"):
        finished = liancheng(api.settings, "audit", "list", "--subject", "--json", stdin=stdin)
        assert (finished.returncode, finished.stdout) == (1, "")
        assert finished.stderr.startswith("错误：")
        assert PERSON[:-1] not in finished.stderr


def _ambiguous() -> str:
    """Return an identity number, of nobody, that is a unit's code as well.

    110000 is a city as a whole, while numbers are given out by its districts; nor is the sequence 000 given out.
    """
    for days in range(20_000):
        first17 = f"110000{date(1950, 1, 1) + timedelta(days=days):%Y%m%d}000"
        number = first17 + resident_id_check_character(first17)
        try:
            parse_code(number, today=today())
        except CodeError as error:
            if error.fault is CodeFault.AMBIGUOUS:
                return number
    raise AssertionError


async def test_a_code_that_could_be_both_is_found_once_its_kind_is_told(api: Api) -> None:
    code = _ambiguous()
    answer = await api.asked(code, subject_kind="person")
    assert refused(api.settings, "audit", "list", "--subject", stdin=code)
    assert ids(records(api, "--subject", "--subject-kind", "person", stdin=code)) == [answer["lookup_id"]]
    assert records(api, "--subject", "--subject-kind", "unit", stdin=code) == []


async def test_show_gives_the_answer_again_though_the_list_has_moved_on(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1, position_ban={"for_life": True})]))
    given = [await api.asked(code, view=view) for code in (UNIT, PERSON) for view in ("summary", "mine", "full")]
    await api.pushed(remove_operation(1, reason="corrected"))
    for answer in given:
        output = printed(api.settings, "audit", "show", answer["lookup_id"])
        shown = json.loads(output)
        assert shown["answer"] == answer
        assert shown["record"]["lookup_id"] == answer["lookup_id"]
        assert PERSON not in output


async def test_show_says_so_when_nobody_asked_that(api: Api) -> None:
    assert "没有这次查询的记录" in refused(api.settings, "audit", "show", str(uuid4()))
    assert liancheng(api.settings, "audit", "show", "not-an-id").returncode == 2

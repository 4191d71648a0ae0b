"""What random pushes meet too seldom to rely on it: service and model of the list agree there too."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.identity_keys import vault_from
from app.services.verification import verify
from tests.services.comparing import Known, push_and_compare, read, recorded, shown
from tests.services.list_model.basics import JSON
from tests.support import Api, list_operation, person, today


def day(offset: int) -> str:
    """Return a day before or after today."""
    return (today() + timedelta(offset)).isoformat()


def number(n: int) -> str:
    """Return the n-th invented identity number."""
    return synthetic_resident_id(n)


def target(n: int = 1) -> JSON:
    """Return what names the n-th listing."""
    return {"uscc": synthetic_uscc(n), "decision_no": f"虚构列〔2026〕{n}号"}


async def agree(api: Api, known: Known, rows: Sequence[JSON], *, taken: bool, **terms: Any) -> None:
    """Push, and see that both take it or both refuse it, and that the list is the same afterwards."""
    push = {"operations": list(rows)} | terms
    assert await push_and_compare(api, known, push, tried_out=True) is taken, rows
    answer = await read(api, "/v1/listings", {})
    expected = sorted((shown(one, day(0)) for one in known.newest), key=lambda one: one["listing_id"])
    assert [recorded(one) for one in answer["listings"]] == expected


async def agree_on_all(api: Api, pushes: Sequence[tuple[bool, list[JSON]]]) -> Known:
    """Push one after the other; return what is known afterwards, which the chain proves as well."""
    known = Known()
    for taken, rows in pushes:
        await agree(api, known, rows, taken=taken)
    async with api.owner.reading() as session:
        await verify(session, vault_from(api.settings), {}, lambda _, __: None)
    return known


async def test_no_correction_puts_a_removal_for_expiry_inside_the_period(api: Api) -> None:
    def correct(**values: str) -> JSON:
        return {"op": "correct", **target(), "set": values, "reason": "录入有误（虚构）"}

    await agree_on_all(
        api,
        [
            (True, [list_operation(1, listed_on=day(-60), valid_until=day(-30))]),
            (True, [{"op": "remove", **target(), "removed_on": day(-10), "reason": "expired"}]),
            (False, [correct(removed_on=day(-30))]),
            (False, [correct(valid_until=day(-10))]),
            (False, [correct(removed_on=day(-20), valid_until=day(-20))]),
            (True, [correct(removed_on=day(-29))]),
            (True, [correct(removed_on=day(-5), valid_until=day(-6))]),
            (True, [correct(tier="联合惩戒对象")]),
        ],
    )


async def test_what_is_listed_may_be_contested_in_the_same_push_and_changed_in_the_next(api: Api) -> None:
    def filing(n: int, **by: str) -> JSON:
        filed = {"objection_no": "虚构异1号", "filed_on": day(0), "matter": "虚构"}
        return {"op": "file_objection", **target(n), **filed, **by}

    decided = {"objection_no": "虚构异1号", "outcome": "upheld", "decided_on": day(0)}
    known = await agree_on_all(
        api,
        [
            (
                True,
                [list_operation(1), filing(1), list_operation(2, persons=[person(2)]), filing(2, id_number=number(2))],
            ),
            (True, [{"op": "amend", **target(n), "facts": "虚构事实"} for n in (1, 2)]),
            (True, [list_operation(3), filing(3), {"op": "decide_objection", **target(3), **decided}]),
            (False, [list_operation(4), {"op": "amend", **target(4), "facts": "虚构事实"}]),
            # The place that a listing leaves is taken by another, which is then meant by it.
            (
                True,
                [
                    {"op": "correct", **target(1), "set": {"decision_no": "虚构列〔2026〕9号"}, "reason": "虚构"},
                    list_operation(1),
                    filing(1),
                ],
            ),
        ],
    )
    assert sorted((one["revision"], len(one["objections"])) for one in known.newest) == [(2, 1), (3, 1), (3, 1), (4, 1)]


async def test_a_number_that_several_who_left_have_means_none_of_them(api: Api) -> None:
    def ban(who: JSON) -> JSON:
        return {"op": "ban", **target(), **who, "position_ban": {"for_life": True}}

    by_number = {"id_number": number(1)}
    ending = {"op": "end_person", **target(), "ended_on": day(-20)}
    named = [person(1, name=f"虚构{name}") for name in "甲乙丙"]
    known = await agree_on_all(
        api,
        [
            (True, [list_operation(1, persons=[named[0]]), list_operation(2, persons=[named[1]])]),
            # Not in the order in which they were first recorded.
            (
                True,
                [{**ending, **by_number, "reason": "corrected"}, {"op": "add_person", **target(), "person": named[2]}],
            ),
            (True, [{**ending, **by_number, "reason": "left"}, ban(by_number)]),
            (True, [{"op": "add_person", **target(), "person": named[1]}, ban(by_number)]),
            (True, [{**ending, **by_number, "reason": "left"}]),
            (False, [ban(by_number) | {"position_ban": {"until": day(900)}}]),
            (False, [{**ending, **by_number, "reason": "left"}]),
        ],
    )
    (one,) = (one for one in known.newest if one["decision_no"] == target()["decision_no"])
    assert [(each["name"], bool(each["position_ban"])) for each in one["persons"]] == [
        ("虚构甲", False),
        ("虚构丙", True),
        ("虚构乙", True),
    ]
    (chosen,) = (each["person_id"] for each in one["persons"] if each["name"] == "虚构乙")
    await agree(api, known, [ban({"person_id": chosen}) | {"position_ban": {"until": day(900)}}], taken=True)


async def test_who_came_back_on_the_day_on_which_they_left_was_there_before_however_often_a_snapshot_says_so(
    api: Api,
) -> None:
    known = Known()
    listed = list_operation(1, persons=[person(1, since=day(-50)), person(2)])

    async def whole(*persons: JSON) -> int:
        """Push the one listing with these persons; return how often that revised it. The days before stay told."""
        rows = [listed | {"persons": list(persons)}]
        before: int = known.newest[0]["revision"]
        await agree(api, known, rows, taken=True, mode="snapshot")
        for on in (day(-50), day(-30), day(-1)):
            assert (await api.asked(number(1), on=on))["verdict"] == "listed", on
        after: int = known.newest[0]["revision"]
        return after - before

    await agree(api, known, [listed], taken=True)
    # By an operation: the register tells the day of the new appointment from then on, or goes on telling the old one.
    ending = {"op": "end_person", **target(), "id_number": number(1), "ended_on": day(-20), "reason": "left"}
    again = {"op": "add_person", **target(), "person": person(1, since=day(-20))}
    await agree(api, known, [ending, again], taken=True)
    assert await whole(person(1, since=day(-20)), person(2)) == 0
    assert await whole(person(1, since=day(-50)), person(2)) == 0
    assert await whole(person(1), person(2)) == 0
    # Beside a change of somebody else, too.
    assert await whole(person(1, since=day(-20)), person(2, roles=["other"])) == 1
    # By a file that lacks them, and one that has them again on the same day.
    assert await whole(person(2, roles=["other"])) == 1
    assert await whole(person(1, since=day(0)), person(2, roles=["other"])) == 1
    for since in (day(0), day(-20), day(-50)):
        assert await whole(person(1, since=since), person(2, roles=["other"])) == 0
    assert (await api.asked(number(1)))["verdict"] == "listed"
    # A day that nobody has told before is that of their first time, for they were never away.
    assert await whole(person(1, since=day(-55)), person(2, roles=["other"])) == 1
    (one,) = known.newest
    assert {each["name"]: (each["since"], each["absences"]) for each in one["persons"]}["虚构1"] == (day(-55), [])

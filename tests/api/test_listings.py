"""Reading the list: filters, pages, a day, a moment, and everything that happened."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.listing import ListingState
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.store import listing_search
from app.store.listing_search import ListingFilter
from tests.support import JSON, Api, list_operation, person, remove_operation, today

DAY = timedelta(days=1)


async def read(api: Api, path: str = "", **query: Any) -> JSON:
    response = await api.http.get(f"/v1/listings{path}", params=query, headers=api.headers())
    assert response.status_code == 200, response.text
    told: JSON = response.json()
    return told


async def found(api: Api, **query: Any) -> list[str]:
    return [one["decision_no"][-2:-1] for one in (await read(api, **query))["listings"]]


@pytest.fixture
async def listed(api: Api) -> Api:
    """Five listings: in force, removed, over, by another authority, renamed and restored."""
    over = {"listed_on": "2025-01-01", "valid_until": "2025-06-30"}
    await api.pushed(
        list_operation(1, persons=[person(1)], conduct_code="YJ11-06-4"),
        list_operation(2),
        list_operation(3, **over),
        list_operation(4, decided_by="别的机关（虚构）", tier="联合惩戒对象", conduct="别的行为（虚构）"),
        list_operation(5),
    )
    renamed = {"op": "rename", "uscc": synthetic_uscc(5), "new_name": "新名（虚构）", "renamed_on": today().isoformat()}
    await api.pushed(remove_operation(2), renamed)
    return api


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "12345"),
        ({"state": "in_force"}, "145"),
        ({"state": "removed"}, "2"),
        ({"state": "expired"}, "3"),
        ({"state": "in_force", "on": "2025-03-01"}, "3"),
        ({"state": "not_yet", "on": "2025-03-01"}, "1245"),
        ({"tier": "联合惩戒对象"}, "4"),
        ({"conduct": "别的"}, "4"),
        ({"conduct_code": "YJ11-06-4"}, "1"),
        ({"decided_by": "别的机关（虚构）"}, "4"),
        ({"uscc": synthetic_uscc(2)}, "2"),
        ({"name": "第5"}, "5"),
        ({"name": "新名"}, "5"),
        ({"name": "%"}, ""),
        ({"listed_to": "2025-12-31"}, "3"),
        ({"listed_from": "2025-01-02"}, "1245"),
        ({"valid_to": "2025-06-30"}, "3"),
        ({"valid_from": "2025-07-01", "state": "removed"}, "2"),
    ],
)
async def test_the_list_is_narrowed_as_it_is_and_as_it_was_known(listed: Api, query: JSON, expected: str) -> None:
    assert await found(listed, **query) == list(expected)
    (newest,) = await listed.rows("SELECT max(committed_at)::text AS at FROM pushes")
    moment = newest["at"].replace(" ", "T").replace("+00", "Z")
    on = {"on": today().isoformat()} | query
    assert await found(listed, **on, known_at=moment) == list(expected), "the history says the same of now"


async def test_pages_follow_on_each_other_without_gap_or_repetition(listed: Api) -> None:
    seen: list[str] = []
    after: str | None = None
    while True:
        page = await read(listed, limit=2, **({"after": after} if after else {}))
        seen += [one["listing_id"] for one in page["listings"]]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen)


async def test_an_answer_that_is_still_right_is_not_sent_again(listed: Api) -> None:
    one = f"/v1/listings/{(await read(listed))['listings'][0]['listing_id']}"
    tags = {}
    for path in ("/v1/listings?limit=3", one):
        first = await listed.http.get(path, headers=listed.headers())
        tag = tags[path] = first.headers["etag"]
        again = await listed.http.get(path, headers=listed.headers(**{"If-None-Match": f'"x", {tag}'}))
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        other = await listed.http.get(path, headers=listed.headers(**{"If-None-Match": '"x"'}))
        assert other.status_code == 200
    await listed.pushed(remove_operation(1))
    changed = await listed.http.get(one, headers=listed.headers(**{"If-None-Match": tags[one]}))
    assert (changed.status_code, changed.json()["state"]) == (200, "removed")


async def test_one_listing_is_told_for_a_day_and_as_it_was_known(api: Api) -> None:
    made = await api.pushed(list_operation(1, persons=[person(1)]))
    await api.pushed(remove_operation(1, removed_on=(today() - 9 * DAY).isoformat()))
    path = f"/{made['rows'][0]['listing_id']}"
    now = await read(api, path)
    assert (now["state"], now["removal"]["reason"]) == ("removed", "repaired")
    assert (await read(api, path, on=(today() - 10 * DAY).isoformat()))["state"] == "in_force"
    then = await read(api, path, known_at=made["committed_at"])
    assert (then["state"], then["removal"], then["revision"]) == ("in_force", None, 1)
    assert then["persons"][0]["id_number_masked"].count("*") > 10
    assert synthetic_resident_id(1) not in str(then)
    before = await api.http.get(
        f"/v1/listings{path}", params={"known_at": "2020-01-01T00:00:00Z"}, headers=api.headers()
    )
    assert before.status_code == 404


async def test_the_history_tells_each_change_with_who_when_and_by_which_document(api: Api) -> None:
    response = await api.push(list_operation(1), source_document="虚构发〔2026〕1号")
    made = response.json()
    await api.pushed(remove_operation(1, removal_decision_no="虚构移1号"))
    told = await read(api, f"/{made['rows'][0]['listing_id']}/history")
    first, second = told["revisions"]
    assert (first["op"], first["source_document"], first["committed_at"]) == (
        "list",
        "虚构发〔2026〕1号",
        made["committed_at"],
    )
    assert (second["op"], second["row"], second["list_version"]) == ("remove", 1, 2)
    assert {one["field"] for one in second["changes"]} == {"removed_on", "removal_reason", "removal_decision_no"}
    assert first["hash"] != second["hash"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"state": "gone"}, "not_allowed"),
        ({"on": "03.03.2026"}, "date_format"),
        ({"known_at": "yesterday"}, "moment_format"),
        ({"known_at": "2090-01-01T00:00:00Z"}, "date_in_future"),
        ({"after": "1"}, "wrong_type"),
        ({"limit": "0"}, "out_of_range"),
        ({"uscc": "91441800"}, "code_length"),
        ({"uscc": synthetic_resident_id(1)}, "identity_number_in_url"),
        ({"colour": "red"}, "unknown_parameter"),
    ],
)
async def test_a_question_that_cannot_be_answered_is_refused(api: Api, query: JSON, code: str) -> None:
    response = await api.http.get("/v1/listings", params=query, headers=api.headers())
    assert response.json()["code"] == code
    assert synthetic_resident_id(1) not in response.text


DATES = st.none() | st.integers(-400, 400).map(lambda n: today() + timedelta(n))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    on=st.integers(-700, 0).map(lambda n: today() + timedelta(n)),
    state=st.none() | st.sampled_from(ListingState),
    dates=st.tuples(DATES, DATES, DATES, DATES),
)
async def test_the_statement_and_the_rules_let_the_same_listings_through(
    listed: Api, on: date, state: ListingState | None, dates: tuple[date | None, ...]
) -> None:
    first, last, over, until = dates
    chosen = ListingFilter(on, state, listed_from=first, listed_to=last, valid_from=over, valid_to=until)
    async with listed.database.reading() as session:
        now = await listing_search.search(session, chosen, None, 500)
        known = await listing_search.search_as_known(session, chosen, 2, None, 500)

    def ids(page: listing_search.ListingPage) -> list[UUID]:
        return [entry.listing.listing_id for entry in page.entries]

    assert ids(now) == ids(known)

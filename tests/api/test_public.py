"""What the public sees is right at every step of a listing's life, in every representation of it."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest

from app.api import public
from app.api.public import cache_headers
from app.domain.codes import ResidentId
from app.domain.moment import Moment
from app.domain.publication import is_public
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.erasure import erase
from app.services.identity_keys import vault_from
from app.store import listings, publication
from app.store.publication import PublicFilter
from tests.support import CATALOGUE, JSON, Api, list_operation, person, remove_operation, today

DAY = timedelta(days=1)
ATOM = "{http://www.w3.org/2005/Atom}"
TARGET = {"uscc": synthetic_uscc(1), "decision_no": "虚构列〔2026〕1号"}
OLD, NEW = "示例第1（虚构）有限公司", "示例更名（虚构）有限公司"
PERSONS = dict(enumerate(("虚构甲", "虚构乙", "虚构丙", "虚构丁"), start=1))


def ago(n: int) -> str:
    return (today() - n * DAY).isoformat()


def step(op: str, **fields: Any) -> JSON:
    return {"op": op, **TARGET, **fields}


@dataclass(frozen=True)
class Seen:
    """What the public is to see after a step; with ``persons`` of ``None``, nothing at all."""

    persons: set[int] | None
    name: str = OLD
    contested: bool = False
    fields: JSON = field(default_factory=dict)


# Every operation of a push, in the order of one life; `erase` stands for the command of that name.
LIFE: list[tuple[JSON, Seen]] = [
    (
        list_operation(1, persons=[person(n, name=PERSONS[n]) for n in (1, 2, 3)]),
        Seen({1, 2, 3}, fields={"facts": None, "published_until": ago(-180)}),
    ),
    (step("amend", facts="事实（虚构）"), Seen({1, 2, 3}, fields={"facts": "事实（虚构）"})),
    (
        step("correct", set={"conduct": "另一行为（虚构）"}, reason="录错"),
        Seen({1, 2, 3}, fields={"conduct": "另一行为（虚构）"}),
    ),
    (step("rename", new_name=NEW, renamed_on=ago(1)), Seen({1, 2, 3}, NEW)),
    (step("add_person", person=person(4, name=PERSONS[4])), Seen({1, 2, 3, 4}, NEW)),
    (step("end_person", id_number=synthetic_resident_id(2), ended_on=ago(0), reason="left"), Seen({1, 3, 4}, NEW)),
    (step("end_person", id_number=synthetic_resident_id(3), ended_on=ago(0), reason="corrected"), Seen({1, 4}, NEW)),
    (step("ban", id_number=synthetic_resident_id(1), position_ban={"for_life": True}), Seen({1, 4}, NEW)),
    (
        step(
            "file_objection",
            objection_no="虚构异1号",
            filed_on=ago(2),
            matter="事项（虚构）",
            id_number=synthetic_resident_id(3),
        ),
        Seen({1, 4}, NEW, contested=True, fields={"contested_since": ago(2)}),
    ),
    (step("decide_objection", objection_no="虚构异1号", outcome="rejected", decided_on=ago(0)), Seen({1, 4}, NEW)),
    (step("remove", removed_on=ago(0), reason="repaired"), Seen(None)),
    (step("ban", id_number=synthetic_resident_id(4), position_ban={"for_life": True}), Seen(None)),
    (step("restore", restored_on=ago(0), reason="repair_revoked"), Seen({1, 4}, NEW)),
    (step("correct", set={"published_until": ago(1)}, reason="录错"), Seen(None)),
    (
        step("correct", set={"published_until": ago(0)}, reason="录错"),
        Seen({1, 4}, NEW, fields={"published_until": ago(0)}),
    ),
    (step("correct", set={"valid_until": ago(1)}, reason="录错"), Seen(None)),
    (step("correct", set={"valid_until": ago(-9)}, reason="录错"), Seen({1, 4}, NEW, fields={"valid_until": ago(-9)})),
    (step("erase"), Seen({4}, NEW)),
    (step("remove", removed_on=ago(0), reason="revoked"), Seen(None)),
]


async def test_the_public_list_is_right_at_every_step_of_a_listings_life(api: Api) -> None:
    listing_id = ""
    for number, (operation, seen) in enumerate(LIFE):
        if operation["op"] == "erase":
            async with api.owner.writing() as session:
                await erase(
                    session, vault_from(api.settings), CATALOGUE, ResidentId(synthetic_resident_id(1)), "虚构令1号"
                )
        else:
            listing_id = (await api.pushed(operation))["rows"][0]["listing_id"]
        where = f"after step {number}: {operation['op']}"
        texts = await everything(api, listing_id)
        (told,) = entries(texts["feed"])
        assert told["id"] == f"urn:uuid:{listing_id}"
        if seen.persons is None:
            assert told["category"] == "withdrawn", where
            assert texts["entry"].startswith("410"), where
            for text in texts.values():
                assert not [one for one in (OLD, NEW, *TARGET.values(), *PERSONS.values()) if one in text], where
            continue
        assert told["category"] == ("published" if number == 0 else "changed"), where
        (shown,) = (await listed(api))["listings"]
        entry = (await api.http.get(f"/v1/public/listings/{listing_id}")).json()
        assert shown == {name: entry[name] for name in shown}
        assert (shown["unit"]["name"], shown["contested"]) == (seen.name, seen.contested), where
        assert {name: shown[name] for name in seen.fields} == seen.fields, where
        assert {one["name"] for one in shown["persons"]} == {PERSONS[n] for n in seen.persons}, where
        for text in texts.values():
            assert {n for n, name in PERSONS.items() if name in text} == seen.persons, where
            assert seen.name in text, where
        assert ("［有异议］" in told["title"], rows(texts["csv"])[0]["有异议"]) == (
            seen.contested,
            "是" if seen.contested else "否",
        )
    assert {one["op"] for one, _ in LIFE} >= {*_every_operation()}


def _every_operation() -> Iterator[str]:
    yield from ("list", "amend", "correct", "rename", "remove", "restore", "add_person", "end_person", "ban")
    yield from ("file_objection", "decide_objection", "erase")


async def everything(api: Api, listing_id: str) -> dict[str, str]:
    """Return every representation of what is public, the headers of each with it."""
    paths = {
        "list": "/v1/public/listings",
        "by name": f"/v1/public/listings?name={OLD[:4]}",
        "csv": "/v1/public/listings.csv",
        "feed": "/v1/public/feed.atom",
        "entry": f"/v1/public/listings/{listing_id}",
    }
    found = {name: await api.http.get(path) for name, path in paths.items()}
    return {
        name: f"{one.status_code}\n{dict(one.headers)}\n\n{one.text}" if name == "entry" else one.text
        for name, one in found.items()
    }


async def listed(api: Api, **search: Any) -> JSON:
    response = await api.http.get("/v1/public/listings", params=search)
    assert response.status_code == 200, response.text
    answer: JSON = response.json()
    return answer


def entries(feed: str) -> list[JSON]:
    """Read the entries of a feed."""
    found = []
    for entry in ET.fromstring(feed.encode()).iter(f"{ATOM}entry"):  # noqa: S314 - what we wrote ourselves
        texts = {name: entry.findtext(ATOM + name) for name in ("id", "title", "updated", "content")}
        category = entry.find(f"{ATOM}category")
        assert category is not None
        found.append(texts | {"category": category.get("term")})
    return found


def rows(table: str) -> list[dict[str, str]]:
    assert table.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(table.removeprefix("\ufeff"))))


async def test_no_digit_run_of_an_identity_number_is_in_any_representation(api: Api) -> None:
    numbers = [synthetic_resident_id(n) for n in (4711, 4712)]
    given = [person(n, name=PERSONS[i]) for i, n in enumerate((4711, 4712), start=1)]
    done = await api.pushed(list_operation(1, persons=given))
    await api.pushed(
        step("file_objection", objection_no="虚构异1号", filed_on=ago(0), matter="虚构", id_number=numbers[0]),
    )
    texts = await everything(api, done["rows"][0]["listing_id"])
    assert all(PERSONS[1] in text for text in texts.values()), "they are there, by name"
    # Six digits of a division stand in the unit's code as well.
    runs = {number[start : start + 7] for number in numbers for start in range(len(number) - 6)}
    for name, text in texts.items():
        assert not [run for run in runs if run in text], name
        assert "id_number" not in text
        assert "*" not in text.replace("'access-control-allow-origin': '*'", ""), "not masked either: nothing"


async def test_a_period_ends_by_itself_whatever_day_is_asked_for_and_sql_and_the_rules_agree(api: Api) -> None:
    """The day is a parameter: nothing has to run for an entry to go."""
    await api.pushed(
        list_operation(1, valid_until=ago(-1)),
        list_operation(2, published_until=ago(0)),
        list_operation(3, valid_until=ago(2)),
        list_operation(4, published_until=ago(3), valid_until=ago(-5)),
        list_operation(5, listed_on=ago(2)),
        list_operation(6),
    )
    await api.pushed(remove_operation(6, removed_on=ago(3)))
    back = {"op": "restore", "uscc": synthetic_uscc(6), "decision_no": "虚构列〔2026〕6号"}
    await api.pushed(back | {"restored_on": ago(1), "reason": "repair_revoked"})
    seen: dict[date, set[str]] = {}
    async with api.database.reading() as session:
        for n in range(-7, 7):
            on = today() - n * DAY
            page = await publication.search(session, PublicFilter(on), None, 100)
            found = {one.listing.listing_id for one in page.entries}
            known = await listings.of_units(session, [synthetic_uscc(one) for one in range(1, 7)])
            assert found == {one.listing.listing_id for one in known if is_public(one.listing, on)}, on
            seen[on] = {one.listing.unit.uscc for one in page.entries}
            feed = await publication.feed(session, on, None, 100)
            assert {one.place.listing_id for one in feed if one.entry} == found
            places = [one.place for one in feed]
            assert places == sorted(places, reverse=True)
    tomorrow = {n for n in range(1, 7) if synthetic_uscc(n) in seen[today() + DAY]}
    assert tomorrow == {1, 5, 6}
    assert {n for n in range(1, 7) if synthetic_uscc(n) in seen[today() + 2 * DAY]} == {5, 6}
    assert {n for n in range(1, 7) if synthetic_uscc(n) in seen[today() - 2 * DAY]} == {1, 2, 3, 5}


async def test_the_feed_tells_of_a_period_that_is_over_at_that_midnight(api: Api) -> None:
    await api.pushed(list_operation(1), list_operation(2, valid_until=ago(-1)))
    async with api.database.reading() as session:
        (first, second) = await publication.feed(session, today() + 2 * DAY, None, 10)
    midnight = datetime.fromisoformat(f"{ago(-2)}T00:00:00+08:00")
    assert (first.happened, first.place.updated, first.entry) == ("withdrawn", midnight, None)
    assert (second.happened, second.entry is None) == ("published", False)


async def test_the_feed_is_paged_by_its_own_links_and_tells_of_each_listing_once(api: Api) -> None:
    for n in range(1, 6):
        await api.pushed(list_operation(n))
    await api.pushed(remove_operation(2))
    url, found, pages = "/v1/public/feed.atom?limit=2", list[JSON](), 0
    while url:
        page = await api.http.get(url)
        assert page.headers["content-type"].startswith("application/atom+xml")
        found += entries(page.text)
        links = {one.get("rel"): one.get("href", "") for one in ET.fromstring(page.content).iter(f"{ATOM}link")}  # noqa: S314
        url, pages = f"/v1/public/{links['next']}" if "next" in links else "", pages + 1
    assert pages == 3
    assert len({one["id"] for one in found}) == 5
    assert [one["category"] for one in found] == ["withdrawn", *["published"] * 4]
    assert [one["updated"] for one in found] == sorted((one["updated"] for one in found), reverse=True)
    bad = await api.http.get("/v1/public/feed.atom?before=yesterday")
    assert (bad.status_code, bad.json()["code"]) == (422, "cursor_invalid")


async def test_it_is_searched_by_part_of_any_name_and_by_whole_code_and_paged(api: Api) -> None:
    await api.pushed(*(list_operation(n) for n in range(1, 5)))
    await api.pushed({"op": "rename", "uscc": synthetic_uscc(1), "new_name": "百分%之_虚构公司", "renamed_on": ago(1)})

    async def units(**search: Any) -> set[str]:
        return {one["unit"]["uscc"] for one in (await listed(api, **search))["listings"]}

    assert await units(name="示例第1") == {synthetic_uscc(1)}, "by a former name"
    assert await units(name="百分%") == {synthetic_uscc(1)}
    assert await units(name="%公") == set()
    assert await units(name="公司") == {synthetic_uscc(n) for n in range(1, 5)}
    assert await units(uscc=f" {synthetic_uscc(2).lower()} ") == {synthetic_uscc(2)}
    assert await units(uscc=synthetic_uscc(9)) == set()
    ids, after = list[str](), None
    while True:
        page = await listed(api, limit=3, **({"after": after} if after else {}))
        ids += [one["listing_id"] for one in page["listings"]]
        after = page["next"]
        if not after:
            break
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 4
    table = await api.http.get("/v1/public/listings.csv", params={"name": "示例第1"})
    assert [one["曾用名"] for one in rows(table.text)] == [OLD]


@pytest.mark.parametrize(
    ("search", "status", "code"),
    [
        ({"name": synthetic_resident_id(1)}, 400, "identity_number_in_url"),
        ({"name": f"公司{synthetic_resident_id(1)}"}, 400, "identity_number_in_url"),
        ({"uscc": synthetic_resident_id(1)}, 400, "identity_number_in_url"),
        ({"uscc": "91441800"}, 422, None),
        ({"name": "公"}, 422, "too_short"),
        ({"name": "  "}, 422, None),
        ({"limit": 101}, 422, "out_of_range"),
        ({"after": "x"}, 422, "wrong_type"),
        ({"q": "示例"}, 422, "unknown_parameter"),
        ({"on": "2020-01-01"}, 422, "unknown_parameter"),
    ],
)
async def test_a_search_that_cannot_be_made_is_told_without_repeating_it(
    api: Api, search: JSON, status: int, code: str | None
) -> None:
    response = await api.http.get("/v1/public/listings", params=search)
    assert response.status_code == status, response.text
    assert code in {None, response.json()["code"]}
    assert synthetic_resident_id(1)[6:14] not in response.text
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["access-control-allow-origin"] == "*", "a page may read what is wrong, too"


async def test_what_a_cache_has_is_right_until_the_list_changes(api: Api) -> None:
    listing_id = (await api.pushed(list_operation(1)))["rows"][0]["listing_id"]
    paths = ("listings", "listings.csv", f"listings/{listing_id}", "feed.atom", "listings?name=示例")
    tags = {}
    for path in paths:
        got = await api.http.get(f"/v1/public/{path}")
        tags[path] = got.headers["etag"]
        assert got.headers["cache-control"].startswith("public, max-age=")
        assert parsedate_to_datetime(got.headers["last-modified"]) <= datetime.now(UTC)
        again = await api.http.get(
            f"/v1/public/{path}", headers={"If-None-Match": tags[path], "Origin": "https://x.test"}
        )
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tags[path]
        assert again.headers["cache-control"] == got.headers["cache-control"]
        assert got.headers["access-control-allow-origin"] == again.headers["access-control-allow-origin"] == "*"
    await api.pushed(remove_operation(1))
    for path in paths:
        after = await api.http.get(f"/v1/public/{path}", headers={"If-None-Match": tags[path]})
        assert after.status_code == (410 if listing_id in path else 200)
        assert OLD not in after.text
    gone = await api.http.get(f"/v1/public/listings/{listing_id}", headers={"If-None-Match": "*"})
    assert (gone.status_code, gone.json()["code"], gone.headers["cache-control"]) == (
        410,
        "no_longer_published",
        "no-store",
    )
    never = await api.http.get(f"/v1/public/listings/{uuid4()}")
    assert (never.status_code, never.json()["code"]) == (404, "not_found")
    preflight = await api.http.options("/v1/public/listings", headers={"Access-Control-Request-Method": "GET"})
    assert preflight.status_code == 405, "a plain GET needs none, and nothing else may be sent"
    assert "access-control-allow-origin" not in (await api.http.get("/v1/catalogue")).headers


@pytest.mark.parametrize(
    ("now", "seconds"), [("12:00:00", 300), ("23:55:00", 300), ("23:59:59", 1), ("23:59:59.5", 0), ("00:00:00", 300)]
)
def test_no_cache_keeps_an_entry_past_the_day(now: str, seconds: int) -> None:
    moment = Moment.at(datetime.fromisoformat(f"2026-11-24T{now}+08:00"))
    headers = cache_headers(datetime(2026, 11, 20, tzinfo=UTC), moment, 300)
    assert headers["Cache-Control"] == f"public, max-age={seconds}, must-revalidate"
    assert headers["Last-Modified"] == "Mon, 23 Nov 2026 16:00:00 GMT", "the day began then, and what is public with it"


async def test_the_answer_links_the_chain_and_says_what_the_listed_can_do(api: Api) -> None:
    await api.pushed(list_operation(1))
    page = await listed(api)
    at = (await api.http.get(page["chain"]["href"])).json()
    assert at == {name: page["chain"][name] for name in at}
    assert at == (await api.http.get("/v1/chain")).json()
    (one,) = page["listings"]
    assert one["remedies"] == {name: page["notices"][name]["text"] for name in ("objection", "repair")}


async def test_the_table_is_streamed_whole_and_no_cell_is_a_formula(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public, "_CSV_PAGE", 2)
    unit = {"uscc": synthetic_uscc(5), "name": "=HYPERLINK(1)（虚构）"}
    last = list_operation(5, unit=unit, facts='甲"，\u2028乙'[:3], basis="＝1＋1（虚构）")
    await api.pushed(*(list_operation(n) for n in range(1, 5)), last)
    table = await api.http.get("/v1/public/listings.csv")
    assert table.content.startswith(b"\xef\xbb\xbf")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    found = rows(table.text)
    assert [one["统一社会信用代码"] for one in found] == [synthetic_uscc(n) for n in range(5, 0, -1)]
    assert (found[0]["单位名称"], found[0]["失信事实"]) == ("'=HYPERLINK(1)（虚构）", '甲"，')
    assert found[0]["列入依据"] == "'＝1＋1（虚构）", "what a Chinese spreadsheet program takes for = as well"


async def test_public_reading_needs_none_of_the_departments_connections(api: Api) -> None:
    services: Any = api.http._transport.app.state.services  # type: ignore[attr-defined]  # noqa: SLF001 - the service itself
    async with services.public_database.reading(), services.public_database.reading():
        assert (await api.asked(synthetic_uscc(1)))["verdict"] == "not_listed"

"""The plain lookup is answered ahead of its route, and nobody can tell: all that is sent and recorded is equal."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from app.api.quick_lookups import RouteNamed
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.main import create_app
from app.services.access import Scope
from app.settings import Settings
from app.store.database import Database
from tests.services.comparing import Known, push_and_compare
from tests.services.list_model.drawing import NUMBERS, UNITS, Drawing
from tests.support import BUREAU, CUSTOMS, JSON, Api, list_operation, make_key, person, revoke_all, today

PUSHES = 25
_OF_ITS_OWN = ("lookup_id", "answered_at", "request_id")
# The framework's own reading of the media type lets this pass; ahead of the route only the plain one does.
_QUICK, _ROUTED = "application/json", "application/json; charset=utf-8"


@dataclass
class Watched:
    """An application, and how often a request was answered ahead of the routes."""

    app: ASGIApp
    ahead: int = 0

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Pass on, and look who has answered."""
        await self.app(scope, receive, send)
        self.ahead += isinstance(scope.get("route"), RouteNamed)


@dataclass
class Both:
    """A service with a list, asked both ways."""

    api: Api
    watched: Watched
    keys: dict[str, str] = field(default_factory=dict)

    async def ask(self, content: bytes, media_type: str, key: str) -> tuple[httpx.Response, list[JSON]]:
        """Send a body; return the answer and the records it left behind."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": media_type}
        before = await self._records()
        response = await self.api.http.post("/v1/lookups", content=content, headers=headers)
        return response, (await self._records())[len(before) :]

    async def _records(self) -> list[JSON]:
        return await self.api.rows("SELECT * FROM audit ORDER BY lookup_id")

    async def compare(self, content: bytes, key: str) -> httpx.Response:
        """Send a body both ways, require that all is equal, and return the answer."""
        quick, left = await self.ask(content, _QUICK, key)
        routed, also_left = await self.ask(content, _ROUTED, key)
        assert (quick.status_code, own_apart(quick)) == (routed.status_code, own_apart(routed)), content
        assert headers_of(quick) == headers_of(routed)
        assert [apart(one) for one in left] == [apart(one) for one in also_left]
        if quick.is_success:
            (record,) = left
            answer = quick.json()
            assert (str(record["lookup_id"]), record["verdict"]) == (answer["lookup_id"], answer["verdict"])
            assert record["request_id"] == quick.headers["x-request-id"]
        else:
            assert left == []
        return quick


def own_apart(response: httpx.Response) -> bytes:
    """Return the body with what belongs to each request replaced by its length, or by a word where that differs."""
    content = response.content
    for name in _OF_ITS_OWN:
        if name in (body := response.json()):
            content = content.replace(body[name].encode(), name.encode())
    return content


def headers_of(response: httpx.Response) -> list[tuple[str, str]]:
    return [
        (name, "" if name in {"x-request-id", "content-length"} else value)
        for name, value in response.headers.multi_items()
    ]


def apart(record: JSON) -> JSON:
    # Each is of a transaction of its own.
    return {name: value for name, value in record.items() if name not in {*_OF_ITS_OWN, "recorded_in"}}


@pytest.fixture
async def both(settings: Settings, database: Database, owner: Database) -> AsyncIterator[Both]:
    """Serve, and watch who answers."""
    app = create_app(settings)
    watched = Watched(app)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(watched, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service.test") as http:
            bureau = await make_key(database, *Scope, department=BUREAU)
            customs = await make_key(database, Scope.LOOKUP, department=CUSTOMS)
            blind = await make_key(database, Scope.LIST_READ)
            keys = {"bureau": bureau, "customs": customs, "without the scope": blind, "of nobody": f"{bureau[:-1]}0"}
            yield Both(Api(http, settings, database, owner, bureau), watched, keys)


@pytest.fixture(params=range(2))
async def eventful(both: Both, request: pytest.FixtureRequest) -> Both:
    """Put a list with a random history behind it: removed, restored, corrected, banned, with several names."""
    drawing, known = Drawing(request.param, today()), Known()
    for _ in range(PUSHES):
        await push_and_compare(both.api, known, drawing.push(known.newest), tried_out=False)
    return both


DAYS = st.integers(-75, 1).map(lambda offset: (today() + timedelta(offset)).isoformat())
CODES = st.sampled_from(
    (*UNITS, *NUMBERS, synthetic_uscc(50), synthetic_resident_id(50), UNITS[0].lower(), UNITS[0][:-1] + "0", "1", "")
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "subject_kind": st.sampled_from(("unit", "person", None, "cat")),
    "purpose": st.sampled_from(("海关通关审核", "“引号”\\与 tab", " 两端有空格 ", None, "", "\u200b")),
    "reference": st.sampled_from(("QYHG-2026-1", None, synthetic_resident_id(1), 7)),
    "on": DAYS | st.none(),
    "known_at": st.sampled_from((None, "2026-01-01T00:00:00Z")),
    "min_list_version": st.sampled_from((0, 1, 5, 10**6, True, "1")),
    "view": st.sampled_from(("summary", "mine", "full", "none")),
    "scene": st.sampled_from((None, "safety.supervision", "customs.clearance", "nowhere")),
    "colour": st.just("red"),
}
# Most requests are plain: a purpose, perhaps a day and a view.
REQUESTS: st.SearchStrategy[JSON] = st.builds(
    dict,
    st.fixed_dictionaries({"code": CODES}),
    purpose=st.sampled_from(("海关通关审核", "评先评优审查")),
    view=st.sampled_from(("summary", "mine", "full")),
    on=DAYS,
) | st.builds(lambda code, some: {"code": code} | some, CODES, st.fixed_dictionaries({}, optional={**FIELDS}))
KEYS = st.sampled_from(("customs", "customs", "bureau", "bureau", "without the scope", "of nobody"))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=REQUESTS, key=KEYS, indent=st.sampled_from((None, 1)))
async def test_both_ways_give_the_same_bytes_status_headers_and_records(
    eventful: Both, body: JSON, key: str, indent: int | None
) -> None:
    content = json.dumps(body, ensure_ascii=indent is None, indent=indent).encode()
    before = eventful.watched.ahead
    answer = await eventful.compare(content, eventful.keys[key])
    # Whatever is answered with a verdict was answered ahead of the route, unless the route alone can.
    plain = answer.is_success and body.get("known_at") is None and body["code"][-1] != "0"
    assert eventful.watched.ahead == before + plain


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"code": "a", "code": "b"}',
        b'{"code": NaN}',
        b'{"code": "\\ud800"}',
        b"\xff",
        b'{"code": "%s"}' % (b"1" * 20000),
        b'{"code": "91441800PDY0000289"} x',
    ],
)
async def test_what_is_no_plain_request_is_told_by_the_route(both: Both, content: bytes) -> None:
    assert (await both.compare(content, both.keys["bureau"])).is_client_error
    assert both.watched.ahead == 0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic eDp5"},
        {"Authorization": "Bearer lc_0123456789ab_" + "0" * 64},
    ],
)
async def test_a_request_without_a_good_key_is_refused_by_the_route(both: Both, headers: dict[str, str]) -> None:
    response = await both.api.http.post("/v1/lookups", json={"code": UNITS[0]}, headers=headers)
    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
    assert await both.api.rows("SELECT 1 FROM audit") == []


async def test_every_way_of_sending_the_plain_request_gets_the_same_answer(both: Both) -> None:
    await both.api.pushed(list_operation(1))
    content = json.dumps({"code": UNITS[0]}).encode()

    async def in_pieces() -> AsyncIterator[bytes]:
        for position in range(len(content)):
            yield content[position : position + 1]

    headers = both.api.headers(**{"Content-Type": "application/json"})
    with_length = headers | {"Content-Length": str(len(content))}
    answers = [
        await both.api.http.post("/v1/lookups", content=sent, headers=given)
        for sent, given in ((content, headers), (in_pieces(), with_length), (in_pieces(), headers))
    ]
    twice = [*with_length.items(), ("X-Request-ID", "first"), ("X-Request-ID", "second")]
    answers.append(await both.api.http.post("/v1/lookups", content=content, headers=twice))
    assert answers[-1].headers["X-Request-ID"] == "first"
    assert {own_apart(one) for one in answers} == {own_apart(answers[0])}
    # Without a length, or with a header that comes twice, it is the route's.
    assert both.watched.ahead == 2


async def test_a_key_opens_nothing_more_as_soon_as_it_is_revoked_or_ends(both: Both) -> None:
    key = await make_key(both.api.database, Scope.LOOKUP, name="revoked soon")
    content = json.dumps({"code": UNITS[0]}).encode()
    assert (await both.compare(content, key)).status_code == 200
    await revoke_all(both.api.database, "revoked soon")
    assert (await both.compare(content, key)).status_code == 401
    assert len(await both.api.rows("SELECT 1 FROM audit")) == 2


async def test_texts_of_every_kind_are_rendered_as_their_model_renders_them(both: Both) -> None:
    names = ["“引号”（虚构）\\", 'plain "quotes" (虚构) \u00e9 / 𠮷', "\u2028虚构".strip("\u2028")]
    for n, name in enumerate(names, start=1):
        unit = {"uscc": synthetic_uscc(n), "name": name}
        told = {"facts": f"{name}\n第二行（虚构）", "basis": name}
        listed = list_operation(n, unit=unit, **told, persons=[person(n, name=f"虚构·{n}")])
        await both.api.pushed(listed)
    for n in range(1, len(names) + 1):
        for code in (synthetic_uscc(n), synthetic_resident_id(n)):
            content = json.dumps({"code": code, "purpose": "测试"}).encode()
            assert (await both.compare(content, both.keys["customs"])).json()["verdict"] == "listed"
    assert both.watched.ahead == 2 * len(names)

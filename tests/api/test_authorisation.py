"""Who may call what: every route is declared here, and every bad key meets the same answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from app.api import deps
from app.domain.obligations import ObligationKey
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.access import Scope
from app.settings import Settings
from tests.api.hooks import HOST, with_a_webhook
from tests.api.routes import Route, every_route
from tests.support import BUREAU, JSON, Api, list_operation, make_key, revoke_all, today

PUBLIC = None

# What every route demands: a scope, or any of several. A new route belongs in here, with its scope or as public:
# until then the tests fail.
DECLARED: Mapping[str, Scope | tuple[Scope, ...] | None] = {
    "POST /v1/lookups": Scope.LOOKUP,
    "POST /v1/lookups/batch": Scope.LOOKUP,
    "GET /v1/units/{uscc}/measures": Scope.LOOKUP,
    "POST /v1/pushes": Scope.LIST_PUSH,
    "GET /v1/pushes/{push_id}": (Scope.LIST_PUSH, Scope.LIST_APPROVE),
    "POST /v1/pushes/{push_id}/approval": Scope.LIST_APPROVE,
    "GET /v1/listings": Scope.LIST_READ,
    "GET /v1/listings/{listing_id}": Scope.LIST_READ,
    "GET /v1/listings/{listing_id}/history": Scope.LIST_READ,
    "GET /v1/listings/snapshot": Scope.CHANGES_READ,
    "GET /v1/changes": Scope.CHANGES_READ,
    "POST /v1/persons/tokens": Scope.CHANGES_READ,
    "GET /v1/obligations": (Scope.ENFORCEMENT_REPORT, Scope.ENFORCEMENT_READ),
    "GET /v1/obligations/{obligation_id}": (Scope.ENFORCEMENT_REPORT, Scope.ENFORCEMENT_READ),
    "POST /v1/enforcement-reports": Scope.ENFORCEMENT_REPORT,
    "GET /v1/enforcement-reports": (Scope.ENFORCEMENT_REPORT, Scope.ENFORCEMENT_READ),
    "GET /v1/alerts": Scope.ENFORCEMENT_REPORT,
    "POST /v1/alerts/{alert_id}/acknowledgement": Scope.ENFORCEMENT_REPORT,
    "GET /v1/audit": Scope.AUDIT_READ,
    "POST /v1/audit/searches": Scope.AUDIT_READ,
    "GET /v1/audit/unusual": Scope.AUDIT_READ,
    "GET /v1/effect-summary": (Scope.ENFORCEMENT_REPORT, Scope.ENFORCEMENT_READ),
    "POST /v1/webhooks": Scope.WEBHOOKS_MANAGE,
    "GET /v1/webhooks": Scope.WEBHOOKS_MANAGE,
    "GET /v1/webhooks/{webhook_id}": Scope.WEBHOOKS_MANAGE,
    "PATCH /v1/webhooks/{webhook_id}": Scope.WEBHOOKS_MANAGE,
    "DELETE /v1/webhooks/{webhook_id}": Scope.WEBHOOKS_MANAGE,
    "POST /v1/webhooks/{webhook_id}/rotation": Scope.WEBHOOKS_MANAGE,
    "POST /v1/webhooks/{webhook_id}/test": Scope.WEBHOOKS_MANAGE,
    "GET /v1/webhooks/{webhook_id}/deliveries": Scope.WEBHOOKS_MANAGE,
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": Scope.WEBHOOKS_MANAGE,
    "GET /v1/chain": PUBLIC,
    "GET /v1/chain/{list_version}": PUBLIC,
    "GET /v1/public/listings": PUBLIC,
    "GET /v1/public/listings.csv": PUBLIC,
    "GET /v1/public/listings/{listing_id}": PUBLIC,
    "GET /v1/public/feed.atom": PUBLIC,
    "GET /v1/catalogue": PUBLIC,
    "GET /v1/measures/{no}": PUBLIC,
    "GET /v1/scenes": PUBLIC,
    "GET /v1/scenes/{code}": PUBLIC,
    "GET /v1/documents": PUBLIC,
    "GET /v1/departments": PUBLIC,
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /docs": PUBLIC,
    "GET /docs/oauth2-redirect": PUBLIC,
    "GET /openapi.json": PUBLIC,
    "MOUNT /static-offline-docs": PUBLIC,
}
ROUTES = {str(route): route for route in every_route()}


def scopes_of(name: str) -> tuple[Scope, ...]:
    """Return the scopes of which a route demands one."""
    declared = DECLARED[name]
    assert declared is not None
    return declared if isinstance(declared, tuple) else (declared,)


PROTECTED = [route for name, route in ROUTES.items() if DECLARED.get(name) is not PUBLIC]

# A body that each route takes; what it asks about is listed, or is not.
BODIES: Mapping[str, Callable[[], JSON]] = {
    "POST /v1/lookups": lambda: {"code": synthetic_uscc(1)},
    "POST /v1/lookups/batch": lambda: {"items": [{"code": synthetic_uscc(1)}, {"code": synthetic_uscc(2)}]},
    # A decision of its own each time: what is listed already cannot be listed again.
    "POST /v1/pushes": lambda: {"operations": [list_operation(3, decision_no=f"虚构{uuid4()}")]},
    "POST /v1/pushes/{push_id}/approval": lambda: {"approve": False},
    # Nobody knows the id of an obligation before the listing is there: see `world`.
    "POST /v1/enforcement-reports": lambda: {
        "reports": [{"obligation_id": OBLIGATION["id"], "status": "done", "acted_on": today().isoformat()}]
    },
    "POST /v1/alerts/{alert_id}/acknowledgement": dict,
    "POST /v1/audit/searches": lambda: {"code": synthetic_uscc(1)},
    "POST /v1/webhooks": lambda: {"url": f"https://{HOST}/{uuid4()}"},
    "PATCH /v1/webhooks/{webhook_id}": lambda: {"description": "测试"},
    "POST /v1/webhooks/{webhook_id}/rotation": lambda: {"overlap_hours": 1},
    "POST /v1/persons/tokens": lambda: {"id_numbers": [synthetic_resident_id(1)], "purpose": "测试"},
}
OBLIGATION: dict[str, str] = {}
# What a route must be asked with.
QUERIES: Mapping[str, JSON] = {"GET /v1/effect-summary": {"from": "2026-07-01", "to": "2026-09-30"}}
_ZEROS = "0" * 64
A_PUSH_THAT_WAITS = """
    INSERT INTO waiting_pushes
    SELECT gen_random_uuid(), client_id, 'waits', '', '', now(), 1, 'application/json',
        '{"mode": "delta", "source_document": null}', '{"counts": {}, "rows": [], "warnings": []}', ''
    FROM clients WHERE name = 'somebody else'
"""


@dataclass(frozen=True)
class World:
    """A service with something in it, and every kind of key."""

    api: Api
    there: dict[str, str]
    """Path parameters of things that exist."""
    elsewhere: dict[str, str]
    """Path parameters of things that do not."""
    bad: dict[str, dict[str, str]]
    """Headers that hold no valid key, by what is wrong with them."""
    lacking: dict[tuple[Scope, ...], str]
    """Keys that carry every scope but those."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Let webhooks be made."""
    return settings.model_copy(update={"webhook_allowed_hosts": HOST})


@pytest.fixture
async def world(api: Api) -> World:
    """One unit, asked about and then listed, one push, and the keys."""
    await api.asked(synthetic_uscc(1))
    pushed = await api.pushed(list_operation(1))
    past = datetime.now(UTC) - timedelta(seconds=1)
    expired = await make_key(api.database, *Scope, expires_at=past)
    revoked = await make_key(api.database, *Scope, name="revoked")
    await revoke_all(api.database, "revoked")
    identifier = api.key.split("_")[1]
    bad = {
        "no header": {},
        "empty": {"Authorization": ""},
        "no key": {"Authorization": "Bearer "},
        "another scheme": {"Authorization": f"Basic {api.key}"},
        "no scheme": {"Authorization": api.key},
        "malformed": {"Authorization": "Bearer lc_nonsense"},
        "upper case": {"Authorization": f"Bearer {api.key.upper()}"},
        "with something after it": {"Authorization": f"Bearer {api.key} {api.key}"},
        "not even text": {"Authorization": "Bearer \xff\xfe"},
        "wrong secret": {"Authorization": f"Bearer lc_{identifier}_{_ZEROS}"},
        "unknown id": {"Authorization": f"Bearer lc_000000000000_{api.key.split('_')[2]}"},
        "expired": {"Authorization": f"Bearer {expired}"},
        "revoked": {"Authorization": f"Bearer {revoked}"},
    }
    demanded = {scopes_of(str(route)) for route in PROTECTED}
    lacking = {scopes: await make_key(api.database, *(set(Scope) - set(scopes))) for scopes in demanded}
    await make_key(api.database, name="somebody else")
    await api.run(A_PUSH_THAT_WAITS)
    (waiting,) = await api.rows("SELECT push_id FROM waiting_pushes")
    listing_id = pushed["rows"][0]["listing_id"]
    OBLIGATION["id"] = str(ObligationKey(BUREAU, UUID(listing_id), None, 1).obligation_id)
    there = {
        "obligation_id": OBLIGATION["id"],
        **await with_a_webhook(api.database, api.key),
        "push_id": str(waiting["push_id"]),
        "uscc": synthetic_uscc(1),
        "listing_id": listing_id,
        "list_version": "1",
        "no": "9",
        "code": "customs.clearance",
        "alert_id": f"cleared_then_listed.{listing_id}.1.unit",
    }
    elsewhere = {name: str(uuid4()) for name in there}
    elsewhere |= {"uscc": synthetic_uscc(2), "list_version": "9", "alert_id": "none"}
    return World(api, there, elsewhere, bad, lacking)


async def call(
    world: World, route: Route, values: dict[str, str], headers: Mapping[str, str], method: str | None = None
) -> httpx.Response:
    """Make a call that needs nothing but a key, by the route's method or another one."""
    extra = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    extra.append((b"Idempotency-Key", uuid4().hex.encode()))
    body = BODIES[str(route)]() if route.takes_body else None
    query = QUERIES.get(str(route))
    return await world.api.http.request(
        method or route.method, route.url(values), params=query, json=body, headers=extra
    )


async def of_client(world: World, route: Route, key: str) -> dict[str, str]:
    """Return path parameters of things that exist for the client of this key: a webhook is its client's alone."""
    if "{webhook_id}" not in route.path:
        return world.there
    return world.there | await with_a_webhook(world.api.database, key)


def without_request_id(response: httpx.Response) -> JSON:
    """Return a problem but for what differs between any two calls."""
    body: JSON = response.json()
    assert body.pop("request_id") == response.headers["X-Request-ID"]
    return body


def test_every_route_is_declared_with_its_scopes_or_as_public() -> None:
    assert set(ROUTES) == set(DECLARED)


def test_a_route_demands_a_key_exactly_if_it_is_declared_to() -> None:
    for name, route in ROUTES.items():
        demanded = [one.scopes for one in route.dependencies if isinstance(one, deps._Holding)]  # noqa: SLF001
        assert demanded == ([scopes_of(name)] if DECLARED[name] is not PUBLIC else []), name


def test_in_every_route_the_caller_is_known_before_a_session_is_opened() -> None:
    sessions = {deps._reading, deps._writing, deps._summing_up}  # noqa: SLF001 - the ways in which a route gets a session
    seen = 0
    for name, route in ROUTES.items():
        if DECLARED[name] is PUBLIC or not sessions.intersection(route.dependencies):
            continue
        seen += 1
        order = [isinstance(one, deps._Holding) for one in route.dependencies]  # noqa: SLF001
        first_session = min(index for index, one in enumerate(route.dependencies) if one in sessions)
        assert True in order[:first_session], name
    # The others open theirs themselves: once a body is received, or page by page.
    by_themselves = {
        "POST /v1/lookups/batch",
        "POST /v1/pushes",
        "POST /v1/pushes/{push_id}/approval",
        "GET /v1/changes",
        "GET /v1/listings/snapshot",
    }
    assert seen == len(PROTECTED) - len(by_themselves)


async def test_every_kind_of_bad_key_meets_the_same_401_on_every_route(world: World) -> None:
    answers = []
    for route in PROTECTED:
        for values in (world.there, world.elsewhere):
            for kind, headers in world.bad.items():
                response = await call(world, route, values, headers)
                assert response.status_code == httpx.codes.UNAUTHORIZED, f"{route}: {kind}"
                assert response.headers["WWW-Authenticate"].startswith("Bearer")
                assert response.headers["Content-Type"] == "application/problem+json"
                answers.append(without_request_id(response))
    assert answers[0]["code"] == "unauthenticated"
    assert all(answer == answers[0] for answer in answers)


async def test_a_key_with_every_scope_but_the_needed_ones_meets_403_whatever_exists(world: World) -> None:
    for route in PROTECTED:
        scopes = scopes_of(str(route))
        headers = {"Authorization": f"Bearer {world.lacking[scopes]}"}
        there = await call(world, route, world.there, headers)
        elsewhere = await call(world, route, world.elsewhere, headers)
        assert there.status_code == elsewhere.status_code == httpx.codes.FORBIDDEN, str(route)
        assert without_request_id(there) == without_request_id(elsewhere)
        assert there.json()["code"] == "forbidden"
        assert all(scope.value in there.json()["detail"] for scope in scopes)


async def test_any_of_the_scopes_alone_is_enough(world: World) -> None:
    for route in PROTECTED:
        for scope in scopes_of(str(route)):
            key = await make_key(world.api.database, scope, department=BUREAU)
            values = await of_client(world, route, key)
            response = await call(world, route, values, {"Authorization": f"Bearer {key}"})
            assert response.is_success, f"{route}: {response.text}"


async def test_head_is_let_in_where_get_is_and_answered_with_the_head_of_its_answer(world: World) -> None:
    seen = 0
    for name, route in ROUTES.items():
        if route.method != "GET":
            continue
        seen += 1
        keys = {"right": f"Bearer {world.api.key}"}
        if DECLARED[name] is not PUBLIC:
            keys |= {"none": "", "lacking": f"Bearer {world.lacking[scopes_of(name)]}"}
        for kind, key in keys.items():
            for values in (world.there, world.elsewhere):
                got = await call(world, route, values, {"Authorization": key})
                headed = await call(world, route, values, {"Authorization": key}, "HEAD")
                assert headed.status_code == got.status_code, f"{route}: {kind}"
                assert told(headed) == told(got), f"{route}: {kind}"
                assert headed.content == b""
                assert got.content, f"{route}: the test would pass without a body to leave out"
    assert seen > len(ROUTES) / 2


def told(response: httpx.Response) -> dict[str, str]:
    """Return the headers of a response but for what differs between any two calls: its id, and seconds to midnight."""
    return dict(response.headers) | {"x-request-id": "", "cache-control": ""}


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b'{"nonsense": 1}', "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json"),
        (b"", "application/json"),
        (b'{"code": ', "application/json"),
        (b'{"code": "1", "code": "2"}', "application/json"),
        (b"\xff", "application/json"),
        (b"<code/>", "text/xml"),
    ],
)
async def test_who_calls_is_asked_before_the_body_is_judged(world: World, content: bytes, content_type: str) -> None:
    for route in PROTECTED:
        if not route.takes_body:
            continue
        statuses = []
        for key in (None, world.lacking[scopes_of(str(route))], world.api.key):
            headers = {"Content-Type": content_type} | ({"Authorization": f"Bearer {key}"} if key else {})
            url = route.url(world.there)
            response = await world.api.http.request(route.method, url, content=content, headers=headers)
            statuses.append(response.status_code)
        assert statuses[:2] == [httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN], str(route)
        assert statuses[2] in {400, 415, 422}, str(route)


async def test_a_malformed_path_or_query_without_a_key_is_401(world: World) -> None:
    for url in ("/v1/pushes/nonsense", f"/v1/units/{synthetic_uscc(1)}/measures?on=never&view=all"):
        assert (await world.api.http.get(url)).status_code == httpx.codes.UNAUTHORIZED
        assert (await world.api.http.get(url, headers=world.api.headers())).status_code == 422


async def test_revoking_a_key_takes_effect_on_the_very_next_request(world: World) -> None:
    key = await make_key(world.api.database, *Scope, name="soon-revoked", department=BUREAU)
    headers = {"Authorization": f"Bearer {key}"}
    for route in PROTECTED:
        values = await of_client(world, route, key)
        assert (await call(world, route, values, headers)).is_success, str(route)
    await revoke_all(world.api.database, "soon-revoked")
    for route in PROTECTED:
        assert (await call(world, route, world.there, headers)).status_code == httpx.codes.UNAUTHORIZED, str(route)


async def test_a_key_opens_nothing_from_the_moment_it_expires(world: World) -> None:
    key = await make_key(world.api.database, Scope.LOOKUP, expires_at=datetime.now(UTC) + timedelta(hours=1))
    headers = {"Authorization": f"Bearer {key}"}
    route = ROUTES["POST /v1/lookups"]
    assert (await call(world, route, {}, headers)).is_success
    await world.api.run(f"UPDATE api_keys SET expires_at = now() WHERE key_id = '{key.split('_')[1]}'")
    assert (await call(world, route, {}, headers)).status_code == httpx.codes.UNAUTHORIZED


async def test_a_refused_call_leaves_no_audit_record(world: World) -> None:
    (before,) = await world.api.rows("SELECT count(*) AS n FROM audit")
    for route in PROTECTED:
        for headers in world.bad.values():
            await call(world, route, world.there, headers)
    assert await world.api.rows("SELECT count(*) AS n FROM audit") == [before]
    assert await world.api.rows("SELECT count(*) AS n FROM readings_of_audit") == [{"n": 0}]


async def test_public_routes_answer_without_a_key_and_with_a_bad_one(world: World) -> None:
    for name, scope in DECLARED.items():
        route = ROUTES[name]
        if scope is not PUBLIC or route.method == "MOUNT":
            continue
        for headers in ({}, {"Authorization": "Bearer lc_nonsense"}):
            response = await world.api.http.get(route.url({**world.there, "no": "9", "code": "eia"}), headers=headers)
            assert response.status_code == httpx.codes.OK, name

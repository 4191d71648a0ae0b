"""Batches: as JSON and line by line, whole with their end only, each chunk on record before it is answered."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.types import Message

from app.api.batch_body import CHUNK
from app.api.schemas.lookups import MOST_IN_BATCH
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.main import create_app
from app.services.access import Scope
from app.settings import Settings
from tests.support import JSON, Api, list_operation, make_key, person, remove_operation, revoke_all

NDJSON = "application/x-ndjson"
URL = "/v1/lookups/batch"
LISTED, OTHER = {"code": synthetic_uscc(1)}, {"code": synthetic_uscc(2)}


def lines_of(items: list[Any]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in items)


async def ask_lines(api: Api, content: Any, accept: str = NDJSON, **query: Any) -> httpx.Response:
    headers = api.headers(**{"Content-Type": NDJSON, "Accept": accept})
    return await api.http.post(URL, content=content, params=query, headers=headers)


def told(response: httpx.Response) -> tuple[list[JSON], JSON]:
    """Return what came line by line, and the end."""
    assert response.headers["content-type"] == NDJSON
    *results, end = (json.loads(line) for line in response.text.splitlines())
    return results, end


def own_apart(results: list[JSON]) -> list[JSON]:
    return [{name: one[name] for name in one if name not in {"lookup_id", "answered_at", "problem"}} for one in results]


async def test_a_batch_says_the_same_as_json_and_line_by_line_whatever_was_sent(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(6)]))
    items: list[Any] = [LISTED, OTHER, {"code": synthetic_resident_id(6), "reference": "R-1"}, {"code": "1"}, 17]
    terms = {"purpose": "测试", "view": "mine"}
    answers = [
        await api.http.post(URL, json={"items": items} | terms, headers=api.headers(Accept=accept))
        for accept in ("*/*", "application/json", NDJSON)
    ]
    answers += [
        await ask_lines(api, lines_of(items), accept, **terms) for accept in (NDJSON, "*/*", "application/json")
    ]
    whole = [json.loads(one.text) for one in (answers[0], answers[1], answers[5])]
    by_line = [told(one) for one in (answers[2], answers[3], answers[4])]
    expected = own_apart(whole[0].pop("results"))
    assert [one.get("verdict") for one in expected] == ["listed", "not_listed", "listed", None, None]
    assert whole[0] == {"complete": True, "count": 5, "lowest_list_version": 1, "highest_list_version": 1}
    assert [own_apart(one.pop("results")) for one in whole[1:]] == [expected] * 2
    assert [own_apart(results) for results, _ in by_line] == [expected] * 3
    assert all(end == whole[0] for end in (*whole[1:], *(end for _, end in by_line)))


async def test_more_than_one_chunk_is_answered_in_order_and_recorded_whole(api: Api) -> None:
    await api.pushed(list_operation(1))
    count = 2 * CHUNK + 7
    items = [{"code": synthetic_uscc(n)} for n in range(1, count + 1)]
    response = await api.http.post(URL, json={"items": items}, headers=api.headers())
    body = response.json()
    assert [one["code"] for one in body["results"]] == [one["code"] for one in items]
    assert (body["complete"], body["count"]) == (True, count)
    records = await api.rows("SELECT lookup_id, xmin::text FROM audit")
    assert {str(one["lookup_id"]) for one in records} == {one["lookup_id"] for one in body["results"]}
    assert len({one["xmin"] for one in records}) == 3


async def test_lines_are_read_however_they_are_cut_and_what_cannot_be_read_is_that_items_problem(api: Api) -> None:
    content = (
        b"\n"
        + lines_of([LISTED])
        + b'{"code": \n\xff\n'
        + b'{"code": "%s"}\n' % (b"1" * 100_000)
        + b"  \r\n"
        + json.dumps(OTHER).encode()
    )

    async def in_pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 3001):
            yield content[start : start + 3001]

    for sent in (content, in_pieces()):
        results, end = told(await ask_lines(api, sent))
        assert [one.get("verdict") or one["problem"]["code"] for one in results] == [
            "not_listed",
            "malformed_request",
            "malformed_request",
            "too_long",
            "not_listed",
        ]
        assert end["count"] == 5
        assert [one["code_index"] for one in results if "problem" in one] == [1, 2, 3]


@dataclass
class Caller:
    """A caller as the server behind us would be: it sees what is sent when it is sent, and whether it is closed."""

    key: str
    media_type: str = NDJSON
    received: bytes = b""
    closed: bool = False
    status: int = 0
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, settings: Settings, bodies: AsyncIterator[bytes]) -> None:
        """Send a body, piece by piece."""
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            headers = {"authorization": f"Bearer {self.key}", "content-type": NDJSON, "accept": self.media_type}
            scope = {
                "type": "http",
                "method": "POST",
                "path": URL,
                "query_string": b"",
                "root_path": "",
                "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            }

            async def receive() -> Message:
                body = await anext(bodies, b"")
                if self.closed:
                    return {"type": "http.disconnect"}
                return {"type": "http.request", "body": body, "more_body": bool(body)}

            await asyncio.wait_for(app(scope, receive, self._take), timeout=20)

    async def _take(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self.received += message.get("body", b"")
        if message["type"] == "http.response.body":
            self.closed = not message.get("more_body")
        if b'"verdict"' in self.received:
            self.answered.set()


async def test_lines_are_answered_while_others_still_come(api: Api, settings: Settings) -> None:
    caller = Caller(api.key)

    async def one_after_the_other() -> AsyncIterator[bytes]:
        yield lines_of([LISTED])
        await caller.answered.wait()
        yield lines_of([OTHER])

    await caller.ask(settings, one_after_the_other())
    lines = [json.loads(one) for one in caller.received.splitlines()]
    assert [one.get("verdict") for one in lines] == ["not_listed", "not_listed", None]
    assert (caller.closed, lines[-1]["complete"]) == (True, True)


@pytest.mark.parametrize("as_lines", [True, False])
async def test_what_fails_on_the_way_is_told_and_the_answer_is_never_closed(
    api: Api, settings: Settings, *, as_lines: bool
) -> None:
    """A key that is revoked after the first chunk: what was answered is on record, and the rest is nobody's answer."""
    key = await make_key(api.database, Scope.LOOKUP, name="revoked on the way")
    await api.run(
        "CREATE FUNCTION revoke_it() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS "
        "$$ BEGIN UPDATE api_keys SET revoked_at = now() WHERE key_id = NEW.key_id AND revoked_at IS NULL; "
        "RETURN NULL; END $$"
    )
    await api.run("CREATE TRIGGER revoke_it AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION revoke_it()")

    async def everything() -> AsyncIterator[bytes]:
        yield lines_of([{"code": synthetic_uscc(n)} for n in range(1, CHUNK + 3)])

    caller = Caller(key, NDJSON if as_lines else "application/json")
    await caller.ask(settings, everything())
    assert (caller.status, caller.closed) == (200, False)
    text = caller.received.decode()
    last = json.loads(text.splitlines()[-1] if as_lines else text[text.rindex(',{"code_index":') + 1 :])
    assert (last["code_index"], last["problem"]["code"]) == (None, "unauthenticated")
    assert "complete" not in text
    assert as_lines or not text.endswith("]")
    assert text.count('"verdict"') == CHUNK == len(await api.rows("SELECT 1 FROM audit"))


async def test_answers_of_different_versions_say_so_each_and_in_the_end(api: Api) -> None:
    await api.pushed(list_operation(1))

    async def items() -> AsyncIterator[bytes]:
        yield lines_of([LISTED])
        # Until the first is answered.
        while not await api.rows("SELECT 1 FROM audit"):  # noqa: ASYNC110 - the database calls nobody
            await asyncio.sleep(0.01)
        await api.pushed(remove_operation(1))
        yield lines_of([LISTED])

    # In the test's own transport a request is sent before its answer is read: as slow a reader as can be.
    results, end = told(await ask_lines(api, items()))
    assert [(one["verdict"], one["list_version"]) for one in results] == [("listed", 1), ("not_listed", 2)]
    assert (end["lowest_list_version"], end["highest_list_version"]) == (1, 2)


@pytest.mark.parametrize(
    ("content", "query", "status", "code"),
    [
        (b"", {}, 422, "too_few"),
        (b"\n\n", {}, 422, "too_few"),
        (lines_of([LISTED]), {"on": "2999-01-01"}, 422, "date_in_future"),
        (lines_of([LISTED]), {"min_list_version": 9}, 409, "list_version_not_reached"),
        (lines_of([LISTED]), {"scene": "nowhere"}, 422, "unknown_scene"),
        (lines_of([LISTED]), {"view": "none"}, 422, "not_allowed"),
        (lines_of([LISTED]), {"colour": "red"}, 422, "unknown_parameter"),
    ],
)
async def test_what_is_wrong_with_the_whole_is_a_problem_with_a_status(
    api: Api, content: bytes, query: JSON, status: int, code: str
) -> None:
    response = await ask_lines(api, content, **query)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert await api.rows("SELECT 1 FROM audit") == []


async def test_terms_are_said_in_one_place_only_and_items_are_not_too_many(api: Api) -> None:
    async def refused(body: JSON, **query: Any) -> tuple[int, str, str]:
        response = await api.http.post(URL, json=body, params=query, headers=api.headers())
        problem = response.json()
        return response.status_code, problem["code"], problem["errors"][0]["field"]

    assert await refused({"items": [LISTED], "view": "full"}, view="mine") == (422, "contradictory", "view")
    assert await refused({"items": [LISTED], "colour": 1}) == (422, "unknown_field", "colour")
    assert await refused({"items": []}) == (422, "too_few", "items")
    assert await refused({"items": [1] * (MOST_IN_BATCH + 1)}) == (422, "too_many", "items")
    assert await api.rows("SELECT 1 FROM audit") == []


async def test_a_revoked_key_opens_no_batch(api: Api) -> None:
    key = await make_key(api.database, Scope.LOOKUP, name="revoked")
    await revoke_all(api.database, "revoked")
    headers = {"Authorization": f"Bearer {key}"}
    assert (await api.http.post(URL, json={"items": [LISTED]}, headers=headers)).status_code == 401

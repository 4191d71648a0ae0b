"""The service watched: whatever comes back from it, is logged by it or kept by it is searched for identity numbers."""

import json
import re
from typing import Any

import httpx
import pytest

from app.domain.synthetic import synthetic_resident_id
from tests.support import Api

NUMBER = synthetic_resident_id(4711)
OTHER = synthetic_resident_id(4712)
# Nobody's: the last character is wrong, as in a slip of the pen, so that most of it is still somebody's number.
MISTYPED = NUMBER[:17] + ("1" if NUMBER[17] != "1" else "2")
FULL_WIDTH = NUMBER.translate({ord("0") + n: 0xFF10 + n for n in range(10)})
HYPHENATED = f"{NUMBER[:6]}-{NUMBER[6:14]}-{NUMBER[14:]}"
WRITTEN = {
    "plain": NUMBER,
    "mistyped": MISTYPED,
    "full-width": FULL_WIDTH,
    "hyphenated": HYPHENATED,
    "cut": NUMBER[:17],
}
# What must not be found: the first 17 digits are the number, for the 18th can be worked out from them.
SECRETS = (NUMBER[:17], OTHER[:17], FULL_WIDTH[:17], HYPHENATED[:17], f"{NUMBER[:6]} {NUMBER[6:14]}")

_ESCAPE = re.compile(r"\\u([0-9a-f]{4})")


def holds_a_number(text: str) -> bool:
    """Whether one of our numbers stands in a text, as it is or escaped."""
    unescaped = _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), text)
    return any(secret in seen for secret in SECRETS for seen in (text, unescaped))


class Watched:
    """The service at log level debug; whatever comes back from it is looked through at once."""

    def __init__(self, http: httpx.AsyncClient, api: Api) -> None:
        """Watch this service with this key."""
        self._http = http
        self._api = api
        self._calls = 0

    async def call(
        self, method: str, url: str, *, headers: dict[str, str] | None = None, **sent: Any
    ) -> httpx.Response:
        """Call, and find no number in what comes back; what a caller says in headers goes on top of a usable key."""
        self._calls += 1
        usual = self._api.headers(**{"Idempotency-Key": f"watched-{self._calls}"})
        sent_headers = [
            (name.encode(), value.encode("latin-1", "ignore")) for name, value in (usual | (headers or {})).items()
        ]
        response = await self._http.request(method, url, headers=sent_headers, **sent)
        assert not holds_a_number(response.text), f"{method} answers with a number"
        for name, value in response.headers.items():
            assert not holds_a_number(f"{name}: {value}"), f"{method} answers with a number in a header"
        return response

    async def post(self, url: str, body: Any, **headers: str) -> httpx.Response:
        """Post JSON."""
        return await self.call("POST", url, json=body, headers=headers)


async def nothing_is_kept(api: Api) -> None:
    """Look through every column of every row of every table, as the database's owner."""
    columns = await api.rows(
        "SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = 'public'"
    )
    assert {"audit", "persons", "pushes", "listing_revisions", "related_persons"} <= {column["t"] for column in columns}
    for table in sorted({column["t"] for column in columns}):
        for row in await api.rows(f'SELECT "{table}"::text AS whole FROM "{table}"'):
            assert not holds_a_number(row["whole"]), table
        for column in (one["c"] for one in columns if one["t"] == table):
            for row in await api.rows(f'SELECT "{column}" AS value FROM "{table}"'):
                value = row["value"]
                # A number must not be there as bytes either.
                text = bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)
                assert not holds_a_number(text), f"{table}.{column}"


async def nothing_is_logged(capsys: pytest.CaptureFixture[str], requests: int) -> None:
    """Look through everything that was written, which has to be one line for each request at least."""
    written = capsys.readouterr()
    assert not holds_a_number(written.out)
    assert not holds_a_number(written.err)
    lines = [json.loads(line) for line in written.out.splitlines()]
    assert sum(line["event"] == "request.finished" for line in lines) >= requests

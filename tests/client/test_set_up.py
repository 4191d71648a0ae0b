"""Where a client sends its key, and that it shows it nowhere."""

import asyncio

import pytest

from liancheng.client import AsyncClient, Client
from tests.client.misbehaving import misbehaving, ok
from tests.client.shells import KEY, SHELLS, Shell

each_shell = pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell.__name__)


@each_shell
def test_the_key_goes_out_in_its_header_only_and_the_client_names_itself(shell: Shell) -> None:
    with misbehaving(ok({"list_version": 1, "head": "sm3:0", "committed_at": None})) as server:
        shell(server.url, lambda client: client.chain())
    (request,) = server.received
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["user-agent"].startswith("liancheng-client/")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_client_does_not_show_its_key(kind: type[Client | AsyncClient]) -> None:
    client = kind("https://liancheng.test", KEY)
    assert KEY not in repr(client)
    assert "https://liancheng.test" in repr(client)
    if isinstance(client, Client):
        client.close()
    else:
        asyncio.run(client.aclose())


@pytest.mark.parametrize(
    "url",
    [
        *("http://liancheng.test", "http://10.0.0.1:8000", "http://127.0.0.1.test", "ftp://a.test", "liancheng.test"),
        *("", "https://user:secret@a.test", "https://a.test/?key=1"),
    ],
)
def test_an_address_that_would_give_the_key_away_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="https://") as told:
        Client(url, KEY)
    assert KEY not in str(told.value)


@pytest.mark.parametrize("url", ["http://localhost:8000", "http://127.0.0.1", "http://[::1]:80", "https://a.test/sub"])
def test_loopback_needs_no_encryption(url: str) -> None:
    Client(url, KEY).close()


def test_another_machine_can_be_allowed_without_encryption() -> None:
    Client("http://liancheng.test", KEY, allow_http=True).close()


@pytest.mark.parametrize("key", ["", "a b", "a\r\nX: y", "密钥"])
def test_a_key_that_cannot_be_one_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ValueError, match="API key") as told:
        Client("https://liancheng.test", key)
    assert not key or key not in str(told.value)

"""One attempt over a real network: what arrives, where it may go, and that nothing a receiver does does any harm."""

import asyncio
import gzip
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from standardwebhooks import Webhook

from app.domain.webhooks import Failure, Outcome
from app.services.webhook_secrets import new_secret
from app.services.webhook_sending import Message, Sender
from app.services.webhook_targets import TargetRules, trust
from app.settings import Settings
from liancheng.client import verify_webhook
from tests.receiving import LOOPBACK, Answering, Receiver, answering, receiving, silent
from tests.services.certificates import serving_as

SECRETS = (new_secret(), new_secret())
BODY = b'{"type":"list.changed"}'
NAME = "localhost"
LOOPBACKS = "127.0.0.0/8, ::1/128"


def message(url: str, delivery_id: UUID | None = None) -> Message:
    """Return something to send."""
    return Message(delivery_id or uuid4(), url, SECRETS, BODY)


@asynccontextmanager
async def sender(
    hosts: str, *, ca_file: Path | None = None, seconds: float = 2, **changed: Any
) -> AsyncIterator[Sender]:
    """Return a sender of an installation that allows these hosts, on loopback too unless it is said otherwise."""
    allowed: dict[str, Any] = {"webhook_allowed_networks": LOOPBACKS, "webhook_allow_http": True} | changed
    made = Sender(TargetRules.of(Settings(webhook_allowed_hosts=hosts, **allowed)), trust(ca_file), seconds)
    try:
        yield made
    finally:
        await made.close()


async def attempted(receiver: Receiver, **changed: Any) -> Outcome:
    """Make one attempt at a receiver that is allowed."""
    async with sender(f"{LOOPBACK}:{receiver.port}", **changed) as sending:
        return await sending.attempt(message(receiver.url))


async def test_what_arrives_is_signed_with_every_valid_secret_as_standard_webhooks_has_it() -> None:
    delivery_id = uuid4()
    async with receiving() as receiver, sender(f"{LOOPBACK}:{receiver.port}") as sending:
        outcome = await sending.attempt(message(receiver.url + "?a=b", delivery_id))
    assert (outcome.status, outcome.error, outcome.retry_after) == (204, None, None)
    (request,) = receiver.received
    assert request.body == BODY
    assert request.target == "/hook?a=b"
    assert request.headers["webhook-id"] == str(delivery_id)
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == f"{LOOPBACK}:{receiver.port}"
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 10
    assert request.headers["webhook-signature"].count("v1,") == 2
    for secret in SECRETS:
        # By the reference implementation, and by ours.
        assert Webhook(secret).verify(request.body, dict(request.headers)) == {"type": "list.changed"}
        assert verify_webhook(secret, request.headers, request.body) == {"type": "list.changed"}


GZIPPED = answering("500 No", "Content-Encoding: gzip", body=gzip.compress(b"0" * 10_000_000))


async def endless(_: Any, writer: asyncio.StreamWriter) -> None:
    """Answer, and never come to the end of the body."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
    while True:
        writer.write(b"0" * 65536)
        await writer.drain()


async def trickling(_: Any, writer: asyncio.StreamWriter) -> None:
    """Answer one letter at a time, so that no single wait is long."""
    for letter in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100:
        writer.write(bytes([letter]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def long_headers(_: Any, writer: asyncio.StreamWriter) -> None:
    """Never come to the end of the headers."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Long: " + b"0" * 65536 + b"\r\n")
        await writer.drain()


async def nonsense(_: Any, writer: asyncio.StreamWriter) -> None:
    """Speak no HTTP."""
    writer.write(b"220 smtp.example.test ESMTP\r\n")
    await writer.drain()


async def hanging_up(_: Any, writer: asyncio.StreamWriter) -> None:
    """Go away without a word."""
    writer.transport.abort()


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (answering("200 OK", body=b"thank you"), 200, None),
        (answering("299 Odd"), 299, None),
        (endless, 200, None),
        (answering("301 Moved", "Location: http://127.0.0.1:1/"), 301, Failure.REDIRECT),
        (answering("307 Moved", "Location: /elsewhere"), 307, Failure.REDIRECT),
        (answering("404 No"), 404, Failure.STATUS),
        (GZIPPED, 500, Failure.STATUS),
        (answering("410 Gone"), 410, Failure.GONE),
        (nonsense, None, Failure.PROTOCOL),
        (hanging_up, None, Failure.PROTOCOL),
        (long_headers, None, Failure.PROTOCOL),
        (silent, None, Failure.TIMEOUT),
        (trickling, None, Failure.TIMEOUT),
    ],
)
async def test_an_attempt_ends_in_time_with_what_the_receiver_said(
    answer: Answering, status: int | None, error: Failure | None
) -> None:
    async with receiving(answer) as receiver:
        outcome = await attempted(receiver, seconds=0.8)
    assert (outcome.status, outcome.error) == (status, error)
    assert outcome.milliseconds < 2500
    assert len(receiver.received) == 1, "a redirect is not followed, and nothing is sent twice"


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("120", 120), ("0", 0), ("-5", None), ("soon", None), ("1e3", None), ("", None), ("9" * 5000, 10**8)],
)
async def test_the_receiver_may_say_when_to_come_back(given: str, seconds: int | None) -> None:
    async with receiving(answering("503 No", f"Retry-After: {given}")) as receiver:
        outcome = await attempted(receiver)
    assert outcome.retry_after == (None if seconds is None else timedelta(seconds=seconds))


async def test_the_receiver_may_say_so_with_a_date() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    async with receiving(answering("429 No", f"Retry-After: {at}")) as receiver:
        outcome = await attempted(receiver)
    assert outcome.retry_after is not None
    assert timedelta(minutes=4) < outcome.retry_after <= timedelta(minutes=5)


async def test_where_the_url_or_its_address_is_not_allowed_nothing_is_connected_to() -> None:
    async with receiving() as receiver:
        outcomes = []
        for hosts, url, changed in (
            ("other.example.test", receiver.url, {}),
            (f"{LOOPBACK}:{receiver.port}", receiver.url, {"webhook_allow_http": False}),
            (f"{LOOPBACK}:{receiver.port}", receiver.url, {"webhook_allowed_networks": ""}),
            (f"{NAME}:{receiver.port}", f"http://{NAME}:{receiver.port}/", {"webhook_allowed_networks": ""}),
            (f"{NAME}:{receiver.port}", f"http://{NAME}:{receiver.port}/", {"webhook_allowed_networks": "10.0.0.0/8"}),
            (f"2130706433:{receiver.port}", f"http://2130706433:{receiver.port}/", {"webhook_allowed_networks": ""}),
            ("nobody.invalid", "http://nobody.invalid/", {}),
        ):
            async with sender(hosts, **changed) as sending:
                outcomes.append((await sending.attempt(message(url))).error)
    assert outcomes == [
        *[Failure.NOT_ALLOWED] * 3,
        *[Failure.ADDRESS] * 3,
        Failure.NAME,
    ]
    assert receiver.received == []


async def test_a_name_is_resolved_once_and_the_connection_goes_to_what_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that leads elsewhere when it is asked again (DNS rebinding)."""
    asked: list[str] = []
    answers = iter([LOOPBACK])
    real = socket.getaddrinfo

    def rebinding(host: Any, *arguments: Any, **named: Any) -> Any:
        if host == "rebound.example.test":
            asked.append(host)
            host = next(answers, "203.0.113.1")
        return real(host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    async with receiving() as receiver, sender(f"rebound.example.test:{receiver.port}") as sending:
        first = await sending.attempt(message(f"http://rebound.example.test:{receiver.port}/hook"))
        second = await sending.attempt(message(f"http://rebound.example.test:{receiver.port}/hook"))
    assert first.error is None
    assert receiver.received[0].headers["host"] == f"rebound.example.test:{receiver.port}"
    assert second.error is Failure.ADDRESS
    assert len(asked) == 2
    assert len(receiver.received) == 1


async def test_the_certificate_and_the_name_that_is_asked_for_are_those_of_the_url(tmp_path: Path) -> None:
    asked: list[str | None] = []
    context, ca_file = serving_as(NAME, tmp_path)
    context.sni_callback = lambda _, name, __: asked.append(name)
    async with receiving(context=context) as receiver:
        url = f"https://{NAME}:{receiver.port}/hook"
        async with sender(f"{NAME}:{receiver.port}", ca_file=ca_file, webhook_allow_http=False) as sending:
            assert (await sending.attempt(message(url))).error is None
        assert asked == [NAME]
        assert receiver.received[0].headers["host"] == f"{NAME}:{receiver.port}"
        # Whom nobody vouches for, and who is vouched for under another name.
        by_address = f"{LOOPBACK}:{receiver.port}"
        async with sender(f"{NAME}:{receiver.port},{by_address}") as sending:
            assert (await sending.attempt(message(url))).error is Failure.TLS
        async with sender(by_address, ca_file=ca_file) as sending:
            assert (await sending.attempt(message(f"https://{by_address}/"))).error is Failure.TLS
    assert len(receiver.received) == 1


async def test_nothing_of_the_environment_decides_where_it_goes_or_whom_it_trusts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context, ca_file = serving_as(NAME, tmp_path)
    async with receiving(answering("200 OK")) as proxy, receiving(context=context) as receiver:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://{LOOPBACK}:{proxy.port}")
        monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
        url = f"https://{NAME}:{receiver.port}/hook"
        async with sender(f"{NAME}:{receiver.port}") as sending:
            assert (await sending.attempt(message(url))).error is Failure.TLS
        async with sender(f"{NAME}:{receiver.port}", ca_file=ca_file) as sending:
            assert (await sending.attempt(message(url))).error is None
    assert proxy.received == []


async def test_a_receiver_that_nobody_listens_at_is_told_from_one_that_answers_badly() -> None:
    with socket.socket() as unused:
        unused.bind((LOOPBACK, 0))
        port = unused.getsockname()[1]
        async with sender(f"{LOOPBACK}:{port}") as sending:
            outcome = await sending.attempt(message(f"http://{LOOPBACK}:{port}/"))
    assert (outcome.status, outcome.error) == (None, Failure.CONNECT)


async def test_slow_receivers_keep_no_other_waiting() -> None:
    async with (
        receiving(silent) as slow,
        receiving() as quick,
        sender(f"{LOOPBACK}:{slow.port},{LOOPBACK}:{quick.port}", seconds=1.5) as sending,
    ):
        waiting = [asyncio.create_task(sending.attempt(message(slow.url))) for _ in range(50)]
        await slow.after(50)
        outcome = await sending.attempt(message(quick.url))
        assert outcome.error is None
        assert not any(one.done() for one in waiting)
        assert {one.error for one in await asyncio.gather(*waiting)} == {Failure.TIMEOUT}


def test_a_secret_is_not_shown_where_a_message_is() -> None:
    assert SECRETS[0] not in repr(message("https://a.example.cn/"))

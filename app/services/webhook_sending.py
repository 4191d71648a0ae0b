"""One attempt: resolve, check, connect to what was checked, sign, send, and look at nothing but the status."""

import asyncio
import contextlib
import email.utils
import socket
import ssl
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from uuid import UUID

import httpx
from standardwebhooks import Webhook

from app.domain.webhooks import Failure, Outcome
from app.errors import InvalidField
from app.services.webhook_targets import Address, TargetRules, addresses

_LOOKING_UP_AT_ONCE = 8
_MOST_READ = 4096
_READ_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be sent: where to, under which id, and the secrets that sign it, the newest first."""

    delivery_id: UUID
    url: str
    secrets: Sequence[str] = field(repr=False)
    body: bytes


class Sender:
    """Makes attempts within the rules of an installation, each within ``timeout`` seconds in all."""

    def __init__(self, rules: TargetRules, context: ssl.SSLContext, timeout: float) -> None:
        """Prepare; nothing is opened yet."""
        self._rules = rules
        self._timeout = timeout
        # Names that nobody answers for would fill the threads that everything else in the process shares.
        self._lookups = ThreadPoolExecutor(_LOOKING_UP_AT_ONCE, thread_name_prefix="webhook-names")
        self._http = httpx.AsyncClient(
            verify=context,
            # A proxy, a certificate or a password from the environment is not for this.
            trust_env=False,
            follow_redirects=False,
            timeout=timeout,
            # Connections are to addresses: one that is kept could be used again under another name.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Give everything back."""
        await self._http.aclose()
        self._lookups.shutdown(wait=False, cancel_futures=True)

    async def attempt(self, message: Message) -> Outcome:
        """Make one attempt; whatever goes wrong is in the outcome."""
        started = time.perf_counter()
        status: int | None = None
        retry_after: timedelta | None = None
        error: Failure | None
        try:
            async with asyncio.timeout(self._timeout):
                status, retry_after = await self._sent(message)
            error = _judged(status)
        except _NotSent as refused:
            error = refused.failure
        except TimeoutError:
            error = Failure.TIMEOUT
        return Outcome(status, error, round((time.perf_counter() - started) * 1000), retry_after)

    async def _sent(self, message: Message) -> tuple[int, timedelta | None]:
        try:
            url = self._rules.checked(message.url)
        except InvalidField:
            raise _NotSent(Failure.NOT_ALLOWED) from None
        failure = Failure.CONNECT
        for address in await self._resolved(url):
            try:
                return await self._posted(message, url, address)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                # The next address of the name may answer; what was sent once is not sent again to another.
                failure = Failure.TLS if _is_tls(error) else Failure.CONNECT
            except httpx.TimeoutException:
                raise _NotSent(Failure.TIMEOUT) from None
            except (httpx.HTTPError, ssl.SSLError, OSError):
                raise _NotSent(Failure.PROTOCOL) from None
        raise _NotSent(failure)

    async def _resolved(self, url: httpx.URL) -> list[Address]:
        """Return the addresses of the URL's host, every one of them allowed."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._lookups, _look_up, url.raw_host.decode("ascii"))
        except (OSError, UnicodeError):
            raise _NotSent(Failure.NAME) from None
        checked = addresses(found)
        if not checked:
            raise _NotSent(Failure.NAME)
        # One that is not allowed among others is no accident.
        if not all(self._rules.allows(one) for one in checked):
            raise _NotSent(Failure.ADDRESS)
        return checked

    async def _posted(self, message: Message, url: httpx.URL, address: Address) -> tuple[int, timedelta | None]:
        host = url.netloc.decode("ascii")
        request = self._http.build_request(
            "POST",
            url.copy_with(host=str(address)),
            content=message.body,
            headers={"Host": host, **_signed(message), "Content-Type": "application/json", "User-Agent": "liancheng"},
            # The certificate is checked against the name, wherever the connection goes.
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        )
        response = await self._http.send(request, stream=True)
        try:
            await _skim(response)
        finally:
            await response.aclose()
        return response.status_code, _retry_after(response)


class _NotSent(Exception):
    """There was no response."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


def _look_up(host: str) -> list[str]:
    return [str(one[4][0]) for one in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


def _signed(message: Message) -> dict[str, str]:
    """Return the headers of Standard Webhooks 1.0, signed with each secret that is valid now."""
    now = datetime.now(UTC)
    text = message.body.decode()
    signatures = [Webhook(secret).sign(str(message.delivery_id), now, text) for secret in message.secrets]
    return {
        "webhook-id": str(message.delivery_id),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


async def _skim(response: httpx.Response) -> None:
    """Read a little of the body, so that who sends a short one is not cut off; raw, for a packed one may be huge."""
    read = 0
    # The status has been told, and that is all we asked for: whatever goes wrong here is of no account.
    with contextlib.suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(_READ_SECONDS):
            async for piece in response.aiter_raw():
                read += len(piece)
                if read >= _MOST_READ:
                    return


def _judged(status: int) -> Failure | None:
    if HTTPStatus(200) <= status < HTTPStatus(300):
        return None
    if status == HTTPStatus.GONE:
        return Failure.GONE
    return Failure.REDIRECT if HTTPStatus(300) <= status < HTTPStatus(400) else Failure.STATUS


def _is_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _retry_after(response: httpx.Response) -> timedelta | None:
    """Return what the receiver asks for: seconds, or a date (RFC 9110, 10.2.3); nothing where it is neither."""
    given = response.headers.get("Retry-After", "").strip()
    if given.isascii() and given.isdigit():
        return timedelta(seconds=min(int(given[:9]), 10**8))
    try:
        at = email.utils.parsedate_to_datetime(given)
    except (ValueError, TypeError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(at - datetime.now(UTC), timedelta(0))

"""What both shells need of the HTTP library: how it is set up, how a request is put to it, what its errors mean."""

import ipaddress
import re
import ssl
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NotRequired, TypedDict, Unpack

import httpx

from liancheng.client.calls import Calls, NewestSeen
from liancheng.client.plans import Broken, Reply
from liancheng.client.requests import Request
from liancheng.client.retries import PUSH_RETRIES, Retries
from liancheng.client.upload import Upload

_VISIBLE = re.compile(r"[\x21-\x7e]+")
_WRITE_SECONDS = 60.0
"""How long one piece of a push may take to leave: the line of a district office is slow."""


class ClientOptions(TypedDict):
    """How a client behaves, where not as usual.

    ``timeout``: seconds to connect, and of silence (10; a push waits at least ten minutes for its answer).
    ``stream_silence``: seconds without even a heartbeat after which a stream is given up (65). ``retries`` and
    ``push_retries``: how often what is safe to repeat is repeated. ``remember_list_version``: send the newest version
    seen with each lookup, so that no older list answers (yes). ``allow_http``: the key may go out unencrypted, to
    another machine too (no). ``trust_env``: heed the proxy and certificate variables of the environment (yes).
    ``verify``: an `ssl.SSLContext` that knows your authority.
    """

    timeout: NotRequired[float]
    stream_silence: NotRequired[float]
    retries: NotRequired[Retries]
    push_retries: NotRequired[Retries]
    remember_list_version: NotRequired[bool]
    allow_http: NotRequired[bool]
    trust_env: NotRequired[bool]
    verify: NotRequired[ssl.SSLContext]


@dataclass(frozen=True, slots=True)
class Setup:
    """The arguments of the HTTP library's client, and the plans that go with it."""

    url: str
    arguments: dict[str, Any]
    calls: Calls

    def __repr__(self) -> str:
        """Show the address, and not the key."""
        return f"Setup({self.url!r})"


def set_up(url: str, key: str, **options: Unpack[ClientOptions]) -> Setup:
    """Check the address and the key, or raise `ValueError` that holds neither."""
    unknown = options.keys() - ClientOptions.__annotations__.keys()
    if unknown:
        raise TypeError(f"a client has no option {', '.join(sorted(unknown))}")
    if not _VISIBLE.fullmatch(key):
        raise ValueError("an API key is visible ASCII characters without spaces or line ends")
    base = _checked(url, allow_http=options.get("allow_http", False))
    arguments: dict[str, Any] = {
        "base_url": base,
        "headers": {"Authorization": f"Bearer {key}", "User-Agent": f"liancheng-client/{_version()}"},
        "follow_redirects": False,
        "trust_env": options.get("trust_env", True),
        "verify": options.get("verify", True),
    }
    calls = Calls(
        timeout=options.get("timeout", 10.0),
        stream_silence=options.get("stream_silence", 65.0),
        retries=options.get("retries", Retries()),
        push_retries=options.get("push_retries", PUSH_RETRIES),
        seen=NewestSeen(remember=options.get("remember_list_version", True)),
    )
    return Setup(str(base), arguments, calls)


def sending(request: Request, timeout: float) -> dict[str, Any]:
    """Return the arguments of ``build_request``, but for the content of an upload, which each shell reads its way."""
    headers = dict(request.headers)
    arguments: dict[str, Any] = {"method": request.method, "url": request.path, "headers": headers}
    if request.query:
        arguments["params"] = dict(request.query)
    write = timeout
    if isinstance(request.content, Upload):
        # With its length, the server can refuse a body that is too large before it is sent.
        headers["Content-Length"] = str(request.content.length)
        write = max(timeout, _WRITE_SECONDS)
    elif request.content is not None:
        arguments["content"] = request.content
    arguments["timeout"] = httpx.Timeout(timeout, read=patience(request, timeout), write=write)
    return arguments


def patience(request: Request, timeout: float) -> float:
    """Return the seconds of silence after which there is no answer."""
    return timeout if request.read_timeout is None else request.read_timeout


def reply_of(response: httpx.Response, body: bytes = b"") -> Reply:
    """Return the library's response as ours."""
    return Reply(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)


def broken(error: httpx.RequestError) -> Broken:
    """Return what an error of the library means; its text may hold the request."""
    return Broken(type(error).__name__, silent=isinstance(error, httpx.ReadTimeout))


TOO_SLOW = Broken("TooSlow", silent=True)
"""An answer that trickles: each piece came in time and the whole did not."""


class LineSplitter:
    """Bytes as they come, into lines: at line feeds only, since a text may hold the other characters that end lines."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that the bytes complete, without their ends; empty ones are left out."""
        if b"\n" not in data:
            self._pieces.append(data)
            return []
        *lines, rest = (b"".join(self._pieces) + data).split(b"\n")
        self._pieces = [rest]
        return [line for line in lines if line]

    @property
    def rest(self) -> bytes:
        """What came after the last end of a line."""
        return b"".join(self._pieces)


def _checked(url: str, *, allow_http: bool) -> httpx.URL:
    try:
        base = httpx.URL(url)
    except httpx.InvalidURL:
        base = httpx.URL()
    if base.scheme not in {"https", "http"} or not base.host or base.userinfo or base.query or base.fragment:
        raise ValueError("the address of the service is https://host, with no user, query or fragment in it")
    if base.scheme == "http" and not allow_http and not _loopback(base.host):
        raise ValueError("the key would go out unencrypted: use https://, or allow_http=True where you know the wire")
    return base


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _version() -> str:
    try:
        return version("liancheng")
    except PackageNotFoundError:
        return "0"

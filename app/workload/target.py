"""Where the load goes: an address that was looked up once, and how requests to it are written."""

import ipaddress
import re
import socket
import ssl
from dataclasses import dataclass

import httpx

from app.errors import Misconfigured

LISTED, NOT_LISTED = b'"verdict":"listed"', b'"verdict":"not_listed"'

_KEY = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Target:
    """A service, reached at ``address`` only, whatever its name may lead to later.

    ``host`` is what requests name, with the port; ``name`` what a certificate has to name. ``verdicts`` are the bytes
    by which its answers say "listed" and "not listed".
    """

    host: str
    name: str
    address: str
    port: int
    prefix: str
    tls: ssl.SSLContext | None
    key: str | None
    verdicts: tuple[bytes, bytes] = (LISTED, NOT_LISTED)

    @property
    def is_loopback(self) -> bool:
        """Whether nobody but this machine is asked."""
        return ipaddress.ip_address(self.address.partition("%")[0]).is_loopback

    def post(self, path: str, body: bytes) -> bytes:
        """Return a request as it goes over the wire, with the key."""
        key = f"Authorization: Bearer {self.key}\r\n" if self.key else ""
        head = (
            f"POST {self.prefix}{path} HTTP/1.1\r\nHost: {self.host}\r\n{key}User-Agent: liancheng-bench\r\n"
            f"Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode("ascii") + body


def target_at(url: str, key: str | None) -> Target:
    """Look the address up, or raise :class:`Misconfigured`; a key goes over TLS or stays on this machine."""
    try:
        parts = httpx.URL(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        name = parts.raw_host.decode("ascii")
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (httpx.InvalidURL, KeyError, UnicodeError):
        raise Misconfigured(
            f"无法理解服务地址 {url}：应为 https://主机 或（仅限本机）http://127.0.0.1:端口。"
        ) from None
    except OSError:
        raise Misconfigured(f"找不到服务地址 {url} 中的主机。") from None
    address = str(found[0][4][0])
    if key is not None and not _KEY.fullmatch(key):
        raise Misconfigured("密钥应为一行可见的 ASCII 字符，不含空格。")
    context = ssl.create_default_context() if parts.scheme == "https" else None
    target = Target(parts.netloc.decode("ascii"), name, address, port, parts.path.rstrip("/"), context, key)
    if context is None and not target.is_loopback:
        raise Misconfigured("密钥不能以明文经过网络：本机以外的服务地址应为 https://主机。")
    return target

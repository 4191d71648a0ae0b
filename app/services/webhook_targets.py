"""Where a webhook may lead: what its URL may be, and which addresses its name may stand for.

The service calls whatever a client names from inside the network, so nothing is allowed but what the operator names:
hosts by name, and, for addresses that are not public, their ranges. The URL is checked when it is given and at every
attempt; the addresses at every attempt, and the connection is made to an address that was checked.
"""

import ipaddress
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import httpx

from app.domain.text import contains_identity_number, unprintable_position
from app.errors import FieldError, InvalidField, Misconfigured
from app.settings import Settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_URL = 1000
_HOSTS_VARIABLE = "LIANCHENG_WEBHOOK_ALLOWED_HOSTS"
_HIGHEST_PORT = 65535
_PORTS = {"https": 443, "http": 80}
# Of IPv6 only what is routed as public is public; the rest (site-local, mapped, translated, tunnelled) is not.
_PUBLIC_IPV6 = ipaddress.IPv6Network("2000::/3")
_TUNNELS = (ipaddress.IPv6Network("2002::/16"), ipaddress.IPv6Network("2001::/32"))


@dataclass(frozen=True, slots=True)
class AllowedHost:
    """One entry of the setting: a name, or everything below one, and the port if it is not the usual one."""

    name: str
    below: bool
    port: int | None

    def fits(self, url: httpx.URL) -> bool:
        """Whether a URL's host and port are meant."""
        named = url.host.endswith(f".{self.name}") if self.below else url.host == self.name
        usual = _PORTS[url.scheme]
        return named and (url.port or usual) == (self.port or usual)


@dataclass(frozen=True, slots=True)
class TargetRules:
    """What an installation allows."""

    hosts: tuple[AllowedHost, ...]
    networks: tuple[Network, ...]
    http: bool

    @classmethod
    def of(cls, settings: Settings) -> "TargetRules":
        """Read the settings; raise :class:`Misconfigured` naming the entry that cannot be read."""
        return cls(
            tuple(_host(one) for one in _entries(settings.webhook_allowed_hosts)),
            tuple(_network(one) for one in _entries(settings.webhook_allowed_networks)),
            settings.webhook_allow_http,
        )

    def checked(self, text: str) -> httpx.URL:
        """Return a URL that webhooks may lead to, or raise :class:`InvalidField` saying why this one is none."""
        url = _parsed(text)
        if url.scheme not in _PORTS or (url.scheme == "http" and not self.http):
            raise _refused("scheme_not_allowed", "网址应以 https:// 开头。")
        if url.userinfo:
            raise _refused("userinfo_not_allowed", "网址中不得含有用户名或密码；请用签名来辨认来源。")
        if url.fragment or "#" in text:
            raise _refused("fragment_not_allowed", "网址中不得含有片段（# 之后的部分）。")
        if not self.hosts:
            told = f"本系统尚未开放 webhook。请管理员在环境变量 {_HOSTS_VARIABLE} 中列出允许的主机。"
            raise _refused("host_not_allowed", told)
        if not any(one.fits(url) for one in self.hosts):
            told = f"不允许向此主机或端口发送。请管理员把它加入环境变量 {_HOSTS_VARIABLE}（非常用端口写作 主机:端口）。"
            raise _refused("host_not_allowed", told)
        literal = _address(url.host)
        if literal is not None and not self.allows(literal):
            raise _refused("address_not_allowed", "不允许向此地址发送：它不是公网地址，也未由管理员列为例外。")
        return url

    def allows(self, address: Address) -> bool:
        """Whether a connection may be made to an address."""
        real = _unmapped(address)
        if any(real.version == one.version and real in one for one in self.networks):
            return True
        if isinstance(real, ipaddress.IPv6Address) and (
            real not in _PUBLIC_IPV6 or any(real in one for one in _TUNNELS)
        ):
            return False
        return real.is_global and not (real.is_multicast or real.is_reserved or real.is_unspecified)


@lru_cache
def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Return what receivers' certificates are checked against; raise :class:`Misconfigured` for an unusable file."""
    # Without the environment: a variable there must not decide whom we trust.
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            raise Misconfigured(f"无法读取 LIANCHENG_WEBHOOK_CA_FILE（{ca_file}）：应为 PEM 证书文件。") from error
    return context


def addresses(found: Iterable[str]) -> list[Address]:
    """Return the addresses that a name was resolved to, each once, in their order."""
    parsed = (_address(one.partition("%")[0]) for one in found)
    return list(dict.fromkeys(one for one in parsed if one is not None))


def _parsed(text: str) -> httpx.URL:
    if len(text) > LONGEST_URL:
        raise _refused("too_long", f"网址最多 {LONGEST_URL} 个字符。")
    if unprintable_position(text) is not None or any(character.isspace() for character in text):
        raise _refused("invalid_url", "网址中不得含有空白或不可见字符。")
    if contains_identity_number(text):
        raise _refused("identity_number_in_url", "网址中不得出现身份号码。")
    try:
        url = httpx.URL(text)
        host = url.host
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise _refused("invalid_url", "不是有效的网址。") from None
    if not url.is_absolute_url or not host or "\\" in text or not _is_port(url.port):
        raise _refused("invalid_url", "不是有效的网址，应形如 https://主机/路径。")
    return url


def _is_port(port: int | None) -> bool:
    return port is None or 0 < port <= _HIGHEST_PORT


def _refused(code: str, detail: str) -> InvalidField:
    return InvalidField(FieldError("url", code, detail))


def _unmapped(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _host(entry: str) -> AllowedHost:
    below, written = entry.startswith("*."), entry.removeprefix("*.")
    try:
        # Read by whatever reads the URLs, so that both mean the same by a name.
        url = httpx.URL(f"placeholder://{written}/" if written.split() == [written] else "")
        name = url.host
    except (httpx.InvalidURL, UnicodeError, ValueError):
        url, name = httpx.URL(), ""
    if not name or "*" in name or not _is_port(url.port) or url.userinfo or url.path != "/" or url.query:
        raise Misconfigured(f"{_HOSTS_VARIABLE} 中的“{entry}”不正确：应为 主机、*.主机 或 主机:端口，以逗号分隔。")
    return AllowedHost(name, below, url.port)


def _network(entry: str) -> Network:
    try:
        return ipaddress.ip_network(entry)
    except ValueError:
        raise Misconfigured(
            f"LIANCHENG_WEBHOOK_ALLOWED_NETWORKS 中的“{entry}”不正确：应为 CIDR，例如 10.1.0.0/16。"
        ) from None

"""Where webhooks may lead: nowhere but where the operator says, whatever a client writes."""

import ipaddress
from pathlib import Path

import pytest

from app.domain.synthetic import synthetic_resident_id
from app.errors import InvalidField, Misconfigured
from app.services.webhook_targets import TargetRules, addresses, trust
from app.settings import Settings

HOSTS = "a.example.cn, *.b.example.cn, c.example.cn:8443, 93.184.216.34, 10.0.0.1, [::1]:8443, 例子.cn"


def rules(hosts: str = HOSTS, networks: str = "", *, http: bool = False) -> TargetRules:
    """Return what an installation with these settings allows."""
    return TargetRules.of(
        Settings(webhook_allowed_hosts=hosts, webhook_allowed_networks=networks, webhook_allow_http=http)
    )


def refused(text: str, allowed: TargetRules) -> str:
    """Return the code that a URL is refused with."""
    with pytest.raises(InvalidField) as caught:
        allowed.checked(text)
    assert caught.value.field_error.field == "url"
    return caught.value.field_error.code


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example.cn/",
        "https://A.Example.CN:443/x?y=1",
        "https://x.b.example.cn",
        "https://x.y.b.example.cn/",
        "https://c.example.cn:8443/",
        "https://93.184.216.34/",
        "https://例子.cn/通知",
        "https://xn--fsqu00a.cn/",
    ],
)
def test_what_is_named_is_allowed(url: str) -> None:
    assert rules().checked(url).scheme == "https"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://a.example.cn/", "scheme_not_allowed"),
        ("ftp://a.example.cn/", "scheme_not_allowed"),
        ("file:///etc/passwd", "invalid_url"),
        ("https://b.example.cn/", "host_not_allowed"),
        ("https://xb.example.cn/", "host_not_allowed"),
        ("https://a.example.cn.evil.test/", "host_not_allowed"),
        ("https://a.example.cn./", "host_not_allowed"),
        ("https://a.example.cn:8443/", "host_not_allowed"),
        ("https://a.example.cn:22/", "host_not_allowed"),
        ("https://c.example.cn/", "host_not_allowed"),
        ("https://127.0.0.1/", "host_not_allowed"),
        ("https://localhost/", "host_not_allowed"),
        ("https://2130706433/", "host_not_allowed"),
        ("https://0x7f.1/", "host_not_allowed"),
        ("https://10.0.0.1/", "address_not_allowed"),
        ("https://[::1]:8443/", "address_not_allowed"),
        ("https://user@a.example.cn/", "userinfo_not_allowed"),
        ("https://user:secret@a.example.cn/", "userinfo_not_allowed"),
        ("https://:@a.example.cn/", "userinfo_not_allowed"),
        ("https://a.example.cn@evil.test/", "userinfo_not_allowed"),
        ("https://a.example.cn/#x", "fragment_not_allowed"),
        ("https://a.example.cn/#", "fragment_not_allowed"),
        ("https://a.example.cn\\@evil.test/", "invalid_url"),
        ("https://evil.test\\.a.example.cn/", "invalid_url"),
        ("https://a.example.cn/ x", "invalid_url"),
        ("https://a.example.cn/\r\nX: y", "invalid_url"),
        ("https://a.example.cn/\u200b", "invalid_url"),
        ("https://a.example.cn:0/", "invalid_url"),
        ("https://a.example.cn:70000/", "invalid_url"),
        ("https://a.example.cn:x/", "invalid_url"),
        ("https:///x", "invalid_url"),
        ("https://", "invalid_url"),
        ("//a.example.cn/", "invalid_url"),
        ("a.example.cn", "invalid_url"),
        ("", "invalid_url"),
        ("https://[::1/", "invalid_url"),
        ("https://xn--/", "invalid_url"),
        (f"https://a.example.cn/{'x' * 1000}", "too_long"),
        (f"https://a.example.cn/{synthetic_resident_id(1)}", "identity_number_in_url"),
    ],
)
def test_what_is_not_named_is_refused(url: str, code: str) -> None:
    assert refused(url, rules()) == code


def test_without_the_operator_nothing_is_allowed_and_it_is_said_what_to_set() -> None:
    with pytest.raises(InvalidField, match="LIANCHENG_WEBHOOK_ALLOWED_HOSTS"):
        rules("").checked("https://a.example.cn/")


def test_plain_http_is_allowed_where_the_operator_says_so() -> None:
    assert rules(http=True).checked("http://a.example.cn/").port is None
    assert refused("http://a.example.cn:8080/", rules(http=True)) == "host_not_allowed"


@pytest.mark.parametrize("public", ["93.184.216.34", "1.1.1.1", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_public_addresses_are_allowed(public: str) -> None:
    assert rules().allows(ipaddress.ip_address(public))


@pytest.mark.parametrize(
    "special",
    [
        *("127.0.0.1", "127.255.0.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),  # noqa: S104
        *("169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1"),
        *("203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
        *("::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "fe80::1"),
        *("fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1"),
        *("2002:7f00:1::1", "2001:0:7f00:1::1", "100::1"),
    ],
)
def test_special_addresses_are_refused_unless_their_range_is_named(special: str) -> None:
    address = ipaddress.ip_address(special)
    assert not rules().allows(address)
    assert not rules(networks="172.20.0.0/30, 2a00::/64").allows(address)
    real = address.ipv4_mapped or address if address.version == 6 else address
    assert rules(networks=str(real)).allows(address)


def test_what_resolving_finds_is_read_with_its_scope_cut_off_and_each_once() -> None:
    assert addresses(["fe80::1%eth0", "10.0.0.1", "10.0.0.1", "nonsense"]) == [
        ipaddress.ip_address("fe80::1"),
        ipaddress.ip_address("10.0.0.1"),
    ]


@pytest.mark.parametrize(
    "hosts", ["*", "a.*.cn", "*.", "https://a.cn", "a.cn/x", "u@a.cn", "a.cn:0", "a.cn:99999", "a b"]
)
def test_a_setting_of_hosts_that_cannot_be_read_is_named(hosts: str) -> None:
    with pytest.raises(Misconfigured, match="LIANCHENG_WEBHOOK_ALLOWED_HOSTS"):
        rules(hosts)


@pytest.mark.parametrize("networks", ["10.0.0.1/8", "private", "10.0.0.0/33", "::/129"])
def test_a_setting_of_networks_that_cannot_be_read_is_named(networks: str) -> None:
    with pytest.raises(Misconfigured, match="LIANCHENG_WEBHOOK_ALLOWED_NETWORKS"):
        rules(networks=networks)


def test_a_file_of_certificates_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    unusable = tmp_path / "ca.pem"
    for text in (None, "no certificate"):
        if text is not None:
            unusable.write_text(text)
        with pytest.raises(Misconfigured, match=r"ca\.pem"):
            trust(unusable)

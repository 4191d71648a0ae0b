"""What a command says of the variables that it finds: each slip in a sentence, and no value of any."""

import socket
from urllib.parse import urlsplit

import pytest

from app.settings import Settings
from tests.cli.commands import liancheng, printed, refused
from tests.support import Api


@pytest.mark.parametrize(
    ("name", "value", "detail"),
    [
        ("PORT", "80800", "不得大于 65535"),
        ("POOL_SIZE", "many", "应为整数"),
        ("DATABASE_TIMEOUT", "-1", "应大于 0"),
        ("DATABASE_TIMEOUT", "soon", "应为数字"),
        ("PUSH_WAIT", "inf", "有限"),
        ("LOG_LEVEL", "loud", "应为以下之一：debug、info、warning、error"),
        ("WEBHOOK_ALLOW_HTTP", "maybe", "true 或 false"),
        ("DATABASE_URL", "", "不得留空"),
    ],
)
def test_a_value_that_cannot_be_is_told_in_a_line_with_its_name(
    settings: Settings, name: str, value: str, detail: str
) -> None:
    said = refused(settings, "clients", "list", **{f"LIANCHENG_{name}": value})
    assert said.startswith(f"错误：环境变量 LIANCHENG_{name} 的值不正确：")
    assert detail in said
    assert said.count("\n") == 1
    assert not value or value not in said.replace(detail, "")


def test_every_value_that_cannot_be_is_told_at_once(settings: Settings) -> None:
    said = refused(settings, "serve", LIANCHENG_PORT="x", LIANCHENG_POOL_SIZE="0")
    assert [line.split()[1] for line in said.splitlines()] == ["LIANCHENG_PORT", "LIANCHENG_POOL_SIZE"]


def test_what_may_be_empty_may_be_written_so(settings: Settings) -> None:
    # As a file of variables does that lists them all.
    printed(settings, "clients", "list", LIANCHENG_APPROVAL_ABOVE="", LIANCHENG_WEBHOOK_CA_FILE="")


def test_a_variable_that_nothing_reads_is_told_of_with_the_one_that_may_be_meant(settings: Settings) -> None:
    slips = {"LIANCHENG_APROVAL_ABOVE": "5", "LIANCHENG_URL": "http://127.0.0.1:1", "LIANCHENG_TEST_X": "1"}
    done = liancheng(settings, "clients", "list", **slips)
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert "没有环境变量 LIANCHENG_APROVAL_ABOVE" in line
    assert "是否应为 LIANCHENG_APPROVAL_ABOVE" in line


def test_an_address_that_cannot_be_listened_on_is_told_in_a_sentence(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"端口 {port} 已被占用" in refused(settings, "serve", "--port", str(port))
    assert "192.0.2.1" in refused(settings, "serve", "--host", "192.0.2.1")
    assert "no-such-host.invalid" in refused(settings, "serve", "--host", "no-such-host.invalid")


async def test_a_command_that_needs_the_owner_says_so(api: Api) -> None:
    await api.run(
        "DO $$ BEGIN CREATE ROLE liancheng_no_owner LOGIN IN ROLE liancheng_service; "
        "EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    )
    assert api.settings.database_url is not None
    parts = urlsplit(api.settings.database_url.get_secret_value())
    url = parts._replace(netloc=f"liancheng_no_owner@{parts.netloc.rpartition('@')[2]}").geturl()
    for command in (["verify"], ["identity", "rekey"]):
        said = refused(api.settings, *command, LIANCHENG_MIGRATION_DATABASE_URL=url)
        assert "LIANCHENG_MIGRATION_DATABASE_URL" in said
        assert said.count("\n") == 1


async def test_a_database_restored_without_the_services_rights_is_told_in_a_sentence(api: Api) -> None:
    await api.run("REVOKE SELECT ON alembic_version FROM liancheng_service")
    try:
        assert "liancheng_service" in refused(api.settings, "serve", "--port", "0")
    finally:
        await api.run("GRANT SELECT ON alembic_version TO liancheng_service")

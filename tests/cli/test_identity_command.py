"""`liancheng identity`: new keys, and writing everything anew under them."""

import re

from pydantic import SecretStr

from app.domain.synthetic import synthetic_resident_id
from app.services.identity_keys import CIPHER_VARIABLE, INDEX_VARIABLE, vault_from
from app.settings import Settings
from tests.cli.commands import liancheng, printed, refused
from tests.end_to_end.serving import environment
from tests.services.serving import also_serving
from tests.support import Api, list_operation, person


def variables(output: str) -> dict[str, str]:
    """Read lines as an environment file is read."""
    pairs = (line.partition("=") for line in output.splitlines())
    return {name: value for name, _, value in pairs}


def with_keys(settings: Settings, **values: str) -> Settings:
    index, cipher = SecretStr(values[INDEX_VARIABLE]), SecretStr(values[CIPHER_VARIABLE])
    return settings.model_copy(update={"identity_index_keys": index, "identity_cipher_keys": cipher})


async def test_new_keys_are_lines_for_an_environment_file_and_the_service_reads_them(settings: Settings) -> None:
    made = variables(printed(settings, "identity", "new-keys", "2026a"))
    assert set(made) == {INDEX_VARIABLE, CIPHER_VARIABLE}
    assert vault_from(with_keys(settings, **made)).current_key_ids == ("2026a", "2026a")
    assert variables(printed(settings, "identity", "new-keys", "2026a")) != made


async def test_new_keys_need_neither_database_nor_keys(settings: Settings) -> None:
    output = printed(settings, "identity", "new-keys", "k", LIANCHENG_DATABASE_URL="postgresql://nowhere.invalid/x")
    assert re.fullmatch(r"(LIANCHENG_IDENTITY_\w+_KEYS=k=[A-Za-z0-9+/]+=*\n){2}", output)


async def test_an_identifier_that_no_list_of_keys_could_hold_is_refused(settings: Settings) -> None:
    for key_id in ("", "a,b", "a=b", " a", "a b", "甲\n乙"):
        assert "标识" in refused(settings, "identity", "new-keys", key_id)


async def test_rekey_rewrites_everybody_and_says_how_many(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(n) for n in range(1, 4)]))
    made = variables(printed(api.settings, "identity", "new-keys", "k2"))
    old = environment(api.settings)
    both = {name: f"{made[name]},{old[name]}" for name in (INDEX_VARIABLE, CIPHER_VARIABLE)}
    assert "共重写 3 人" in printed(api.settings, "identity", "rekey", **both)
    assert "共重写 0 人" in printed(api.settings, "identity", "rekey", **both)
    changed = with_keys(api.settings, **made)
    fields = {name: getattr(changed, name) for name in ("identity_index_keys", "identity_cipher_keys")}
    async with also_serving(api, **fields) as after:
        for n in range(1, 4):
            assert (await after.asked(synthetic_resident_id(n)))["verdict"] == "listed"


async def test_rekey_without_the_old_keys_says_which_is_missing(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]))
    made = variables(printed(api.settings, "identity", "new-keys", "k2"))
    told = refused(api.settings, "identity", "rekey", **made)
    assert "test-1" in told
    assert made[CIPHER_VARIABLE].split("=")[1] not in told


async def test_keys_that_cannot_be_read_are_named_by_variable_and_position_and_not_shown(api: Api) -> None:
    told = refused(api.settings, "identity", "rekey", **{INDEX_VARIABLE: "a=bm90IGEga2V5"})
    assert f"{INDEX_VARIABLE} 的第 1 项" in told
    assert "bm90IGEga2V5" not in told


async def test_the_database_owner_is_who_rekeys(api: Api) -> None:
    """LIANCHENG_MIGRATION_DATABASE_URL goes first; here it leads nowhere, and that is what is told."""
    url = "postgresql://nobody@/none?host=/nowhere"
    finished = liancheng(api.settings, "identity", "rekey", LIANCHENG_MIGRATION_DATABASE_URL=url)
    assert finished.returncode == 1
    assert "数据库" in finished.stderr

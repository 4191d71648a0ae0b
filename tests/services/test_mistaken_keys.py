"""A command with other keys than the processes have, or with too few: it says so, and loses and misses nobody."""

import pytest
from pydantic import SecretStr

from app.domain.codes import ResidentId
from app.domain.identity import IdentityVault
from app.domain.moment import Moment
from app.domain.synthetic import synthetic_resident_id
from app.errors import IdentityKeysMissing, InvalidField, Misconfigured
from app.services.access_request import about
from app.services.audit_reading import Reader
from app.services.erasure import erase
from app.services.identity_keys import CIPHER_VARIABLE, INDEX_VARIABLE, new_keys, rekey, vault_from
from tests.rotation import keys
from tests.services.serving import also_serving
from tests.support import CATALOGUE, Api, list_operation, person

READER = Reader(None, None, "虚构操作员", None)


def mistaken(api: Api, key_id: str) -> IdentityVault:
    """Return the processes' keys, but for one identifier that stands for another key than theirs."""
    made = new_keys(key_id)
    names = {"identity_index_keys": INDEX_VARIABLE, "identity_cipher_keys": CIPHER_VARIABLE}
    changed = {}
    for name, variable in names.items():
        theirs = getattr(api.settings, name).get_secret_value()
        kept = [one for one in theirs.split(",") if not one.startswith(f"{key_id}=")]
        changed[name] = SecretStr(",".join([made[variable], *kept]))
    return vault_from(api.settings.model_copy(update=changed))


async def erased(api: Api, vault: IdentityVault, n: int, document: str = "虚构令1号") -> None:
    async with api.owner.writing() as session:
        await erase(session, vault, CATALOGUE, ResidentId(synthetic_resident_id(n)), document)


async def test_rekeying_with_another_key_than_the_processes_have_under_its_name_rewrites_nobody(api: Api) -> None:
    """Whoever it wrote no process would find: a false "not listed" for everybody on the list."""
    await api.pushed(list_operation(1, persons=[person(7)]))
    async with also_serving(api, **keys(api.settings, "{old},{new}")) as announced:
        with pytest.raises(Misconfigured, match="index:k2"):
            async with api.owner.writing() as session:
                await rekey(session, mistaken(api, "k2"))
        assert (await announced.asked(synthetic_resident_id(7)))["verdict"] == "listed"


async def test_a_key_that_only_rekeying_knew_is_noted_so_that_no_process_starts_with_another(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(7)]))
    async with api.owner.writing() as session:
        await rekey(session, mistaken(api, "k2"))
    with pytest.raises(Misconfigured, match="index:k2"):
        async with also_serving(api, **keys(api.settings, "{new},{old}")):
            pass


async def test_an_erasure_that_could_miss_a_part_of_somebody_is_not_made(api: Api) -> None:
    await api.asked(synthetic_resident_id(7), subject_kind="person")
    async with also_serving(api, **keys(api.settings, "{new},{old}")) as during:
        await during.pushed(list_operation(1, persons=[person(7)]))
    only_new = vault_from(api.settings.model_copy(update=keys(api.settings, "{new}")))
    with pytest.raises(IdentityKeysMissing, match="test-1"):
        await erased(api, only_new, 7)
    only_old = vault_from(api.settings)
    with pytest.raises(IdentityKeysMissing, match="k2"):
        await erased(api, only_old, 7)
    with pytest.raises(Misconfigured, match="index:test-1"):
        await erased(api, mistaken(api, "test-1"), 7)
    both = vault_from(api.settings.model_copy(update=keys(api.settings, "{new},{old}")))
    before = {bytes(row["blind_index"]) for row in await api.rows("SELECT blind_index FROM audit")}
    assert before & {one.value for one in both.blind_indexes(ResidentId(synthetic_resident_id(7)))}
    await erased(api, both, 7)
    after = {bytes(row["blind_index"]) for row in await api.rows("SELECT blind_index FROM audit")}
    assert not after & before


async def test_the_order_that_an_erasure_rests_on_brings_no_number_into_the_history(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(7)]))
    number = synthetic_resident_id(7)
    for document in (f"虚构法院（2026）1号，当事人{number}", "  ", "令\x07", "令" * 101):
        with pytest.raises(InvalidField, match=r"^文书：.+") as raised:
            await erased(api, vault_from(api.settings), 7, document)
        assert raised.value.field_error.field == "document"
        assert number not in str(raised.value)
    assert await api.rows("SELECT 1 FROM pushes WHERE mode = 'maintenance'") == []


async def test_who_asks_about_themselves_is_not_told_of_nothing_because_of_another_key(api: Api) -> None:
    await api.asked(synthetic_resident_id(7), subject_kind="person")
    number = ResidentId(synthetic_resident_id(7))
    with pytest.raises(Misconfigured, match="index:test-1"):
        async with api.database.writing() as session:
            await about(session, mistaken(api, "test-1"), number, READER, Moment.current())
    async with api.database.writing() as session:
        assert len((await about(session, vault_from(api.settings), number, READER, Moment.current())).records) == 1

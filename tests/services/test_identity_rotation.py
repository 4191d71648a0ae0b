"""Exchanging the keys of identity numbers while the service works: nobody is lost on the way."""

import asyncio

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.domain.codes import ResidentId
from app.domain.identity import IdentityVault, SealedNumber
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.errors import IdentityKeysMissing, Misconfigured
from app.services.identity_keys import CIPHER_VARIABLE, INDEX_VARIABLE, new_keys, rekey, vault_from
from tests.rotation import keys
from tests.services.serving import also_serving
from tests.support import Api, list_operation, person

PERSONS = "SELECT person_id, index_key_id, cipher_key_id, blind_index, sealed_number FROM persons ORDER BY person_id"


def vault(api: Api, form: str) -> IdentityVault:
    return vault_from(api.settings.model_copy(update=keys(api.settings, form)))


async def rekeyed(api: Api, form: str = "{new},{old}") -> list[int]:
    """Run as `liancheng identity rekey` does, as the owner and until nothing is left; return the batches' sizes."""
    batches = []
    while True:
        async with api.owner.writing() as session:
            batches.append(await rekey(session, vault(api, form)))
        if not batches[-1]:
            return batches


async def test_a_person_is_found_under_the_old_key_during_rotation_and_under_the_new_one_after_it(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(7)]))
    async with also_serving(api, **keys(api.settings, "{new},{old}")) as during:
        assert (await during.asked(synthetic_resident_id(7)))["verdict"] == "listed"
        assert await rekeyed(api) == [1, 0]
        assert (await during.asked(synthetic_resident_id(7)))["verdict"] == "listed"
    async with also_serving(api, **keys(api.settings, "{new}")) as after:
        answer = await after.asked(synthetic_resident_id(7))
    assert answer["verdict"] == "listed"
    assert answer["listings"][0]["person"]["name"] == "虚构7"


async def test_a_process_without_a_key_that_persons_are_recorded_under_refuses_to_start(api: Api) -> None:
    """It would call every one of them not listed."""
    await api.pushed(list_operation(1, persons=[person(7)]))
    with pytest.raises(IdentityKeysMissing):
        async with also_serving(api, **keys(api.settings, "{new}")):
            pass


async def test_another_key_under_a_known_identifier_is_refused(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(7)]))
    impostor = new_keys("test-1")
    changed = {
        "identity_index_keys": SecretStr(impostor[INDEX_VARIABLE]),
        "identity_cipher_keys": SecretStr(impostor[CIPHER_VARIABLE]),
    }
    with pytest.raises(Misconfigured, match="index:test-1"):
        async with also_serving(api, **changed):
            pass


async def test_a_running_process_that_a_new_key_was_not_given_to_answers_for_units_only(api: Api) -> None:
    """The rotation in one step: no verdict about persons, instead of a false one."""
    async with also_serving(api, **keys(api.settings, "{new},{old}")) as switched:
        await switched.pushed(list_operation(1, persons=[person(7)]))
    for code in (synthetic_resident_id(7), synthetic_resident_id(8)):
        response = await api.ask(code)
        assert response.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert response.json()["code"] == "identity_keys_missing"
    assert (await api.asked(synthetic_uscc(1)))["verdict"] == "listed"
    assert (await api.push(list_operation(2, persons=[person(7)]))).json()["code"] == "identity_keys_missing"
    assert {row["index_key_id"] for row in await api.rows(PERSONS)} == {"k2"}


async def test_with_the_new_key_announced_second_everybody_finds_what_the_others_write(api: Api) -> None:
    """A process that is not restarted yet must find the persons that a restarted one records."""
    async with (
        also_serving(api, **keys(api.settings, "{old},{new}")) as announced,
        also_serving(api, **keys(api.settings, "{new},{old}")) as switched,
    ):
        await switched.pushed(list_operation(1, persons=[person(1)]))
        await announced.pushed(list_operation(2, persons=[person(2)]))
        for one in (announced, switched):
            for n in (1, 2):
                assert (await one.asked(synthetic_resident_id(n)))["verdict"] == "listed"
    assert {row["index_key_id"] for row in await api.rows(PERSONS)} == {"test-1", "k2"}


async def test_rekeying_writes_every_identity_under_the_current_keys_and_changes_nothing_else(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(n) for n in range(1, 6)]))
    history = "SELECT listing_id, revision, state FROM listing_revisions"
    before, kept = await api.rows(PERSONS), await api.rows(history)
    assert await rekeyed(api) == [5, 0]
    after = await api.rows(PERSONS)
    assert [row["person_id"] for row in after] == [row["person_id"] for row in before]
    assert {(row["index_key_id"], row["cipher_key_id"]) for row in after} == {("k2", "k2")}
    only_new = vault(api, "{new}")
    opened = {only_new.open(SealedNumber("k2", row["sealed_number"]), row["person_id"]) for row in after}
    assert opened == {ResidentId(synthetic_resident_id(n)) for n in range(1, 6)}
    assert {only_new.blind_index(one).value for one in opened} == {row["blind_index"] for row in after}
    assert not {row["blind_index"] for row in before} & {row["blind_index"] for row in after}
    assert await api.rows(history) == kept


async def test_rekeying_goes_batch_by_batch_and_can_be_cut_off_between_them(api: Api) -> None:
    for n in range(11):
        people = [person(n * 50 + i) for i in range(50)]
        await api.pushed(list_operation(n + 1, persons=people))
    async with api.owner.writing() as session:
        assert await rekey(session, vault(api, "{new},{old}")) == 500
    async with also_serving(api, **keys(api.settings, "{new},{old}")) as during:
        for n in (0, 499, 500, 549):
            assert (await during.asked(synthetic_resident_id(n)))["verdict"] == "listed"
    assert await rekeyed(api) == [50, 0]


async def test_rekeying_again_finds_nothing_to_do(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]))
    assert await rekeyed(api) == [1, 0]
    rows = await api.rows(PERSONS)
    assert await rekeyed(api) == [0]
    assert await api.rows(PERSONS) == rows


async def test_rekeying_without_the_old_key_says_which_is_missing_and_writes_nothing(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]))
    before = await api.rows(PERSONS)
    with pytest.raises(Misconfigured, match="test-1"):
        await rekeyed(api, "{new}")
    assert await api.rows(PERSONS) == before


async def test_the_service_itself_cannot_rewrite_persons(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(1)]))
    before = await api.rows(PERSONS)
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with api.database.writing() as session:
            await rekey(session, vault(api, "{new},{old}"))
    assert await api.rows(PERSONS) == before


async def test_a_person_known_under_the_old_key_is_not_recorded_a_second_time(api: Api) -> None:
    await api.pushed(list_operation(1, persons=[person(7)]))
    async with also_serving(api, **keys(api.settings, "{new},{old}")) as during:
        await during.pushed(list_operation(2, persons=[person(7)]))
        assert len((await during.asked(synthetic_resident_id(7)))["listings"]) == 2
    assert len(await api.rows(PERSONS)) == 1


@pytest.mark.parametrize("rewritten", [False, True], ids=["before rekeying", "after rekeying"])
async def test_a_push_made_before_the_rotation_is_recognised_when_it_is_repeated(api: Api, *, rewritten: bool) -> None:
    operation = list_operation(1, persons=[person(7)])
    first = await api.push(operation, key="once")
    if rewritten:
        await rekeyed(api)
    async with also_serving(api, **keys(api.settings, "{new},{old}")) as during:
        again = await during.push(operation, key="once")
        assert again.status_code == httpx.codes.CREATED
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.content == first.content
        other = await during.push(list_operation(2), key="once")
        assert other.json()["code"] == "idempotency_key_reused"
        assert (await during.asked(synthetic_uscc(2)))["verdict"] == "not_listed"


async def test_rekeying_and_pushes_wait_for_each_other(api: Api) -> None:
    """Else a person recorded under the old key, just when it is noted as unused, could be called not listed."""
    await api.pushed(list_operation(1, persons=[person(7)]))
    async with api.owner.writing() as pushing:
        await pushing.execute(text("SELECT list_version FROM list_state FOR UPDATE"))
        rekeying = asyncio.create_task(rekeyed(api))
        done, _ = await asyncio.wait([rekeying], timeout=0.5)
        assert not done
    assert await rekeying == [1, 0]

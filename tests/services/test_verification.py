"""Whatever a superuser rewrites is named by the verification, and an erasure by order is not a rewriting."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from app.domain import chain
from app.domain.codes import ResidentId
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.errors import Conflict, LianchengError, NotFound
from app.services.audit_answers import reproduce
from app.services.erasure import Erased, erase
from app.services.identity_keys import vault_from
from app.services.verification import HistoryRewritten, Verified, verify
from tests.support import CATALOGUE, Api, list_operation, person, remove_operation, today

TARGET = {"uscc": synthetic_uscc(1), "decision_no": "虚构列〔2026〕1号"}


@pytest.fixture
async def history(api: Api) -> Api:
    """Three versions with a listing, its persons, a renaming and a removal."""
    await api.pushed(list_operation(1, persons=[person(1), person(2)]), list_operation(2, persons=[person(1)]))
    renamed_on = today().isoformat()
    await api.pushed({"op": "rename", **TARGET, "new_name": "示例更名（虚构）有限公司", "renamed_on": renamed_on})
    await api.pushed(remove_operation(2), {"op": "amend", **TARGET, "facts": "补充事实（虚构）"})
    return api


async def verified(api: Api, noted: Mapping[int, bytes] | None = None) -> Verified:
    async with api.owner.reading() as session:
        return await verify(session, vault_from(api.settings), noted or {}, lambda _, __: None)


async def erased(api: Api, n: int) -> Erased:
    async with api.owner.writing() as session:
        number = ResidentId(synthetic_resident_id(n))
        return await erase(session, vault_from(api.settings), CATALOGUE, number, "虚构法院（2026）1号")


async def test_an_untouched_history_verifies_with_the_head_that_is_public(history: Api) -> None:
    found = await verified(history)
    assert (found.list_version, found.changes, found.listings, found.persons) == (3, 5, 2, 2)
    assert (found.unbound, found.erased) == (0, 0)
    public = (await history.http.get("/v1/chain")).json()
    assert public["head"] == chain.written(found.head)


async def test_a_list_that_nothing_was_ever_pushed_to_verifies(api: Api) -> None:
    found = await verified(api)
    assert (found.list_version, found.head, found.changes) == (0, chain.GENESIS, 0)


@pytest.mark.parametrize(
    ("tampering", "named"),
    [
        # The history itself.
        (
            "UPDATE listing_revisions SET state = jsonb_set(state, '{tier}', '\"无\"') WHERE list_version = 2",
            "第 2 版第 1",
        ),
        ("UPDATE listing_revisions SET operation = 'list' WHERE list_version = 2", "第 2 版第 1"),
        ('UPDATE listing_revisions SET detail = \'{"document": "x"}\' WHERE list_version = 3', "第 3 版第 1"),
        ("UPDATE listing_revisions SET row_no = 9 WHERE list_version = 1 AND change_no = 2", "第 1 版第 2"),
        ("UPDATE listing_revisions SET hash = sha256(hash) WHERE list_version = 1 AND change_no = 1", "第 1 版第 1"),
        ("UPDATE listing_revisions SET revision = 7 WHERE list_version = 2", "第 2 版第 1"),
        ("UPDATE listing_revisions SET push_id = gen_random_uuid() WHERE list_version = 2", "第 2 版第 1"),
        ("UPDATE listing_revisions SET change_no = 3 WHERE list_version = 3 AND change_no = 1", "第 3 版第 1"),
        ("DELETE FROM listing_revisions WHERE list_version = 1 AND change_no = 1", "第 1 版第 1"),
        ("DELETE FROM listing_revisions WHERE list_version = 3 AND change_no = 2", "第 3 版"),
        # The pushes.
        ("UPDATE pushes SET source_document = '另一文件' WHERE list_version = 2", "第 2 版的推送记录"),
        (
            "UPDATE pushes SET committed_at = committed_at - interval '1 day' WHERE list_version = 1",
            "第 1 版的推送记录",
        ),
        ("UPDATE pushes SET counts = '{\"rename\": 2}' WHERE list_version = 2", "第 2 版"),
        ("UPDATE pushes SET head = sha256(head) WHERE list_version = 3", "第 3 版的推送记录"),
        ("UPDATE pushes SET mode = 'snapshot' WHERE list_version = 1", "第 1 版的推送记录"),
        ("DELETE FROM pushes WHERE list_version = 2", "第 2 版"),
        ("DELETE FROM pushes WHERE list_version = 3", "第 3 版"),
        ("UPDATE list_state SET list_version = 2", "名单版本号"),
        # What the listings are now.
        ("UPDATE listings SET valid_until = valid_until + 1 WHERE revision = 3", "valid_until"),
        ("UPDATE listings SET removed_on = NULL, removal_reason = NULL WHERE removed_on IS NOT NULL", "removed_on"),
        ("UPDATE listings SET unit_name = '别的名称' WHERE revision = 3", "unit_name"),
        ("UPDATE listings SET former_names = '{}'", "former_names"),
        ("UPDATE listings SET suspensions = '{[2026-01-01,2026-02-01)}'", "suspensions"),
        ("UPDATE listings SET revision = 9 WHERE revision = 3", "revision"),
        ("DELETE FROM related_persons WHERE listing_id = (SELECT listing_id FROM listings LIMIT 1)", "persons"),
        ("UPDATE related_persons SET roles = '{other}'", "roles"),
        ("UPDATE related_persons SET ended_on = '2026-10-01', end_reason = 'left'", "ended_on"),
        ("UPDATE related_persons SET ban_for_life = true", "ban_for_life"),
        (
            "ALTER TABLE listings DISABLE TRIGGER ALL; DELETE FROM related_persons; DELETE FROM listings",
            "现行名单中没有",
        ),
        (
            (
                "INSERT INTO listings (listing_id, uscc, unit_name, decision_no, decided_by, conduct, tier, listed_on, "
                "valid_until, revision, list_version) SELECT gen_random_uuid(), uscc, unit_name, 'x', decided_by, "
                "conduct, tier, listed_on, valid_until, 1, 1 FROM listings LIMIT 1"
            ),
            "历史中没有",
        ),
        # Who the persons are.
        ("UPDATE persons SET name = '虚构别人'", "身份承诺不符"),
        ("UPDATE persons SET blind_index = sha256(blind_index)", "盲索引"),
        ("UPDATE persons SET masked_number = '00**************00'", "掩码"),
        ("UPDATE persons SET sealed_number = sha256(sealed_number)", "解密"),
        ("UPDATE persons SET salt = sha256(salt)", "身份承诺"),
        ("UPDATE persons SET salt = NULL", "身份承诺不完整"),
        ("UPDATE persons SET commitment = NULL, salt = NULL", "commitment"),
        (
            (
                "UPDATE persons SET name = NULL, blind_index = NULL, index_key_id = NULL, sealed_number = NULL, "
                "cipher_key_id = NULL, masked_number = NULL, salt = NULL, erased_at = now()"
            ),
            "erased",
        ),
        (
            (
                "INSERT INTO persons SELECT gen_random_uuid(), name || '甲', blind_index, index_key_id, sealed_number, "
                "cipher_key_id, masked_number, NULL, NULL FROM persons LIMIT 1"
            ),
            "人员",
        ),
        # By what persons are looked for, and what answers were made from.
        ("DELETE FROM index_keys_in_use", "index_keys_in_use"),
        ("UPDATE catalogues SET source = source || '\\x0a'::bytea", "措施目录 sha256:"),
        ("UPDATE scenes SET source = source || '\\x0a'::bytea", "场景 sha256:"),
    ],
)
async def test_what_a_superuser_rewrites_is_named(history: Api, tampering: str, named: str) -> None:
    for statement in tampering.split("; "):
        await history.run(statement)
    with pytest.raises(Exception, match=named) as raised:
        await verified(history)
    assert synthetic_resident_id(1) not in str(raised.value)


async def test_a_history_cut_off_at_its_end_is_found_out_by_who_noted_a_head(history: Api) -> None:
    noted = {
        3: (await verified(history)).head,
        1: bytes.fromhex((await history.http.get("/v1/chain/1")).json()["head"][4:]),
    }
    for statement in (
        "DELETE FROM listing_revisions WHERE list_version = 3",
        "DELETE FROM pushes WHERE list_version = 3",
        "UPDATE list_state SET list_version = 2",
        "UPDATE listings SET removed_on = NULL, removal_reason = NULL, facts = NULL",
        "UPDATE listings SET revision = revision - 1, list_version = revision - 1",
    ):
        await history.run(statement)
    shorter = await verified(history)
    assert shorter.list_version == 2, "by itself, a history that was cut off and made to fit cannot be told"
    assert await verified_fails(history, noted, "第 3 版.*末尾的历史被删除")
    assert (await verified(history, {1: noted[1]})).list_version == 2


async def test_a_head_that_was_noted_and_is_another_now_is_named(history: Api) -> None:
    assert await verified_fails(history, {2: chain.GENESIS}, "第 2 版.*链首与所记录的不同")


async def verified_fails(api: Api, noted: Mapping[int, bytes], named: str) -> bool:
    with pytest.raises(HistoryRewritten, match=named):
        await verified(api, noted)
    return True


async def test_an_erased_person_is_gone_everywhere_and_the_chain_still_verifies(history: Api) -> None:
    number = synthetic_resident_id(1)
    assert (await history.asked(number, subject_kind="person"))["verdict"] == "listed"
    before = await verified(history)
    done = await erased(history, 1)
    assert (done.list_version, done.listings, done.audit_records) == (4, 2, 1)
    after = await verified(history, {3: before.head})
    assert (after.list_version, after.persons, after.erased) == (4, 2, 1)
    assert (await history.asked(number, subject_kind="person"))["verdict"] == "not_listed"
    assert (await history.asked(synthetic_uscc(1)))["verdict"] == "listed"
    listed = await history.http.get("/v1/listings", headers=history.headers())
    gone = [one for listing in listed.json()["listings"] for one in listing["persons"] if one["erased"]]
    assert [one["name"] for one in gone] == ["（身份已删除）"] * 2
    page = (await history.http.get("/v1/changes?after=3", headers=history.headers())).json()
    told = [one for change in page["changes"] for one in change["listing"]["persons"] if one["erased"]]
    assert [change["op"] for change in page["changes"]] == ["erase", "erase"]
    assert {(one["name_masked"], one["token"]) for one in told} == {(None, None)}
    left = await history.rows("SELECT * FROM persons WHERE erased_at IS NOT NULL")
    assert {key for one in left for key, value in one.items() if value is not None} == {
        "person_id",
        "commitment",
        "erased_at",
    }


async def test_an_old_answer_is_not_made_again_from_a_memo_that_was_rewritten(history: Api) -> None:
    lookup_id = UUID((await history.asked(synthetic_uscc(1), scene="customs.clearance"))["lookup_id"])
    for table in ("scenes", "catalogues"):
        await history.run(f"UPDATE {table} SET source = source || '\\x0a'::bytea")
        with pytest.raises(LianchengError, match="sha256:"):
            async with history.owner.reading() as session:
                await reproduce(session, lookup_id)


async def test_nobody_can_be_erased_who_is_not_recorded(history: Api) -> None:
    with pytest.raises(NotFound):
        await erased(history, 77)


async def test_nothing_is_erased_while_a_push_waits_that_may_hold_the_number(history: Api) -> None:
    await history.run(
        "INSERT INTO waiting_pushes SELECT gen_random_uuid(), client_id, 'w', '', '', now(), 3, '', '{}', '{}', '' "
        "FROM clients LIMIT 1"
    )
    with pytest.raises(Conflict):
        await erased(history, 1)
    assert (await verified(history)).erased == 0

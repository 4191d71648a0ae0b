"""`liancheng audit about`, `unusual` and `readings`: who queried me, whose use stands out, and who looked."""

import getpass
import stat
from pathlib import Path

from app.domain.codes import ResidentId
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services.access import Scope
from app.services.erasure import erase
from app.services.identity_keys import INDEX_VARIABLE, new_keys, vault_from
from tests.cli.commands import liancheng, printed, refused
from tests.services.serving import also_serving
from tests.support import CATALOGUE, CUSTOMS, Api, list_operation, make_key, person, today

PERSON = synthetic_resident_id(1)
MASKED = f"{PERSON[:2]}{'*' * 14}{PERSON[-2:]}"


async def test_who_queried_me_is_answered_whole_across_keys_as_a_document(api: Api, tmp_path: Path) -> None:
    before = await api.asked(PERSON, purpose="评先评优审查", reference="示例-1")
    await api.pushed(list_operation(1, persons=[person(1)]))
    api.key = await make_key(api.database, Scope.LOOKUP, Scope.CHANGES_READ, department=CUSTOMS, name="海关通关系统")
    assert api.settings.identity_index_keys is not None
    new, old = new_keys("k2")[INDEX_VARIABLE], api.settings.identity_index_keys
    both = type(old)(f"{new},{old.get_secret_value()}")
    async with also_serving(api, identity_index_keys=both) as during:
        listed = await during.asked(PERSON, purpose="进口通关审核", known_at=None)
        tokens = {"id_numbers": [PERSON], "purpose": "在职人员比对"}
        await during.http.post("/v1/persons/tokens", json=tokens, headers=api.headers())
        await during.asked(synthetic_resident_id(2))
        letter = printed(during.settings, "audit", "about", stdin=PERSON)
        file = tmp_path / "答复书.txt"
        finished = liancheng(during.settings, "audit", "about", "--output", str(file), stdin=PERSON)
    assert PERSON not in letter + finished.stdout + finished.stderr
    lines = [line.strip() for line in letter.splitlines()]
    for expected in (
        f"申请人身份号码：{MASKED}",
        "查询部门：市应急管理局（系统：client-",
        "查询部门：清远海关（系统：海关通关系统）",
        "查询用途：评先评优审查",
        "业务编号：示例-1",
        f"问及日期：{today()}",
        "所作答复：不在名单上",
        f"所作答复：在名单上（{list_operation(1)['unit']['name']}，决定书 {list_operation(1)['decision_no']}）",
        "所作答复：已发比对标识",
        f"查询编号：{before['lookup_id']}",
        f"查询编号：{listed['lookup_id']}",
        "清远海关：2 次",
    ):
        assert any(line.startswith(expected) for line in lines), expected
    assert "共 3 次" in letter
    assert letter.index(before["lookup_id"]) < letter.index(listed["lookup_id"]), "the oldest first"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert f"{getpass.getuser()}　办理查阅申请" in file.read_text(), "that the first document was made is in the second"
    told = refused(api.settings, "audit", "about", stdin=PERSON)
    assert "k2" in told, "without that key the answer would be incomplete"


async def test_of_whom_nothing_is_on_record_and_of_whom_it_was_erased_the_document_says_so(api: Api) -> None:
    assert "未查到" in printed(api.settings, "audit", "about", stdin=PERSON)
    await api.pushed(list_operation(1, persons=[person(1)]))
    erased = (await api.asked(PERSON))["lookup_id"]
    async with api.owner.writing() as session:
        await erase(session, vault_from(api.settings), CATALOGUE, ResidentId(PERSON), "虚构令1号")
    letter = printed(api.settings, "audit", "about", stdin=PERSON)
    assert "未查到" in letter
    assert "已不再指向任何人" in letter
    assert erased not in letter
    since = (await api.asked(PERSON))["lookup_id"]
    assert since in printed(api.settings, "audit", "about", stdin=PERSON)


async def test_the_number_is_never_an_argument_and_a_wrong_one_makes_no_document(api: Api, tmp_path: Path) -> None:
    assert liancheng(api.settings, "audit", "about", PERSON).returncode == 2
    file = tmp_path / "x.txt"
    for stdin in ("", synthetic_uscc(1), PERSON[:-1]):
        told = refused(api.settings, "audit", "about", "--output", str(file), stdin=stdin)
        assert PERSON[:-1] not in told
    assert not file.exists()


async def test_a_number_in_the_place_of_a_clients_name_is_not_kept_with_the_reading(api: Api) -> None:
    told = refused(api.settings, "audit", "list", "--client", PERSON)
    assert "身份号码" in told
    assert PERSON not in told + str(await api.rows("SELECT * FROM readings_of_audit"))


async def test_unusual_use_is_shown_with_its_reasons_and_every_reading_is_listed(api: Api) -> None:
    await make_key(api.database, Scope.LOOKUP)
    for n in range(3):
        await api.asked(synthetic_resident_id(n))
    few = {"LIANCHENG_UNUSUAL_PERSONS": "3"}
    shown = printed(api.settings, "audit", "unusual", **few)
    (row,) = [line for line in shown.splitlines() if "client-" in line and "│" in line]
    assert [cell.strip() for cell in row.split("│")][3:-1] == ["3", "3", "3", "3", "100%", "0", "—", "是"]
    assert "查询不在名单上的人员 3 人，此前同样长的时间内为 0 人" in shown
    assert "*" not in shown
    assert "是" not in printed(api.settings, "audit", "unusual", "--until", "2026-01-31", **few)
    assert "起始日期" in refused(api.settings, "audit", "unusual", "--since", "2026-02-01", "--until", "2026-01-01")
    printed(api.settings, "audit", "list", "--subject", "--client", "x", stdin=PERSON)
    table = printed(api.settings, "audit", "readings")
    rows = [[cell.strip() for cell in line.split("│")][2:-1] for line in table.splitlines()[3:-1]]
    user = getpass.getuser()
    assert [row[:2] for row in rows] == [[user, "列出查询记录"], [user, "异常使用报告"], [user, "异常使用报告"]]
    assert rows[0][2:] == ["client=x", "是", "0"]
    assert PERSON not in table

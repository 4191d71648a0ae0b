"""`liancheng clients`: registering a department's system, and its keys from the first to the last."""

import re
from datetime import timedelta

import httpx

from app.domain.moment import CITY, Moment
from app.domain.synthetic import synthetic_uscc
from app.services.access import ROLE_SCOPES, ClientRole
from tests.cli.commands import liancheng, printed, refused
from tests.support import BUREAU, CATALOGUE, CUSTOMS, Api, list_operation

KEY = re.compile(r"lc_([0-9a-f]{12})_[0-9a-f]{64}")


def key_in(text: str) -> str:
    """Return the one key that a command printed."""
    (found,) = KEY.finditer(text)
    return found.group()


def add(api: Api, name: str, *options: str, department: str = CUSTOMS) -> str:
    return key_in(printed(api.settings, "clients", "add", name, "--department", department, *options))


async def asking_with(api: Api, key: str) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return (await api.http.post("/v1/lookups", json={"code": synthetic_uscc(1)}, headers=headers)).status_code


async def pushing_with(api: Api, key: str) -> int:
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": key[:15]}
    return (await api.http.post("/v1/pushes", json={"operations": [list_operation(1)]}, headers=headers)).status_code


async def test_the_key_of_a_new_client_opens_what_its_scope_says(api: Api) -> None:
    asking = add(api, "海关通关系统")
    assert await asking_with(api, asking) == httpx.codes.OK
    assert await pushing_with(api, asking) == httpx.codes.FORBIDDEN
    pushing = add(api, "应急推送", "--scope", "list:push", department=BUREAU)
    assert await asking_with(api, pushing) == httpx.codes.FORBIDDEN
    assert await pushing_with(api, pushing) == httpx.codes.CREATED
    both = add(api, "两种权限", "--scope", "lookup", "--scope", "list:push", department=BUREAU)
    assert await asking_with(api, both) == httpx.codes.OK


async def test_a_key_is_printed_once_and_never_stored(api: Api) -> None:
    key = add(api, "海关通关系统")
    listed = printed(api.settings, "clients", "list")
    assert key.split("_")[1] in listed
    assert key.split("_")[2] not in listed
    stored = repr(await api.rows("SELECT * FROM api_keys"))
    assert key.split("_")[2] not in stored


async def test_the_list_shows_each_client_with_its_department_and_the_state_of_each_key(api: Api) -> None:
    name = "一个名称很长很长很长很长很长很长很长很长的接入系统"
    first = add(api, name, "--scope", "lookup", "--scope", "list:push", "--expires-in", "30")
    second = key_in(printed(api.settings, "clients", "add-key", name))
    printed(api.settings, "clients", "revoke", name, "--key", second.split("_")[1])
    lines = {line.split("│")[3].strip(): line for line in printed(api.settings, "clients", "list").splitlines()[3:-1]}
    expires = (Moment.current().now + timedelta(days=30)).astimezone(CITY).date().isoformat()
    cells = [cell.strip() for cell in lines[first.split("_")[1]].split("│")][1:-1]
    today = Moment.current().today.isoformat()
    assert cells == [name, CUSTOMS, first.split("_")[1], "list:push lookup", today, expires, "有效"]
    assert lines[second.split("_")[1]].split("│")[-2].strip() == "已撤销"


async def test_a_role_gives_its_scopes_to_whom_it_fits_and_the_list_names_it(api: Api) -> None:
    offices = {"bureau": BUREAU, "credit_office": "市发展和改革局", "department": CUSTOMS, "auditor": "市财政局"}
    assert set(offices) == set(ClientRole)
    for role, department in offices.items():
        add(api, f"{role}系统", "--role", role, department=department)
    add(api, "角色之外", "--role", "auditor", "--scope", "lookup")
    rows = await api.rows("SELECT name, scopes FROM clients JOIN api_keys USING (client_id)")
    granted = {row["name"]: set(row["scopes"]) for row in rows}
    for role in ClientRole:
        assert granted[f"{role}系统"] == ROLE_SCOPES[role], role
    assert granted["角色之外"] == {"audit:read", "lookup"}
    assert granted["auditor系统"] == {"audit:read"}, "who audits can neither ask nor change anything"
    table = printed(api.settings, "clients", "list")
    cells = [[cell.strip() for cell in line.split("│")] for line in table.splitlines() if "│" in line]
    assert {line[1]: line[4] for line in cells if "系统" in line[1]} == {f"{one}系统": f"角色 {one}" for one in offices}
    assert {line[1]: line[4] for line in cells if line[1] == "角色之外"} == {"角色之外": "audit:read lookup"}
    assert "角色 department：changes:read enforcement:report lookup webhooks:manage" in table
    for role in ("bureau", "credit_office"):
        told = refused(api.settings, "clients", "add", "冒用", "--department", CUSTOMS, "--role", role)
        assert offices[role] in told
        assert "冒用" not in printed(api.settings, "clients", "list"), "nothing of it was kept"


async def test_a_name_in_square_brackets_is_shown_as_it_is(api: Api) -> None:
    for name in ("[red]海关[/red]", "税务[/x]", ":smile:"):
        add(api, name)
        assert name in printed(api.settings, "clients", "list")


async def test_a_department_goes_by_any_name_the_memo_prints_or_it_has_taken_since(api: Api) -> None:
    add(api, "银行", department="中国人民银行清远市分行")
    assert "中国人民银行清远市中心支行" in printed(api.settings, "clients", "list")


async def test_an_unknown_department_is_answered_with_those_there_are(api: Api) -> None:
    told = refused(api.settings, "clients", "add", "某系统", "--department", "清远海关总署")
    for department in CATALOGUE.departments:
        assert department.name in told
    assert "某系统" not in printed(api.settings, "clients", "list")


async def test_a_name_is_taken_once_and_an_unknown_one_is_said_to_be_unknown(api: Api) -> None:
    add(api, "海关通关系统")
    assert "已有" in refused(api.settings, "clients", "add", "海关通关系统", "--department", CUSTOMS)
    for command in ("add-key", "rotate", "revoke"):
        assert "没有名为“别的”的客户端" in refused(api.settings, "clients", command, "别的")
    assert "没有这个密钥标识" in refused(api.settings, "clients", "revoke", "海关通关系统", "--key", "0" * 12)


async def test_without_overlap_the_old_key_ends_at_once(api: Api) -> None:
    old = add(api, "海关通关系统")
    output = printed(api.settings, "clients", "rotate", "海关通关系统")
    assert await asking_with(api, old) == httpx.codes.UNAUTHORIZED
    assert await asking_with(api, key_in(output)) == httpx.codes.OK
    assert f"旧密钥 {old.split('_')[1]} 于 " in output


async def test_with_overlap_both_keys_open_for_those_hours_and_the_new_one_keeps_the_scopes(api: Api) -> None:
    old = add(api, "应急推送", "--scope", "list:push", department=BUREAU)
    output = printed(api.settings, "clients", "rotate", "应急推送", "--overlap", "24")
    assert await pushing_with(api, old) == httpx.codes.CREATED
    assert await asking_with(api, key_in(output)) == httpx.codes.FORBIDDEN
    (ended,) = await api.rows("SELECT expires_at - now() AS left FROM api_keys WHERE expires_at IS NOT NULL")
    assert timedelta(hours=23, minutes=58) < ended["left"] <= timedelta(hours=24)
    shown = re.search(r"于 (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) 失效", output)
    assert shown is not None
    # In Beijing time, as everything on the screen.
    assert shown.group(1).startswith((Moment.current().today + timedelta(days=1)).isoformat())


async def test_a_rotation_never_lengthens_the_life_of_the_old_key(api: Api) -> None:
    add(api, "海关通关系统", "--expires-in", "1")
    printed(api.settings, "clients", "rotate", "海关通关系统", "--overlap", "720")
    (ended,) = await api.rows("SELECT expires_at - now() AS left FROM api_keys WHERE expires_at IS NOT NULL")
    assert ended["left"] <= timedelta(days=1)


async def test_revoking_ends_one_key_or_all_of_them_and_a_new_one_can_follow(api: Api) -> None:
    first = add(api, "海关通关系统")
    second = key_in(printed(api.settings, "clients", "add-key", "海关通关系统"))
    told = printed(api.settings, "clients", "revoke", "海关通关系统", "--key", first.split("_")[1])
    assert told.startswith(f"已撤销 1 个密钥：{first.split('_')[1]}")
    assert await asking_with(api, first) == httpx.codes.UNAUTHORIZED
    assert await asking_with(api, second) == httpx.codes.OK
    assert "已撤销 1 个密钥" in printed(api.settings, "clients", "revoke", "海关通关系统")
    assert await asking_with(api, second) == httpx.codes.UNAUTHORIZED
    assert "已撤销 0 个密钥：无" in printed(api.settings, "clients", "revoke", "海关通关系统")
    assert "add-key" in refused(api.settings, "clients", "rotate", "海关通关系统")
    third = key_in(printed(api.settings, "clients", "add-key", "海关通关系统"))
    assert await asking_with(api, third) == httpx.codes.OK


async def test_what_cannot_be_an_option_is_a_usage_error_and_changes_nothing(api: Api) -> None:
    before = await api.rows("SELECT * FROM api_keys")
    for options in (["--scope", "everything"], ["--expires-in", "0"], []):
        department = ["--department", CUSTOMS] if options else []
        assert liancheng(api.settings, "clients", "add", "某系统", *department, *options).returncode == 2
    assert await api.rows("SELECT * FROM api_keys") == before


def test_a_key_by_which_another_department_could_change_the_list_is_given_with_a_warning(api: Api) -> None:
    for name, department, warned in (("甲", CUSTOMS, True), ("乙", BUREAU, False)):
        done = liancheng(api.settings, "clients", "add", name, "--department", department, "--scope", "list:push")
        assert key_in(done.stdout)
        assert ("list:push" in done.stderr) is warned

"""The keys that identity numbers are found by and kept under."""

import asyncio
from typing import Annotated

import typer

from app.cli.installation import installation, owner_database
from app.cli.output import asked_unseen
from app.domain.codes import parse_resident_id
from app.domain.moment import Moment
from app.services.catalogue import load
from app.services.erasure import Erased, erase
from app.services.identity_keys import new_keys, rekey, vault_from
from app.services.webhook_secrets import rekey as rekey_webhooks
from app.settings import Settings
from app.store import schema

app = typer.Typer(help="身份号码的密钥。", no_args_is_help=True)


@app.command("new-keys")
def make_keys(
    key_id: Annotated[str, typer.Argument(help="密钥标识，例如 2026a；不得与在用的重复。")],
) -> None:
    """生成一对新密钥，以环境变量的形式输出。

    轮换：先把新密钥写在原有密钥之后（逗号分隔），重启全部进程；再把它移到最前，重启全部进程；然后运行
    liancheng identity rekey。若一步移到最前，尚未重启的进程查不到用新密钥入库的人员。索引密钥的旧值请长期保留：
    查询审计记录按当时的密钥索引，缺了它就查不出“谁查过我”。
    """
    for variable, value in new_keys(key_id).items():
        typer.echo(f"{variable}={value}")


@app.command("erase")
def erase_person(
    document: Annotated[str, typer.Option(help="要求删除的文书，例如法院文书号；写入历史。")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="不再询问。")] = False,
) -> None:
    """依令删除一个人的身份：姓名与号码从数据库中永久删除，历史的哈希链仍可核验。

    随后从标准输入读入其身份号码，不会显示或留存。名单的副本经变更流得知；查询记录保留“有过查询”，不再指向此人。
    数据库的备份与预写日志不在此列，须按其保存期另行处理。
    """
    number = parse_resident_id(asked_unseen("身份号码"), today=Moment.current().today)
    if not yes:
        typer.confirm("删除后无法恢复，此人将不能再按号码查到。确认删除？", abort=True, err=True)

    async def work(settings: Settings) -> Erased:
        catalogue = load(settings.catalogue_file)
        async with owner_database(settings) as database:
            await schema.check(database)
            async with database.writing() as session:
                return await erase(session, vault_from(settings), catalogue, number, document)

    with installation() as settings:
        done = asyncio.run(work(settings))
    typer.echo(
        f"已删除：名单第 {done.list_version} 版，涉及 {done.listings} 条列入记录、{done.audit_records} 条查询记录。"
    )


@app.command("rekey")
def rewrite() -> None:
    """用当前（排在最前的）密钥重写全部已存身份号码与 webhook 密钥；可随时中断后重新运行，期间查询不受影响。"""

    async def work(settings: Settings) -> int:
        vault, total = vault_from(settings), 0
        async with owner_database(settings) as database:
            while True:
                async with database.writing() as session:
                    done = await rekey(session, vault)
                if not done:
                    break
                total += done
                typer.echo(f"已重写 {total} 人……", err=True)
            done = 1
            while done:
                async with database.writing() as session:
                    done = await rekey_webhooks(session, vault)
        return total

    with installation() as settings:
        typer.echo(f"完成，共重写 {asyncio.run(work(settings))} 人。")

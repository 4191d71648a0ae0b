"""The keys that identity numbers are found by and kept under."""

import asyncio
from typing import Annotated

import typer

from app.cli.installation import installation, owner_database
from app.services.identity_keys import new_keys, rekey, vault_from
from app.settings import Settings

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


@app.command("rekey")
def rewrite() -> None:
    """用当前（排在最前的）密钥重写全部已存身份号码；可随时中断后重新运行，期间查询不受影响。"""

    async def work(settings: Settings) -> int:
        vault, total = vault_from(settings), 0
        async with owner_database(settings) as database:
            while True:
                async with database.writing() as session:
                    done = await rekey(session, vault)
                if not done:
                    return total
                total += done
                typer.echo(f"已重写 {total} 人……", err=True)

    with installation() as settings:
        typer.echo(f"完成，共重写 {asyncio.run(work(settings))} 人。")

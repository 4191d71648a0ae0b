"""The `liancheng` command; each subcommand stands in its own file."""

import sys

import typer

from app.cli import (
    audit,
    catalogue,
    clients,
    copy,
    demo,
    identity,
    push,
    pushes,
    rules,
    scenes,
    serve,
    template,
    verify,
)
from app.errors import DatabaseUnavailable, LianchengError

app = typer.Typer(
    name="liancheng",
    help=(
        "联惩：安全生产失信联合惩戒名单的核查与推送服务。\n\n"
        "配置全部来自 LIANCHENG_* 环境变量，见 docs/operations.md；"
        "不设 LIANCHENG_DATABASE_URL 时使用数据目录中自带的 PostgreSQL。"
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Rich's boxes cut a Chinese sentence, which has no spaces, off at the end of their columns.
    rich_markup_mode=None,
)
app.command()(serve.serve)
app.command()(serve.migrate)
app.command()(demo.demo)
app.command()(verify.verify)
app.command()(push.push)
app.command()(template.template)
app.add_typer(clients.app, name="clients")
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(rules.app, name="rules")
app.add_typer(scenes.app, name="scenes")
app.add_typer(pushes.app, name="pushes")
app.add_typer(copy.app, name="copy")
app.add_typer(audit.app, name="audit")
app.add_typer(identity.app, name="identity")


def main() -> None:
    """Run the command; an error of ours ends it with one Chinese sentence and exit code 1."""
    try:
        app()
    except LianchengError as error:
        sys.stderr.write(f"错误：{error.detail}\n")
        if isinstance(error, DatabaseUnavailable) and error.__cause__ is not None:
            sys.stderr.write(f"  原因：{error.__cause__}\n")
        for one in error.errors:
            where = "，".join(part for part in (f"第 {one.row} 行" if one.row else "", one.field or "") if part)
            if where and one.detail != error.detail:
                sys.stderr.write(f"  {where}：{one.detail}\n")
        sys.exit(1)

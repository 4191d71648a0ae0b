"""The `liancheng` command; each subcommand stands in its own file.

Only the file of the command that is run is imported: all of them together take longer to import than most commands take
to run.
"""

import gc
import sys
from importlib import import_module

import typer

from app.errors import DatabaseUnavailable, LianchengError
from app.settings import WrongSettings

# In the order that the help shows them; each is the function of its name, in the file named.
_COMMANDS = {
    "serve": "serve",
    "migrate": "serve",
    "demo": "demo",
    "worker": "worker",
    "verify": "verify",
    "push": "push",
    "template": "template",
    "effect": "effect",
    "bench": "bench",
}
# Each has commands of its own, in the file of its name.
_GROUPS = ("clients", "catalogue", "rules", "scenes", "enforcement", "pushes", "copy", "audit", "webhooks", "identity")


def command_line(only: str | None = None) -> typer.Typer:
    """Return the command with all its subcommands, or with the one that is to be run."""
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
    # With a callback, a single subcommand is one still.
    app.callback()(_nothing_before)
    for name, file in _COMMANDS.items():
        if only in {None, name}:
            app.command()(getattr(import_module(f"app.cli.{file}"), name))
    for name in _GROUPS:
        if only in {None, name}:
            app.add_typer(import_module(f"app.cli.{name}").app, name=name)
    return app


def _nothing_before() -> None:
    """Do nothing before a subcommand."""


def main() -> None:
    """Run the command; an error of ours ends it with one Chinese sentence and exit code 1."""
    named = sys.argv[1] if len(sys.argv) > 1 else None
    # What is imported stays: to look for garbage in it all the while takes a quarter of the time.
    gc.disable()
    command = command_line(named if named in {*_COMMANDS, *_GROUPS} else None)
    gc.freeze()
    gc.enable()
    try:
        command()
    except WrongSettings as wrong:
        for sentence in import_module("app.cli.environment").told_of(wrong):
            sys.stderr.write(f"错误：{sentence}\n")
        sys.exit(1)
    except LianchengError as error:
        sys.stderr.write(f"错误：{error.detail}\n")
        if isinstance(error, DatabaseUnavailable) and error.__cause__ is not None:
            sys.stderr.write(f"  原因：{error.__cause__}\n")
        for one in error.errors:
            where = "，".join(part for part in (f"第 {one.row} 行" if one.row else "", one.field or "") if part)
            if where and one.detail != error.detail:
                sys.stderr.write(f"  {where}：{one.detail}\n")
        sys.exit(1)

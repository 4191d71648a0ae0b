"""Tables on the screen and in a pipe."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.table import Table

from app.domain.yaml_reader import FileProblem

_WIDTH_IN_A_PIPE = 200


def print_table(table: Table, *, err: bool = False) -> None:
    """Print the table; what stands in its cells is text that somebody typed, and is taken as it is."""
    # A pipe has no width, and Rich's guess of 80 columns cuts identifiers apart.
    width = None if Console(stderr=err).is_terminal else _WIDTH_IN_A_PIPE
    # Without markup: a purpose such as “[/x]” would otherwise end the command, and “[red]” would vanish.
    Console(stderr=err, width=width, markup=False, emoji=False, highlight=False).print(table)


def tell_problems(file: Path, problems: Sequence[FileProblem]) -> NoReturn:
    """Tell what is wrong with a data file, each with its line, and end with exit code 1."""
    for problem in problems:
        typer.echo(f"{file}:{problem.line}: {problem.message} [{problem.code}]", err=True)
    typer.echo(f"共 {len(problems)} 处问题。", err=True)
    raise typer.Exit(1)


def asked_unseen(what: str) -> str:
    """Read a code unseen from the terminal, or the first line of what is piped in; never from the command line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    # On standard error, so that a redirected answer holds records only.
    code: str = typer.prompt(what, hide_input=True, err=True)
    return code

"""Giving a clerk's spreadsheet back with what is wrong marked in it."""

import re
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import NoReturn

import typer

from app.cli.push_ending import Ended, Outcome
from app.cli.push_shown import show_errors
from app.cli.push_terms import Asked
from app.errors import FieldError, LianchengError
from app.files.marked import write_marked
from app.files.rows import CSV, XLSX

_MARKED = re.compile(r"-错误\d*$")


def reject(asked: Asked, errors: Sequence[FieldError], total: int) -> NoReturn:
    """Show what is wrong, mark it in the spreadsheet, and end."""
    show_errors(errors, total)
    marked = _marked(asked, errors, total)
    typer.echo("整批均未入库，名单没有变化。", err=True)
    raise Ended(
        Outcome.REJECTED,
        errors_total=total,
        errors=[
            {"row": one.row, "column": one.column, "field": one.field, "code": one.code, "detail": one.detail}
            for one in errors
        ],
        marked=str(marked) if marked else None,
    )


def _marked(asked: Asked, errors: Sequence[FieldError], total: int) -> Path | None:
    # What is wrong with the file as a whole has no place in it.
    if asked.media_type not in {CSV, XLSX} or not any(one.row is not None for one in errors):
        return None
    target = asked.marked or free_name(asked.file)
    try:
        write_marked(asked.file, asked.media_type, errors, target)
    except (OSError, LianchengError) as error:
        why = error.detail if isinstance(error, LianchengError) else error.strerror
        typer.echo(f"无法写出标注错误的表格 {target}：{why}", err=True)
        return None
    which = "" if len(errors) == total else f"前 {len(errors)} 处"
    typer.echo(f"已把{which}错误标在表格中（红格与批注）：{target}\n请在其中改正后推送该文件。", err=True)
    return target


def free_name(file: Path) -> Path:
    """Return where the marked spreadsheet of a file is written unasked: never where there is one already.

    Somebody may be correcting it. A marked spreadsheet that is pushed and still wrong gets the next number.
    """
    stem = _MARKED.sub("", file.stem)
    names = (file.with_name(f"{stem}-错误{n if n > 1 else ''}.xlsx") for n in count(1))
    return next(name for name in names if not name.exists())

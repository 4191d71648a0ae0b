"""What a push would change, and what is wrong with it, as tables for the screen."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import typer
from rich.table import Table

from app.cli.output import print_table
from app.cli.push_words import NOT_SHOWN, OP_NAMES, field_name, shown
from app.domain.names import ROLES
from app.domain.operations import ListOperation, PersonGiven
from app.errors import FieldError

_MOST_SHOWN = 20
_IMPLIED = "移出（文件中没有）"
_NOT_KNOWN: Mapping[int, str] = MappingProxyType({})
_NOTHING: tuple[object, ...] = (None, [])
_OBJECTION = "objections["

Row = Mapping[str, Any]


def show_errors(errors: Sequence[FieldError], total: int) -> None:
    """Print what is wrong, the first of it, and how many there are."""
    table = _table("行", "列", "问题")
    for one in errors[:_MOST_SHOWN]:
        table.add_row(str(one.row or "—"), one.column or one.field or "—", one.detail)
    typer.echo(f"共 {total} 处错误：", err=True)
    print_table(table, err=True)
    _tell_others(total - _MOST_SHOWN, "处", err=True)


def show_difference(told: Mapping[str, Any], new: Mapping[int, str] = _NOT_KNOWN, *, err: bool = True) -> None:
    """Print what a push would change: how much of each kind, the first of each, and what should be looked at.

    ``new`` tells the contents of new listings by their row, as far as they are known.
    """
    counts = {name: count for name, count in told["counts"].items() if count}
    if counts:
        table = _table("变更", "条数")
        for name, count in counts.items():
            table.add_row(OP_NAMES.get(name, name), str(count))
        print_table(table, err=err)
    if not told["rows_total"]:
        typer.echo("与现行名单相比没有变更。", err=err)
    for name, count in counts.items():
        rows = [row for row in told["rows"] if row["op"] == name]
        _show_kind(rows, count if name != "unchanged" else 0, new if name == "list" else _NOT_KNOWN, err=err)
    show_warnings(told, err=err)


def show_removals(told: Mapping[str, Any]) -> None:
    """Print what a snapshot would remove because it lacks it: what has to be looked at before the number is said."""
    implied = [row for row in told["rows"] if row["row"] is None]
    if implied:
        _show_kind(implied, told["counts"]["remove"], _NOT_KNOWN, err=True)


def show_warnings(told: Mapping[str, Any], *, err: bool = True) -> None:
    """Print what should be looked at."""
    for one in told["warnings"][:_MOST_SHOWN]:
        where = f"第 {one['row']} 行：" if one["row"] else ""
        typer.echo(f"注意：{where}{one['detail']}", err=err)
    _tell_others(len(told["warnings"]) - _MOST_SHOWN, "处需注意的", err=err)


def summary(told: Mapping[str, Any]) -> str:
    """Return how much of each kind, in one line."""
    kinds = [f"{OP_NAMES.get(name, name)} {count}" for name, count in told["counts"].items() if count]
    return "，".join(kinds) or "没有变更"


def contents_of(new: ListOperation, *, period_given: bool) -> str:
    """Return what a new listing says, as it was read: the days, the tier, and the persons.

    A period that is not given is the service's to work out, whose rules of the list may be newer than ours.
    """
    until = str(new.valid_until) if period_given else "按等级的规则"
    days = [f"列入日期：{new.listed_on}", f"有效期至：{until}"]
    if new.published_until is not None:
        days.append(f"公示截止日期：{new.published_until}")
    return "\n".join([*days, f"惩戒等级：{new.tier}", *map(_person, new.persons)])


def _person(person: PersonGiven) -> str:
    roles = "、".join(ROLES[role] for role in person.roles)
    ban = person.position_ban
    until = "" if ban is None else f"，任职限制至 {ban.until}" if ban.until else "，终身任职限制"
    return f"人员：{person.name}（{roles}{until}）"


def _show_kind(rows: Sequence[Row], count: int, new: Mapping[int, str], *, err: bool) -> None:
    """Print the first changes of one kind; ``rows`` may hold fewer than there are."""
    if rows:
        implied = rows[0]["row"] is None
        contents = [] if implied else [_contents(row) or new.get(row["row"], "") for row in rows[:_MOST_SHOWN]]
        table = _changes_table(rows[:_MOST_SHOWN], contents if any(contents) else [], numbered=not implied)
        typer.echo(f"{_IMPLIED if implied else OP_NAMES.get(rows[0]['op'], rows[0]['op'])}：", err=err)
        print_table(table, err=err)
    _tell_others(count - min(len(rows), _MOST_SHOWN), "项", err=err)


def _changes_table(rows: Sequence[Row], contents: Sequence[str], *, numbered: bool) -> Table:
    """Return a table of changes; a removal that a snapshot implies has no row number."""
    number = ["行"] if numbered else []
    if not contents:
        table = _table(*number, "单位", "决定书文号")
        for row in rows:
            place = [str(row["row"])] if numbered else []
            table.add_row(*place, f"{row['unit_name']}\n{row['uscc']}", row["decision_no"])
        return table
    # In a terminal of 80 columns, what changes needs the room.
    before = "（前 → 后）" if any("→" in content for content in contents) else ""
    table = _table(*number, "单位与决定书文号", f"内容{before}")
    for row, content in zip(rows, contents, strict=True):
        place = [str(row["row"])] if numbered else []
        table.add_row(*place, f"{row['unit_name']}\n{row['uscc']}\n{row['decision_no']}", content)
    return table


def _tell_others(count: int, what: str, *, err: bool) -> None:
    if count > 0:
        typer.echo(f"……其余 {count} {what}未在屏幕上列出。", err=err)


def _table(*columns: str) -> Table:
    table = Table()
    for column in columns:
        # Folded: what is cut off with an ellipsis cannot be checked.
        table.add_column(column, overflow="fold", no_wrap=column == "行")
    return table


def _contents(row: Row) -> str:
    return "\n".join(_changes(row["changes"]))


def _changes(changes: Iterable[Row]) -> Iterable[str]:
    people: list[str] = []
    for change in changes:
        part, _, name = change["field"].rpartition(".")
        if name in NOT_SHOWN:
            continue
        whose = f"异议{part[len(_OBJECTION) : -1]} " if part.startswith(_OBJECTION) else ""
        if part and not whose:
            if part not in people:
                people.append(part)
            whose = f"人员{people.index(part) + 1} "
        before = "" if change["before"] in _NOTHING else f"{shown(name, change['before'])} → "
        yield f"{whose}{field_name(name)}：{before}{shown(name, change['after'])}"

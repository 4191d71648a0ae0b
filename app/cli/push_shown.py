"""What a push would change, and what is wrong with it, as tables for the screen."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer
from rich.table import Table

from app.cli.output import print_table
from app.errors import FieldError

_MOST_SHOWN = 20
_OP_NAMES = {
    "list": "新列入",
    "amend": "补充",
    "correct": "更正",
    "rename": "更名",
    "remove": "移出",
    "restore": "恢复",
    "add_person": "增加人员",
    "end_person": "人员离任",
    "ban": "任职限制",
    "erase": "删除身份",
    "unchanged": "不变",
}
_FIELD_NAMES = {
    "uscc": "统一社会信用代码",
    "unit_name": "单位名称",
    "former_names": "曾用名",
    "decision_no": "列入决定书文号",
    "decided_by": "作出列入决定机关",
    "conduct": "列入原因",
    "conduct_code": "失信行为代码",
    "tier": "惩戒等级",
    "facts": "失信事实",
    "basis": "列入依据",
    "listed_on": "列入日期",
    "valid_until": "有效期至",
    "published_until": "公示截止日期",
    "removed_on": "移出日期",
    "removal_reason": "移出原因",
    "removal_decision_no": "移出决定书文号",
    "suspensions": "中断期间",
    "roles": "职务身份",
    "since": "任职起始日期",
    "ended_on": "任职结束日期",
    "end_reason": "任职结束原因",
    "ban_until": "任职限制截止日期",
    "ban_for_life": "终身任职限制",
    "ban_since": "任职限制起始日期",
}
# Of a person who is new in a listing, that they are is what matters; the commitment is for machines.
_NOT_SHOWN = frozenset({"commitment", "erased"})


def show_errors(errors: Sequence[FieldError], total: int) -> None:
    """Print what is wrong, the first of it, and how many there are."""
    typer.echo(f"共 {total} 处错误：", err=True)
    table = Table("行", "列", "问题")
    for one in errors[:_MOST_SHOWN]:
        table.add_row(str(one.row or "—"), one.column or one.field or "—", one.detail)
    print_table(table, err=True)
    if total > _MOST_SHOWN:
        typer.echo(f"……其余 {total - _MOST_SHOWN} 处未在屏幕上列出。", err=True)


def show_difference(told: Mapping[str, Any]) -> None:
    """Print what a push would change."""
    counts = Table("变更", "条数")
    for name, count in told["counts"].items():
        if count:
            counts.add_row(_OP_NAMES.get(name, name), str(count))
    print_table(counts, err=True)
    rows = told["rows"]
    table = Table("行", "变更", "单位", "决定书文号", "内容（前 → 后）")
    for row in rows[:_MOST_SHOWN]:
        where = str(row["row"]) if row["row"] is not None else "快照缺少"
        what = "；".join(_changes(row["changes"])) or "—"
        table.add_row(where, _OP_NAMES.get(row["op"], row["op"]), row["unit_name"], row["decision_no"], what)
    if rows:
        print_table(table, err=True)
    if told["rows_total"] > _MOST_SHOWN:
        typer.echo(f"……其余 {told['rows_total'] - _MOST_SHOWN} 项变更未在屏幕上列出。", err=True)
    for one in told["warnings"][:_MOST_SHOWN]:
        where = f"第 {one['row']} 行：" if one["row"] else ""
        typer.echo(f"注意：{where}{one['detail']}", err=True)


def _changes(changes: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for change in changes:
        person, _, name = change["field"].rpartition(".")
        if name in _NOT_SHOWN:
            continue
        field = ("人员 " if person else "") + _FIELD_NAMES.get(name, name)
        yield f"{field}：{_value(change['before'])} → {_value(change['after'])}"


def _value(value: object) -> str:
    if value is None or value == []:
        return "（无）"
    if isinstance(value, list):
        return "、".join(str(one) for one in value)
    return {"True": "是", "False": "否"}.get(str(value), str(value))

"""What a measurement found, as somebody reads it on a screen."""

from collections.abc import Mapping, Sequence

import typer
from rich.table import Table

from app.cli.output import print_table
from app.workload.figures import Measured, Tally, milliseconds
from app.workload.mix import BATCH, PERSON, UNIT
from app.workload.run import Plan

_KINDS: Mapping[str, str] = {UNIT: "单位", PERSON: "人员", BATCH: "批量"}
_ERRORS: Mapping[str, str] = {
    "timeout": "超时未答",
    "unanswered": "自始至终未答",
    "interrupted": "停止时尚未答复",
    "connection_lost": "连接中断",
    "no_verdict": "答复中没有结论",
}
_QUANTILES = ("p50", "p90", "p99", "p99.9", "max")
_FEW = 1000
# Beyond this, what is measured is this machine's generator as much as the service.
_LATE_MS = 2.0


def announced(plan: Plan) -> str:
    """Say what is about to happen."""
    how = "不按时刻表，答完即问" if plan.rate is None else f"每秒 {plan.rate:g} 个请求"
    bound = f"，至多 {plan.count} 个" if plan.count is not None else ""
    return f"{how}，{plan.connections} 个连接，预热 {plan.warm_up:g} 秒后测量 {plan.duration:g} 秒{bound}……"


def show(measured: Measured, plan: Plan) -> None:
    """Print a line per kind of request and one for all, then what has to be known to judge them."""
    whole = measured.whole
    table = Table("请求", "已答", "每秒", "代码/秒", *(f"{name}（毫秒）" for name in _QUANTILES))
    kinds = [(_KINDS.get(name, name), tally) for name, tally in measured.kinds.items() if tally.requests]
    rows = kinds if len(kinds) == 1 else [*kinds, ("合计", whole)]
    for name, tally in rows:
        table.add_row(name, *_cells(tally, measured.seconds))
    print_table(table)
    typer.echo(f"结论：在名单上 {whole.listed}，不在名单上 {whole.not_listed}，未能作答 {whole.undetermined}。")
    for kind, count in whole.errors.most_common():
        typer.echo(f"没有得到结论：{_ERRORS.get(kind, kind)} {count}")
    for remark in _remarks(measured, plan, whole):
        typer.echo(remark)


def _cells(tally: Tally, seconds: float) -> Sequence[str]:
    codes = (tally.listed + tally.not_listed) / seconds
    found = milliseconds(tally.taken)
    times = [f"{found[name]:.2f}" if found else "—" for name in _QUANTILES]
    return (str(tally.answered), f"{tally.answered / seconds:.1f}", f"{codes:.1f}", *times)


def _remarks(measured: Measured, plan: Plan, whole: Tally) -> list[str]:
    remarks = []
    if measured.interrupted:
        remarks.append(f"提前停止：以上只是 {measured.seconds:.1f} 秒内测得的。")
    if whole.listed == 0 and whole.answered:
        remarks.append("没有一个代码在名单上：请用 --from-listings 或 --codes 给出在名单上的代码。")
    if len(whole.taken) < _FEW:
        remarks.append(f"请求不足 {_FEW} 个，p99.9 就是最慢的一个或几个；请延长 --duration。")
    late = milliseconds(measured.late)
    if late is not None and late["p99"] > _LATE_MS:
        remarks.append(
            f"本机发出请求已晚于时刻表（p99 {late['p99']:.1f} 毫秒），所测用时含此延误；请在较空闲的机器上测量。"
        )
    if plan.rate is None:
        remarks.append("答完即问时，服务一慢，问的也少：用时只宜相互比较，业务上的等待请按 --rate 测量。")
    return remarks

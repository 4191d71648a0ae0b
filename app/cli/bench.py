"""Measuring a running service: how many lookups it answers, and how fast."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from app.cli.bench_codes import codes_for, require_codes
from app.cli.bench_shown import announced, show
from app.cli.service_client import KeyFile, Url, key_for
from app.errors import Misconfigured
from app.services.lookup import View
from app.workload.figures import Measured
from app.workload.load import measure
from app.workload.mix import Codes, Mix, requests
from app.workload.run import Plan
from app.workload.target import Target, target_at

_UNANSWERED, _INTERRUPTED = 3, 130
PURPOSE = "性能测量（liancheng bench）"

Rate = Annotated[float, typer.Option(help="每秒发出的请求数：按时刻表发出，不等答复。", min=0.1, max=100_000)]
Saturate = Annotated[
    bool, typer.Option("--saturate", help="不按时刻表，每个连接一得到答复就再问：看最多能答多少。此时不用 --rate。")
]
Duration = Annotated[float, typer.Option(help="测量多少秒，不含预热。", min=0.1, max=3600)]
Count = Annotated[int | None, typer.Option(help="测量到多少个请求为止；--duration 先到则先停。", min=1)]
WarmUp = Annotated[float, typer.Option(help="开头多少秒只发不计。", min=0, max=600)]
Connections = Annotated[int, typer.Option(help="连接数；每个连接上同时只有一个请求。", min=1, max=1000)]
Timeout = Annotated[float, typer.Option(help="从应发之时起，多少秒没有答复就放弃。", min=0.1, max=600)]
Misses = Annotated[float, typer.Option(help="不在名单上的代码所占比例，0 到 1。", min=0, max=1)]
Persons = Annotated[float, typer.Option(help="查询人员（而非单位）的比例，0 到 1。", min=0, max=1)]
Batches = Annotated[float, typer.Option(help="批量查询在全部请求中的比例，0 到 1。", min=0, max=1)]
BatchSize = Annotated[int, typer.Option(help="每个批量请求的代码数。", min=1, max=100_000)]
ViewOption = Annotated[View, typer.Option("--view", help="答复的详略。")]
Purpose = Annotated[str, typer.Option(help="查询用途，写入每条审计记录。")]
CodesFile = Annotated[
    Path | None,
    typer.Option("--codes", help="从此文件取应在名单上的代码，每行一个，单位、人员均可。", exists=True, dir_okay=False),
]
FromListings = Annotated[
    bool, typer.Option("--from-listings", help="从服务的现行名单取单位代码；密钥须有 list:read 权限。")
]
Known = Annotated[
    int,
    typer.Option(help="以上两项都不写时，取头多少个虚构代码作为应在名单上的代码。", min=1, max=5_000_000),
]
Allowed = Annotated[bool, typer.Option("--not-loopback-i-may", help="服务不在本机，而我已获准对它加压。")]
AsJson = Annotated[bool, typer.Option("--json", help="在标准输出上给出一个 JSON 对象。")]


def bench(  # noqa: PLR0913 - one parameter per option
    url: Url,
    key_file: KeyFile = None,
    *,
    rate: Rate = 50.0,
    saturate: Saturate = False,
    duration: Duration = 10.0,
    count: Count = None,
    warm_up: WarmUp = 2.0,
    connections: Connections = 32,
    timeout: Timeout = 10.0,
    misses: Misses = 0.5,
    persons: Persons = 0.0,
    batches: Batches = 0.0,
    batch_size: BatchSize = 100,
    view: ViewOption = View.SUMMARY,
    purpose: Purpose = PURPOSE,
    codes: CodesFile = None,
    from_listings: FromListings = False,
    known: Known = 10_000,
    allowed: Allowed = False,
    as_json: AsJson = False,
) -> None:
    """测量一套正在运行的服务：每秒能答多少次核查，多快。

    请求按时刻表发出，不等答复；用时从应发之时算起：服务停顿一秒，这一秒里应发的请求都算慢，而不是只算一个。先选业务上
    会出现的速率（--rate），看 p99 是否合意，再逐步加大。

    每次核查都是真的：写入审计记录，不能删除。请为测量单独登记一个客户端（liancheng clients add），用完吊销。默认只许
    对本机加压。到时自行停止；按 Ctrl-C 也会停止，并给出已测得的结果。

    例一：liancheng bench --url http://127.0.0.1:8000 --rate 200 --from-listings

    例二：liancheng bench --url http://127.0.0.1:8000 --persons 0.3 --codes 代码.txt

    退出码：0 测完；1 无法进行；2 用法错误；3 有请求没有得到答复；130 被 Ctrl-C 停止。
    """
    target = target_at(url, key_for(key_file))
    if not target.is_loopback and not allowed:
        raise Misconfigured("这套服务不在本机。对它加压须经其管理者同意；已获同意请加 --not-loopback-i-may。")
    asked = codes_for(codes, (url, key_file), from_listings=from_listings, known=known)
    mix = Mix(misses, persons, batches, batch_size, view.value, purpose)
    require_codes(asked, mix)
    plan = Plan(None if saturate else rate, connections, warm_up, duration, count, timeout)
    typer.echo(announced(plan), err=True)
    measured = uvloop.run(_until_interrupted(target, asked, mix, plan))
    if as_json:
        typer.echo(json.dumps({"url": url, "rate": plan.rate, "connections": connections} | measured.as_json()))
    else:
        show(measured, plan)
    if measured.interrupted:
        raise typer.Exit(_INTERRUPTED)
    if measured.whole.errors or not measured.whole.answered:
        raise typer.Exit(_UNANSWERED)


async def _until_interrupted(target: Target, codes: Codes, mix: Mix, plan: Plan) -> Measured:
    interrupt = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt.set)
    return await measure(target, requests(target, codes, mix), plan, interrupt)

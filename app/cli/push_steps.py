"""The steps of a push that speak to the service: trying it, asking, and sending it once however often it is sent."""

import sys
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn
from uuid import uuid4

import typer

from app.cli.push_ending import Ended, Outcome
from app.cli.push_local import Checked
from app.cli.push_marking import reject
from app.cli.push_sending import Sent, send
from app.cli.push_shown import show_difference, show_removals, show_warnings, summary
from app.cli.push_terms import Asked, PushTerms, as_line, repeating
from app.cli.service_client import told
from app.errors import FieldError
from liancheng.client import Client, Conflict, LianchengClientError, PushRejected, Rejected, SourceChanged
from liancheng.client.types import FieldProblem

_YES = frozenset({"y", "yes", "是", "确认", "提交"})


def try_out(client: Client, asked: Asked, found: Checked) -> dict[str, Any]:
    """Let the service say what the push would change, and show it; end where something is wrong.

    ``found`` is what was found in the file here; what was told of it then is not told once more.
    """
    try:
        answer = send(client, asked.file, asked.media_type, key=None, dry_run=True, **asked.terms)
    except LianchengClientError as error:
        fail(error, asked)
    told_already = {notice.code for notice in found.notices}
    answer["warnings"] = [one for one in answer["warnings"] if one["code"] not in told_already]
    if answer["errors_total"]:
        show_removals(answer)
        show_warnings(answer)
        _advise(answer)
        reject(asked, _field_errors(answer["errors"]), answer["errors_total"])
    show_difference(answer, found.contents)
    # The counts have scrolled out of sight by now.
    typer.echo(f"名单现为第 {tried_against(answer)} 版；本次推送：{summary(answer)}。", err=True)
    return answer


def tried_against(answer: Mapping[str, Any]) -> int:
    """Return the version of the list that a dry run was made against."""
    version: int = answer["list_version"]
    return version - 1


def can_ask() -> bool:
    """Whether there is somebody to ask, who sees the question."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> None:
    """Go on if a person says so; end otherwise."""
    try:
        answer: str = typer.prompt(
            f"{question}（是输入 y，否直接回车）", default="", show_default=False, prompt_suffix=" ", err=True
        )
    except typer.Abort:
        typer.echo("", err=True)
        answer = ""
    if unicodedata.normalize("NFKC", answer).strip().lower() not in _YES:
        typer.echo("未提交，名单没有变化。", err=True)
        raise Ended(Outcome.DECLINED)


def submit(client: Client, asked: Asked, key: str | None, version: int | None) -> NoReturn:
    """Send the push for good and end. However it goes, the clerk learns how to find out what became of it."""
    key, sent = key or str(uuid4()), Sent()
    terms: PushTerms = {**asked.terms, "expected_list_version": version}
    try:
        typer.echo(f"提交中，本次推送的键：{key}", err=True)
        _conclude(send(client, asked.file, asked.media_type, key=key, sent=sent, **terms))
    except LianchengClientError as error:
        # The service looks for the key before it looks at rows and versions, so these tell of every attempt. Of an
        # earlier one whose answer was lost, any other refusal says nothing.
        if isinstance(error, Rejected) and (sent.attempts <= 1 or isinstance(error, PushRejected | Conflict)):
            fail(error, asked)
        changed = "文件在发送过程中被改动，请先恢复为推送时的内容。"
        why = f"错误：{changed if isinstance(error, SourceChanged) else told(error)}"
    except OSError as error:
        why = f"错误：无法读取 {asked.file}：{error.strerror or error}"
    except KeyboardInterrupt:
        why = "已中断。"
    _unanswered(why, repeating(asked, key, version), key, sent)


def _conclude(answer: Mapping[str, Any]) -> NoReturn:
    """Say what became of a push that was answered, and end."""
    number = f"推送编号 {answer['push_id']}"
    match answer["status"]:
        case "awaiting_approval":
            typer.echo(f"已提交，尚未入库：须由另一客户端审批。{summary(answer)}。\n{number}", err=True)
            typer.echo(f"审批：liancheng pushes approve {answer['push_id']}", err=True)
            raise Ended(Outcome.AWAITING_APPROVAL, **answer)
        case "rejected":
            typer.echo(f"此推送已被另一客户端否决，没有入库。\n{number}", err=True)
            raise Ended(Outcome.FAILED, **answer)
        case _:
            again = "已经入库，没有重复；当时的结果：" if answer["replayed"] else "完成："
            typer.echo(f"{again}名单第 {answer['list_version']} 版。{summary(answer)}。\n{number}", err=True)
            raise Ended(Outcome.DONE, **answer)


def fail(error: LianchengClientError, asked: Asked) -> NoReturn:
    """End with what the service says, marking the rows that it refused."""
    typer.echo(f"错误：{told(error)}", err=True)
    if isinstance(error, PushRejected) or any(one.get("row") for one in error.errors):
        reject(asked, _field_errors(error.errors), len(error.errors))
    typer.echo("本次没有入库。", err=True)
    outcome = Outcome.REJECTED if error.code == "too_many_removals" else Outcome.FAILED
    raise Ended(outcome, code=error.code, detail=told(error), request_id=error.request_id)


def _unanswered(why: str, command: list[str], key: str, sent: Sent) -> NoReturn:
    """End without an answer: say what may have become of the push, and how to find out."""
    typer.echo(f"\n{why}", err=True)
    if sent.is_whole:
        outcome, state = Outcome.UNKNOWN, "文件可能已经送达，是否入库未知。"
    elif sent.bytes:
        outcome, state = Outcome.FAILED, f"本次没有发完文件（{sent.bytes} / {sent.total} 字节），不会据此入库。"
    else:
        outcome, state = Outcome.FAILED, "本次没有发出文件，不会据此入库。"
    typer.echo(f"{state}\n请原样运行下面的命令：若已入库，只会得到当时的结果，不会重复。", err=True)
    typer.echo(f"  {as_line(command)}", err=True)
    raise Ended(outcome, detail=why.removeprefix("错误："), idempotency_key=key, repeat=command)


def _advise(answer: Mapping[str, Any]) -> None:
    """Say which option answers what the service asks for."""
    codes = {one["code"] for one in answer["errors"]}
    if "removal_reason_missing" in codes:
        reasons = "repaired（信用修复）、revoked（决定撤销）或 corrected（更正）"
        typer.echo(f"提示：用 --removal-reason 写明移出原因：{reasons}。", err=True)
    if "too_many_removals" in codes:
        count = answer["counts"]["remove"]
        typer.echo(f"提示：核对上面将移出的记录，确认无误后加 --confirm-removals {count} 再运行。", err=True)


def _field_errors(errors: Iterable[FieldProblem]) -> list[FieldError]:
    return [FieldError(one["field"], one["code"], one["detail"], one["row"], one.get("column")) for one in errors]

"""Reaching the service from the command line: its address, the key, and its errors as a clerk reads them."""

import os
from pathlib import Path
from typing import Annotated

import typer

from app.cli.environment import KEY_VARIABLE, URL_VARIABLE
from app.errors import Misconfigured
from liancheng.client import (
    Client,
    CopyBusy,
    CopyOutOfStep,
    LianchengClientError,
    ListVersionMoved,
    MalformedAnswer,
    ServiceFailed,
    SnapshotIncomplete,
    SourceChanged,
    Unauthorised,
    Unavailable,
    Unreachable,
)

Url = Annotated[str, typer.Option(envvar=URL_VARIABLE, help="服务地址，例如 https://…；也可用环境变量给出。")]
KeyFile = Annotated[
    Path | None,
    typer.Option(help=f"从此文件读取 API 密钥；不写时取自环境变量 {KEY_VARIABLE}。", exists=True, dir_okay=False),
]

# The more particular class stands first. What the service itself tells goes before most of these.
_SENTENCES: tuple[tuple[type[LianchengClientError], str], ...] = (
    (Unreachable, "多次尝试后仍连接不上服务，或连接中断。请检查网络与服务地址。"),
    (Unavailable, "服务暂时不可用，请稍后再试。"),
    (ServiceFailed, "服务出错，请把请求编号告知运维人员。"),
    (SnapshotIncomplete, "名单没有收全，请再试一次；已收到的部分不会重新传输。"),
    (MalformedAnswer, "收到的不是本服务的答复：请检查服务地址，以及中间是否有代理或网关。"),
    (SourceChanged, "文件在发送过程中被改动，请保存并关闭文件后重新推送。"),
    (
        CopyOutOfStep,
        "副本与服务器上的名单对不上：名单可能由备份恢复过，或地址是另一套服务。确认后请加 --rebuild 重新取回。",
    ),
    (CopyBusy, "另一个程序正在更新同一个副本，请等它完成。"),
)
# Where the service speaks to a programmer, a clerk is told what to do here.
_INSTEAD: tuple[tuple[type[LianchengClientError], str], ...] = (
    (Unauthorised, f"API 密钥无效、已到期或已吊销。请检查环境变量 {KEY_VARIABLE} 或 --key-file 中的密钥。"),
)
_ADVICE: tuple[tuple[type[LianchengClientError], str], ...] = (
    (ListVersionMoved, "名单在此期间已有变化：请重新运行本命令，核对新的差异。"),
)


def key_for(key_file: Path | None = None) -> str:
    """Return the key of the file or the environment; one on the command line would be seen by others."""
    try:
        key = key_file.read_text(encoding="utf-8-sig") if key_file else os.environ.get(KEY_VARIABLE, "")
    except (OSError, UnicodeError):
        raise Misconfigured(f"无法读取密钥文件 {key_file}。") from None
    if not key.strip():
        raise Misconfigured(f"请把 API 密钥写在环境变量 {KEY_VARIABLE} 或 --key-file 文件中（不要写在命令行上）。")
    return key.strip()


def client_for(url: str, key_file: Path | None = None) -> Client:
    """Return a client with the key of the file or the environment."""
    key = key_for(key_file)
    try:
        return Client(url, key)
    except ValueError:
        told = "服务地址应为 https://主机（只有本机可用 http://），密钥应为一行，不含空格。"
        raise Misconfigured(f"无法使用此服务地址或密钥：{told}") from None


def told(error: LianchengClientError) -> str:
    """Return what an error means and what to do, in Chinese."""
    detail = _of(_INSTEAD, error) or error.detail or _of(_SENTENCES, error) or "服务拒绝了这次请求。"
    advice = _of(_ADVICE, error) or ""
    status = f"（HTTP {error.status}）" if error.status is not None and not error.detail else ""
    number = f"（请求编号 {error.request_id}）" if error.request_id else ""
    return f"{detail}{advice}{status}{number}"


def _of(sentences: tuple[tuple[type[LianchengClientError], str], ...], error: LianchengClientError) -> str | None:
    return next((sentence for kind, sentence in sentences if isinstance(error, kind)), None)

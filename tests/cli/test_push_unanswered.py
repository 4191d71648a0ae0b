"""What the command says of a push whose answer did not come: neither "kept" nor "not kept" unless it is certain."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.settings import Settings
from liancheng.client.upload import PIECE
from tests.cli.clerk import csv, row
from tests.cli.commands import liancheng
from tests.client.misbehaving import Answer, cut_off, error, misbehaving, ok
from tests.client.shapes import pushed
from tests.support import list_operation

KEY = f"lc_{'0' * 12}_{'0' * 64}"
GONE = error(401, "unauthenticated", "缺少有效的 API 密钥。")


def answered(**changed: Any) -> dict[str, Any]:
    """Return a push's answer with every key that the service sends."""
    whole = {"status": "committed", "mode": "delta", "rows_total": 1, "warnings": [], "errors": [], "errors_total": 0}
    return pushed(**whole | changed)


TRIED = ok(answered(push_id=None, status="dry_run", dry_run=True, committed_at=None))


def end_of(settings: Settings, file: Path, *answers: Answer) -> tuple[int, dict[str, Any], str]:
    """Push to a server that tries the push out and then gives these answers."""
    with misbehaving(TRIED, *answers) as server:
        variables = {"LIANCHENG_URL": server.url, "LIANCHENG_API_KEY": KEY}
        done = liancheng(settings, "push", str(file), "--yes", "--json", **variables)
    tried, *sent = server.received
    assert tried.query["dry_run"] == "true"
    assert {request.query["expected_list_version"] for request in sent} == {"6"}
    assert len({request.headers["idempotency-key"] for request in sent}) == 1
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.mark.parametrize(
    "refused", [GONE, error(404), error(400, "malformed_request", "无法读取。")], ids=["key-ended", "proxy", "400"]
)
def test_a_refusal_after_a_lost_answer_says_nothing_of_the_push_before(
    settings: Settings, tmp_path: Path, refused: Answer
) -> None:
    code, told, said = end_of(settings, csv(tmp_path, row(1)), cut_off(answered()), refused)
    assert (code, told["outcome"]) == (1, "unknown")
    assert "是否入库未知" in said
    assert "没有入库" not in said
    assert told["repeat"][-3:-1] == [told["idempotency_key"], "--yes"]
    assert told["repeat"][told["repeat"].index("--expect-version") + 1] == "6"


def test_a_list_that_moved_on_tells_that_the_lost_push_was_not_made(settings: Settings, tmp_path: Path) -> None:
    moved = error(409, "list_version_moved", "名单现为第 8 版。")
    code, told, said = end_of(settings, csv(tmp_path, row(1)), cut_off(answered()), moved)
    assert (code, told["outcome"], told["code"]) == (1, "failed", "list_version_moved")
    assert "本次没有入库" in said


def test_a_refusal_at_once_is_certain(settings: Settings, tmp_path: Path) -> None:
    code, told, said = end_of(settings, csv(tmp_path, row(1)), GONE)
    assert (code, told["outcome"]) == (1, "failed")
    assert "本次没有入库" in said
    assert KEY not in said


def test_a_file_that_did_not_get_through_is_told_to_be_not_kept(settings: Settings, tmp_path: Path) -> None:
    # Long enough that most of it still stands here when the line breaks, whatever is buffered on the way.
    file = tmp_path / "长.ndjson"
    file.write_text(json.dumps(list_operation(1), ensure_ascii=False) + "\n" + (" " * 1_000_000 + "\n") * 24)
    cut = Answer(body_read=PIECE, reset=True)
    code, told, said = end_of(settings, file, *[cut] * 6)
    assert (code, told["outcome"]) == (1, "failed")
    assert "没有发完" in said
    assert "repeat" in told

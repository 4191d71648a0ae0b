"""Both clients pushing to a server that misbehaves: the same bytes under the same key, or not again."""

import io
import itertools
from pathlib import Path
from typing import Any

import pytest

from app.domain.synthetic import synthetic_uscc
from liancheng.client import (
    Client,
    PushRejected,
    Rejected,
    SourceChanged,
    Undetermined,
)
from liancheng.client.upload import PIECE
from tests.client.misbehaving import Answer, cut_off, error, misbehaving, ok
from tests.client.shapes import pushed
from tests.client.shells import KEY, SHELLS, Shell

CODE = synthetic_uscc(1)
RESET = Answer(reset=True)

each_shell = pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell.__name__)


@each_shell
@pytest.mark.parametrize(
    "trouble",
    [RESET, Answer(body_read=PIECE, reset=True), cut_off(pushed()), error(503, "push_in_progress")],
    ids=["reset", "cut-while-sending", "cut-while-answering", "503"],
)
def test_a_push_is_repeated_with_the_same_bytes_under_the_same_key(
    shell: Shell, trouble: Answer, tmp_path: Path
) -> None:
    path = tmp_path / "list.ndjson"
    data = b'{"op": "list"}\n' * 100_000
    path.write_bytes(data)
    progress: list[tuple[int, int]] = []
    with misbehaving(trouble, ok(pushed(), 201, Idempotency_Replayed="true")) as server:
        result = shell(
            server.url,
            lambda client: client.push(path, expected_list_version=6, on_progress=lambda *far: progress.append(far)),
        )
    first, second = server.received
    assert result["replayed"]
    assert data.startswith(first.body)
    assert second.body == data
    assert second.headers["content-type"] == "application/x-ndjson"
    assert second.headers["content-length"] == first.headers["content-length"] == str(len(data))
    assert "transfer-encoding" not in second.headers
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.query == second.query == {"expected_list_version": "6"}
    assert progress[0] == (0, len(data))
    assert progress[-1] == (len(data), len(data))
    assert progress.count((0, len(data))) == 2
    assert max(after - before for (before, _), (after, _) in itertools.pairwise(progress)) == PIECE


@each_shell
def test_a_push_that_stays_undetermined_tells_its_key(shell: Shell) -> None:
    operations = [{"op": "list"}]
    with misbehaving(*[RESET] * 4) as server, pytest.raises(Undetermined) as told:
        shell(server.url, lambda client: client.push(operations))
    assert {request.headers["idempotency-key"] for request in server.received} == {told.value.idempotency_key}


@each_shell
def test_operations_are_pushed_as_json_with_their_terms_beside_them(shell: Shell) -> None:
    operations = [{"op": "remove", "uscc": CODE}]
    with misbehaving(ok(pushed(), 201)) as server:
        shell(
            server.url,
            lambda client: client.push(operations, idempotency_key="k-1", source_document="虚构文〔2026〕1号"),
        )
    (request,) = server.received
    assert request.json() == {"source_document": "虚构文〔2026〕1号", "operations": operations}
    assert (request.query, request.headers["idempotency-key"]) == ({}, "k-1")


@each_shell
def test_a_dry_run_has_no_key(shell: Shell) -> None:
    dry = pushed(push_id=None, dry_run=True, committed_at=None)
    with misbehaving(ok(dry)) as server:
        shell(server.url, lambda client: client.push(io.BytesIO(b"a,b\n"), media_type="text/csv", dry_run=True))
    (request,) = server.received
    assert request.query == {"dry_run": "true"}
    assert "idempotency-key" not in request.headers


def test_a_version_that_a_dry_run_would_make_is_not_taken_for_seen() -> None:
    dry = pushed(push_id=None, dry_run=True, committed_at=None)
    with misbehaving(ok(dry), ok(pushed(), 201)) as server, Client(server.url, KEY) as client:
        client.push([], dry_run=True)
        assert client.list_version_seen == 0
        client.push([])
        assert client.list_version_seen == 7


@each_shell
def test_an_open_file_is_pushed_from_where_it_stands_and_left_open(shell: Shell) -> None:
    file = io.BytesIO(b"skip me;the rest")
    file.seek(8)
    with misbehaving(RESET, ok(pushed(), 201)) as server:
        shell(server.url, lambda client: client.push(file, media_type="text/csv"))
    assert server.received[-1].body == b"the rest"
    assert not file.closed


@each_shell
def test_a_file_that_changed_in_between_is_not_repeated(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"x" * 100)
    with misbehaving(RESET) as server:

        def push(client: Any) -> Any:
            def grow(sent: int, total: int) -> None:
                if sent == total:
                    path.write_bytes(b"x" * 101)

            return client.push(path, on_progress=grow)

        with pytest.raises(SourceChanged) as told:
            shell(server.url, push)
    assert told.value.idempotency_key == server.received[0].headers["idempotency-key"]


@each_shell
def test_a_rejected_push_is_not_repeated(shell: Shell) -> None:
    with misbehaving(error(422, "push_rejected")) as server, pytest.raises(PushRejected):
        shell(server.url, lambda client: client.push([{"op": "list"}]))


@each_shell
def test_a_body_that_is_refused_while_it_is_sent_is_told_as_refused(shell: Shell) -> None:
    refused = Answer(error(413, "content_too_large").head, body_read=0, drain=True)
    with misbehaving(refused) as server, pytest.raises(Rejected) as told:
        shell(server.url, lambda client: client.push(io.BytesIO(b"x" * 10_000_000), media_type="text/csv"))
    assert told.value.code == "content_too_large"


@each_shell
@pytest.mark.parametrize("trouble", [RESET, error(503, "database_unavailable")], ids=["reset", "503"])
def test_an_approval_is_never_repeated(shell: Shell, trouble: Answer) -> None:
    with misbehaving(trouble) as server, pytest.raises(Undetermined):
        shell(server.url, lambda client: client.approve("p"))
    assert (server.received[0].path, server.received[0].json()) == ("/v1/pushes/p/approval", {"approve": True})


@each_shell
@pytest.mark.parametrize("source", ["名单.xlsx", b"op", {"op": "list"}])
def test_what_is_no_push_is_refused_before_anything_is_sent(shell: Shell, source: Any) -> None:
    with misbehaving() as server:
        with pytest.raises(TypeError, match="Path"):
            shell(server.url, lambda client: client.push(source))
        assert server.received == []

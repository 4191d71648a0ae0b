"""Reading a snapshot: whole, or not at all."""

from typing import Any

import pytest

from liancheng.client import (
    BrokenFeed,
    Client,
    ListVersionNotReached,
    MalformedAnswer,
    SnapshotIncomplete,
    Undetermined,
    Unreachable,
)
from tests.client.misbehaving import Answer, error, lines, misbehaving, stream
from tests.client.shapes import feed_listing
from tests.client.shells import KEY, SHELLS, Shell

RESET = Answer(reset=True)
HEAD = {"type": "snapshot", "list_version": 41, "cursor": "41", "head": "sm3:00"}
LISTINGS = [feed_listing(n) for n in range(1, 5)]
IDS = [listing["listing_id"] for listing in LISTINGS]
L1, L2, L3, L4 = ({"type": "listing", "listing": listing} for listing in LISTINGS)

each_shell = pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell.__name__)


def end(count: int) -> dict[str, Any]:
    return {"type": "end", "count": count}


@each_shell
def test_a_snapshot_is_every_listing_in_order(shell: Shell) -> None:
    with misbehaving(lines(HEAD, L1, L2, L3, L4, end(4))) as server:
        assert shell(server.url, lambda client: client.snapshot()) == LISTINGS
    assert server.received[0].query == {}


@each_shell
@pytest.mark.parametrize("cut", [{"reset": True}, {}, {"silence": 5}], ids=["reset", "closed", "silent"])
def test_a_snapshot_that_is_cut_off_goes_on_behind_the_last_whole_line(shell: Shell, cut: dict[str, Any]) -> None:
    half = lines(L2).pieces[0][:40]
    first = Answer(lines().head, (*lines(HEAD, L1).pieces, half), **cut)
    with misbehaving(first, RESET, lines(HEAD, L2, **cut), lines(HEAD, L3, L4, end(2))) as server:
        assert shell(server.url, lambda client: client.snapshot(), stream_silence=0.3) == LISTINGS
    assert [request.query for request in server.received] == [
        {},
        {"at": "41", "after": IDS[0]},
        {"at": "41", "after": IDS[0]},
        {"at": "41", "after": IDS[1]},
    ]


@each_shell
def test_a_snapshot_cut_off_before_its_first_listing_stays_at_its_version(shell: Shell) -> None:
    with misbehaving(lines(HEAD), lines(HEAD, L1, end(1))) as server:
        assert shell(server.url, lambda client: client.snapshot()) == LISTINGS[:1]
    assert server.received[1].query == {"at": "41"}


@each_shell
def test_a_last_line_without_its_end_of_line_is_the_last_line(shell: Shell) -> None:
    pieces = lines(HEAD, L1, end(1)).pieces
    with misbehaving(Answer(lines().head, (*pieces[:-1], pieces[-1].rstrip()))) as server:
        assert shell(server.url, lambda client: client.snapshot()) == LISTINGS[:1]


@each_shell
def test_a_snapshot_whose_end_never_comes_is_an_error(shell: Shell) -> None:
    with misbehaving(lines(HEAD, L1), *[lines(HEAD)] * 3) as server, pytest.raises(SnapshotIncomplete):
        shell(server.url, lambda client: client.snapshot())


@each_shell
@pytest.mark.parametrize("count", [0, 1, 3, None])
def test_a_snapshot_that_counts_otherwise_is_an_error(shell: Shell, count: Any) -> None:
    with misbehaving(lines(HEAD, L1, L2, end(count))) as server, pytest.raises(SnapshotIncomplete):
        shell(server.url, lambda client: client.snapshot())


@each_shell
@pytest.mark.parametrize(
    "wrong",
    [
        lines(HEAD, L1, L1, end(2)),
        lines(HEAD, L2, L1, end(2)),
        lines(L1, end(1)),
        lines(HEAD, {"type": "listing"}, end(1)),
        lines({"type": "snapshot"}),
        stream("text/html", "<html>\n</html>\n"),
        stream("application/x-ndjson", '{"type": "snapshot", "list_version": 41}\nnot json\n'),
    ],
    ids=["again", "out-of-order", "no-head", "no-listing", "no-version", "html", "no-json"],
)
def test_what_is_no_snapshot_is_refused(shell: Shell, wrong: Answer) -> None:
    with misbehaving(wrong) as server, pytest.raises(MalformedAnswer):
        shell(server.url, lambda client: client.snapshot())


@each_shell
def test_a_snapshot_that_goes_on_at_another_version_or_of_another_list_is_refused(shell: Shell) -> None:
    for other in ({"list_version": 42}, {"head": "sm3:01"}):
        with misbehaving(lines(HEAD, L1), lines(HEAD | other, L2, end(1))) as server, pytest.raises(BrokenFeed):
            shell(server.url, lambda client: client.snapshot())


@each_shell
def test_a_version_and_a_place_of_our_own_are_asked_for(shell: Shell) -> None:
    with misbehaving(lines(HEAD, L3, L4, end(2))) as server:
        assert shell(server.url, lambda client: client.snapshot(41, after=IDS[1])) == LISTINGS[2:]
    assert server.received[0].query == {"at": "41", "after": IDS[1]}
    with misbehaving(error(409, "list_version_not_reached")) as server, pytest.raises(ListVersionNotReached):
        shell(server.url, lambda client: client.snapshot(99))


@each_shell
def test_a_snapshot_that_cannot_be_had_is_undetermined(shell: Shell) -> None:
    with misbehaving(*[RESET] * 4) as server, pytest.raises(Unreachable):
        shell(server.url, lambda client: client.snapshot())
    with misbehaving(*[error(503)] * 4) as server, pytest.raises(Undetermined):
        shell(server.url, lambda client: client.snapshot())


def test_the_head_is_there_before_and_after_the_listings() -> None:
    with misbehaving(lines(HEAD, L1, end(1))) as server, Client(server.url, KEY) as client, client.snapshot() as read:
        assert read.head["cursor"] == "41"
        assert list(read) == LISTINGS[:1]
        assert list(read) == []
        assert read.head["list_version"] == client.list_version_seen == 41


def test_a_snapshot_that_failed_never_looks_complete_when_read_again() -> None:
    answers = lines(HEAD, L1, {"type": "listing"})
    with misbehaving(answers) as server, Client(server.url, KEY) as client, client.snapshot() as read:
        with pytest.raises(MalformedAnswer):
            list(read)
        with pytest.raises(SnapshotIncomplete):
            list(read)


def test_a_snapshot_that_was_closed_never_looks_complete() -> None:
    with misbehaving(lines(HEAD, L1, L2, end(2), silence=30)) as server, Client(server.url, KEY) as client:
        with client.snapshot() as read:
            next(read)
        with pytest.raises(SnapshotIncomplete):
            next(read)

"""A local copy that was interrupted, killed, or written by two: it is whole, and the next update goes on."""

import contextlib
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.domain.synthetic import synthetic_uscc
from liancheng.client import Client, CopyBusy, LocalCopy, Undetermined
from liancheng.client.copy_store import CopyFile
from tests.client.feed_service import FeedService, feed_service
from tests.client.shapes import DAY, feed_listing, feed_person, held, removed, token
from tests.client.shells import KEY, QUICK


def test_a_snapshot_that_was_interrupted_is_taken_up_where_it_stood(
    service: FeedService, client: Client, path: Path
) -> None:
    interrupted_snapshot(service, path)
    service.push(removed(1), op="remove")
    with LocalCopy(path) as copy:
        assert copy.cursor is None
        assert copy.update(client) == 1
        assert held(copy) == service.state("2")


@pytest.mark.parametrize("back_to", [0, 1])
def test_a_snapshot_that_was_interrupted_is_begun_anew_if_the_list_was_put_back_meanwhile(
    service: FeedService, client: Client, path: Path, back_to: int
) -> None:
    interrupted_snapshot(service, path)
    service.put_back(0)
    if back_to:
        service.push(feed_listing(9))
    with LocalCopy(path) as copy:
        copy.update(client)
        assert held(copy) == service.state("1")


def interrupted_snapshot(service: FeedService, path: Path) -> None:
    listings = [feed_listing(n) for n in range(1, 6)]
    service.push(*listings)
    with contextlib.closing(CopyFile(path)) as file:
        begun = file.begin_incoming({"list_version": 1, "cursor": "1", "head": service.head(1)})
        file.stage(begun, listings[:2])


def test_a_copy_being_rebuilt_answers_as_it_was_until_it_is_done(
    service: FeedService, client: Client, copy: LocalCopy, path: Path
) -> None:
    service.push(feed_listing(1))
    copy.update(client)
    service.push(feed_listing(2))
    with contextlib.closing(CopyFile(path)) as file:
        begun = file.begin_incoming({"list_version": 2, "cursor": "2", "head": service.head(2)})
        file.stage(begun, [feed_listing(1)])
    assert held(copy) == service.state("1")
    assert copy.update(client) == 0
    assert held(copy) == service.state("2")


def test_a_page_is_not_applied_twice_where_two_processes_update(copy: LocalCopy, client: Client, path: Path) -> None:
    copy.update(client)
    page: Any = {"changes": [], "cursor": "1", "list_version": 1, "more": False}
    with contextlib.closing(CopyFile(path)) as file:
        assert file.apply(page, "0")
        assert not file.apply(page, "0")


def test_a_service_that_is_away_leaves_the_copy_as_it_was(path: Path) -> None:
    with feed_service() as service, Client(service.url, KEY) as client, LocalCopy(path) as copy:
        service.push(feed_listing(1))
        copy.update(client)
    with Client(service.url, KEY, retries=QUICK) as client, LocalCopy(path) as copy:
        with pytest.raises(Undetermined):
            copy.update(client)
        assert len(held(copy)) == 1


def test_two_snapshots_into_one_file_never_mix(service: FeedService, client: Client, path: Path) -> None:
    service.push(feed_listing(1), feed_listing(2))
    with LocalCopy(path) as copy, contextlib.closing(CopyFile(path)) as other:
        begun = other.begin_incoming({"list_version": 1, "cursor": "1", "head": service.head(1)})
        staged = other.stage(begun, [feed_listing(1)])
        service.push(removed(1), op="remove")
        copy.rebuild(client)
        for write in (lambda: other.stage(staged, [feed_listing(2)]), lambda: other.finish_incoming(staged)):
            with pytest.raises(CopyBusy):
                write()
        assert held(copy) == service.state("2")


UPDATE = """
import sys
from pathlib import Path
from liancheng.client import Client, LocalCopy, Retries
with Client(sys.argv[1], "key", retries=Retries(attempts=1)) as client, LocalCopy(Path(sys.argv[2])) as copy:
    print("begun", flush=True)
    copy.update(client)
"""


def updating(service: FeedService, path: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", UPDATE, service.url, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def killed_after(process: "subprocess.Popen[str]", seconds: float) -> bool:
    """Kill the process as a power cut would; return whether it was still at work."""
    assert process.stdout is not None
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.send_signal(signal.SIGKILL)
    process.stdout.close()
    return process.wait() == -signal.SIGKILL


def test_a_copy_killed_at_any_moment_of_following_is_whole_and_goes_on(
    service: FeedService, client: Client, path: Path
) -> None:
    with LocalCopy(path) as copy:
        copy.update(client)
    for n in range(1, 31):
        service.push(*(feed_listing(n * 10 + m, persons=[feed_person(m)]) for m in range(5)))
    service.page, service.pause = 4, 0.01
    kills = 0
    for attempt in range(8):
        kills += killed_after(updating(service, path), 0.02 + attempt * 0.013)
        with LocalCopy(path) as copy:
            assert copy.cursor is not None
            assert held(copy) == service.state(copy.cursor)
    assert kills
    service.pause = 0
    with LocalCopy(path) as copy:
        copy.update(client)
        assert held(copy) == service.state("30")
        assert copy.cursor == "30"


def test_a_copy_killed_in_the_midst_of_a_snapshot_goes_on_behind_what_it_has(
    service: FeedService, client: Client, path: Path
) -> None:
    service.push(*(feed_listing(n, persons=[feed_person(n)]) for n in range(1, 2501)))
    service.pause = 0.0005
    process = updating(service, path)
    assert process.stdout is not None
    with contextlib.closing(CopyFile(path)) as file:
        while file.incoming is None or file.incoming.after is None:
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.stdout.close()
        assert process.wait() == -signal.SIGKILL
        assert file.cursor is None
        after = file.incoming.after
    service.pause = 0
    with LocalCopy(path) as copy:
        copy.update(client)
        assert held(copy) == service.state("1")
        assert [listing["unit"]["uscc"] for listing in copy.by_token(token(2500), DAY)] == [synthetic_uscc(2500)]
    assert f"/v1/listings/snapshot?at=1&after={after}" in service.asked

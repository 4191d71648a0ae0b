"""A department's copy of the list: that it is what the list was, and stays so whatever happens to it."""

import contextlib
import sqlite3
from datetime import date
from pathlib import Path

import pytest

from app.domain.synthetic import synthetic_uscc
from liancheng.client import Client, CopyOutOfStep, LocalCopy
from tests.client.feed_service import FeedService
from tests.client.shapes import DAY, ban, feed_listing, feed_person, held, removed, token


def test_the_first_update_takes_a_snapshot_and_later_ones_the_changes(
    service: FeedService, client: Client, copy: LocalCopy
) -> None:
    service.push(feed_listing(1), feed_listing(2))
    assert copy.update(client) == 0
    assert copy.cursor == "1"
    assert held(copy) == service.state("1")
    service.push(feed_listing(3), removed(1), op="remove")
    assert copy.update(client) == 2
    assert copy.cursor == "2"
    assert held(copy) == service.state("2")
    assert sum("snapshot" in path for path in service.asked) == 1
    assert copy.update(client) == 0


def test_a_copy_of_an_empty_list_is_complete(service: FeedService, client: Client, copy: LocalCopy) -> None:
    copy.update(client)
    assert (copy.cursor, held(copy)) == ("0", {})
    service.push(feed_listing(1))
    assert copy.update(client) == 1


def test_many_changes_come_page_by_page(service: FeedService, client: Client, copy: LocalCopy) -> None:
    copy.update(client)
    service.page = 3
    for n in range(1, 5):
        service.push(*(feed_listing(n * 10 + m) for m in range(5)))
    assert copy.update(client) == 20
    assert held(copy) == service.state("4")


def test_a_copy_that_holds_nothing_yet_says_so_rather_than_finding_nothing(copy: LocalCopy) -> None:
    assert copy.cursor is None
    for ask in (
        copy.listings,
        lambda: copy.by_uscc(synthetic_uscc(1), DAY),
        lambda: copy.by_token(token(1), DAY),
    ):
        with pytest.raises(CopyOutOfStep, match="update"):
            ask()


def test_a_unit_is_found_by_its_code_however_it_is_written_on_the_days_it_is_listed(
    service: FeedService, client: Client, copy: LocalCopy
) -> None:
    service.push(feed_listing(1), removed(2))
    copy.update(client)
    code = synthetic_uscc(1)
    for written in (code, code.lower(), f" {code[:8]}-{code[8:]} ", "".join(chr(ord(c) + 0xFEE0) for c in code)):
        assert [listing["decision_no"] for listing in copy.by_uscc(written, DAY)] == ["虚构列〔2026〕1号"]
    assert copy.by_uscc(code, date(2026, 2, 28)) == []
    assert copy.by_uscc(synthetic_uscc(2), DAY) == []
    assert len(copy.by_uscc(synthetic_uscc(2), date(2026, 5, 31))) == 1


@pytest.mark.parametrize("wrong", ["", "123", "9144180MPDY000012", "示例（虚构）有限公司"])
def test_what_is_no_code_is_refused_rather_than_not_found(client: Client, copy: LocalCopy, wrong: str) -> None:
    copy.update(client)
    with pytest.raises(ValueError, match="code"):
        copy.by_uscc(wrong, DAY)
    with pytest.raises(ValueError, match="token"):
        copy.by_token(wrong, DAY)
    with pytest.raises(ValueError, match="token"):
        copy.by_token([], DAY)


def test_a_person_is_found_by_their_token_on_the_days_they_are_concerned(
    service: FeedService, client: Client, copy: LocalCopy
) -> None:
    left = feed_person(2, ended_on="2026-06-01", end_reason="left")
    banned = feed_person(3, position_ban=ban(until="2031-02-28"))
    gone = {"removed_on": "2026-06-01", "reason": "repaired", "decision_no": None}
    service.push(feed_listing(1, persons=[feed_person(1), left]), feed_listing(2, persons=[banned], removal=gone))
    copy.update(client)
    ones, twos, threes = (copy.by_token(token(n), DAY) for n in (1, 2, 3))
    assert [listing["listing_id"] for listing in ones] == [feed_listing(1)["listing_id"]]
    assert twos == []
    assert len(copy.by_token(token(2), date(2026, 5, 31))) == 1
    assert [listing["listing_id"] for listing in threes] == [feed_listing(2)["listing_id"]]
    assert copy.by_token(token(9), DAY) == []


def test_a_person_whose_token_changed_is_found_by_either_of_the_tokens_given(
    service: FeedService, client: Client, copy: LocalCopy
) -> None:
    service.push(feed_listing(1, persons=[feed_person(1)]), feed_listing(2, persons=[feed_person(1)]))
    copy.update(client)
    rotated = feed_person(1, token=token(77), index_key_id="k2")
    service.push(feed_listing(2, revision=2, persons=[rotated]), op="amend")
    copy.update(client)
    assert copy.index_key_ids() == {"k1", "k2"}
    assert len(copy.by_token([token(1), token(77)], DAY)) == 2
    service.push(feed_listing(1, revision=2, persons=[rotated]), op="amend")
    copy.update(client)
    assert copy.index_key_ids() == {"k2"}
    assert copy.by_token(token(1), DAY) == []


def test_an_erased_person_is_gone_from_every_listing_and_from_the_file(
    service: FeedService, client: Client, copy: LocalCopy, path: Path
) -> None:
    name = "虚构待删除"
    person, other = feed_person(1, name_masked=name), feed_person(2)
    service.push(*(feed_listing(n, persons=[person, other]) for n in (1, 2)))
    copy.update(client)
    assert token(1).encode() in contents(path)
    gone = feed_person(1, name_masked=None, token=None, index_key_id=None, erased=True)
    # The change is of one listing only; the person is erased everywhere.
    service.push(feed_listing(1, revision=2, persons=[gone, other]), op="erase")
    copy.update(client)
    assert copy.by_token(token(1), DAY) == []
    assert len(copy.by_token(token(2), DAY)) == 2
    for listing in copy.listings():
        assert listing["persons"] == [gone, other]
    assert token(1).encode() not in contents(path)
    assert name.encode() not in contents(path)
    assert token(2).encode() in contents(path)


def contents(path: Path) -> bytes:
    return b"".join(one.read_bytes() for one in path.parent.iterdir())


def test_a_list_that_went_back_is_noticed_and_the_copy_can_be_taken_anew(
    service: FeedService, client: Client, copy: LocalCopy
) -> None:
    for n in (1, 2, 3):
        service.push(feed_listing(n))
    copy.update(client)
    before = held(copy)
    service.put_back(2)
    with pytest.raises(CopyOutOfStep, match="rebuild"):
        copy.update(client)
    assert held(copy) == before
    copy.rebuild(client)
    assert held(copy) == service.state("2")
    assert copy.update(client) == 0


def test_another_list_is_noticed_though_it_has_overtaken_the_copy(
    service: FeedService, client: Client, copy: LocalCopy
) -> None:
    for n in (1, 2, 3):
        service.push(feed_listing(n))
    copy.update(client)
    service.put_back(2)
    for n in (4, 5):
        service.push(feed_listing(n))
    with pytest.raises(CopyOutOfStep, match="rebuild"):
        copy.update(client)
    copy.rebuild(client)
    assert held(copy) == service.state("4")


def test_a_copy_without_a_pin_notices_a_list_behind_it_by_its_cursor(
    service: FeedService, client: Client, copy: LocalCopy, path: Path
) -> None:
    service.push(feed_listing(1))
    copy.update(client)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as direct:
        direct.execute("DELETE FROM meta WHERE name LIKE 'pin_%'")
    service.put_back(0)
    with pytest.raises(CopyOutOfStep, match="rebuild"):
        copy.update(client)


def test_the_file_is_readable_by_its_owner_only(copy: LocalCopy, client: Client, path: Path) -> None:
    copy.update(client)
    assert {one.stat().st_mode & 0o077 for one in path.parent.iterdir()} == {0}


def test_a_file_that_is_something_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database, and long enough to be looked at as one " * 40)
    other = tmp_path / "other.sqlite"
    with contextlib.closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE mine (x)")
    for path in (text, other):
        before = path.read_bytes()
        with pytest.raises(ValueError, match="no local copy"):
            LocalCopy(path)
        assert path.read_bytes() == before


def test_its_documentation_says_that_it_is_no_verdict() -> None:
    assert "never a verdict" in (LocalCopy.__doc__ or "")

"""The enciphered temporary file: what comes out is what went in, and nothing of it is on the disk."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.synthetic import synthetic_resident_id
from app.errors import NoRoom
from app.files.spool import Spool


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_what_was_written_is_read(parts: list[bytes]) -> None:
    with Spool() as spool:
        for part in parts:
            assert spool.write(part) == len(part)
        whole = b"".join(parts)
        assert spool.size == len(whole)
        assert spool.reader().read() == whole


@given(st.binary(min_size=1, max_size=400), st.lists(st.tuples(st.integers(0, 420), st.integers(0, 60)), max_size=20))
def test_any_part_can_be_read_in_any_order(whole: bytes, places: list[tuple[int, int]]) -> None:
    with Spool() as spool:
        spool.write(whole)
        reader = spool.reader()
        for offset, count in places:
            assert reader.seek(offset) == offset
            assert reader.read(count) == whole[offset : offset + count]


def test_readers_are_independent_and_see_what_is_written_later() -> None:
    with Spool() as spool:
        spool.write(b"0123456789" * 1000)
        one, other = spool.reader(), spool.reader()
        assert one.read(15) == b"012345678901234"
        assert other.read(3) == b"012"
        assert one.read(2) == b"56"
        spool.write(b"end")
        assert one.seek(-3, os.SEEK_END) == 10_000
        assert one.read() == b"end"
        assert other.seek(-1, os.SEEK_CUR) == 2
        assert other.read(1) == b"2"


def test_a_position_before_the_beginning_is_refused() -> None:
    with Spool() as spool, pytest.raises(ValueError, match="negative"):
        spool.reader().seek(-1)


def test_nothing_of_it_stands_on_the_disk_in_clear() -> None:
    number = synthetic_resident_id(1).encode()
    with Spool() as spool:
        spool.write(number * 1000)
        spool.reader().read()
        # The file has no name; the process's own list of open files leads to it.
        held = list(Path("/proc/self/fd").iterdir())
        deleted = [path for path in held if path.is_symlink() and "deleted" in str(path.readlink())]
        contents = [path.read_bytes() for path in deleted]
        assert any(len(content) == 18_000 for content in contents)
        assert not any(number in content for content in contents)


def test_a_closed_spool_is_gone() -> None:
    spool = Spool()
    spool.write(b"x")
    reader = spool.reader()
    spool.close()
    with pytest.raises(ValueError, match="closed"):
        reader.read()


@pytest.fixture
def little_room() -> Iterator[None]:
    """Let no file grow beyond 64 KiB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("little_room")
def test_what_does_not_fit_on_the_disk_is_told_as_no_room_and_closes_without_trouble() -> None:
    with Spool() as spool, pytest.raises(NoRoom):
        spool.write(bytes(1_000_000))


@pytest.mark.usefixtures("little_room")
def test_what_is_buffered_still_does_not_pass_for_received() -> None:
    with Spool() as spool:
        spool.write(bytes(100_000))
        with pytest.raises(NoRoom):
            spool.settle()

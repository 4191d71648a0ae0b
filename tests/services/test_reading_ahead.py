"""Parts are read one ahead: their errors come in their place, and nothing is read any more when the block has ended."""

import asyncio
import threading

import pytest

from app.services.reading_ahead import read_ahead


class Reading:
    """Numbers from 1; the third cannot be read. It is at work on the second and later ones until it is let go on."""

    def __init__(self) -> None:
        """Have read nothing."""
        self.count = 0
        self.at_work = False
        self.go_on = threading.Event()

    def next(self) -> int:
        """Return the next number."""
        self.at_work = True
        self.count += 1
        if self.count > 1:
            assert self.go_on.wait(10)
        self.at_work = False
        if self.count == 3:
            raise ValueError("the third")
        return self.count


async def test_an_error_of_a_part_is_raised_once_the_parts_before_it_were_handed_out() -> None:
    reading = Reading()
    reading.go_on.set()
    async with read_ahead(reading.next) as next_part:
        assert [await next_part(), await next_part()] == [1, 2]
        with pytest.raises(ValueError, match="the third"):
            await next_part()


@pytest.mark.parametrize("told_to_stop", [False, True])
async def test_when_the_block_has_ended_nothing_is_read_any_more(told_to_stop: bool) -> None:  # noqa: FBT001
    reading, begun = Reading(), asyncio.Event()

    async def carrying_out() -> None:
        async with read_ahead(reading.next) as next_part:
            assert await next_part() == 1
            begun.set()
            if told_to_stop:
                await next_part()
            raise RuntimeError

    task = asyncio.create_task(carrying_out())
    await begun.wait()
    if told_to_stop:
        task.cancel()
    asyncio.get_running_loop().call_later(0.02, reading.go_on.set)
    await asyncio.wait({task})
    assert not reading.at_work
    assert task.cancelled() is told_to_stop
    assert told_to_stop or isinstance(task.exception(), RuntimeError)

"""Following the changes without a gap and without a repetition, whatever the connection does."""

import asyncio
import itertools
from contextlib import aclosing
from typing import Any

import pytest

from liancheng.client import AsyncClient, BrokenFeed, Client, ListVersionNotReached, Unauthorised, Undetermined
from liancheng.client.calls import Calls
from liancheng.client.following import follow
from liancheng.client.plans import Broken, Emit, End, Event, Open, Outcome, Read, Reply, Send, Sleep, Step
from tests.client.misbehaving import Answer, Misbehaving, error, events, misbehaving, ok, stream
from tests.client.shapes import change, page
from tests.client.shells import KEY, SHELLS, Shell, awaited

RESET = Answer(reset=True)
GONE = error(401, "unauthenticated")
ONE, TWO, THREE, FOUR = (change(cursor) for cursor in ("1.1", "1.2", "2.1", "3.1"))
EVENTS = Reply(200, {"content-type": "text/event-stream"})

each_shell = pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell.__name__)


def followed(shell: Shell, server: Misbehaving, after: str = "0", **options: Any) -> list[str]:
    """Follow until the key has ended; return the cursors of the changes that came."""
    seen: list[str] = []

    def keep(client: Client) -> None:
        seen.extend(one["cursor"] for one in client.follow(after))

    async def keep_awaiting(client: AsyncClient) -> None:
        async for one in client.follow(after):
            seen.append(one["cursor"])  # noqa: PERF401 - what came before the error counts

    with pytest.raises(Unauthorised):
        shell(server.url, keep_awaiting if shell is awaited else keep, **options)
    return seen


@each_shell
@pytest.mark.parametrize("ending", [{}, {"reset": True}], ids=["closed", "reset"])
def test_a_stream_that_ends_is_opened_again_behind_the_last_change(shell: Shell, ending: dict[str, Any]) -> None:
    with misbehaving(events(ONE, TWO, **ending), events(THREE, **ending), events(FOUR, **ending), GONE) as server:
        assert followed(shell, server) == ["1.1", "1.2", "2.1", "3.1"]
    assert [request.query["after"] for request in server.received] == ["0", "1.2", "2.1", "3.1"]
    assert [request.headers["last-event-id"] for request in server.received] == ["0", "1.2", "2.1", "3.1"]


@each_shell
def test_a_change_that_was_cut_in_the_middle_comes_whole_the_next_time(shell: Shell) -> None:
    (whole,) = events(TWO).pieces
    half = Answer(events().head, (*events(ONE).pieces, whole[:-20]), reset=True)
    almost = Answer(events().head, (whole[:-1],))
    with misbehaving(half, almost, events(TWO), GONE) as server:
        assert followed(shell, server) == ["1.1", "1.2"]


@each_shell
@pytest.mark.parametrize("trouble", [RESET, Answer(), error(500, "internal_error"), error(503, "unavailable")])
def test_following_outlasts_trouble(shell: Shell, trouble: Answer) -> None:
    with misbehaving(trouble, events(ONE), trouble, trouble, events(TWO), GONE) as server:
        assert followed(shell, server) == ["1.1", "1.2"]


@each_shell
@pytest.mark.parametrize(
    "no_stream",
    [
        (error(406, "not_acceptable"),),
        (ok(page(cursor="0")),),
        (stream("text/event-stream", silence=5), stream("text/event-stream", silence=5)),
        (Answer(silence=5), Answer(silence=5)),
    ],
    ids=["406", "json", "held-back", "held-back-with-its-head"],
)
def test_where_streams_are_not_possible_it_polls(shell: Shell, no_stream: tuple[Answer, ...]) -> None:
    polls = ok(page(ONE, TWO, cursor="1")), RESET, ok(page(cursor="1")), error(503), ok(page(THREE, cursor="2.1")), GONE
    with misbehaving(*no_stream, *polls) as server:
        assert followed(shell, server, stream_silence=0.3) == ["1.1", "1.2", "2.1"]
    polling = server.received[len(no_stream) :]
    assert [request.query["after"] for request in polling] == ["0", "1", "1", "1", "1", "2.1"]
    assert {request.query["wait"] for request in polling} == {"30"}
    assert {request.headers["accept"] for request in polling} == {"application/json"}


@each_shell
def test_heartbeats_keep_a_quiet_stream_open(shell: Shell) -> None:
    beats = stream("text/event-stream", *[": here\n\n"] * 8, pause=0.1)
    with misbehaving(beats, events(ONE), GONE) as server:
        assert followed(shell, server, stream_silence=0.4) == ["1.1"]
    assert all("text/event-stream" in request.headers["accept"] for request in server.received)


@each_shell
@pytest.mark.parametrize("wrong", [ONE, TWO], ids=["before", "again"])
def test_a_change_that_comes_again_or_out_of_order_ends_it(shell: Shell, wrong: Any) -> None:
    with misbehaving(events(TWO), events(wrong)) as server, pytest.raises(BrokenFeed):
        shell(server.url, lambda client: client.follow("0"))


@each_shell
def test_a_list_that_went_back_ends_it(shell: Shell) -> None:
    with misbehaving(error(409, "list_version_not_reached")) as server, pytest.raises(ListVersionNotReached):
        shell(server.url, lambda client: client.follow("41"))


@each_shell
def test_following_from_what_is_no_cursor_is_refused_before_anything_is_asked(shell: Shell) -> None:
    with misbehaving() as server, pytest.raises(ValueError, match="cursor"):
        shell(server.url, lambda client: client.follow("yesterday"))


def test_following_can_be_left_at_any_time_and_the_connection_is_closed() -> None:
    with misbehaving(events(ONE, TWO, silence=30)) as server, Client(server.url, KEY) as client:
        following = client.follow("0")
        assert next(following)["cursor"] == "1.1"
        # The server's thread waits for the client to go; the test would not end before.
        following.close()


async def test_following_can_be_cancelled_at_any_time_and_the_connection_is_closed() -> None:
    with misbehaving(events(ONE, silence=30)) as server:
        async with AsyncClient(server.url, KEY) as client:
            first = asyncio.Event()

            async def go() -> None:
                async with aclosing(client.follow("0")) as following:
                    async for _ in following:
                        first.set()

            task = asyncio.create_task(go())
            await first.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


def test_a_change_raises_the_version_that_lookups_ask_for() -> None:
    with misbehaving(events(THREE), GONE) as server, Client(server.url, KEY) as client:
        with pytest.raises(Unauthorised):
            list(client.follow("0"))
        assert client.list_version_seen == 2


def walk(*outcomes: Outcome, on_trouble: Any = None, clock: Any = lambda: 0.0) -> list[Step]:
    """Walk the plan through these outcomes, without carrying anything out; return its steps."""
    plan = follow(Calls(clock=clock), "0", on_trouble)
    steps = [next(plan)]
    steps.extend(plan.send(outcome) for outcome in outcomes)
    return steps


def test_each_trouble_is_told_and_the_wait_grows() -> None:
    told: list[Undetermined] = []
    rounds = itertools.chain.from_iterable((Broken("ConnectError"), None) for _ in range(40))
    steps = walk(*rounds, on_trouble=told.append)
    assert len(told) == 40
    waits = [step.seconds for step in steps if isinstance(step, Sleep)]
    assert all(wait <= 0.5 for wait in waits[:1])
    assert max(waits) <= 30
    assert max(waits[8:]) > max(waits[:2])


def test_whoever_is_told_of_trouble_can_end_it() -> None:
    class Enough(Exception):
        pass

    def end(_: Undetermined) -> None:
        raise Enough

    with pytest.raises(Enough):
        walk(Broken("ConnectError"), on_trouble=end)


def test_a_stream_that_lived_long_does_not_count_as_trouble() -> None:
    moments = itertools.count(0, 20)
    rounds = itertools.chain.from_iterable((EVENTS, End(), None) for _ in range(40))
    steps = walk(*rounds, clock=lambda: next(moments))
    assert max(step.seconds for step in steps if isinstance(step, Sleep)) <= 0.5


def test_a_server_that_ends_every_stream_at_once_is_not_stormed() -> None:
    rounds = itertools.chain.from_iterable((EVENTS, End(), None) for _ in range(40))
    steps = walk(*rounds)
    assert sum(step.seconds for step in steps if isinstance(step, Sleep)) > 30


def test_what_is_no_change_is_passed_over() -> None:
    steps = walk(EVENTS, Event("", "", ""), Event("1.1", "retry", "{}"), Event("1.1", "change", ""))
    assert isinstance(steps[0], Open)
    assert all(isinstance(step, Read) for step in steps[1:])


def test_an_event_whose_data_is_no_change_ends_it() -> None:
    with pytest.raises(BrokenFeed):
        walk(EVENTS, Event("1.1", "change", "not json"))


def test_a_stream_given_up_for_polling_stays_given_up() -> None:
    silent = Broken("ReadTimeout", silent=True)
    steps = walk(silent, None, EVENTS, silent, None, Broken("ConnectError"), None)
    assert [type(step) for step in steps if not isinstance(step, Sleep | Read | Emit)] == [Open, Open, Send, Send]

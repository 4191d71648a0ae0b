"""Both clients against a server that misbehaves: what is repeated, what is not, and that no verdict comes of it."""

import time

import pytest

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from liancheng.client import (
    Client,
    LianchengClientError,
    MalformedAnswer,
    Rejected,
    Retries,
    Unavailable,
    Undetermined,
    Unreachable,
)
from tests.client.misbehaving import Answer, cut_off, error, misbehaving, ok, stream
from tests.client.shapes import verdict
from tests.client.shells import KEY, SHELLS, Shell

CODE = synthetic_uscc(1)
NUMBER = synthetic_resident_id(1)
RESET = Answer(reset=True)

each_shell = pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell.__name__)


@each_shell
@pytest.mark.parametrize(
    "trouble",
    [RESET, Answer(), cut_off(verdict()), error(503), error(502), error(504), error(429, "too_many_requests")],
    ids=["reset", "closed", "cut", "503", "502", "504", "429"],
)
def test_a_lookup_is_asked_again_after_trouble_that_may_pass(shell: Shell, trouble: Answer) -> None:
    with misbehaving(trouble, trouble, ok(verdict("listed"))) as server:
        answer = shell(server.url, lambda client: client.look_up(CODE))
    assert answer["verdict"] == "listed"
    assert [request.json() for request in server.received] == [{"code": CODE}] * 3


@each_shell
@pytest.mark.parametrize(
    ("trouble", "kind"),
    [(RESET, Unreachable), (cut_off(verdict()), Unreachable), (error(503, "database_unavailable"), Unavailable)],
    ids=["reset", "cut", "503"],
)
def test_trouble_that_does_not_pass_ends_undetermined_and_says_nothing_of_the_subject(
    shell: Shell, trouble: Answer, kind: type[Undetermined]
) -> None:
    with misbehaving(*[trouble] * 4) as server, pytest.raises(kind) as told:
        shell(server.url, lambda client: client.look_up(NUMBER, purpose="测试"))
    assert NUMBER not in repr(told.value) + str(told.value)
    assert KEY not in repr(told.value) + str(told.value)
    # An error of the HTTP library holds the request: the key in its headers, the number in its body.
    assert told.value.__context__ is None


@each_shell
@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (error(500, "internal_error"), Undetermined),
        (error(422, "code_length"), Rejected),
        (error(401, "unauthenticated"), Rejected),
        (ok({"verdict": "not_listed"}, 307, Location="/elsewhere"), MalformedAnswer),
        (ok({"hello": "proxy"}), MalformedAnswer),
        (stream("text/html", "<html>not_listed</html>"), MalformedAnswer),
        (stream("application/json", '{"verdict": "not_listed"'), MalformedAnswer),
    ],
    ids=["500", "422", "401", "redirect", "proxy", "html", "half"],
)
def test_what_would_not_be_another_answer_is_not_asked_again(
    shell: Shell, trouble: Answer, kind: type[LianchengClientError]
) -> None:
    with misbehaving(trouble) as server, pytest.raises(kind):
        shell(server.url, lambda client: client.look_up(CODE))


@each_shell
def test_retry_after_is_waited_out(shell: Shell) -> None:
    with misbehaving(error(503, "push_in_progress", Retry_After="1"), ok(verdict())) as server:
        began = time.monotonic()
        shell(server.url, lambda client: client.look_up(CODE))
        assert time.monotonic() - began >= 1


@each_shell
def test_a_retry_after_beyond_the_time_we_have_ends_it_at_once(shell: Shell) -> None:
    with misbehaving(error(503, "unavailable", Retry_After="3600")) as server, pytest.raises(Unavailable) as told:
        shell(server.url, lambda client: client.look_up(CODE))
    assert told.value.retry_after == 3600


@each_shell
@pytest.mark.parametrize(
    "slow",
    [Answer(silence=5), stream("application/json", *(" " * 100), pause=0.05)],
    ids=["silent", "trickling"],
)
def test_an_answer_that_does_not_come_in_time_is_none(shell: Shell, slow: Answer) -> None:
    began = time.monotonic()
    with misbehaving(slow) as server, pytest.raises(Unreachable):
        shell(server.url, lambda client: client.look_up(CODE), timeout=0.3, retries=Retries(attempts=1))
    assert time.monotonic() - began < 3


@each_shell
def test_nobody_listening_is_undetermined(shell: Shell) -> None:
    with misbehaving() as server:
        pass
    with pytest.raises(Unreachable):
        shell(server.url, lambda client: client.look_up(CODE))


def test_the_newest_version_seen_is_sent_along_and_an_older_answer_refused() -> None:
    answers = [ok(verdict(list_version=version)) for version in (41, 40, 0)]
    with misbehaving(*answers) as server, Client(server.url, KEY) as client:
        client.look_up(CODE)
        with pytest.raises(MalformedAnswer):
            client.look_up(CODE)
        # What was known earlier is of an earlier list; that the service's is new enough now, the service says.
        client.look_up(CODE, known_at="2026-01-01T00:00:00Z")
        assert client.list_version_seen == 41
    assert [request.json().get("min_list_version") for request in server.received] == [None, 41, 41]


def test_remembering_the_version_can_be_turned_off_and_one_of_our_own_given() -> None:
    with (
        misbehaving(ok(verdict(list_version=41)), ok(verdict(list_version=40)), ok(verdict(list_version=40))) as server,
        Client(server.url, KEY, remember_list_version=False) as client,
    ):
        client.look_up(CODE)
        client.look_up(CODE)
        client.look_up(CODE, min_list_version=7)
    assert [request.json().get("min_list_version") for request in server.received] == [None, None, 7]


@each_shell
def test_listings_are_fetched_page_by_page_and_pages_that_do_not_go_on_end_it(shell: Shell) -> None:
    def a_page(n: int, after: str | None) -> Answer:
        return ok({"on": None, "known_at": None, "list_version": 3, "listings": [{"listing_id": n}], "next": after})

    with misbehaving(a_page(1, "a"), RESET, a_page(2, "b"), a_page(3, None)) as server:
        found = shell(server.url, lambda client: client.listings(state="in_force"))
    assert [listing["listing_id"] for listing in found] == [1, 2, 3]
    assert [request.query.get("after") for request in server.received] == [None, "a", "a", "b"]
    assert {request.query["state"] for request in server.received} == {"in_force"}
    with misbehaving(a_page(1, "a"), a_page(2, "a")) as server, pytest.raises(MalformedAnswer):
        shell(server.url, lambda client: client.listings())

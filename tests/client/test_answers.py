"""What an answer means; above all, that nothing but a verdict is ever taken for one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.synthetic import synthetic_resident_id
from liancheng.client import (
    Conflict,
    Forbidden,
    LianchengClientError,
    ListVersionMoved,
    ListVersionNotReached,
    MalformedAnswer,
    NotFound,
    PushRejected,
    Rejected,
    ServiceFailed,
    TooManyRemovals,
    Unauthorised,
    Unavailable,
    Undetermined,
    answers,
)
from liancheng.client.plans import Reply
from tests.client.shapes import pushed, verdict
from tests.client.shells import KEY

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["listed", "not_listed"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["verdict", "results", "listings", "x"]), inner),
    max_leaves=8,
)


def reply(body: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, {"content-type": "application/json"} | headers, json.dumps(body).encode())


def problem(status: int, code: str = "some_code", **fields: Any) -> Reply:
    body = {"status": status, "code": code, "detail": "详情", "request_id": "r-1", "errors": []} | fields
    return Reply(status, {"content-type": "application/problem+json"}, json.dumps(body).encode())


def test_a_verdict_is_returned_as_it_came() -> None:
    assert answers.verdict(reply(verdict()), 1) == verdict()


@given(JSON_VALUES, st.sampled_from([200, 201, 204, 206, 302, 400, 404, 500, 503]))
def test_nothing_but_a_verdict_is_one(body: Any, status: int) -> None:
    with pytest.raises(LianchengClientError):
        answers.verdict(reply(body, status), 0)


@pytest.mark.parametrize("status", [201, 202, 203, 206, 304, 404, 500, 503])
def test_a_verdict_under_another_status_is_none(status: int) -> None:
    with pytest.raises(LianchengClientError):
        answers.verdict(reply(verdict(), status), 0)


@pytest.mark.parametrize(
    "broken",
    [
        {"verdict": "maybe"},
        {"verdict": None},
        {"lookup_id": None},
        {"listings": None},
        {"measures": None},
        {"list_version": "1"},
        {"listings": [{}]},
    ],
)
def test_a_verdict_that_lacks_what_it_rests_on_or_contradicts_itself_is_none(broken: dict[str, Any]) -> None:
    with pytest.raises(MalformedAnswer):
        answers.verdict(reply(verdict(**broken)), 0)


def test_a_verdict_of_an_older_list_than_we_have_seen_is_none() -> None:
    assert answers.verdict(reply(verdict(list_version=5)), 5)["list_version"] == 5
    with pytest.raises(MalformedAnswer):
        answers.verdict(reply(verdict(list_version=4)), 5)


def test_a_verdict_asked_in_a_scene_is_of_that_scene_and_otherwise_of_none() -> None:
    """What to do would be another scene's; nothing to do in it would be taken for nothing to do at all."""
    land = verdict("listed", scene={"code": "land", "other_measures": [1]})
    assert answers.verdict(reply(land), 0, "land") == land
    for body, scene in ((land, "eia"), (land, None), (verdict(), "land"), (verdict(scene="land"), "land")):
        with pytest.raises(MalformedAnswer):
            answers.verdict(reply(body), 0, scene)
        with pytest.raises(MalformedAnswer):
            answers.verdicts(reply({"results": [body]}), 1, 0, scene)
    old = verdict()
    del old["scene"]
    assert answers.verdict(reply(old), 0) == old, "a service of before there were scenes"


@pytest.mark.parametrize("body", [b"", b"not json", b"\xff", b"[]", b'"listed"', json.dumps(verdict()).encode()[:-1]])
def test_what_is_not_whole_is_no_verdict(body: bytes) -> None:
    with pytest.raises(MalformedAnswer) as told:
        answers.verdict(Reply(200, {}, body), 0)
    # What could not be read must not hang on the error, where a report of it would print it.
    assert told.value.__context__ is None


def test_a_batch_has_an_error_in_the_place_of_a_problem_which_nobody_can_read_a_verdict_from() -> None:
    told = {"code_index": 1, "problem": {"status": 422, "code": "code_length", "detail": "长度", "errors": []}}
    first, second = answers.verdicts(reply({"results": [verdict(), told]}), 2, 0)
    assert not isinstance(first, LianchengClientError)
    assert first["verdict"] == "not_listed"
    assert isinstance(second, Rejected)
    assert second.code == "code_length"
    assert not hasattr(second, "__getitem__")


def test_a_problem_in_a_batch_that_claims_to_be_none_is_still_no_verdict() -> None:
    (result,) = answers.verdicts(reply({"results": [{"code_index": 0, "problem": {"status": 200}}]}), 1, 0)
    assert isinstance(result, Undetermined)


@pytest.mark.parametrize(
    "results",
    [
        None,
        [],
        [verdict()],
        [verdict(), verdict(), verdict()],
        [verdict(), {}],
        [verdict(), None],
        [verdict(), {"code_index": 0, "problem": {"status": 422}}],
        [verdict(list_version=1), verdict(list_version=9)],
    ],
)
def test_a_batch_that_does_not_fit_what_was_asked_is_nothing(results: Any) -> None:
    with pytest.raises(LianchengClientError):
        answers.verdicts(reply({"results": results}), 2, 2)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "unauthenticated", Unauthorised),
        (403, "forbidden", Forbidden),
        (404, "not_found", NotFound),
        (409, "conflict", Conflict),
        (409, "list_version_not_reached", ListVersionNotReached),
        (409, "list_version_moved", ListVersionMoved),
        (409, "too_many_removals", TooManyRemovals),
        (422, "push_rejected", PushRejected),
        (422, "invalid_input", Rejected),
        (413, "content_too_large", Rejected),
        (429, "too_many_requests", Unavailable),
        (500, "internal_error", ServiceFailed),
        (503, "database_unavailable", Unavailable),
    ],
)
def test_each_problem_has_its_error(status: int, code: str, kind: type[LianchengClientError]) -> None:
    error = answers.refusal(problem(status, code))
    assert type(error) is kind
    assert (error.status, error.code, error.detail, error.request_id) == (status, code, "详情", "r-1")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_no_answer_of_the_service(status: int) -> None:
    assert type(answers.refusal(Reply(status, {"location": "http://elsewhere.test"}))) is MalformedAnswer


def test_the_errors_of_a_rejected_push_are_all_there() -> None:
    wrong = {"row": 3, "column": "C 统一社会信用代码", "field": "unit.uscc", "code": "code_length", "detail": "长度"}
    error = answers.refusal(problem(422, "push_rejected", errors=[wrong, "nonsense"]))
    assert error.errors == (wrong,)


@pytest.mark.parametrize(
    "secret", [synthetic_resident_id(3), "441800 19700103 0002", KEY, "４４１８００１９７００１０３０００２"]
)
def test_no_error_holds_an_identity_number_or_the_key_though_a_proxy_puts_them_in(secret: str) -> None:
    wrong = {"row": None, "field": None, "code": "x", "detail": secret}
    error = answers.refusal(problem(422, f"code {secret}", detail=f"号码{secret}有误", errors=[wrong]))
    assert secret not in f"{error} {error.detail} {error.errors} {error.code}"


def test_what_is_no_problem_of_the_service_is_not_repeated() -> None:
    error = answers.refusal(Reply(502, {"content-type": "text/html"}, b"<html>listed</html>"))
    assert isinstance(error, Unavailable)
    assert "html" not in str(error)


def test_a_push_that_was_done_before_says_so() -> None:
    assert not answers.push_result(reply(pushed(), 201))["replayed"]
    assert answers.push_result(reply(pushed(), 201, **{"idempotency-replayed": "true"}))["replayed"]
    assert answers.push_result(reply(pushed(status="awaiting_approval"), 202))["status"] == "awaiting_approval"


@pytest.mark.parametrize("body", [{}, [], {"list_version": 1}, pushed(rows=None)])
def test_a_push_whose_answer_is_not_whole_is_undetermined(body: Any) -> None:
    with pytest.raises(Undetermined):
        answers.push_result(reply(body, 201))


def test_tokens_stand_in_the_order_asked_with_errors_in_their_place() -> None:
    told = {"index": 0, "problem": {"status": 422, "code": "code_length", "detail": "长度"}}
    first, second = answers.token_lists(reply({"tokens": [{"index": 1, "tokens": ["a", "b"]}, told]}), 2)
    assert isinstance(first, Rejected)
    assert second == ["a", "b"]


@pytest.mark.parametrize("tokens", [None, [], [{"index": 0, "tokens": []}], [{"index": 7, "tokens": []}] * 2])
def test_tokens_that_do_not_fit_what_was_asked_are_none(tokens: Any) -> None:
    with pytest.raises(MalformedAnswer):
        answers.token_lists(reply({"tokens": tokens}), 2)

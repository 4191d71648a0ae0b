"""The chain tells one history from every other, and a commitment binds without telling."""

from typing import Any

from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from app.domain import chain
from app.domain.codes import ResidentId
from app.domain.difference import difference
from app.domain.synthetic import synthetic_resident_id

Records = list[dict[str, Any]]
RECORDS = st.lists(st.dictionaries(st.sampled_from("abc"), st.none() | st.integers() | st.text(max_size=3)), max_size=5)


def head(records: Records) -> bytes:
    found = chain.GENESIS
    for record in records:
        found = chain.link(found, record)
    return found


@given(one=RECORDS, other=RECORDS)
def test_two_histories_have_one_head_only_if_they_are_one(
    one: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    assert (head(one) == head(other)) == (one == other)


def test_the_order_in_which_names_stand_makes_no_difference() -> None:
    assert chain.link(b"", {"a": 1, "b": [{"c": 2, "d": "丁"}]}) == chain.link(
        b"", {"b": [{"d": "丁", "c": 2}], "a": 1}
    )


def test_a_link_is_the_sm3_of_what_went_before_and_of_canonical_json() -> None:
    # Against GB/T 32905: SM3("abc"), with the record's own bytes in the place of "abc".
    assert chain.canonical({"b": "丁", "a": None}) == '{"a":null,"b":"丁"}'.encode()
    known = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    digest = hashes.Hash(hashes.SM3())
    digest.update(b"abc")
    assert digest.finalize().hex() == known


@given(st.binary(min_size=32, max_size=32))
def test_a_head_that_was_written_down_reads_back(value: bytes) -> None:
    assert chain.read(chain.written(value)) == value
    assert chain.read(chain.written(value).upper().replace("SM3:", "  ")) == value
    assert chain.read(chain.written(value)[:-1]) is None


def test_a_commitment_differs_by_salt_name_and_number_and_holds_neither() -> None:
    number, other = (ResidentId(synthetic_resident_id(n)) for n in (1, 2))
    salt = chain.new_salt()
    bound = chain.commitment(salt, "虚构", number)
    assert bound == chain.commitment(salt, "虚构", number)
    others = {chain.commitment(chain.new_salt(), "虚构", number), chain.commitment(salt, "虚构甲", number)}
    assert bound not in others | {chain.commitment(salt, "虚构", other)}
    assert number.reveal() not in bound


STATES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"tier": st.text(max_size=2), "facts": st.none() | st.text(max_size=2), "persons": st.just([])}
)


@given(before=STATES, after=STATES)
def test_a_difference_names_exactly_the_fields_that_differ(before: dict[str, Any], after: dict[str, Any]) -> None:
    told = difference(before, after)
    assert {one.field for one in told} == {name for name in ("tier", "facts") if before[name] != after[name]}
    assert all((one.before, one.after) == (before[one.field], after[one.field]) for one in told)


def test_of_a_person_the_difference_names_who_and_what() -> None:
    person = {"person_id": "p", "roles": ["other"], "since": None}
    before, after = {"persons": [person]}, {"persons": [person | {"roles": ["principal"]}]}
    assert [(one.field, one.before, one.after) for one in difference(before, after)] == [
        ("persons[p].roles", ["other"], ["principal"])
    ]
    assert [one.field for one in difference({"persons": []}, {"persons": [person]})] == ["persons[p].roles"]

"""The chain tells one history from every other, and a commitment binds without telling."""

from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from app.domain import chain
from app.domain.codes import ResidentId
from app.domain.synthetic import synthetic_resident_id

Records = list[dict[str, Any]]
RECORDS = st.lists(st.dictionaries(st.sampled_from("abc"), st.none() | st.integers() | st.text(max_size=3)), max_size=5)


def heads(records: Records) -> list[bytes]:
    found: list[bytes] = []
    for record in records:
        found.append(chain.link(found[-1] if found else chain.GENESIS, record))
    return found


def head(records: Records) -> bytes:
    return heads(records)[-1] if records else chain.GENESIS


@given(one=RECORDS, other=RECORDS)
def test_two_histories_have_one_head_only_if_they_are_one(
    one: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    assert (head(one) == head(other)) == (one == other)


def test_the_order_in_which_names_stand_makes_no_difference() -> None:
    assert chain.link(b"", {"a": 1, "b": [{"c": 2, "d": "丁"}]}) == chain.link(
        b"", {"b": [{"d": "丁", "c": 2}], "a": 1}
    )


@given(records=RECORDS.filter(bool), at=st.integers(0, 4), key=st.sampled_from("abc"), value=st.text(max_size=3))
def test_a_chain_with_any_changed_record_does_not_verify_from_there_on(
    records: Records, at: int, key: str, value: str
) -> None:
    at %= len(records)
    changed = [*records[:at], records[at] | {key: value}, *records[at + 1 :]]
    before, after = heads(records), heads(changed)
    same = changed == records
    assert before[:at] == after[:at]
    assert all((one == other) is same for one, other in zip(before[at:], after[at:], strict=True))


@given(records=RECORDS.filter(lambda drawn: len(drawn) > 1), at=st.integers(0, 3))
def test_a_chain_does_not_verify_once_a_record_is_left_out_added_or_exchanged_with_the_next(
    records: Records, at: int
) -> None:
    at %= len(records) - 1
    assert head([*records[:at], *records[at + 1 :]]) != head(records)
    assert head([*records[:at], {"a": 1}, *records[at:]]) != head(records)
    swapped = [*records[:at], records[at + 1], records[at], *records[at + 2 :]]
    assert (head(swapped) == head(records)) == (records[at] == records[at + 1])


def test_a_link_is_the_sm3_of_what_went_before_and_of_canonical_json() -> None:
    assert chain.canonical({"b": "丁", "a": None}) == '{"a":null,"b":"丁"}'.encode()
    together = hashes.Hash(hashes.SM3())
    together.update(chain.GENESIS + '{"a":null,"b":"丁"}'.encode())
    assert chain.link(chain.GENESIS, {"b": "丁", "a": None}) == together.finalize()
    # Against GB/T 32905, appendix A.1: SM3("abc").
    known = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    digest = hashes.Hash(hashes.SM3())
    digest.update(b"abc")
    assert digest.finalize().hex() == known


@given(st.binary(min_size=32, max_size=32))
def test_a_head_that_was_written_down_reads_back(value: bytes) -> None:
    assert chain.read(chain.written(value)) == value
    assert chain.read(chain.written(value).upper().replace("SM3:", "  ")) == value
    assert chain.read(chain.written(value)[:-1]) is None
    assert chain.read(chain.written(value) + "00") is None


@pytest.mark.parametrize("text", ["", "sm3:", "41", "sm3:sm3:" + "0" * 64, "sm2:" + "0" * 64, "g" * 64, "丁" * 64])
def test_what_is_no_head_is_read_as_none(text: str) -> None:
    assert chain.read(text) is None


def test_a_commitment_differs_by_salt_name_and_number_and_holds_neither() -> None:
    number, other = (ResidentId(synthetic_resident_id(n)) for n in (1, 2))
    salt = chain.new_salt()
    bound = chain.commitment(salt, "虚构", number)
    assert bound == chain.commitment(salt, "虚构", number)
    others = {chain.commitment(chain.new_salt(), "虚构", number), chain.commitment(salt, "虚构甲", number)}
    assert bound not in others | {chain.commitment(salt, "虚构", other)}
    assert number.reveal() not in bound

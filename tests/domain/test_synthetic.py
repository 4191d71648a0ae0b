"""The invented codes are valid, distinct and always the same."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.codes import ResidentId, Uscc, parse_code, parse_resident_id, parse_uscc
from app.domain.synthetic import (
    RESIDENT_ID_CAPACITY,
    USCC_CAPACITY,
    synthetic_resident_id,
    synthetic_uscc,
)

TODAY = date(2026, 11, 23)
MANY = 120_000


@given(st.integers(0, USCC_CAPACITY - 1))
def test_every_invented_unit_code_is_valid_and_taken_for_a_unit_without_being_told(n: int) -> None:
    code = synthetic_uscc(n)
    assert parse_uscc(code) == Uscc(code) == parse_code(code, today=TODAY)


@given(st.integers(0, RESIDENT_ID_CAPACITY - 1))
def test_every_invented_identity_number_is_valid_and_taken_for_a_person_without_being_told(n: int) -> None:
    number = synthetic_resident_id(n)
    assert parse_resident_id(number, today=TODAY) == ResidentId(number) == parse_code(number, today=TODAY)


def test_invented_codes_are_distinct() -> None:
    assert len({synthetic_uscc(n) for n in range(MANY)}) == MANY
    assert len({synthetic_resident_id(n) for n in range(MANY)}) == MANY


def test_invented_codes_stay_the_same_from_release_to_release() -> None:
    assert [synthetic_uscc(n)[:16] for n in (0, 1, 99_999)] == [
        "91441800PDY00001",
        "91441800PDY00002",
        "91441801PDY00001",
    ]
    assert [synthetic_resident_id(n)[:17] for n in (0, 1, 10_957)] == [
        "44180019700101000",
        "44180019700102000",
        "44180019700101001",
    ]


@pytest.mark.parametrize("n", [-1, USCC_CAPACITY])
def test_there_is_no_invented_unit_code_outside_the_capacity(n: int) -> None:
    with pytest.raises(ValueError, match="synthetic codes"):
        synthetic_uscc(n)


@pytest.mark.parametrize("n", [-1, RESIDENT_ID_CAPACITY])
def test_there_is_no_invented_identity_number_outside_the_capacity(n: int) -> None:
    with pytest.raises(ValueError, match="synthetic codes"):
        synthetic_resident_id(n)

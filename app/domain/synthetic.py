"""Invented codes that are valid, for the demonstration, the tests and the benchmarks.

The same number always gives the same code, and two numbers never give one. No unit and no person can carry them: see
each function for the reason.
"""

from datetime import date, timedelta

from app.domain.codes import (
    organisation_code_check_character,
    resident_id_check_character,
    uscc_check_character,
)

_USCCS_PER_DIVISION = 99_999
_DIVISIONS = 100
USCC_CAPACITY = _USCCS_PER_DIVISION * _DIVISIONS

_FIRST_BIRTH_DATE = date(1970, 1, 1)
_BIRTH_DATES = (date(2000, 1, 1) - _FIRST_BIRTH_DATE).days
RESIDENT_ID_CAPACITY = _BIRTH_DATES * 1000


def synthetic_uscc(n: int) -> str:
    """Return the n-th invented unified social credit code, from 0 up to `USCC_CAPACITY`: 91441800PDY00001… and on.

    GB 11714 keeps the organisation codes PDY00001 to PDY99999 free for such uses, so no unit has one. After every
    99,999 codes the division goes on by one, from 441800 up to 441899.
    """
    _require_within(n, USCC_CAPACITY)
    division, sequence = divmod(n, _USCCS_PER_DIVISION)
    organisation = f"PDY{sequence + 1:05}"
    first17 = f"91{441800 + division}{organisation}{organisation_code_check_character(organisation)}"
    return first17 + uscc_check_character(first17)


def synthetic_resident_id(n: int) -> str:
    """Return the n-th invented identity number, from 0 up to `RESIDENT_ID_CAPACITY`: 44180019700101000… and on.

    441800 is the city as a whole, while numbers are given out by its districts and counties. The birth date goes on by
    a day each time, through thirty years, then the sequence by one; it starts with 000, which is not given out either.
    """
    _require_within(n, RESIDENT_ID_CAPACITY)
    sequence, day = divmod(n, _BIRTH_DATES)
    first17 = f"441800{_FIRST_BIRTH_DATE + timedelta(days=day):%Y%m%d}{sequence:03}"
    return first17 + resident_id_check_character(first17)


def _require_within(n: int, capacity: int) -> None:
    if not 0 <= n < capacity:
        msg = f"there are {capacity} synthetic codes, numbered from 0"
        raise ValueError(msg)

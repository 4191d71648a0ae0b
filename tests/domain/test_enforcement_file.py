"""A file of periods is used only if nothing is wrong with it; which period holds when is said twice, and the same."""

import hashlib
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.enforcement_file import EnforcementPeriodsError, parse_enforcement_periods
from app.domain.enforcement_periods import EnforcementPeriod, EnforcementPeriods
from app.settings import PROJECT_ROOT

FILE = PROJECT_ROOT / "data" / "enforcement.yaml"
ENTRY = "{days: 30, in_force_from: 2020-01-01, in_force_until: null}"
FIRST = date(2026, 1, 1)
DAYS = st.integers(0, 20).map(lambda n: FIRST + timedelta(days=n))


def test_the_file_as_delivered_has_no_problem_and_says_that_its_days_are_not_the_laws() -> None:
    source = FILE.read_bytes()
    periods = parse_enforcement_periods(source)
    assert periods.version == "sha256:" + hashlib.sha256(source).hexdigest()
    assert periods.due_on(16, date(2026, 3, 1)) == date(2026, 3, 31)
    assert periods.due_on(8, date(2026, 3, 1)) == date(2026, 3, 8)
    assert periods.due_on(16, date(2019, 12, 31)) is None
    assert periods.due_on(16, date.max) == date.max
    assert "都没有写明这些天数" in source.decode()


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", [(1, "empty")]),
        ("default: []\nmeasures: []", [(1, "empty_list")]),
        (f"default: [{ENTRY}]", [(1, "missing_field")]),
        (f"default:\n- {ENTRY}\nmeasures:\n- {ENTRY}", [(4, "missing_field")]),
        (f"default:\n- {ENTRY}\nmeasures:\n- {{no: 8, {ENTRY[1:]}\n- {{no: 8, {ENTRY[1:]}", [(5, "overlapping")]),
        (f"default:\n- {ENTRY}\n- {ENTRY}\nmeasures: []", [(3, "overlapping")]),
        ("default:\n- {days: 0, in_force_from: 2020-01-01, in_force_until: null}\nmeasures: []", [(2, "wrong_type")]),
        ("default:\n- {days: 3, in_force_from: null, in_force_until: null}\nmeasures: []", [(2, "missing_date")]),
        (
            "default:\n- {days: 3, in_force_from: 2020-01-02, in_force_until: 2020-01-01}\nmeasures: []",
            [(2, "date_order")],
        ),
        (f"default:\n- {ENTRY[:-1]}, law: x}}\nmeasures: []", [(2, "unknown_field")]),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, problems: list[tuple[int, str]]) -> None:
    with pytest.raises(EnforcementPeriodsError) as caught:
        parse_enforcement_periods(text.encode())
    assert [(one.line, one.code) for one in caught.value.problems] == problems


PERIODS = st.lists(
    st.builds(
        EnforcementPeriod,
        st.sampled_from([None, None, 1, 2]),
        st.integers(1, 60),
        DAYS,
        st.none() | DAYS,
        st.none(),
    ),
    max_size=6,
)


@given(periods=PERIODS, on=DAYS, measure_no=st.sampled_from([1, 2, 3]))
def test_the_spans_say_of_every_day_what_the_periods_say(
    periods: list[EnforcementPeriod], on: date, measure_no: int
) -> None:
    found = EnforcementPeriods("sha256:test", tuple(periods))
    spans = [
        one.days
        for one in found.spans([1, 2, 3])
        if one.measure_no == measure_no and one.first <= on and (one.last is None or on <= one.last)
    ]
    days = found.days(measure_no, on)
    assert spans == ([days] if days is not None else [])

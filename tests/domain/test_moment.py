"""The day of a call is the city's day, not UTC's and not the machine's."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.moment import CITY, Moment


@pytest.mark.parametrize(
    ("now", "today"),
    [
        (datetime(2026, 11, 24, 15, 59, 59, 999_999, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 11, 24, 16, 0, tzinfo=UTC), date(2026, 11, 25)),
        (datetime(2026, 11, 24, 23, 59, 59, tzinfo=UTC), date(2026, 11, 25)),
        (datetime(2026, 11, 25, 0, 0, tzinfo=UTC), date(2026, 11, 25)),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2028, 2, 28, 16, 0, tzinfo=UTC), date(2028, 2, 29)),
    ],
)
def test_the_day_turns_at_midnight_in_the_city_eight_hours_before_utc(now: datetime, today: date) -> None:
    moment = Moment.at(now)
    assert moment.today == today
    assert moment.now == now


def test_the_same_point_in_time_is_the_same_moment_however_it_is_written() -> None:
    utc = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
    written = [utc, utc.astimezone(CITY), utc.astimezone(timezone(timedelta(hours=-11)))]
    moments = [Moment.at(one) for one in written]
    assert moments[0] == moments[1] == moments[2]
    assert {moment.now.utcoffset() for moment in moments} == {timedelta(0)}
    assert moments[0].today == date(2026, 11, 25)


@given(st.datetimes(datetime(1992, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds have no zone
def test_the_city_is_always_eight_hours_ahead(now: datetime) -> None:
    assert Moment.at(now).today == (now + timedelta(hours=8)).date()


def test_the_clock_is_asked_for_the_current_moment() -> None:
    before = datetime.now(UTC)
    moment = Moment.current()
    assert before <= moment.now <= datetime.now(UTC)
    assert moment == Moment.at(moment.now)

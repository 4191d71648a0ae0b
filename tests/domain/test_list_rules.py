"""What the rules of the list say on which day: tiers, the longest periods, conduct codes and the earliest repair."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.list_rules import ListRules, Period
from app.domain.listing import RemovalReason
from app.errors import Misconfigured
from app.services.list_rules import load
from app.settings import PROJECT_ROOT

DAY = timedelta(days=1)
SPRING = date(2026, 3, 1)
ORDER_11 = date(2023, 10, 1)
NOTICE_49 = date(2017, 5, 9)
REPAIR_RULES = date(2026, 4, 1)

DAYS = st.dates(date(2000, 1, 1), date(2199, 12, 31))
LISTED = st.dates(ORDER_11, date(2199, 12, 31))
PERIODS = st.builds(Period, years=st.integers(0, 50), months=st.integers(0, 50)).filter(lambda one: one.in_months > 0)
MONTH_ENDS = st.builds(
    lambda year, month, back: date(year + month // 12, month % 12 + 1, 1) - (back + 1) * DAY,
    st.integers(2000, 2199),
    st.integers(1, 12),
    st.integers(0, 3),
)


@pytest.fixture(scope="module")
def rules() -> ListRules:
    return load(PROJECT_ROOT / "data" / "list_rules.yaml")


@pytest.mark.parametrize(
    ("first", "period", "last"),
    [
        (SPRING, Period(years=3), date(2029, 2, 28)),
        (date(2025, 3, 1), Period(years=3), date(2028, 2, 29)),
        (date(2024, 2, 29), Period(years=3), date(2027, 2, 28)),
        (date(2024, 2, 29), Period(years=4), date(2028, 2, 28)),
        (date(2024, 2, 28), Period(years=3), date(2027, 2, 27)),
        (date(2026, 1, 1), Period(years=1), date(2026, 12, 31)),
        (date(2026, 12, 31), Period(years=1), date(2027, 12, 30)),
        (date(2026, 1, 31), Period(months=1), date(2026, 2, 28)),
        (date(2026, 11, 30), Period(months=3), date(2027, 2, 28)),
        (date(2026, 8, 31), Period(years=1, months=1), date(2027, 9, 30)),
        (date(2026, 12, 1), Period(months=3), date(2027, 2, 28)),
    ],
)
def test_a_period_ends_on_the_day_before_the_corresponding_day_or_with_a_month_that_has_none(
    first: date, period: Period, last: date
) -> None:
    assert period.last_day(first) == last
    assert period.over_on(first) == last + DAY


@given(first=DAYS | MONTH_ENDS, period=PERIODS)
def test_a_period_is_over_on_the_first_day_that_is_not_before_the_corresponding_one(
    first: date, period: Period
) -> None:
    corresponding = (first.year * 12 + first.month + period.in_months, first.day)
    over, last = period.over_on(first), period.last_day(first)
    assert (over.year * 12 + over.month, over.day) >= corresponding
    assert (last.year * 12 + last.month, last.day) < corresponding
    assert over - last == DAY


@given(first=MONTH_ENDS, period=PERIODS)
def test_who_is_listed_later_is_never_done_earlier(first: date, period: Period) -> None:
    assert period.last_day(first) <= period.last_day(first + DAY)


def test_a_period_past_the_end_of_the_calendar_is_cut_there() -> None:
    assert Period(years=3).over_on(date(9998, 1, 1)) == date.max
    assert Period(years=999_999_999).over_on(SPRING) == date.max


def test_a_period_is_said_in_chinese() -> None:
    assert [str(Period(years=3)), str(Period(months=12)), str(Period(1, 6))] == ["3年", "12个月", "1年6个月"]


def test_each_tier_is_in_force_from_the_day_of_its_document(rules: ListRules) -> None:
    assert rules.tier_names(NOTICE_49 - DAY) == ()
    assert rules.tier_names(NOTICE_49) == rules.tier_names(ORDER_11 - DAY) == ("联合惩戒对象", "黑名单")
    assert rules.tier_names(ORDER_11) == ("严重失信主体", "联合惩戒对象", "黑名单")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("severe", "severe"),
        ("严重失信主体", "severe"),
        ("　严重 失信\t主体 ", "severe"),
        ("ＳＥＶＥＲＥ", "severe"),
        ("安全生产严重违法失信主体", "severe"),
        ("安全生产严重失信主体", "severe"),
        ("联合惩戒对象", "joint"),
        ("黑名单", "black"),
        ("安全生产“黑名单”", "black"),
        ("虚构等级", None),
        ("", None),
    ],
)
def test_a_tier_is_known_by_code_name_or_alias_however_it_is_typed(
    rules: ListRules, text: str, code: str | None
) -> None:
    tier = rules.tier(text, SPRING)
    assert (tier.code if tier else None) == code


def test_a_tier_is_not_known_before_it_is_in_force(rules: ListRules) -> None:
    assert rules.tier("severe", ORDER_11 - DAY) is None
    assert rules.tier("severe", ORDER_11) is not None


def test_the_codes_of_conduct_are_the_ten_of_the_notice_and_the_nine_of_the_order(rules: ListRules) -> None:
    codes = [one.code for one in rules.conducts]
    notice = [f"AJ49-{n:02}" for n in range(1, 11)]
    order = [f"YJ11-06-{n}" for n in range(1, 6)] + [f"YJ11-07-{n}" for n in range(1, 5)]
    assert codes == notice + order
    assert rules.conduct("ａｊ49-01", SPRING) == rules.conducts[0]
    assert rules.conduct("YJ11-06-1", ORDER_11 - DAY) is None
    assert rules.conduct(rules.conducts[0].name, SPRING) is None


def test_the_publication_periods_are_three_classes_from_the_day_they_came_into_force(rules: ListRules) -> None:
    lasts = {one.code: (one.shortest, one.last_day(REPAIR_RULES)) for one in rules.publication_periods}
    assert lasts == {
        "minor": (None, date(2026, 6, 30)),
        "ordinary": (Period(months=3), date(2027, 3, 31)),
        "serious": (Period(years=1), date(2029, 3, 31)),
    }
    assert all(one.in_force(REPAIR_RULES) and not one.in_force(REPAIR_RULES - DAY) for one in rules.publication_periods)


def test_what_was_not_verified_is_marked_as_recalled_and_says_so(rules: ListRules) -> None:
    recalled = [one for one in (*rules.tiers, *rules.conducts, *rules.publication_periods) if one.confidence != "seen"]
    assert [one.code for one in recalled] == ["YJ11-07-2", "YJ11-07-3", "YJ11-07-4"]
    assert all(one.note and "待核" in one.note for one in recalled)
    assert all(one.note and "是否仍然有效，未查证" in one.note for one in rules.tiers if one.code in {"joint", "black"})


def test_only_the_order_restores_a_listing_whose_removal_was_obtained_by_fraud(rules: ListRules) -> None:
    assert [one.code for one in rules.tiers if one.restored_after_fraud] == ["severe"]


def test_a_listing_for_the_longest_period_is_accepted(rules: ListRules) -> None:
    assert rules.check("严重失信主体", None, SPRING, date(2029, 2, 28)) == ()
    assert rules.check("联合惩戒对象", "AJ49-02", SPRING, date(2027, 2, 28)) == ()
    assert rules.check("黑名单", None, SPRING, None) == ()


@given(listed_on=LISTED, tier=st.sampled_from(["severe", "joint", "black"]), days=st.integers(1, 5000))
def test_a_period_may_be_counted_with_or_without_its_first_day_and_no_longer_one_is_accepted(
    rules: ListRules, listed_on: date, tier: str, days: int
) -> None:
    found = rules.tier(tier, listed_on)
    assert found is not None
    last = found.last_day(listed_on)
    assert rules.check(tier, None, listed_on, last) == ()
    assert rules.check(tier, None, listed_on, last + DAY) == ()
    assert rules.check(tier, None, listed_on, max(listed_on, last - days * DAY)) == ()
    (error,) = rules.check(tier, None, listed_on, last + DAY + days * DAY)
    assert (error.row, error.field, error.code) == (None, "valid_until", "period_too_long")
    assert f"应为 {last}" in error.detail
    assert found.source.document in error.detail


def test_a_period_that_is_too_long_is_told_with_the_last_day_and_the_document(rules: ListRules) -> None:
    (error,) = rules.check("联合惩戒对象", None, SPRING, date(2029, 2, 28))
    assert error.detail == (
        "联合惩戒对象自列入日期（2026-03-01）起最长1年，有效期截止日应为 2027-02-28"
        "（不计首日的，为其次日；依据《对安全生产领域失信行为开展联合惩戒的实施办法》（安监总办〔2017〕49号））。"
    )


def test_a_tier_is_judged_by_the_day_of_listing_and_those_of_that_day_are_told(rules: ListRules) -> None:
    (error,) = rules.check("严重失信主体", None, ORDER_11 - DAY, ORDER_11)
    assert (error.row, error.field, error.code) == (None, "tier", "unknown_tier")
    assert "联合惩戒对象、黑名单" in error.detail
    assert "严重失信主体" not in error.detail
    (nothing,) = rules.check("严重失信主体", None, NOTICE_49 - DAY, NOTICE_49)
    assert "（无）" in nothing.detail


def test_an_unknown_tier_and_conduct_are_told_together_without_what_was_sent(rules: ListRules) -> None:
    errors = rules.check("虚构等级", "虚构代码", SPRING, date(2999, 1, 1))
    assert [(one.field, one.code) for one in errors] == [
        ("tier", "unknown_tier"),
        ("conduct_code", "unknown_conduct"),
    ]
    assert "虚构" not in "".join(one.detail for one in errors)
    assert "YJ11-07-4" in errors[1].detail


def test_a_conduct_of_the_order_before_the_order_is_unknown(rules: ListRules) -> None:
    (error,) = rules.check("联合惩戒对象", "YJ11-06-1", ORDER_11 - DAY, None)
    assert (error.field, error.code) == ("conduct_code", "unknown_conduct")
    assert "YJ11" not in error.detail


@pytest.mark.parametrize(
    ("tier", "listed_on", "earliest"),
    [
        ("severe", SPRING, date(2027, 3, 1)),
        ("severe", date(2024, 2, 29), date(2025, 3, 1)),
        ("joint", SPRING, date(2027, 1, 30)),
        ("black", date(2024, 2, 29), date(2025, 1, 30)),
    ],
)
def test_the_earliest_repair_is_after_twelve_months_or_within_the_last_thirty_days(
    rules: ListRules, tier: str, listed_on: date, earliest: date
) -> None:
    found = rules.tier(tier, listed_on)
    assert found is not None
    assert found.earliest_repair(listed_on) == earliest


@given(listed_on=LISTED, tier=st.sampled_from(["severe", "joint", "black"]), days=st.integers(1, 300))
def test_a_repair_before_the_earliest_day_is_warned_of_and_from_that_day_on_is_not(
    rules: ListRules, listed_on: date, tier: str, days: int
) -> None:
    found = rules.tier(tier, listed_on)
    assert found is not None
    earliest = found.earliest_repair(listed_on)
    assert earliest is not None
    assert listed_on < earliest <= found.last_day(listed_on)
    assert rules.warnings_for_removal(tier, listed_on, earliest + days * DAY, RemovalReason.REPAIRED) == ()
    assert rules.warnings_for_removal(tier, listed_on, earliest, RemovalReason.REPAIRED) == ()
    (warning,) = rules.warnings_for_removal(tier, listed_on, earliest - days * DAY, RemovalReason.REPAIRED)
    assert (warning.row, warning.field, warning.code) == (None, "removed_on", "repair_early")
    assert warning.detail.startswith(f"该等级最早可于 {earliest} 修复")


@pytest.mark.parametrize("reason", [one for one in RemovalReason if one is not RemovalReason.REPAIRED])
def test_a_removal_for_another_reason_is_never_early(rules: ListRules, reason: RemovalReason) -> None:
    assert rules.warnings_for_removal("severe", SPRING, SPRING, reason) == ()


def test_a_removal_from_a_tier_that_is_not_known_is_not_warned_of(rules: ListRules) -> None:
    assert rules.warnings_for_removal("虚构等级", SPRING, SPRING, RemovalReason.REPAIRED) == ()


def test_a_source_cites_its_article_only_where_it_is_known(rules: ListRules) -> None:
    severe, joint, _ = rules.tiers
    assert str(severe.source) == "《安全生产严重失信主体名单管理办法》（应急管理部令第11号）"
    assert str(joint.source).endswith("（安监总办〔2017〕49号）第二条")


def test_the_file_is_read_once_and_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "list_rules.yaml"
    with pytest.raises(Misconfigured, match=str(file)):
        load(file)
    file.write_bytes((PROJECT_ROOT / "data" / "list_rules.yaml").read_bytes())
    first = load(file)
    file.unlink()
    assert load(file) is first

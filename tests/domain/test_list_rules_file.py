"""A file of rules is used only if nothing is wrong with it; what is wrong is told, all of it, each with its line."""

import hashlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.list_rules import Period
from app.domain.list_rules_file import ListRulesError, parse_list_rules
from app.settings import PROJECT_ROOT
from tests.memo_source import Edit, edited

FILE = PROJECT_ROOT / "data" / "list_rules.yaml"
SOURCE = FILE.read_text(encoding="utf-8")
SEVERE = "- code: severe"
JOINT = "- code: joint"
BLACK = "- code: black"
FIRST_CONDUCT = "- code: AJ49-01"
SECOND_CONDUCT = "- code: AJ49-02"
ORDINARY = "- code: ordinary"


def assert_refused(codes: list[str], *edits: Edit) -> ListRulesError:
    """Assert that the edited file has exactly these problems, in this order, on the lines that the edits mark."""
    text, lines = edited(edits, SOURCE)
    assert len(lines) == len(codes)
    with pytest.raises(ListRulesError) as caught:
        parse_list_rules(text.encode())
    assert [(one.line, one.code) for one in caught.value.problems] == list(zip(lines, codes, strict=True))
    return caught.value


def test_the_file_as_delivered_has_no_problem_and_its_version_is_the_digest_of_its_bytes() -> None:
    source = FILE.read_bytes()
    rules = parse_list_rules(source)
    assert rules.version == "sha256:" + hashlib.sha256(source).hexdigest()
    assert parse_list_rules(source + b"\n").version != rules.version


def test_its_comments_explain_every_key() -> None:
    comments = SOURCE[: SOURCE.index("\ndocuments:")]
    keys = {line.split(":")[0].strip(" -") for line in SOURCE[len(comments) :].splitlines() if ":" in line}
    keys = {key for key in keys if key.isascii() and not key.startswith("#")}
    assert "in_force_until" in keys
    assert [key for key in sorted(keys) if key not in comments] == []


@pytest.mark.parametrize(
    ("code", "edit"),
    [
        pytest.param("unknown_field", Edit("    longest:", "    ▶colour: red\n    longest:", SEVERE), id="unknown key"),
        pytest.param("unknown_field", Edit("publication_periods:", "▶others: []\npublication_periods:"), id="section"),
        pytest.param(
            "unknown_field", Edit("document: YJ11,", "document: YJ11, ▶page: 3,", SEVERE), id="unknown key of a source"
        ),
        pytest.param("unknown_field", Edit("longest: {", "longest: {▶days: 3, ", SEVERE), id="unknown unit of time"),
        pytest.param(
            "duplicate_key",
            Edit("    confidence: seen", "    confidence: seen\n    ▶confidence: seen", SEVERE),
            id="key",
        ),
        pytest.param(
            "duplicate", Edit("number: 应急管理部令第11号", "number: ▶安监总办〔2017〕49号"), id="number twice"
        ),
        pytest.param(
            "duplicate",
            Edit("title: 信用修复管理办法", "title: ▶安全生产严重失信主体名单管理办法"),
            id="a document's title twice",
        ),
        pytest.param("duplicate", Edit("[安全生产联合惩戒对象,", "[▶联合 惩戒对象,", JOINT), id="an alias is the name"),
        pytest.param("duplicate", Edit("失信联合惩戒对象]", "▶ＪＯＩＮＴ]", JOINT), id="an alias is the code"),
        pytest.param("impossible_date", Edit("from: 2023-10-01", "from: ▶2023-02-29", SEVERE), id="impossible day"),
        pytest.param("impossible_date", Edit("from: 2023-10-01", "from: ▶2023.10.1", SEVERE), id="date's form"),
        pytest.param("impossible_date", Edit("until: null", "until: ▶open", SEVERE), id="an end that is no date"),
        pytest.param("missing_date", Edit("from: 2023-10-01", "from: ▶null", SEVERE), id="no first day"),
        pytest.param("date_order", Edit("until: null", "until: ▶2023-09-30", SEVERE), id="an end before the beginning"),
        pytest.param("unknown_document", Edit("document: YJ11", "document: ▶YJ12", SEVERE), id="unknown document"),
        pytest.param("missing_field", Edit("document: YJ11, ", "▶", SEVERE), id="a source without its document"),
        pytest.param("missing_field", Edit(", article: null", "▶", SEVERE), id="a source without its article"),
        pytest.param("empty_text", Edit("document: YJ11", "document: ▶null", SEVERE), id="a document that is null"),
        pytest.param(
            "wrong_type", Edit("{document: YJ11, article: null}", "▶令第11号", SEVERE), id="a source in words"
        ),
        pytest.param("not_allowed", Edit("confidence: seen", "confidence: ▶sure", SEVERE), id="unknown confidence"),
        pytest.param("code_form", Edit("code: AJ49-01", "code: ▶第一种"), id="a code in Chinese"),
        pytest.param("code_form", Edit("code: AJ49-01", "code: ▶AJ49_01"), id="a code with another sign"),
        pytest.param("empty_text", Edit("name: 严重失信主体", "name: ▶null"), id="no name"),
        pytest.param("empty_period", Edit("{years: 3}", "▶{}", SEVERE), id="an empty period"),
        pytest.param("wrong_type", Edit("years: 3", "years: ▶0", SEVERE), id="no years"),
        pytest.param("wrong_type", Edit("years: 3", "years: ▶1.5", SEVERE), id="a year and a half"),
        pytest.param("wrong_type", Edit("{years: 3}", "▶3年", SEVERE), id="a period in words"),
        pytest.param(
            "repair_form", Edit("last_days: 30", "▶last_days: 30\n      after: {months: 1}", JOINT), id="both"
        ),
        pytest.param(
            "repair_form", Edit("repair:\n      last_days: 30", "repair: ▶{}", JOINT), id="a repair of nothing"
        ),
        pytest.param("wrong_type", Edit("last_days: 30", "last_days: ▶30日", JOINT), id="days that are no number"),
        pytest.param("wrong_type", Edit("fraud: true", "fraud: ▶yes", SEVERE), id="a flag that is neither"),
        pytest.param("period_order", Edit("shortest: {", "shortest: ▶{years: 1, ", ORDINARY), id="shortest too long"),
        pytest.param(
            "never_cited", Edit("  - key: XF36", "  - ▶key: XF37\n    title: 虚构办法\n  - key: XF36"), id="idle"
        ),
    ],
)
def test_one_thing_that_is_wrong_is_told_with_its_line(code: str, edit: Edit) -> None:
    assert_refused([code], edit)


def test_a_document_twice_is_told() -> None:
    again = "  - key: ▶AJ49\n    title: 虚构办法\n  - key: YJ11"
    assert_refused(["duplicate"], Edit("  - key: YJ11", again))


def test_a_code_of_conduct_twice_is_told_where_its_days_begin() -> None:
    again = Edit("in_force_from: ", "in_force_from: ▶", SECOND_CONDUCT)
    error = assert_refused(["overlapping"], again, Edit(SECOND_CONDUCT, "- code: aj49-01"))
    first = SOURCE[: SOURCE.index(FIRST_CONDUCT)].count("\n") + 1
    assert f"第 {first} 行" in error.problems[0].message


def test_a_name_that_means_two_tiers_on_one_day_is_told_and_on_different_days_is_not() -> None:
    shared = Edit("[“黑名单”,", "[安全生产 联合惩戒对象,", BLACK)
    assert_refused(["ambiguous_name"], shared, Edit(BLACK, "- ▶code: black"))
    ended = Edit("until: null", "until: 2020-12-31", JOINT)
    begun = Edit("from: 2017-05-09", "from: 2021-01-01", BLACK)
    text, _ = edited([shared, ended, begun], SOURCE)
    rules = parse_list_rules(text.encode())
    found = [rules.tier("安全生产联合惩戒对象", day) for day in (date(2020, 12, 31), date(2021, 1, 1))]
    assert [one.code if one else None for one in found] == ["joint", "black"]


def test_names_that_are_null_are_not_taken_for_the_same_name() -> None:
    assert_refused(
        ["empty_text", "empty_text"],
        Edit("name: 严重失信主体", "name: ▶null"),
        Edit("name: 联合惩戒对象", "name: ▶null"),
    )


@pytest.mark.parametrize("field", ["name", "in_force_from", "in_force_until", "source", "confidence", "longest"])
def test_every_required_key_is_missed(field: str) -> None:
    start = SOURCE.index(f"    {field}: ", SOURCE.index(SEVERE))
    line = SOURCE[start : SOURCE.index("\n", start) + 1]
    assert_refused(["missing_field"], Edit(SEVERE, "- ▶code: severe"), Edit(line, "", "▶code: severe"))


@pytest.mark.parametrize("section", ["tiers", "conducts"])
def test_a_section_without_entries_or_not_there_at_all_is_told(section: str) -> None:
    following = {"tiers": "\n\nconducts:", "conducts": "\n\n# 到最长公示期"}[section]
    start = SOURCE.index(f"\n{section}:") + 1
    body = SOURCE[start : SOURCE.index(following)]
    assert_refused(["empty_list"], Edit(body, f"{section}: ▶[]"))
    assert_refused(["empty_list"], Edit(body, f"{section}: ▶null"))
    assert_refused(["wrong_type"], Edit(body, f"{section}: ▶无"))
    assert_refused(["missing_field"], Edit("documents:", "▶documents:"), Edit(body, ""))


def test_everything_wrong_is_told_at_once_in_the_order_of_lines() -> None:
    error = assert_refused(
        ["unknown_field", "impossible_date", "not_allowed", "unknown_document", "empty_period"],
        Edit("    longest:", "    ▶colour: red\n    longest:", SEVERE),
        Edit("from: 2017-05-09", "from: ▶2017-05-32", JOINT),
        Edit("confidence: seen", "confidence: ▶sure", FIRST_CONDUCT),
        Edit("document: AJ49", "document: ▶AJ50", SECOND_CONDUCT),
        Edit("shortest: {months: 3}", "shortest: ▶{}", ORDINARY),
    )
    assert [one.row for one in error.errors] == [one.line for one in error.problems]
    assert error.code == "list_rules_invalid"
    assert error.detail == "名单规则文件有 5 处问题。"


def successor(until: str, since: str) -> str:
    """Return the file with the order's tier ended and a shorter one of the same code after it."""
    start = SOURCE.index(f"  {SEVERE}")
    old = SOURCE[start : SOURCE.index(f"  {JOINT}")]
    new = old.replace("2023-10-01", since).replace("years: 3", "years: 2")
    return SOURCE.replace(old, old.replace("until: null", f"until: {until}") + new)


def test_a_code_may_have_one_rule_after_another_and_each_listing_is_judged_by_that_of_its_day() -> None:
    rules = parse_list_rules(successor("2027-06-30", "2027-07-01").encode())
    before, after = rules.tier("severe", date(2027, 6, 30)), rules.tier("严重失信主体", date(2027, 7, 1))
    assert before is not None
    assert after is not None
    assert (before.longest, after.longest) == (Period(years=3), Period(years=2))
    assert rules.tier_names(date(2027, 7, 1)) == ("严重失信主体", "联合惩戒对象", "黑名单")
    assert rules.check("severe", None, date(2027, 6, 30), date(2030, 6, 29)) == ()
    assert len(rules.check("severe", None, date(2027, 7, 1), date(2030, 6, 29))) == 1


@given(until=st.dates(date(2024, 1, 1), date(2099, 12, 31)), since=st.dates(date(2024, 1, 1), date(2099, 12, 31)))
def test_rules_of_one_code_must_not_share_a_day(until: date, since: date) -> None:
    source = successor(until.isoformat(), since.isoformat()).encode()
    if until < since:
        assert len(parse_list_rules(source).tiers) == 4
    else:
        with pytest.raises(ListRulesError) as caught:
            parse_list_rules(source)
        (problem,) = caught.value.problems
        assert problem.code == "overlapping"
        assert source.decode().splitlines()[problem.line - 1] == f"    in_force_from: {since}"


def test_a_wrong_date_is_not_told_again_as_an_overlap() -> None:
    with pytest.raises(ListRulesError) as caught:
        parse_list_rules(successor("2027-06-31", "2027-07-01").encode())
    assert [one.code for one in caught.value.problems] == ["impossible_date"]


def test_no_repair_rule_means_that_none_is_early() -> None:
    text, _ = edited([Edit("    repair:\n      after: {months: 12}\n", "", SEVERE)], SOURCE)
    tier = parse_list_rules(text.encode()).tier("severe", date(2026, 3, 1))
    assert tier is not None
    assert tier.repair_rule == ""
    assert tier.earliest_repair(date(2026, 3, 1)) is None


def test_last_days_that_are_longer_than_the_period_reach_back_to_the_day_of_listing() -> None:
    text, _ = edited([Edit("last_days: 30", "last_days: 999999999", JOINT)], SOURCE)
    tier = parse_list_rules(text.encode()).tier("joint", date(2026, 3, 1))
    assert tier is not None
    assert tier.earliest_repair(date(2026, 3, 1)) == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("source", "code"),
    [(b"", "empty"), (b"tiers: [", "yaml_syntax"), (b"tiers: \xff", "encoding"), (b"tiers: &a []", "yaml_alias")],
)
def test_what_is_no_such_file_at_all_is_told(source: bytes, code: str) -> None:
    with pytest.raises(ListRulesError) as caught:
        parse_list_rules(source)
    assert [(one.line, one.code) for one in caught.value.problems] == [(1, code)]


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: ("tiers: " + text).encode(errors="replace")))
def test_no_bytes_make_the_reader_fail_in_another_way(source: bytes) -> None:
    with pytest.raises(ListRulesError) as caught:
        parse_list_rules(source)
    assert caught.value.problems

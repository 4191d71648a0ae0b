"""Typed text: nothing invisible in it, and no identity number."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.codes import CodeError, parse_resident_id, resident_id_check_character
from app.domain.synthetic import RESIDENT_ID_CAPACITY, synthetic_resident_id, synthetic_uscc
from app.domain.text import contains_identity_number, runs_over_identity_number, unprintable_position

NUMBER = synthetic_resident_id(1)
FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


def ending_in_x() -> str:
    return next(number for number in map(synthetic_resident_id, range(50)) if number.endswith("X"))


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", None),
        ("清远市（虚构）有限公司 A-1，〔2026〕1号", None),
        ("㐀𠮷𰻝é𝒳①", None),
        ("全角　空格", None),
        ("a\u0300", None),
        ("\x00", 1),
        ("甲\n乙", 2),
        ("甲\t乙", 2),
        ("甲乙\x7f", 3),
        ("甲\x1b[31m", 2),
        ("甲\x85乙", 2),
        ("甲\u200b乙", 2),
        ("甲\u200d乙", 2),
        ("\ufeff甲", 1),
        ("甲\u00ad", 2),
        ("甲\u2028乙", 2),
        ("甲\u2029乙", 2),
        ("甲\ud800", 2),
        ("\udfff甲", 1),
        ("甲\ufdd0", 2),
        ("甲\U0002ffff", 2),
        ("甲\uffff", 2),
        ("𠮷\U000e0041", 2),
    ],
)
def test_the_first_character_that_cannot_be_seen_is_named(text: str, position: int | None) -> None:
    assert unprintable_position(text) == position


@pytest.mark.parametrize("mark", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_marks_that_turn_the_direction_of_writing_are_refused(mark: str) -> None:
    assert unprintable_position(f"公司{mark}名称") == 3


@given(st.text(), st.sampled_from("\x00\u202e\ud83d\u2028\uffff"), st.text())
def test_one_such_character_is_found_wherever_it_stands(before: str, refused: str, after: str) -> None:
    position = unprintable_position(before + refused + after)
    assert position is not None
    assert position <= len(before) + 1


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        f"张某{NUMBER}",
        f"身份号码：{NUMBER}。",
        f"（{NUMBER}）",
        f"a-{NUMBER}-b",
        f"{NUMBER},{synthetic_uscc(1)}",
        f"编号_{NUMBER}_",
        ending_in_x(),
        ending_in_x().lower(),
        f"张某{NUMBER.translate(FULL_WIDTH)}，男",
        ending_in_x().translate(FULL_WIDTH),
        NUMBER[:9] + NUMBER[9:].translate(FULL_WIDTH),
        f"A{NUMBER}",
        f"{NUMBER}B",
        f"{NUMBER[:6]}-{NUMBER[6:14]}-{NUMBER[14:]}",
        f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}",
        f"123456789012345678 {NUMBER}",
        # However a reader of codes would still read it as one.
        f"{NUMBER[:4]} {NUMBER[4:8]} {NUMBER[8:12]} {NUMBER[12:16]} {NUMBER[16:]}",
        f"{NUMBER[:6]}–{NUMBER[6:14]}–{NUMBER[14:]}",
        f"{NUMBER[:6]} - {NUMBER[6:14]} - {NUMBER[14:]}",
        f"{NUMBER[:6]}　{NUMBER[6:10]}　{NUMBER[10:14]}　{NUMBER[14:]}",
        f"{NUMBER[:6]}－{NUMBER[6:14]}－{NUMBER[14:]}",
        f"{NUMBER[:17]}-{NUMBER[17]}",
        " ".join(NUMBER),
        f"{NUMBER[:4]}_{NUMBER[4:8]}_{NUMBER[8:12]}_{NUMBER[12:16]}_{NUMBER[16:]}",
        f"{NUMBER[:6]}.{NUMBER[6:10]}.{NUMBER[10:12]}.{NUMBER[12:14]}.{NUMBER[14:]}",
        f"{NUMBER[:6]}/{NUMBER[6:14]}/{NUMBER[14:]}",
        f"2026-01-02 {NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}",
    ],
)
def test_an_identity_number_is_found_in_text(text: str) -> None:
    assert contains_identity_number(text)


@given(st.integers(0, RESIDENT_ID_CAPACITY - 1), st.sampled_from(["", "号", "：", " ", "-", "〔"]))
def test_every_identity_number_is_found(n: int, beside: str) -> None:
    assert contains_identity_number(f"甲{beside}{synthetic_resident_id(n)}{beside}乙")


@given(
    st.integers(0, RESIDENT_ID_CAPACITY - 1),
    st.lists(st.sampled_from(["", "", "", " ", "-", "\u2013", "\u2014", "\u3000", "\uff0d"]), min_size=17, max_size=17),
)
def test_what_the_reader_of_codes_would_read_as_one_is_found_in_text(n: int, dividers: list[str]) -> None:
    written = "".join(map("".join, zip(synthetic_resident_id(n), [*dividers, ""], strict=True)))
    assert parse_resident_id(written, today=date.max).reveal() == synthetic_resident_id(n)
    assert contains_identity_number(f"证号{written}（虚构）")


def test_a_birth_date_to_come_does_not_make_it_harmless() -> None:
    """A clock that is wrong must not decide whether a number is kept in clear."""
    first17 = "44180020991231001"
    assert contains_identity_number(f"张某{first17}{resident_id_check_character(first17)}")


def _wrong_check(number: str) -> str:
    return number[:-1] + ("0" if number[-1] != "0" else "1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "没有数字",
        "清应急列〔2026〕1号",
        "202611240000000001",
        "000000000000000000",
        _wrong_check(NUMBER),
        NUMBER[:-1],
        f"1{NUMBER}",
        f"{NUMBER}1",
        synthetic_uscc(1),
        "①②③④⑤⑥⑦⑧⑨",
        "9" * 1000,
        "2026-01-02 2026-01-03 2026-01-04 2026-01-05 2026-01-06",
        "0763-3360001 0763-3360002 0763-3360003",
        "2026-11-24 19:30:12.123456, 2026/11/24 19:30, 2026.11.24",
        "10.20.30.40/24, 192.168.100.200:8443",
        "4418-2026-0001-0002-03-04-05",
        f"1-{'2' * 19} {'3' * 5}",
        "1 " * 2000,
    ],
)
def test_what_is_no_identity_number_passes(text: str) -> None:
    assert not contains_identity_number(text)


@given(st.from_regex(r"[0-9]{18}", fullmatch=True))
def test_an_18_digit_decision_number_passes_exactly_when_it_is_no_identity_number(digits: str) -> None:
    try:
        parse_resident_id(digits, today=date.max)
    except CodeError:
        assert not contains_identity_number(f"决定书{digits}号")
    else:
        assert contains_identity_number(f"决定书{digits}号")


def test_of_several_lines_a_line_feed_is_no_fault_and_everything_else_still_is() -> None:
    assert unprintable_position("甲\n乙", lines=True) is None
    assert unprintable_position("甲\n乙\t", lines=True) == 4
    assert unprintable_position("甲\r\n乙", lines=True) == 2


def test_a_number_that_is_broken_over_lines_is_seen() -> None:
    number = synthetic_resident_id(1)
    assert contains_identity_number(f"虚构{number[:6]}\n{number[6:14]}\n{number[14:]}")
    assert contains_identity_number(f"{number[:5]}\n{number[5:]}")
    assert not contains_identity_number(f"{number[:5]}\n{number[5:]}1")


@pytest.mark.parametrize("before", ["", "a", "0", "4", "f00d"])
def test_a_number_among_other_digits_is_found_where_nothing_divides_them(before: str) -> None:
    for number in (NUMBER, ending_in_x()):
        assert runs_over_identity_number(f"{before}{number[:17]}".ljust(32, "0"))
    assert not runs_over_identity_number(f"{before}{NUMBER[:13]}".ljust(32, "a"))
    assert not runs_over_identity_number("0af7651916cd43dd8448eb211c80319c")

"""Operations as a JSON document and as NDJSON: as strict as every other body, of any size."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import strict_json
from app.domain.synthetic import synthetic_resident_id
from app.errors import InvalidField, LianchengError, MalformedRequest
from app.files.row_types import LONGEST_OPERATION
from app.files.rows import JSON, NDJSON, FileRow
from tests.files.files import only_error, opened, operation, read, refusal, refused, values

UNREADABLE = {
    "empty": b"",
    "cut off": b'{"operations": [{"op": "list"}',
    "cut off in a string": b'{"operations": [{"op": "li',
    "cut off after the operations": b'{"operations": [{"op": "list"}]',
    "a comma too many": b'{"operations": [1,]}',
    "a comma too many, outside": b'{"operations": [1],}',
    "no comma": b'{"operations": [1 2]}',
    "no colon": b'{"operations" [1]}',
    "a name that is no string": b"{operations: [1]}",
    "a comment": b'{"operations": [1] /* why */}',
    "two documents": b'{"operations": [1]}{"operations": [1]}',
    "a byte order mark": b'\xef\xbb\xbf{"operations": [1]}',
    "UTF-16": '{"operations": [1]}'.encode("utf-16"),
    "GBK": '{"operations": ["虚构"]}'.encode("gbk"),
    "not UTF-8": b'{"operations": ["\xff"]}',
    "a character cut off": b'{"operations": [1]}\xe8\x99',
    "a name twice": b'{"operations": [1], "operations": [2]}',
    "an option twice": b'{"mode": "delta", "operations": [1], "mode": "snapshot"}',
    "a name twice, inside": b'{"operations": [{"op": "list", "op": "remove"}]}',
    "a name twice, escaped": b'{"mode": 1, "\\u006dode": 2, "operations": [1]}',
    "NaN": b'{"operations": [NaN]}',
    "Infinity in an option": b'{"operations": [1], "mode": -Infinity}',
    "half a surrogate pair": b'{"operations": ["\\ud800"]}',
    "half a surrogate pair as a name": b'{"\\udfff": 1, "operations": [1]}',
    "nested": b'{"operations": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
    "nested, outside": b"[" * 100_000,
    "an integer of 10,000 digits": b'{"operations": [' + b"9" * 10_000 + b"]}",
    "a control character": b'{"operations": ["\x01"]}',
    "an operation that is too long": b'{"operations": ["' + b"x" * (LONGEST_OPERATION + 1) + b'"]}',
    "options that are too long": b'{"operations": [1], "mode": "' + b"x" * LONGEST_OPERATION + b'"}',
    "a string that never ends": b'{"operations": ["' + b"x" * 5 * LONGEST_OPERATION,
    "a number that never ends": b'{"operations": [' + b"1" * 5 * LONGEST_OPERATION,
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_document_that_is_no_json_is_refused_before_the_first_row(body: bytes) -> None:
    with pytest.raises(MalformedRequest) as caught:
        opened(body, JSON)
    (error,) = caught.value.errors
    assert (error.field, error.code) == ("body", "json_invalid")


OTHERWISE = {
    "no operations": (b"{}", "operations", "missing"),
    "operations that are no array": (b'{"operations": {"0": 1}}', "operations", "wrong_type"),
    "null": (b'{"operations": null, "mode": 1}', "operations", "wrong_type"),
    "none": (b' { "operations" : [ ] } ', "operations", "too_few"),
    "too many": (b'{"operations": [1, 2, 3, 4]}', "operations", "too_many"),
    "an array": (b"[1, 2]", None, "wrong_type"),
    "a long array": (b"[" + b"1," * LONGEST_OPERATION + b"1]", None, "wrong_type"),
    "a string": (b'"operations"', None, "wrong_type"),
}


@pytest.mark.parametrize(("body", "field", "code"), OTHERWISE.values(), ids=OTHERWISE.keys())
def test_json_of_another_form_is_refused_with_its_field(body: bytes, field: str | None, code: str) -> None:
    error = refusal(body, JSON, most_rows=3)
    assert isinstance(error, InvalidField)
    assert (error.field_error.field, error.field_error.code) == (field, code)


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [
        ('{"operations": [1, x]}', 1, 20),
        ('{\n "operations": [1,\n  2,\n    x]}', 4, 5),
        ('{"虚构": "' + "虚" * 300_000 + '",\n"operations": [1,' + "\n" * 900_000 + "  x]}", 900_002, 3),
        ('{"operations": [' + '"' + "x" * 600_000 + '",' + '"' + "x" * 600_000 + '", x]}', 1, 1_200_024),
    ],
)
def test_where_json_breaks_is_told_by_line_and_column(body: str, line: int, column: int) -> None:
    error = refusal(body.encode(), JSON)
    assert f"第 {line} 行第 {column} 列处" in error.detail
    with pytest.raises(strict_json.JsonRefused, match=f"第 {line} 行第 {column} 列处"):
        strict_json.parse(body.encode())


def test_the_byte_that_is_no_utf8_is_told_across_chunks() -> None:
    body = b'{"operations": ["' + "虚".encode() * 300_000 + b"\xff" + b'"]}'
    assert f"第 {body.index(0xFF) + 1} 个字节起不是 UTF-8" in refusal(body, JSON).detail


@pytest.mark.parametrize("turned", [False, True])
def test_options_may_stand_before_and_after_the_operations(turned: bool) -> None:  # noqa: FBT001 - a parameter
    options = {"mode": "delta", "expected_list_version": 41, "extra": [1, {"a": None}]}
    operations = {"operations": [operation(1), "no object", None, {}]}
    body = operations | options if turned else options | operations
    source = opened(json.dumps(body, indent=1).encode(), JSON)
    assert source.options == options
    assert list(source) == [FileRow(number, value) for number, value in enumerate(operations["operations"], start=1)]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(JSON_VALUES, min_size=1, max_size=5), st.booleans(), st.sampled_from([None, 2]))
def test_whatever_json_can_say_is_read(given_values: list[Any], ascii_only: bool, indent: int | None) -> None:  # noqa: FBT001 - drawn
    try:
        body = json.dumps({"operations": given_values}, ensure_ascii=ascii_only, indent=indent).encode()
        strict_json.parse(body)
    except (UnicodeEncodeError, strict_json.JsonRefused):
        return
    assert [row.value for row in opened(body, JSON)] == given_values
    lines = "\n".join(json.dumps(one, ensure_ascii=ascii_only) for one in given_values).encode()
    assert [row.value for row in opened(lines, NDJSON)] == given_values


@given(st.binary(max_size=60) | st.text('[]{}:,"\\u0d18 \n1e-tn', max_size=60).map(str.encode))
def test_what_is_refused_and_what_is_not_is_as_for_every_other_body(body: bytes) -> None:
    try:
        expected = strict_json.parse(body)
    except strict_json.JsonRefused:
        assert refusal(body, JSON).code == "malformed_request"
        return
    try:
        source = opened(body, JSON)
        assert {"operations": [row.value for row in source]} | source.options == expected
    except InvalidField:
        assert not (
            isinstance(expected, dict) and isinstance(expected.get("operations"), list) and expected["operations"]
        )


def test_many_operations_are_read_in_order_across_chunks() -> None:
    body = {"operations": [operation(n, facts="虚构" * (n % 50)) for n in range(3000)]}
    assert values(read(json.dumps(body).encode(), JSON)) == body["operations"]
    assert values(read(json.dumps(body, ensure_ascii=False, indent=2).encode(), JSON)) == body["operations"]


# NDJSON


def lines_of(body: bytes) -> list[FileRow]:
    return read(body, NDJSON)


def test_each_line_is_an_operation_and_blank_lines_are_skipped() -> None:
    body = b'\xef\xbb\xbf{"op": "list"}\r\n\n  \t\n {"op": "remove"} \n"no object"'
    assert [(row.number, row.value) for row in lines_of(body)] == [
        (1, {"op": "list"}),
        (4, {"op": "remove"}),
        (5, "no object"),
    ]


def test_a_line_that_cannot_be_read_is_an_error_of_that_row_only() -> None:
    body = b'{"op": "list"}\n{"op": x}\n{"op": "\xff"}\n{"op": "a", "op": "b"}\n{"op": 1} 2\n{"op": "remove"}\n'
    rows = lines_of(body)
    assert [row.value for row in rows] == [{"op": "list"}, None, None, None, None, {"op": "remove"}]
    errors = [error for row in rows for error in row.errors]
    assert [(error.row, error.code) for error in errors] == [
        (2, "json_invalid"),
        (3, "encoding_invalid"),
        (4, "json_invalid"),
        (5, "json_invalid"),
    ]
    assert "第 8 列" in errors[0].detail
    assert "第 11 列" in errors[3].detail
    assert not any("不完整" in error.detail for error in errors)


def test_a_last_line_that_is_cut_off_is_told_as_such() -> None:
    error = only_error(lines_of(b'{"op": "list"}\n{"op": "li'))
    assert (error.row, error.code) == (2, "json_invalid")
    assert "不完整" in error.detail


def test_a_line_that_is_too_long_is_skipped_and_told() -> None:
    rows = lines_of(b'{"op": "' + b"x" * 3 * LONGEST_OPERATION + b'"}\n{"op": "list"}\n')
    assert only_error(rows).code == "too_long"
    assert (rows[1].number, rows[1].value) == (2, {"op": "list"})


@pytest.mark.parametrize("body", [b"", b"\n \n"])
def test_a_file_without_operations_is_refused(body: bytes) -> None:
    assert refused(body, NDJSON).code == "empty_file"


def test_more_operations_than_may_be_are_refused() -> None:
    assert refused(b"1\n2\n3\n", NDJSON, most_rows=2).code == "too_many_rows"
    assert len(read(b"1\n2\n", "application/ndjson", most_rows=2)) == 2


def test_no_error_repeats_an_identity_number() -> None:
    number = synthetic_resident_id(1)
    bodies = [
        f'{{"{number}": 1, "{number}": 2}}',
        f'{{"operations": [{number}x]}}',
        f'{{"operations": {number}}}',
        f"{number}",
    ]
    for body in bodies:
        for media_type in (JSON, NDJSON):
            try:
                told = repr([row.errors for row in opened(body.encode(), media_type)])
            except LianchengError as error:
                told = f"{error.detail} {error.errors}"
            assert number not in told
            assert not re.search(r"\d{9}", told)

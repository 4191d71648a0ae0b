"""A file of divisions is used only if nothing is wrong with it; what is wrong is told with its line."""

import pytest

from app.domain.districts import DistrictsError, parse_districts
from app.settings import PROJECT_ROOT


def test_the_file_as_delivered_names_the_city_and_its_districts_and_counties() -> None:
    names = parse_districts((PROJECT_ROOT / "data" / "districts.yaml").read_bytes()).names
    assert names["441802"] == "清城区"
    assert names["441882"] == "连州市"
    assert all(code.startswith("4418") for code in names)


@pytest.mark.parametrize(
    ("source", "problems"),
    [
        ("districts:\n  - code: '4418'\n    name: 清远市\n", [(2, "wrong_code")]),
        ("districts:\n  - code: '441800'\n    name: 甲\n  - code: '441800'\n    name: 乙\n", [(4, "duplicate_code")]),
        ("districts:\n  - code: '441800'\n", [(2, "missing_field")]),
        ("districts:\n  - code: '441800'\n    name: 甲\n    extra: 1\n", [(4, "unknown_field")]),
        ("[]\n", [(1, "wrong_type")]),
        ("districts: 7\n", [(1, "wrong_type")]),
        ("\u0000", [(1, "yaml_syntax")]),
    ],
)
def test_each_problem_is_told_with_its_line(source: str, problems: list[tuple[int, str]]) -> None:
    with pytest.raises(DistrictsError) as caught:
        parse_districts(source.encode())
    assert [(one.line, one.code) for one in caught.value.problems] == problems

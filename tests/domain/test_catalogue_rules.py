"""A file that parses and does not agree with itself or with the printed words is refused, naming the line."""

import pytest

from app.domain.catalogue_file import CatalogueError, parse_catalogue
from app.domain.memo_text import first_difference
from tests.memo_source import MEMO, SOURCE

CASES = {
    "a department that is printed is left out": (
        "named: [市发展和改革局, 中国人民银行清远市中心支行]",
        "named: [市发展和改革局]",
        "not_accounted_for",
    ),
    "an open class that is printed is left out": (
        "named: [市发展和改革局, 市住房和城乡建设局]\n      open_class: 有关单位\n",
        "named: [市发展和改革局, 市住房和城乡建设局]\n",
        "not_accounted_for",
    ),
    "a department is named twice": ("named: [市科技局]", "named: [市科技局, 市科技局]", "duplicate"),
    "deciding words that the measure does not print": ("- 参与建设工程招投标", "- 参加建设工程招投标", "not_printed"),
    "what is done to the unit is not printed": (
        "done_to_unit: 已经担任的依法责令办理变更登记",
        "done_to_unit: 吊销营业执照",
        "not_printed",
    ),
    "no measure carries out position bans": ("    position_ban: true\n", "", "position_ban"),
    "the position ban acts on the unit": (
        "      subjects: [person]\n      words:\n        - 存在失信行为的生产经营单位的相关责任人",
        "      subjects: [unit]\n      words:\n        - 存在失信行为的生产经营单位的相关责任人",
        "position_ban",
    ),
    "a sub-measure is renumbered": (
        "      - no: 2\n        text: 作为重点",
        "      - no: 7\n        text: 作为重点",
        "numbering",
    ),
    "a provision is cited twice": ("provisions: [七, 九, 十, 十五]", "provisions: [七, 九, 九, 十, 十五]", "duplicate"),
    "a number is left out that there is not": (
        "      - document: 政府采购法\n        provisions: [第二十二条]\n",
        "      - document: 政府采购法\n        provisions: [第二十二条]\n        printed_without_number: true\n",
        "not_printed",
    ),
    "two documents have one number": ("number: 国办发〔2015〕20号", "number: 国发〔2014〕20号", "duplicate"),
    "a class that no measure uses": ("open_classes:\n", "open_classes:\n  - 有关方面\n", "never_cited"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_agree_is_refused_at_its_line(case: str) -> None:
    old, new, code = CASES[case]
    assert SOURCE.count(old) >= 1, "the edit no longer fits the file"
    with pytest.raises(CatalogueError) as refused:
        parse_catalogue(SOURCE.replace(old, new, 1).encode())
    found = {(problem.code, problem.line) for problem in refused.value.problems}
    assert {one for one, _ in found} == {code}
    near = SOURCE[: SOURCE.index(old)].count("\n") + 1
    assert all(abs(line - near) < 30 for _, line in found) or code == "position_ban"


def test_the_data_does_not_depart_from_the_memo_and_a_changed_character_is_shown_with_its_place() -> None:
    assert first_difference(parse_catalogue(SOURCE.encode()), MEMO) is None
    changed = parse_catalogue(SOURCE.replace("text: 加大执法检查频次；", "text: 加大执法检查频次。", 1).encode())
    told = first_difference(changed, MEMO)
    assert told is not None
    assert "正文第二部分" in told
    assert "；" in told

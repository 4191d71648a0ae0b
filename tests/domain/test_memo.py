"""The proof that the data is the memo, and the places in the memo where one could have misread it."""

from collections.abc import Iterator
from datetime import date

import pytest

from app.domain.catalogue import Catalogue, LegalBasis, LegalDocument, Measure
from app.domain.catalogue_file import parse_catalogue
from app.domain.memo_text import chinese_number, render_appendix, render_part_two
from app.domain.subjects import SubjectKind
from tests.memo_source import CATALOGUE_FILE, MEMO, Edit, edited

UNIT, PERSON = frozenset({SubjectKind.UNIT}), frozenset({SubjectKind.PERSON})
BOTH = UNIT | PERSON

PRINTED_PART_TWO = MEMO[MEMO.index("二、惩戒措施") : MEMO.index("三、联合惩戒的实施方式")]
PRINTED_APPENDIX = MEMO[MEMO.index("\n附录\n") :]

OUTLINE = "社会信用体系建设规划纲要（2014-2020年）"


@pytest.fixture(scope="module")
def memo() -> Catalogue:
    return parse_catalogue(CATALOGUE_FILE.read_bytes())


def without_space(text: str) -> str:
    return "".join(text.split())


def difference(rendered: str, printed: str) -> str | None:
    """Return where two texts first differ when white space is dropped and nothing else; ``None`` if nowhere."""
    ours, theirs = without_space(rendered), without_space(printed)
    if ours == theirs:
        return None
    at = next((at for at, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))
    around = slice(max(0, at - 20), at + 20)
    return f"position {at}: rendered …{ours[around]}… but the memo prints …{theirs[around]}…"


def measure(memo: Catalogue, no: int) -> Measure:
    return memo.measures[no - 1]


def document(memo: Catalogue, title: str) -> LegalDocument:
    return next(one for one in memo.documents if one.title == title)


def citations(memo: Catalogue) -> Iterator[tuple[int, LegalBasis]]:
    return ((one.no, basis) for one in memo.measures for basis in one.legal_bases)


def rows_citing(memo: Catalogue, title: str, label: str) -> list[int]:
    return [
        no
        for no, basis in citations(memo)
        if basis.document.title == title and label in {provision.label for provision in basis.provisions}
    ]


# The proof


def test_part_two_of_the_memo_is_written_out_again_from_the_data(memo: Catalogue) -> None:
    assert difference(render_part_two(memo), PRINTED_PART_TWO) is None


def test_the_appendix_of_the_memo_is_written_out_again_from_the_data(memo: Catalogue) -> None:
    assert difference(render_appendix(memo), PRINTED_APPENDIX) is None


def test_what_is_compared_is_the_whole_of_both_parts() -> None:
    assert PRINTED_PART_TWO.startswith("二、惩戒措施\n（一）加强安全监管监察。")
    assert PRINTED_PART_TWO.endswith("取消对存在失信行为的生产经营单位的政策性资金支持。\n")
    assert PRINTED_APPENDIX.startswith("\n附录\n\t惩戒措施\n\t法律及政策依据\n\t实施单位\n")
    assert without_space(PRINTED_APPENDIX).endswith("各部门共同采取措施")
    assert len(without_space(PRINTED_APPENDIX)) > 14_000
    assert [MEMO.count(start) for start in ("二、惩戒措施", "三、联合惩戒的实施方式", "\n附录\n")] == [1, 1, 1]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("title: 依法限制取得政府性", "title: 依法限定取得政府性", id="a measure's title"),
        pytest.param("海关不予通过认证; 已经", "海关不予通过认证； 已经", id="a half-width semicolon put right"),
        pytest.param("lead_in: 负有安全监管监察", "lead_in: 负有安全监管检察", id="the lead-in of measure 1"),
        pytest.param("text: 加大执法检查频次；", "text: 加大执法检查频次。", id="a sub-measure's punctuation"),
        pytest.param("标准化评审,对已取得", "标准化评审，对已取得", id="a half-width comma put right"),
    ],
)
def test_one_changed_character_of_part_two_is_found(old: str, new: str) -> None:
    spoilt = parse_catalogue(edited([Edit(old, new)])[0].encode())
    assert difference(render_part_two(spoilt), PRINTED_PART_TWO) is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("title: 依法限制取得政府性", "title: 依法限定取得政府性", id="a measure's title"),
        pytest.param("text: 加大执法检查频次；", "text: 加大执法检查频次。", id="a sub-measure's punctuation"),
        pytest.param("title: 工伤保险条例", "title: 工伤保险条列", id="a document's title"),
        pytest.param("number: 国发〔2014〕20号", "number: 国发[2014]20号", id="a document's number"),
        pytest.param("heading: 7.2暂停证书", "heading: 7.2暂停书证", id="a heading"),
        pytest.param("label: 第六十二条", "label: 第六十三条", id="a label"),
        pytest.param("五年内不得担任任何", "5年内不得担任任何", id="a provision's number word"),
        pytest.param("(六)社会对企业", "（六）社会对企业", id="half-width brackets put right"),
        pytest.param("的情况进行监督检查\n", "的情况进行监督检查。\n", id="a full stop added"),
        pytest.param(
            "printed: 清远海关、市市场监督管理局", "printed: 市市场监督管理局、清远海关", id="who carries it out"
        ),
        pytest.param("人民银行清远中心支行\n      named", "人民银行清远支行\n      named", id="a printed department"),
        pytest.param("        printed_without_number: true\n", "", id="a number that the row does not print"),
        pytest.param("provisions: [七, 九, 十, 十五]", "provisions: [七, 十, 九, 十五]", id="the order of provisions"),
    ],
)
def test_one_change_in_the_appendix_is_found(old: str, new: str) -> None:
    source = edited([Edit(old, new)])[0]
    if "人民银行清远支行" in new:  # the alias has to follow, or the file itself is refused
        source = source.replace("[人民银行清远中心支行]", "[人民银行清远中心支行, 人民银行清远支行]")
    assert difference(render_appendix(parse_catalogue(source.encode())), PRINTED_APPENDIX) is not None


def test_a_changed_character_in_any_provision_is_found(memo: Catalogue) -> None:
    rendered = render_appendix(memo)
    for provision in memo.provisions:
        for at in (0, len(provision.text) // 2, len(provision.text) - 1):
            spoilt = provision.text[:at] + "误" + provision.text[at + 1 :]
            assert difference(rendered.replace(provision.text, spoilt), PRINTED_APPENDIX) is not None


def test_a_difference_is_shown_with_its_position_and_what_stands_around_it() -> None:
    assert difference("甲 乙\n丙", "甲乙\t丁") == "position 2: rendered …甲乙丙… but the memo prints …甲乙丁…"
    assert difference("甲乙", "甲乙丙") == "position 2: rendered …甲乙… but the memo prints …甲乙丙…"


@pytest.mark.parametrize(
    ("number", "printed"),
    [(1, "一"), (9, "九"), (10, "十"), (11, "十一"), (19, "十九"), (20, "二十"), (24, "二十四"), (99, "九十九")],
)
def test_numbers_are_written_as_the_memo_writes_them(number: int, printed: str) -> None:
    assert chinese_number(number) == printed


# Counts


def test_there_are_24_measures_numbered_in_order_and_six_sub_measures_all_of_the_first(memo: Catalogue) -> None:
    assert [one.no for one in memo.measures] == list(range(1, 25))
    assert [part.no for part in measure(memo, 1).sub_measures] == [1, 2, 3, 4, 5, 6]
    assert not any(one.sub_measures for one in memo.measures[1:])


def test_the_14_signatories_stand_in_the_order_of_the_preface(memo: Catalogue) -> None:
    assert len(memo.departments) == 14
    assert "，" + "、".join(one.name for one in memo.departments) + "等部门就针对安全生产领域" in MEMO


def test_54_citations_name_27_documents_each_of_them_cited(memo: Catalogue) -> None:
    cited = [basis.document for _, basis in citations(memo)]
    assert len(cited) == 54
    assert len(memo.documents) == len({one.title for one in memo.documents}) == 27
    assert {one.key for one in cited} == {one.key for one in memo.documents}


def test_the_appendix_prints_68_labels_one_of_them_the_topical_heading_of_row_21(memo: Catalogue) -> None:
    cited = [(no, basis.document.title, provision) for no, basis in citations(memo) for provision in basis.provisions]
    labels = [provision.label for _, _, provision in cited if provision.label is not None]
    topical = [(no, one.heading) for no, title, one in cited if title == OUTLINE and one.heading is not None]
    assert topical == [(21, "构建守信激励和失信惩戒机制。")]
    assert (len(labels), len(labels) + len(topical)) == (67, 68)


def test_exactly_two_cited_passages_have_no_label(memo: Catalogue) -> None:
    bare = [
        (no, basis.document.key)
        for no, basis in citations(memo)
        for provision in basis.provisions
        if provision.label is None
    ]
    assert bare == [(6, "信用报告920号"), (12, "信用纲要")]


def test_the_memo_is_a_draft_for_comment_and_says_so(memo: Catalogue) -> None:
    assert memo.title in without_space(MEMO)
    assert f"({memo.status_note})" in MEMO


# Where one could misread it


def test_row_12_alone_cites_item_9_of_the_market_order_opinions_and_eleven_others_cite_item_15(memo: Catalogue) -> None:
    opinions = "国务院关于促进市场公平竞争维护市场正常秩序的若干意见"
    assert document(memo, opinions).number == "国发〔2014〕20号"
    assert rows_citing(memo, opinions, "（九）") == [12]
    assert rows_citing(memo, opinions, "（十五）") == [1, 3, 6, 11, 14, 16, 18, 19, 20, 23, 24]


def test_the_two_items_15_and_the_two_items_9_are_different_texts(memo: Catalogue) -> None:
    texts = {(one.number, provision.label): provision.text for one in memo.documents for provision in one.provisions}
    for label in ("（九）", "（十五）"):
        assert texts["国发〔2014〕20号", label] != texts["国办发〔2015〕20号", label]


def test_the_notice_of_2010_stands_without_its_number_in_rows_9_and_15_and_is_the_same_document(
    memo: Catalogue,
) -> None:
    notice = [(no, basis) for no, basis in citations(memo) if basis.document.number == "国发〔2010〕23号"]
    assert [(no, basis.printed_without_number) for no, basis in notice] == [(1, False), (9, True), (15, True)]
    assert len({id(basis.document) for _, basis in notice}) == 1
    assert [no for no, basis in citations(memo) if basis.printed_without_number] == [9, 15]


def test_the_credit_system_outline_has_no_number_because_the_appendix_never_prints_it(memo: Catalogue) -> None:
    assert document(memo, OUTLINE).number is None


def test_the_deduction_of_points_in_row_15_is_no_part_of_article_38(memo: Catalogue) -> None:
    first = measure(memo, 15).legal_bases[0]
    assert [provision.label for provision in first.provisions] == ["第三十八条", "（二）"]
    assert "考核扣分" not in first.provisions[0].text


@pytest.mark.parametrize("title", ["绿色信贷指引", "保险法"])
def test_a_document_named_only_inside_quoted_text_is_no_legal_basis(memo: Catalogue, title: str) -> None:
    assert f"《{title}》" in MEMO
    assert title not in {one.title for one in memo.documents}


@pytest.mark.parametrize(
    ("no", "printed", "names"),
    [
        (3, "市发展和改革局、住房和城乡建设局等有关单位", ["市发展和改革局", "市住房和城乡建设局"]),
        (4, "市发展和改革局、财政局等有关单位", ["市发展和改革局", "市财政局"]),
        (6, "市发展和改革局、人民银行清远中心支行", ["市发展和改革局", "中国人民银行清远市中心支行"]),
        (11, "人民银行清远中心支行、银保监会清远分局", ["中国人民银行清远市中心支行", "银保监会清远监管分局"]),
        (
            12,
            "市财政局、银保监会清远分局、市保险行业协会",
            ["市财政局", "银保监会清远监管分局", "市保险行业协会"],
        ),
    ],
)
def test_departments_printed_in_another_way_are_the_signatories(
    memo: Catalogue, no: int, printed: str, names: list[str]
) -> None:
    implementers = measure(memo, no).implementers
    assert implementers.printed == printed
    assert [one.name for one in implementers.named] == names


def test_a_department_is_found_by_every_name_the_memo_prints_or_that_it_has_taken_since(memo: Catalogue) -> None:
    for name in ("中国人民银行清远市中心支行", "人民银行清远中心支行", "中国人民银行清远市分行"):
        found = memo.department_named(name)
        assert found is not None
        assert found.name == "中国人民银行清远市中心支行"
    assert memo.department_named("市公安局") is None


def test_every_row_names_signatories_and_every_signatory_is_named_by_a_row(memo: Catalogue) -> None:
    named = {one.name for measure_ in memo.measures for one in measure_.implementers.named}
    assert named == {one.name for one in memo.departments}


def test_open_classes_stay_open(memo: Catalogue) -> None:
    found = {one.no: one.implementers.open_class.printed for one in memo.measures if one.implementers.open_class}
    assert found == {
        1: "负有安全监管监察职责的各部门",
        3: "有关单位",
        4: "有关单位",
        5: "各有关部门",
        23: "各部门",
        24: "各部门",
    }
    assert [one.name for one in measure(memo, 1).implementers.named] == ["市应急管理局"]
    assert not any(measure(memo, no).implementers.named for no in (5, 23, 24))


def test_measures_9_and_15_act_on_persons_1_and_23_on_both_and_the_rest_on_units(memo: Catalogue) -> None:
    expected = dict.fromkeys(range(1, 25), UNIT) | {9: PERSON, 15: PERSON, 1: BOTH, 23: BOTH}
    assert {one.no: one.acts_on.subjects for one in memo.measures} == expected


def test_of_the_sub_measures_1_2_and_4_act_on_units_3_on_persons_5_and_6_on_both(memo: Catalogue) -> None:
    found = {part.no: part.acts_on.subjects for part in measure(memo, 1).sub_measures}
    assert found == {1: UNIT, 2: UNIT, 3: PERSON, 4: UNIT, 5: BOTH, 6: BOTH}


def test_the_lead_in_of_measure_1_stands_only_in_the_body_and_names_the_persons(memo: Catalogue) -> None:
    lead_in = measure(memo, 1).lead_in
    assert lead_in is not None
    assert "生产经营单位及其有关人员" in lead_in
    assert lead_in in PRINTED_PART_TWO
    assert lead_in not in PRINTED_APPENDIX
    assert [one.no for one in memo.measures if one.lead_in] == [1]


def test_the_words_that_decide_whom_a_measure_acts_on_are_its_own_and_stand_in_the_memo(memo: Catalogue) -> None:
    for one in memo.measures:
        own = [(one.acts_on, one.title + (one.lead_in or ""))]
        own += [(part.acts_on, part.text) for part in one.sub_measures]
        for acts_on, text in own:
            for words in (*acts_on.words, *filter(None, [acts_on.done_to_unit])):
                assert words in text
                assert words in MEMO


def test_measure_9_alone_is_a_position_ban_and_its_change_of_registration_is_done_to_the_unit(memo: Catalogue) -> None:
    assert [one.no for one in memo.measures if one.position_ban] == [9]
    done = {one.no: one.acts_on.done_to_unit for one in memo.measures if one.acts_on.done_to_unit}
    assert done == {9: "已经担任的依法责令办理变更登记"}


# The law since


LATER_DOCUMENTS = {
    "安全生产法": (date(2021, 9, 1), "seen", "修改"),
    "国务院关于预防煤矿生产安全事故的特别规定": (date(2024, 5, 1), "seen", "煤矿安全生产条例"),
    "企业信息公示暂行条例": (date(2024, 5, 1), "seen", "修改"),
    "基础设施和公用事业特许经营管理办法": (date(2024, 5, 1), "seen", "第17号令"),
    "中华人民共和国矿产资源法": (date(2025, 7, 1), "seen", "第三十三条、第六十条"),
    "工业产品生产许可证管理条例": (date(2023, 7, 20), "seen", "修改"),
    "财产保险公司保险条款和保险费率管理办法": (date(2021, 10, 1), "seen", "银保监会令2021年第10号"),
    "中央企业负责人经营业绩考核暂行办法": (date(2019, 4, 1), "seen", "国资委令第40号"),
    "中央企业资产损失责任追究暂行办法": (date(2026, 1, 1), "recalled", "国资委令第46号"),
    "海关认证企业标准": (date(2021, 11, 1), "seen", "海关总署令第251号"),
    "质量管理体系认证规则": (date(2026, 1, 1), "seen", "认监委公告〔2025〕16号"),
    OUTLINE: (date(2021, 1, 1), "seen", "已满"),
}

LATER_PROVISIONS = {
    ("安全生产法", "第六十二条"): (date(2021, 9, 1), "seen", "第六十五条"),
    ("安全生产法", "第七十五条"): (date(2021, 9, 1), "seen", "第七十八条"),
    ("安全生产法", "第九十一条"): (date(2021, 9, 1), "seen", "第九十四条"),
    ("企业信息公示暂行条例", "第七条"): (date(2024, 5, 1), "seen", "未改动"),
    ("企业信息公示暂行条例", "第十二条"): (date(2024, 5, 1), "recalled", "待核"),
    ("国务院关于预防煤矿生产安全事故的特别规定", "第十条"): (date(2024, 5, 1), "seen", "没有对应条款"),
    ("财产保险公司保险条款和保险费率管理办法", "第四条"): (date(2021, 10, 1), "seen", "对应"),
    ("财产保险公司保险条款和保险费率管理办法", "第五条"): (date(2021, 10, 1), "seen", "对应"),
    ("工业产品生产许可证管理条例", "第九条"): (date(2023, 7, 20), "seen", "未改动"),
}


@pytest.mark.parametrize("title", LATER_DOCUMENTS)
def test_what_became_of_a_document_stands_beside_it(memo: Catalogue, title: str) -> None:
    since, confidence, words = LATER_DOCUMENTS[title]
    (note,) = document(memo, title).later_law
    assert (note.since, note.confidence) == (since, confidence)
    assert words in note.note
    assert note.source


@pytest.mark.parametrize(("title", "label"), LATER_PROVISIONS)
def test_what_became_of_a_provision_stands_beside_it(memo: Catalogue, title: str, label: str) -> None:
    since, confidence, words = LATER_PROVISIONS[title, label]
    (note,) = next(one for one in document(memo, title).provisions if one.label == label).later_law
    assert (note.since, note.confidence) == (since, confidence)
    assert words in note.note


def test_no_other_document_or_provision_has_a_note_and_what_was_not_checked_says_so(memo: Catalogue) -> None:
    assert {one.title for one in memo.documents if one.later_law} == set(LATER_DOCUMENTS)
    # A note from memory, or one that only touches the document, is no check of the document.
    unchecked = {"中央企业资产损失责任追究暂行办法", "海关认证企业标准"}
    assert {one.title for one in memo.documents if one.later_law_checked} == set(LATER_DOCUMENTS) - unchecked
    noted = {(one.title, part.label) for one in memo.documents for part in one.provisions if part.later_law}
    assert noted == set(LATER_PROVISIONS)


def test_later_names_of_departments_are_dated_and_marked_as_recalled(memo: Catalogue) -> None:
    later = {
        one.name: [(name.name, name.since, name.confidence) for name in one.later_names] for one in memo.departments
    }
    assert {name: names for name, names in later.items() if names} == {
        "中国人民银行清远市中心支行": [("中国人民银行清远市分行", date(2023, 8, 18), "recalled")],
        "银保监会清远监管分局": [("国家金融监督管理总局清远监管分局", date(2023, 7, 20), "recalled")],
    }


def test_notes_on_later_law_change_nothing_of_what_is_printed() -> None:
    note = "    later_law:\n      - since: 2027-01-01\n        note: 测试\n        confidence: recalled\n"
    noted = edited([Edit("    provisions:\n", note + "    provisions:\n", "- key: 工伤保险条例")])[0]
    assert difference(render_appendix(parse_catalogue(noted.encode())), PRINTED_APPENDIX) is None

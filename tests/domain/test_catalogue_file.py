"""A catalogue file is served only if nothing is wrong with it; what is wrong is told, all of it, each with its line."""

import hashlib
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.catalogue_file import CatalogueError, parse_catalogue
from app.domain.yaml_reader import FileProblem
from tests.memo_source import CATALOGUE_FILE, SOURCE, Edit, edited

MEASURE_2 = "\n  - no: 2\n    title: 依法暂停"
MEASURE_23 = "\n  - no: 23\n"
LAST_MEASURE = SOURCE[SOURCE.index("\n  - no: 24\n") :]
FIRST_MEASURE_MARKED = Edit("- no: 1\n    title:", "- ▶no: 1\n    title:", "\nmeasures:\n")
STATUS = "status_note: 征求意见稿"


def problems(source: bytes) -> tuple[FileProblem, ...]:
    with pytest.raises(CatalogueError) as caught:
        parse_catalogue(source)
    return caught.value.problems


def assert_refused(codes: list[str], *edits: Edit) -> None:
    """Assert that the edited file has exactly these problems, in this order, on the lines that the edits mark."""
    text, lines = edited(edits)
    assert len(lines) == len(codes)
    assert [(one.line, one.code) for one in problems(text.encode())] == list(zip(lines, codes, strict=True))


def test_the_file_as_delivered_has_no_problem_and_its_version_is_the_digest_of_its_bytes() -> None:
    source = CATALOGUE_FILE.read_bytes()
    catalogue = parse_catalogue(source)
    assert catalogue.version == "sha256:" + hashlib.sha256(source).hexdigest()
    assert catalogue.source == source


def test_one_more_byte_is_another_version_even_if_it_says_the_same() -> None:
    source = CATALOGUE_FILE.read_bytes()
    assert parse_catalogue(source + b"\n").version != parse_catalogue(source).version


def test_a_byte_order_mark_is_no_problem() -> None:
    source = b"\xef\xbb\xbf" + CATALOGUE_FILE.read_bytes()
    assert parse_catalogue(source).version == "sha256:" + hashlib.sha256(source).hexdigest()


def test_windows_line_ends_are_no_problem() -> None:
    unix = parse_catalogue(SOURCE.encode())
    windows = parse_catalogue(SOURCE.replace("\n", "\r\n").encode())
    assert windows.measures == unix.measures


@pytest.mark.parametrize(
    ("code", "edit"),
    [
        pytest.param(
            "unknown_provision",
            Edit("[第十条, 第三十九条]", "[第十条, 第三十九条, ▶第四十条]", MEASURE_2),
            id="a provision that its document does not have",
        ),
        pytest.param(
            "unknown_document", Edit("document: 国发20号", "document: ▶国发99号", MEASURE_23), id="an unknown document"
        ),
        pytest.param(
            "unknown_department",
            Edit("named: [市发展和改革局]", "named: [市发展和改革局, ▶市公安局]", MEASURE_2),
            id="a department that did not sign",
        ),
        pytest.param(
            "unknown_department",
            Edit("市财政局, 银保监会清远监管分局,", "市财政局, ▶银保监会清远分局, 银保监会清远监管分局,"),
            id="a department named by its alias",
        ),
        pytest.param(
            "not_printed",
            Edit("named: [市发展和改革局]", "named: [市发展和改革局, ▶市科技局]", MEASURE_2),
            id="a signatory that the row does not print",
        ),
        pytest.param(
            "not_printed",
            Edit("open_class: 各部门", "open_class: ▶有关单位", MEASURE_23),
            id="an open class that the row does not print",
        ),
        pytest.param(
            "unknown_open_class",
            Edit("open_class: 有关单位", "open_class: ▶各科室"),
            id="an unknown open class",
        ),
        pytest.param(
            "duplicate",
            Edit(LAST_MEASURE, LAST_MEASURE + LAST_MEASURE.replace("- no", "- ▶no")),
            id="a measure twice",
        ),
        pytest.param(
            "duplicate",
            Edit("      - no: 2\n", "      - ▶no: 1\n", "    sub_measures:\n"),
            id="a sub-measure twice",
        ),
        pytest.param(
            "duplicate",
            Edit("title: 工伤保险条例", "title: ▶生产安全事故报告和调查处理条例"),
            id="a document's title twice",
        ),
        pytest.param(
            "duplicate",
            Edit(
                "      - key: 第二十二条\n",
                "      - key: 第二十二条\n        text: 另一条。\n      - key: ▶第二十二条\n",
                "- key: 政府采购法",
            ),
            id="a provision's key twice in a document",
        ),
        pytest.param(
            "duplicate",
            Edit("  - name: 市科技局\n", "  - name: 市科技局\n  - name: ▶市科技局\n"),
            id="a signatory twice",
        ),
        pytest.param("duplicate", Edit("  - 各部门\n", "  - 各部门\n  - ▶各部门\n"), id="an open class twice"),
        pytest.param(
            "never_cited",
            Edit(
                "      - key: 第二十二条\n",
                "      - ▶key: 第九十九条\n        text: 无人引用。\n      - key: 第二十二条\n",
                "- key: 政府采购法",
            ),
            id="a provision that nobody cites",
        ),
        pytest.param(
            "unknown_field", Edit("    acts_on:\n", "    ▶penalty: 罚\n    acts_on:\n", MEASURE_2), id="a field"
        ),
        pytest.param("unknown_field", Edit("\nmemo:\n", "\n▶extra: 1\nmemo:\n"), id="a part of the file"),
        pytest.param(
            "missing_field",
            Edit(
                "- no: 2\n    title: 依法暂停审批其新的重大项目申报，核减、停止拨付或收回政府补贴资金。\n",
                "- ▶no: 2\n",
                "\nmeasures:\n",
            ),
            id="no title",
        ),
        pytest.param(
            "missing_field",
            Edit("- since: 2021-09-01\n        note", "- ▶note", "    later_law:\n"),
            id="no day, not even an unknown one",
        ),
        pytest.param(
            "duplicate_key", Edit("- no: 2\n    title", "- no: 2\n    ▶no: 2\n    title"), id="a YAML key twice"
        ),
        pytest.param("wrong_type", Edit(STATUS, "status_note: ▶[征求意见稿]"), id="a list for a text"),
        pytest.param("wrong_type", Edit(STATUS, "status_note: ▶{a: b}"), id="a mapping for a text"),
        pytest.param("wrong_type", Edit("      - no: 2\n", "      - no: ▶二\n"), id="a word for a number"),
        pytest.param("wrong_type", Edit("      - no: 2\n", "      - no: ▶0\n"), id="nought for a number"),
        pytest.param("wrong_type", Edit("      - no: 2\n", f"      - no: ▶{'9' * 5000}\n"), id="a monstrous number"),
        pytest.param("wrong_type", Edit("      - no: 2\n", "      - no: ▶[2]\n"), id="a list for a number"),
        pytest.param("wrong_type", Edit("number: true", "number: ▶yes", MEASURE_2), id="a word for a flag"),
        pytest.param("wrong_type", Edit("number: true", "number: ▶[true]", MEASURE_2), id="a list for a flag"),
        pytest.param("wrong_type", Edit("later_names:\n", "later_names:\n      - ▶新名\n"), id="no mapping"),
        pytest.param("wrong_type", Edit("\nmemo:\n", "\nmemo:\n  ▶[a, b]: c\n"), id="a list for a field's name"),
        pytest.param("empty_text", Edit(STATUS, 'status_note: ▶""'), id="an empty text"),
        pytest.param("empty_text", Edit(STATUS, 'status_note: ▶" \u3000"'), id="a blank text"),
        pytest.param("empty_text", Edit(STATUS, "status_note: ▶null"), id="null for a text"),
        pytest.param("empty_list", Edit("words: [加大执法检查频次]", "words: ▶[]"), id="no words"),
        pytest.param("empty_list", Edit("subjects: [unit]", "subjects: ▶[]"), id="no subjects"),
        pytest.param("empty_list", Edit("provisions: [十五]", "provisions: ▶[]", MEASURE_23), id="no provisions"),
        pytest.param(
            "empty_list",
            Edit("named: []\n      open_class: 各部门\n", "named: ▶[]\n", MEASURE_23),
            id="nobody to carry it out",
        ),
        pytest.param("not_allowed", Edit("subjects: [unit]", "subjects: [▶firm]"), id="an unknown kind of subject"),
        pytest.param(
            "not_allowed",
            Edit("confidence: recalled", "confidence: ▶sure", "later_names:\n"),
            id="an unknown confidence",
        ),
        pytest.param(
            "ambiguous_name",
            Edit(
                "  - name: 市科技局\n  - name: 市财政局\n",
                "  - name: 市科技局\n    printed_aliases: [财政局]\n  - ▶name: 市财政局\n",
            ),
            id="an alias of two departments",
        ),
        pytest.param("yaml_syntax", Edit(STATUS, "status_note: ▶征求: 意见稿"), id="a mapping where none can be"),
        pytest.param("yaml_alias", Edit(STATUS, "status_note: ▶&x 征求意见稿"), id="an anchor"),
        pytest.param("yaml_alias", Edit(STATUS, "status_note: ▶*x"), id="an alias"),
        pytest.param("yaml_tag", Edit(STATUS, "status_note: ▶!!python/object:os.system x"), id="a tag of Python"),
        pytest.param("yaml_tag", Edit(STATUS, "status_note: ▶!own 征求意见稿"), id="a tag of one's own"),
    ],
)
def test_an_inconsistency_is_refused_on_its_line(code: str, edit: Edit) -> None:
    assert_refused([code], edit)


@pytest.mark.parametrize(
    "day",
    ["2024-02-30", "2023-02-29", "2024-13-01", "20240229", "2024-W09-4", "2024-2-9", "昨日", "[2024-02-29]", '""'],
)
def test_a_day_that_is_none_is_refused(day: str) -> None:
    assert_refused(["impossible_date"], Edit("since: 2023-08-18", f"since: ▶{day}"))


@pytest.mark.parametrize(("day", "known"), [("2024-02-29", True), ("null", False), ("~", False)])
def test_a_leap_day_and_an_unknown_day_are_read(day: str, known: bool) -> None:  # noqa: FBT001 - a case of the table
    source = edited([Edit("since: 2023-08-18", f"since: {day}")])[0]
    bank = parse_catalogue(source.encode()).department_named("中国人民银行清远市分行")
    assert bank is not None
    assert (bank.later_names[0].since is not None) is known


def test_a_name_taken_since_may_not_be_that_of_another_department() -> None:
    assert_refused(
        ["ambiguous_name"],
        Edit("- name: 银保监会清远监管分局", "- ▶name: 银保监会清远监管分局"),
        Edit("name: 国家金融监督管理总局清远监管分局", "name: 中国人民银行清远市分行"),
    )


def test_a_missing_measure_is_told_where_the_measures_begin() -> None:
    assert_refused(["missing_measure"], Edit(LAST_MEASURE, "\n"), FIRST_MEASURE_MARKED)


def test_a_25th_measure_is_told_where_the_measures_begin() -> None:
    one_more = LAST_MEASURE.replace("no: 24", "no: 25")
    assert_refused(["unknown_measure"], Edit(LAST_MEASURE, LAST_MEASURE + one_more), FIRST_MEASURE_MARKED)


def test_a_renumbered_measure_is_a_duplicate_and_leaves_a_gap() -> None:
    assert_refused(["missing_measure", "duplicate"], FIRST_MEASURE_MARKED, Edit("\n  - no: 24\n", "\n  - ▶no: 23\n"))


def test_a_document_key_used_twice_is_refused_at_the_second() -> None:
    copy = "  - key: 工伤保险条例\n    title: 另一部条例\n    provisions: ▶[]\n\n"
    assert_refused(["empty_list", "duplicate"], Edit("  - key: 工伤保险条例\n", copy + "  - key: ▶工伤保险条例\n"))


def test_several_problems_are_told_at_once_in_the_order_of_lines() -> None:
    assert_refused(
        ["empty_text", "impossible_date", "unknown_provision", "unknown_department"],
        Edit("named: [市税务局]", "named: [▶市公安局, 市税务局]"),
        Edit("[第十条, 第三十九条]", "[第十条, 第三十九条, ▶第四十条]", MEASURE_2),
        Edit("since: 2023-08-18", "since: ▶2024-02-30"),
        Edit(STATUS, 'status_note: ▶""'),
    )


def test_the_error_carries_path_code_sentence_and_line_of_each_problem() -> None:
    text, (line,) = edited([Edit(STATUS, "status_note: ▶null")])
    with pytest.raises(CatalogueError) as caught:
        parse_catalogue(text.encode())
    (error,) = caught.value.errors
    assert (error.field, error.code, error.detail, error.row) == (
        "memo.status_note",
        "empty_text",
        "文字不得为空。",
        line,
    )
    assert caught.value.detail == "措施目录文件有 1 处问题。"


def test_a_path_leads_into_lists() -> None:
    text, _ = edited([Edit("[第十条, 第三十九条]", "[第十条, 第三十九条, ▶第四十条]", MEASURE_2)])
    (problem,) = problems(text.encode())
    assert problem.path == "measures[1].legal_bases[0].provisions[2]"


def test_a_file_that_is_not_utf_8_is_refused_on_the_line_of_the_first_wrong_byte() -> None:
    text, (line,) = edited([Edit(STATUS, "status_note: ▶坏")])
    source = text.encode().replace("坏".encode(), "坏".encode("gb18030"))
    assert [(one.line, one.code) for one in problems(source)] == [(line, "encoding")]


@pytest.mark.parametrize("source", [b"", b"\n\n", b"# nothing but a comment\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(source: bytes) -> None:
    assert [(one.line, one.code) for one in problems(source)] == [(1, "empty")]


@pytest.mark.parametrize("source", [b"text", b"- a\n- b\n", b"12", b"null", b"true", b"'quoted'"])
def test_a_file_that_is_no_mapping_is_refused(source: bytes) -> None:
    assert (1, "wrong_type") in [(one.line, one.code) for one in problems(source)]


def test_a_comment_behind_the_head_of_a_block_text_does_not_upset_the_reader() -> None:
    assert (2, "wrong_type") in [(one.line, one.code) for one in problems(b"# a\n| # b\n c\n")]


def bomb(levels: int, width: int) -> str:
    """Return YAML that a reader of aliases would take for ``width ** levels`` items."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        pytest.param("[" * 100_000, "too_deep", id="brackets"),
        pytest.param("{" * 100_000, "too_deep", id="braces"),
        pytest.param("- " * 5_000, "too_deep", id="dashes"),
        pytest.param("? " * 5_000, "too_deep", id="question marks"),
        pytest.param("".join(" " * n + "a:\n" for n in range(500)), "too_deep", id="indentation"),
        pytest.param(bomb(12, 12), "yaml_alias", id="a bomb of aliases"),
        pytest.param("measures: &a [*a]", "yaml_alias", id="a list that holds itself"),
        pytest.param("*a", "yaml_alias", id="an alias of nothing"),
        pytest.param("&a a: &a b", "yaml_alias", id="an anchor twice"),
        pytest.param("!!python/object/apply:os.system [ls]", "yaml_tag", id="a command"),
        pytest.param("memo: !!binary aGFsbG8=", "yaml_tag", id="binary"),
        pytest.param("a: b\n---\nc: d\n", "yaml_syntax", id="two documents"),
        pytest.param("%YAML 9.9\n---\na: b", "yaml_syntax", id="YAML of the future"),
        pytest.param("a: \0", "yaml_syntax", id="a null character"),
        pytest.param('a: "\\UFFFFFFFF"', "yaml_syntax", id="a character beyond Unicode"),
        pytest.param("a: '", "yaml_syntax", id="an open quote"),
        pytest.param("\ta: b", "yaml_syntax", id="a tab"),
    ],
)
def test_a_hostile_file_is_refused_quickly(source: str, code: str) -> None:
    begun = time.monotonic()
    assert [one.code for one in problems(source.encode())] == [code]
    assert time.monotonic() - begun < 5


@given(st.binary(max_size=200))
def test_no_junk_is_a_catalogue_or_anything_but_a_catalogue_error(junk: bytes) -> None:
    assert problems(junk)


@given(st.text("[]{}:,-?&*!|>'\"%@`#=~<\\ \n\t.0aé措", max_size=80))
def test_nothing_made_of_the_signs_of_yaml_is_anything_but_a_catalogue_error(junk: str) -> None:
    assert problems(junk.encode())


def lines_of_problems(source: str) -> list[int]:
    """Return the lines that are complained about, none for a file that can be served."""
    try:
        parse_catalogue(source.encode())
    except CatalogueError as error:
        return [one.line for one in error.problems]
    return []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(SOURCE)), st.text("[]{}:,-?&*!|>'\"#~\\ \n\t0a措", min_size=1, max_size=3), st.integers(0, 5))
def test_the_real_file_with_a_slip_of_the_hand_is_read_or_refused_with_a_line(at: int, slip: str, lost: int) -> None:
    source = SOURCE[:at] + slip + SOURCE[at + lost :]
    lines = lines_of_problems(source)
    assert lines == sorted(lines)
    assert all(1 <= line <= source.count("\n") + 1 for line in lines)

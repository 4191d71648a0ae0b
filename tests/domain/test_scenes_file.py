"""A file of scenes is used only if nothing is wrong with it, and asks for nothing that the memo does not print."""

import hashlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.scenes import Ask
from app.domain.scenes_file import ScenesError, parse_scenes
from app.domain.subjects import SubjectKind
from app.settings import PROJECT_ROOT
from tests.memo_source import Edit, edited
from tests.support import CATALOGUE, SCENES

FILE = PROJECT_ROOT / "data" / "scenes.yaml"
SOURCE = FILE.read_text(encoding="utf-8")
TAX, LAND, HONOURS, AEO, SUPERVISION = (
    f"- code: {code}" for code in ("tax.incentive", "land", "honours", "customs.aeo", "safety.supervision")
)


def problems(*edits: Edit) -> tuple[list[tuple[int, str]], list[int]]:
    text, lines = edited(edits, SOURCE)
    with pytest.raises(ScenesError) as caught:
        parse_scenes(text.encode(), CATALOGUE)
    return [(one.line, one.code) for one in caught.value.problems], lines


def test_the_file_as_delivered_has_no_problem_and_its_version_is_the_digest_of_its_bytes() -> None:
    assert SCENES.version == "sha256:" + hashlib.sha256(FILE.read_bytes()).hexdigest()
    assert parse_scenes(FILE.read_bytes() + b"\n", CATALOGUE).version != SCENES.version


def test_every_measure_and_sub_measure_and_every_signatory_is_in_a_scene() -> None:
    """The file's own check, said once more by counting."""
    measures = {one.measure.no for scene in SCENES.scenes for one in scene.measures}
    parts = {ask.sub_measure for scene in SCENES.scenes for one in scene.measures for ask in one.asks}
    who = {department.name for scene in SCENES.scenes for department in scene.departments}
    assert measures == set(range(1, 25))
    assert parts == {None, *range(1, 7)}
    assert who == {department.name for department in CATALOGUE.departments}
    assert len(who) == 14


def test_the_scenes_that_departments_were_promised_are_there() -> None:
    promised = """customs.clearance customs.aeo tax.incentive procurement bidding land eia credit.loan insurance.rate
        honours licence"""
    assert set(promised.split()) <= {scene.code for scene in SCENES.scenes}


def test_no_word_of_the_vocabulary_is_unused() -> None:
    used = {ask for scene in SCENES.scenes for one in scene.measures for each in one.asks for ask in each.one_of}
    assert used == set(Ask) == {meaning.ask for meaning in SCENES.meanings}


def test_its_comments_explain_every_key() -> None:
    comments = SOURCE[: SOURCE.index("\nasks:")]
    keys = {line.split(":")[0].strip(" -") for line in SOURCE[len(comments) :].splitlines() if ":" in line}
    keys = {key for key in keys if key.isascii() and not key.startswith("#")}
    assert "sub_measure" in keys
    assert [key for key in sorted(keys) if key not in comments] == []


def test_the_guide_names_every_scene_and_tells_of_every_ask_where_the_memo_asks_for_it() -> None:
    guide = (PROJECT_ROOT / "docs" / "scenes.md").read_text(encoding="utf-8")
    assert [scene.code for scene in SCENES.scenes if f"`{scene.code}`" not in guide] == []
    for meaning in SCENES.meanings:
        asking = {
            (one.measure.no, ask.sub_measure)
            for scene in SCENES.scenes
            for one in scene.measures
            for ask in one.asks
            if meaning.ask in ask.one_of
        }
        told = ", ".join(f"{no}({part})" if part else str(no) for no, part in sorted(asking, key=in_order))
        assert f"| `{meaning.ask}` | {meaning.name} | {told}" in guide


def in_order(part: tuple[int, int | None]) -> tuple[int, int]:
    return part[0], part[1] or 0


def asked(code: str, no: int, kind: SubjectKind) -> list[set[str]]:
    """Return what a measure asks for in a scene of what acts on one kind of subject."""
    found = SCENES.named(code)
    assert found is not None
    (measure,) = [one for one in found.scene.measures if one.measure.no == no]
    return [{ask.value for ask in one.one_of} for one in measure.asks if kind in one.subjects]


UNIT, PERSON = SubjectKind.UNIT, SubjectKind.PERSON


@pytest.mark.parametrize(
    ("code", "no", "kind", "asks"),
    [
        pytest.param("honours", 23, UNIT, [{"take_into_account"}, {"refuse"}], id="no honour for a unit"),
        pytest.param("honours", 23, PERSON, [{"take_into_account"}], id="for a person it is a reference only"),
        pytest.param("honours", 15, PERSON, [{"restrict"}], id="评先评优 is restricted"),
        pytest.param("appointment", 15, PERSON, [{"take_into_account"}], id="干部选任 is a reference"),
        pytest.param("bidding", 3, UNIT, [{"restrict"}], id="限制 is not 不予"),
        pytest.param("procurement", 13, UNIT, [{"restrict"}], id="限制 is not 不予, of purchases too"),
        pytest.param("land", 14, UNIT, [{"restrict", "refuse"}], id="限制或禁止 is a choice"),
        pytest.param("credit.bond", 6, UNIT, [{"restrict", "suspend"}], id="限制、暂停 is a choice"),
        pytest.param("customs.aeo", 17, UNIT, [{"refuse"}, {"downgrade"}], id="who applies, who is certified"),
        pytest.param("certification", 20, UNIT, [{"order"}], id="the certifier suspends, not the department"),
        pytest.param("tax.incentive", 22, UNIT, [{"take_into_account"}], id="taxes are a reference"),
        pytest.param("eia", 21, UNIT, [{"inspect_more"}], id="an assessment is reviewed, not refused"),
        pytest.param("credit.loan", 11, UNIT, [{"notify"}, {"take_into_account"}], id="loans are a reference"),
    ],
)
def test_a_scene_asks_for_what_the_memo_says_and_no_more(
    code: str, no: int, kind: SubjectKind, asks: list[set[str]]
) -> None:
    assert asked(code, no, kind) == asks


@pytest.mark.parametrize(
    ("code", "edit"),
    [
        pytest.param(
            "unknown_field", Edit("    procedure:", "    ▶colour: red\n    procedure:", TAX), id="unknown key"
        ),
        pytest.param("unknown_field", Edit("in_no_scene: []", "▶others: []\nin_no_scene: []"), id="section"),
        pytest.param("not_allowed", Edit("one_of: [take", "one_of: [▶think, take", TAX), id="no such ask"),
        pytest.param("duplicate", Edit("[restrict, refuse]", "[restrict, ▶restrict]", LAND), id="an ask twice"),
        pytest.param("empty_list", Edit("one_of: [take_into_account]", "one_of: ▶[]", TAX), id="nothing asked for"),
        pytest.param("not_borne_out", Edit("[take_into_account]", "[▶refuse]", TAX), id="more than the words say"),
        pytest.param("not_borne_out", Edit("restrict, refuse]", "restrict, ▶withdraw]", LAND), id="half more"),
        pytest.param("not_printed", Edit("words: 在实施税收", "words: ▶在落实税收", TAX), id="a word changed"),
        pytest.param(
            "not_printed", Edit("words: 加大执法检查频次", "words: ▶从重处罚", SUPERVISION), id="words of another part"
        ),
        pytest.param("unknown_sub_measure", Edit("sub_measure: 1", "sub_measure: ▶7", SUPERVISION), id="no such part"),
        pytest.param(
            "unknown_sub_measure",
            Edit("- one_of: [take", "- sub_measure: ▶1\n            one_of: [take", TAX),
            id="a part of what has none",
        ),
        pytest.param(
            "missing_field", Edit("- sub_measure: 1\n            one", "- ▶one", SUPERVISION), id="a part not named"
        ),
        pytest.param("unknown_measure", Edit("no: 22", "no: ▶25", TAX), id="no such measure"),
        pytest.param(
            "wider_than_measure",
            Edit("评先评优的限制条件", "评先评优的限制条件\n            subjects: ▶[unit]", HONOURS),
            id="a measure that acts on persons only",
        ),
        pytest.param("empty_list", Edit("subjects: [unit]", "subjects: ▶[]", HONOURS), id="for nobody"),
        pytest.param("not_allowed", Edit("subjects: [unit]", "subjects: [▶firm]", HONOURS), id="for whom"),
        pytest.param("unknown_department", Edit("[市税务局]", "[市税务局, ▶市公安局]", TAX), id="no signatory"),
        pytest.param("unknown_department", Edit("[市税务局]", "[市税务局, ▶财政局]", TAX), id="as printed elsewhere"),
        pytest.param("carries_nothing_out", Edit("[市税务局]", "[市税务局, ▶清远海关]", TAX), id="not theirs"),
        pytest.param("duplicate", Edit("[市税务局]", "[市税务局, ▶市税务局]", TAX), id="a department twice"),
        pytest.param("empty_list", Edit("[市税务局]", "▶[]", TAX), id="nobody's"),
        pytest.param("unknown_department", Edit("[各部门]", "[各部门, ▶市国资委]", HONOURS), id="no open class"),
        pytest.param("code_form", Edit("code: tax.incentive", "code: ▶Tax-incentive"), id="a code's form"),
        pytest.param("duplicate", Edit("code: tax.incentive", "code: ▶land"), id="a code twice"),
        pytest.param("duplicate", Edit("name: 税收优惠", "name: ▶政府采购"), id="a name twice"),
        pytest.param("missing_ask", Edit("asks:\n  - code: refuse", "asks:\n  - ▶code: restrict"), id="an ask less"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(code: str, edit: Edit) -> None:
    found, lines = problems(edit)
    assert (lines[0], code) in found


def test_every_mistake_is_told_at_once() -> None:
    found, lines = problems(
        Edit("words: 加大执法", "words: ▶加大执罚", SUPERVISION),
        Edit("[restrict, refuse]", "[restrict, ▶publish]", LAND),
        Edit("one_of: [refuse]", "one_of: ▶[]", AEO),
        Edit("[市税务局]", "[▶市公安局]", TAX),
    )
    codes = ["not_printed", "not_borne_out", "empty_list", "unknown_department"]
    assert found == list(zip(lines, codes, strict=True))


def test_a_measure_may_be_in_no_scene_only_with_its_reason() -> None:
    without = Edit(SOURCE[SOURCE.index("\n  - code: tax.incentive") : SOURCE.index("\nin_no_scene")], "")
    found, _ = problems(without)
    assert [code for _, code in found] == ["in_no_scene", "department_without_scene"]
    told = Edit("in_no_scene: []", "in_no_scene:\n  - no: 22\n    reason: 虚构的理由")
    assert [code for _, code in problems(without, told)[0]] == ["department_without_scene"]
    part = Edit("- sub_measure: 3", "- sub_measure: 2", SUPERVISION)
    words = Edit(
        "words: 约谈其主要负责人，对其主要负责人及相关责任人进行安全培训", "words: 作为重点监管监察对象", SUPERVISION
    )
    asked_more = Edit("one_of: [interview]", "one_of: [inspect_more]", SUPERVISION)
    assert [code for _, code in problems(part, words, asked_more)[0]] == ["in_no_scene"]
    text, _ = edited(
        [part, words, asked_more, Edit("in_no_scene: []", "in_no_scene:\n  - {no: 1, sub_measure: 3, reason: 虚构}")],
        SOURCE,
    )
    (left,) = parse_scenes(text.encode(), CATALOGUE).in_no_scene
    assert (left.no, left.sub_measure, left.reason) == (1, 3, "虚构")


def test_a_measure_is_not_in_a_scene_and_in_none() -> None:
    found, lines = problems(
        Edit("in_no_scene: []", "in_no_scene:\n  - ▶no: 22\n    reason: 虚构\n  - ▶no: 25\n    reason: 虚构")
    )
    assert found == list(zip(lines, ["in_a_scene", "unknown_measure"], strict=True))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_bytes_a_file_holds_it_is_refused_and_nothing_else_happens(source: bytes) -> None:
    with pytest.raises(ScenesError):
        parse_scenes(source, CATALOGUE)


@given(start=st.integers(0, len(SOURCE)), length=st.integers(1, 400))
def test_a_file_with_a_piece_cut_out_is_read_or_refused(start: int, length: int) -> None:
    with suppress(ScenesError):
        parse_scenes((SOURCE[:start] + SOURCE[start + length :]).encode(), CATALOGUE)

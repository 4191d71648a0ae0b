"""The file of public texts is read whole or refused with every problem in it."""

import pytest

from app.domain.publication_file import PublicationError, parse_publication
from app.settings import PROJECT_ROOT

SOURCE = (PROJECT_ROOT / "data" / "publication.yaml").read_text()


def problems(text: str) -> list[tuple[str, str]]:
    with pytest.raises(PublicationError) as refused:
        parse_publication(text.encode())
    assert all(one.line for one in refused.value.problems)
    return [(one.path, one.code) for one in refused.value.problems]


def test_the_file_that_comes_with_the_service_is_read_with_what_each_text_rests_on() -> None:
    found = parse_publication(SOURCE.encode())
    assert "异议" in found.objection.text
    assert "信用修复" in found.repair.text
    assert [one.document for one in found.objection.sources] == ["企业信息公示暂行条例"]
    assert found.repair.sources[0].number == "国家发展改革委令第36号"
    assert (found.repair.sources[0].article, found.contested.sources) == (None, ())
    assert found.version != parse_publication(SOURCE.replace("持证明材料", "持身份证明").encode()).version


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("", "empty")]),
        ("feed: {}\n", [("", "missing_field"), *[("feed", "missing_field")] * 3]),
        (SOURCE.replace("urn:uuid:6f1d3c52", "urn:uuid:XX"), [("feed.id", "feed_id_form")]),
        (
            SOURCE.replace("confidence: seen", "confidence: sure", 1),
            [("notices.objection.sources[0].confidence", "not_allowed")],
        ),
        (
            SOURCE.replace("  contested:", "  disputed:"),
            [("notices", "missing_field"), ("notices.disputed", "unknown_field")],
        ),
        (SOURCE.replace("title: 安全生产领域失信生产经营单位名单公示", "title: ''"), [("feed.title", "empty_text")]),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, expected: list[tuple[str, str]]) -> None:
    assert sorted(problems(text)) == sorted(expected)

"""What a push would change is told in a clerk's words."""

import pytest

from app.cli.push_shown import show_difference


def test_an_objection_is_told_by_its_number_and_whoever_filed_it_by_no_machines_id(
    capsys: pytest.CaptureFixture[str],
) -> None:
    person_id = "0199f2a0-2b3c-7d4e-8f50-617283940516"
    changes = [
        {"field": "objections[虚构异1.2号].outcome", "before": None, "after": "upheld_in_part"},
        {"field": "objections[虚构异1.2号].filed_by_person", "before": None, "after": person_id},
        {"field": f"persons[{person_id}].roles", "before": ["other"], "after": ["principal"]},
    ]
    row = {
        "row": 2,
        "op": "decide_objection",
        "unit_name": "示例（虚构）",
        "uscc": "",
        "decision_no": "",
        "changes": changes,
    }
    show_difference({"counts": {"decide_objection": 1}, "rows_total": 1, "rows": [row], "warnings": []}, err=False)
    told = "".join(capsys.readouterr().out.replace("│", "").split())
    assert "异议虚构异1.2号异议处理结果：部分成立" in told
    assert "异议虚构异1.2号提出异议的人员：本条记录的一名有关人员" in told
    assert "人员1职务身份：其他有关人员→主要负责人" in told
    assert person_id[:8] not in told

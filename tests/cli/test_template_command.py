"""The spreadsheet to fill in, as the command writes it."""

from pathlib import Path

import openpyxl

from app.domain.moment import Moment
from app.services.list_rules import load
from app.settings import Settings
from tests.cli.commands import liancheng, printed, refused


def test_it_offers_the_tiers_and_kinds_of_conduct_of_today(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "填报.xlsx"
    assert str(file) in printed(settings, "template", str(file))
    book = openpyxl.load_workbook(file)
    texts = {str(cell.value) for sheet in book for line in sheet.iter_rows() for cell in line if cell.value}
    rules, today = load(settings.list_rules_file), Moment.current().today
    assert set(rules.tier_names(today)) <= texts
    now = {one.name for one in rules.conducts if one.in_force(today)}
    assert now
    assert all(any(name in text for text in texts) for name in now)


def test_a_file_that_is_there_is_kept_unless_one_insists(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "填报.xlsx"
    file.write_bytes(b"filled in by somebody")
    assert "--force" in refused(settings, "template", str(file))
    assert file.read_bytes() == b"filled in by somebody"
    printed(settings, "template", str(file), "--force")
    assert "名单" in openpyxl.load_workbook(file).sheetnames


def test_a_name_that_would_not_open_as_what_it_is_is_refused(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "填报.csv"
    assert ".xlsx" in refused(settings, "template", str(file))
    assert not file.exists()


def test_a_folder_that_is_not_there_is_told_in_a_sentence(settings: Settings, tmp_path: Path) -> None:
    said = refused(settings, "template", str(tmp_path / "没有" / "填报.xlsx"))
    assert "填报.xlsx" in said
    assert liancheng(settings, "template", str(tmp_path), "--force").returncode == 2

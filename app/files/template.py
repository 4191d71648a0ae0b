"""The spreadsheet to fill in: the sheet 名单 with every column, filled-in examples, and an explanation."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from app.files import words
from app.files.columns import COLUMNS, Column, Kind
from app.files.headers import letter
from app.files.template_texts import EXAMPLES, REQUIRED_TO_LIST, explanation
from app.files.xlsx_rows import EXAMPLE_SHEET, EXPLANATION_SHEET, LIST_SHEET

AUTHOR: Final = "liancheng"
_CHOICES_SHEET: Final = "选项"
_LAST_ROW = 1_048_576
_TEXT_FORMAT = "@"
_DATE_FORMAT = "yyyy-mm-dd"
_REQUIRED = PatternFill("solid", fgColor="FFE699")
_OTHER = PatternFill("solid", fgColor="DDEBF7")
_WIDTHS: Final = {Kind.CODE: 24, Kind.DATE: 14, Kind.UNTIL: 18, Kind.CHOICE: 12, Kind.ROLES: 20}
_LONG_TEXTS: Final = frozenset({"unit_name", "decided_by", "conduct", "facts", "basis", "decision_no"})
_LONG_WIDTH = 32
_WIDTH = 18
_COMMENT_WIDTH, _COMMENT_HEIGHT = 280, 110


def write_template(path: Path, *, tiers: Sequence[str], conducts: Sequence[tuple[str, str]]) -> None:
    """Write the spreadsheet; ``tiers`` and ``conducts`` (code, name) are offered for choice."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)  # noqa: S101 - a new workbook has one
    sheet.title = LIST_SHEET
    _lay_out(sheet)
    _offer(book, sheet, tiers, conducts)
    examples = book.create_sheet(EXAMPLE_SHEET)
    _lay_out(examples)
    for row in EXAMPLES:
        examples.append([row.get(column.key) for column in COLUMNS])
    _format_filled(examples)
    _explain(book.create_sheet(EXPLANATION_SHEET), tiers, conducts)
    # The choices are looked up by the drop-downs only.
    book.move_sheet(_CHOICES_SHEET, offset=len(book.sheetnames))
    book[_CHOICES_SHEET].sheet_state = "hidden"
    book.save(path)


def _lay_out(sheet: Worksheet) -> None:
    """Write the header, and give each column its width and its format."""
    sheet.append([column.header for column in COLUMNS])
    for index, column in enumerate(COLUMNS):
        cell = sheet.cell(1, index + 1)
        required = column.key in REQUIRED_TO_LIST
        cell.font = Font(bold=True)
        cell.fill = _REQUIRED if required else _OTHER
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        told = f"{column.explained}\n（“列入”必填）" if required else column.explained
        cell.comment = Comment(told, AUTHOR, width=_COMMENT_WIDTH, height=_COMMENT_HEIGHT)
        dimension = sheet.column_dimensions[letter(index)]
        dimension.width = _LONG_WIDTH if column.key in _LONG_TEXTS else _WIDTHS.get(column.kind, _WIDTH)
        # Otherwise the spreadsheet program makes numbers of codes, and their last digits are lost.
        dimension.number_format = _format_of(column)
    sheet.row_dimensions[1].height = 32
    sheet.freeze_panes = "A2"


def _format_filled(sheet: Worksheet) -> None:
    for row in sheet.iter_rows(min_row=2):
        for cell, column in zip(row, COLUMNS, strict=True):
            cell.number_format = _DATE_FORMAT if isinstance(cell.value, date) else _TEXT_FORMAT
            cell.alignment = Alignment(vertical="top", wrap_text=column.key in _LONG_TEXTS)


def _format_of(column: Column) -> str:
    return _DATE_FORMAT if column.kind in {Kind.DATE, Kind.UNTIL} else _TEXT_FORMAT


def _offer(book: Workbook, sheet: Worksheet, tiers: Sequence[str], conducts: Sequence[tuple[str, str]]) -> None:
    """Give the columns with a choice their drop-downs; the words stand in a sheet of their own."""
    choices = book.create_sheet(_CHOICES_SHEET)
    offered: dict[str, Sequence[str]] = {key: list(of_column.values()) for key, of_column in words.CHOICES.items()}
    offered["tier"] = tiers
    offered["conduct"] = [name for _, name in conducts]
    offered["conduct_code"] = [code for code, _ in conducts]
    for number, (key, texts) in enumerate(offered.items()):
        if not texts:
            continue
        for row, text in enumerate(texts, start=1):
            choices.cell(row, number + 1, text)
        source = f"'{_CHOICES_SHEET}'!${letter(number)}$1:${letter(number)}${len(texts)}"
        # Several roles may stand in a cell, and a decision may word a conduct otherwise: there the list is an offer.
        strict = key not in {"roles", "conduct", "conduct_code"}
        validation = DataValidation("list", formula1=source, allow_blank=True, showErrorMessage=strict)
        validation.errorTitle, validation.error = "不在选项中", "请从下拉列表中选择。"
        at = letter(next(index for index, column in enumerate(COLUMNS) if column.key == key))
        validation.add(f"{at}2:{at}{_LAST_ROW}")
        sheet.add_data_validation(validation)


def _explain(sheet: Worksheet, tiers: Sequence[str], conducts: Sequence[tuple[str, str]]) -> None:
    for line in explanation(tiers, conducts):
        _append(sheet, line)
    for column, width in zip("ABC", (22, 60, 60), strict=True):
        sheet.column_dimensions[column].width = width
    for row in sheet.iter_rows():
        for cell in row:
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            if row[0].value and all(other.value is None for other in row[1:]):
                cell.font = Font(bold=True)


def _append(sheet: Worksheet, line: Iterable[str]) -> None:
    sheet.append(list(line) or [None])

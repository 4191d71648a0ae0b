"""The workbook of an effect summary: key figures, a table and a chart for each dimension, and what each figure is."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from openpyxl import Workbook
from openpyxl.chart import BarChart, LineChart, PieChart, Reference
from openpyxl.chart.label import DataLabelList
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from app.domain.effect import Dimension, Effect, Figures, Key
from app.domain.moment import CITY
from app.files import effect_words as words
from app.files.headers import letter
from app.files.marks import TEXT_FORMAT, writable

_HEADER = PatternFill("solid", fgColor="DDEBF7")
_BOLD = Font(bold=True)
_WRAPPED = Alignment(vertical="top", wrap_text=True)
_LABEL_WIDTH, _WIDTH, _LONG_WIDTH = 24, 12, 100
_CHART_WIDTH, _CHART_HEIGHT = 26, 12
_LONG_LABEL: Final = "措施名称"
_STATES: Final = ("待办", "办理中", "已落实", "不适用", "待解除", "已解除")
Value = str | float | None


@dataclass(frozen=True, slots=True)
class Names:
    """What measures and divisions are called."""

    measures: Mapping[int, str]
    districts: Mapping[str, str]


def write_book(effect: Effect, names: Names) -> bytes:
    """Return the workbook; ``effect`` has a grouping by each dimension alone. Figures are numbers, not formulas."""
    book = Workbook()
    first = book.active
    assert isinstance(first, Worksheet)  # noqa: S101 - a new workbook has one
    first.title = words.KEY_SHEET
    _key_figures(first, effect)
    for dimension in Dimension:
        title, labels = words.SHEETS[dimension]
        sheet = book.create_sheet(title)
        groups = effect.groups[frozenset({dimension})]
        rows = [(_labels(dimension, key, names), figures) for key, figures in groups.items()]
        _table(sheet, labels, rows, effect.totals)
        if rows:
            _chart(sheet, title, len(labels), len(rows), over_time=dimension is Dimension.MONTH)
    _explain(book.create_sheet(words.EXPLANATION_SHEET))
    for sheet in book.worksheets:
        # Printed, a sheet is as wide as its paper.
        sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = "landscape", 1, 0
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _labels(dimension: Dimension, key: Key, names: Names) -> Sequence[str]:
    match dimension:
        case Dimension.DEPARTMENT:
            return [key.department or ""]
        case Dimension.MEASURE:
            no = key.measure_no or 0
            return [f"措施{no}", names.measures[no]]
        case Dimension.DISTRICT:
            code = key.district or ""
            return [names.districts.get(code, code), code] if code else [words.OF_PERSONS, ""]
        case Dimension.MONTH:
            return [key.month or ""]


def _key_figures(sheet: Worksheet, effect: Effect) -> None:
    known = effect.known_at.astimezone(CITY)
    whose = "全市各部门" if len(effect.departments) > 1 else effect.departments[0]
    _append(sheet, ["安全生产失信联合惩戒效果通报"], bold=True)
    sheet.cell(1, 1).font = Font(bold=True, size=14)
    sheet.merge_cells("A1:C1")
    for line in (
        ("期间", f"{effect.first} 至 {effect.last}"),
        ("统计范围", whose),
        ("获知时点", f"{known:%Y-%m-%d %H:%M:%S}（北京时间）"),
    ):
        _append(sheet, line)
    _append(sheet, ["名单版本", effect.list_version])
    _append(sheet, [])
    _append(sheet, ["指标", "数值", "口径"], bold=True)
    for name, header, explained in words.LIST_FIGURES:
        _append(sheet, [header, getattr(effect.list_figures, name), explained], words.COUNT)
    first_state = sheet.max_row + 1 + next(n for n, one in enumerate(words.FIGURES) if one.header == _STATES[0])
    for column in words.FIGURES:
        _append(sheet, [column.header, column.value(effect.totals), column.explained], column.shown)
    for name, width in zip("ABC", (_LABEL_WIDTH, _LABEL_WIDTH, _LONG_WIDTH), strict=True):
        sheet.column_dimensions[name].width = width
    chart = PieChart()
    chart.title = "任务状态"
    last_state = first_state + len(_STATES) - 1
    chart.add_data(Reference(sheet, min_col=2, min_row=first_state, max_row=last_state))
    chart.set_categories(Reference(sheet, min_col=1, min_row=first_state, max_row=last_state))
    chart.dataLabels = DataLabelList(showVal=True, showPercent=True, showSerName=False, showCatName=False)
    sheet.add_chart(chart, "E2")


def _table(
    sheet: Worksheet, labels: Sequence[str], rows: Iterable[tuple[Sequence[str], Figures]], totals: Figures
) -> None:
    _append(sheet, [*labels, *(column.header for column in words.FIGURES)], bold=True)
    sheet.row_dimensions[1].height = 32
    shown = [TEXT_FORMAT] * len(labels) + [column.shown for column in words.FIGURES]
    total = [words.TOTAL, *[""] * (len(labels) - 1)]
    for texts, figures in (*rows, (total, totals)):
        # What no group has, its total has not either: nobody asks about a measure.
        _append(sheet, [*texts, *(column.value(figures) for column in words.FIGURES)], *shown)
    for index in range(len(shown)):
        sheet.cell(sheet.max_row, index + 1).font = _BOLD
        sheet.column_dimensions[letter(index)].width = _LABEL_WIDTH if index < len(labels) else _WIDTH
    if _LONG_LABEL in labels:
        sheet.column_dimensions[letter(labels.index(_LONG_LABEL))].width = _LONG_WIDTH
    sheet.freeze_panes = f"{letter(len(labels))}2"


def _chart(sheet: Worksheet, title: str, labels: int, groups: int, *, over_time: bool) -> None:
    """Draw the groups' states on top of each other; over time, what arose beside what was carried out."""
    headers = [column.header for column in words.FIGURES]
    chart: BarChart | LineChart = LineChart() if over_time else BarChart()
    chart.title = f"{title}：任务与落实" if over_time else f"{title}：任务状态"
    if isinstance(chart, BarChart):
        chart.grouping, chart.overlap = "stacked", 100
    for header in ("任务", "落实") if over_time else _STATES:
        column = labels + 1 + headers.index(header)
        chart.add_data(Reference(sheet, min_col=column, min_row=1, max_row=1 + groups), titles_from_data=True)
    for series in chart.series:
        # Between two months there is nothing, least of all a curve.
        series.smooth = False if over_time else None
    chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=1 + groups))
    # Otherwise newer spreadsheet programs leave the axes out.
    chart.x_axis.delete, chart.y_axis.delete = False, False
    chart.y_axis.title, chart.y_axis.number_format = "件", words.COUNT
    chart.width, chart.height = _CHART_WIDTH, _CHART_HEIGHT
    sheet.add_chart(chart, f"B{groups + 5}")


def _explain(sheet: Worksheet) -> None:
    for line in words.RULES:
        _append(sheet, line)
    _append(sheet, [])
    _append(sheet, ["指标", "口径"], bold=True)
    for _, header, explained in words.LIST_FIGURES:
        _append(sheet, [header, explained])
    for column in words.FIGURES:
        _append(sheet, [column.header, column.explained])
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = _LABEL_WIDTH, _LONG_WIDTH


def _append(sheet: Worksheet, values: Sequence[Value], *formats: str, bold: bool = False) -> None:
    """Write a row, texts as texts whatever they begin with; ``formats``: one for each value, or one for all."""
    sheet.append([None] * max(len(values), 1))
    for index, value in enumerate(values):
        cell = sheet.cell(sheet.max_row, index + 1)
        if isinstance(value, str):
            cell.value = writable(value) or None
            if cell.value is not None:
                cell.data_type = "s"
            cell.number_format, cell.alignment = TEXT_FORMAT, _WRAPPED
        else:
            cell.value = value
            cell.number_format = formats[index] if len(formats) > 1 else (formats or (words.COUNT,))[0]
        if bold:
            cell.font, cell.fill = _BOLD, _HEADER

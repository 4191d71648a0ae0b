"""What is published as a table: UTF-8 with a byte order mark, so that Excel and WPS read the Chinese."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from app.api.schemas.public import PublicListingOut
from app.files.formulas import harmless_in_csv

BOM: Final = "\ufeff"
_COLUMNS: Final[Mapping[str, Callable[[PublicListingOut], object]]] = {
    "记录编号": lambda one: one.listing_id,
    "单位名称": lambda one: one.unit.name,
    "统一社会信用代码": lambda one: one.unit.uscc,
    "曾用名": lambda one: "、".join(one.unit.former_names),
    "列入决定书文号": lambda one: one.decision_no,
    "作出列入决定机关": lambda one: one.decided_by,
    "列入原因": lambda one: one.conduct,
    "失信行为代码": lambda one: one.conduct_code,
    "惩戒等级": lambda one: one.tier,
    "失信事实": lambda one: one.facts,
    "列入依据": lambda one: one.basis,
    "列入日期": lambda one: one.listed_on,
    "有效期至": lambda one: one.valid_until,
    "公示截止日期": lambda one: one.published_until,
    "有异议": lambda one: "是" if one.contested else "否",
    "异议提出日期": lambda one: one.contested_since,
    "有关人员": lambda one: "；".join(f"{person.name}（{'、'.join(person.role_names)}）" for person in one.persons),
    "怎样提出异议": lambda one: one.remedies.objection,
    "怎样申请信用修复": lambda one: one.remedies.repair,
}
HEADER: Final = tuple(_COLUMNS)


def csv_head() -> bytes:
    """Return the byte order mark and the header."""
    return (BOM + _written([HEADER])).encode()


def csv_rows(listings: Iterable[PublicListingOut]) -> bytes:
    """Return listings, one a row."""
    return _written([_cell(value(one)) for value in _COLUMNS.values()] for one in listings).encode()


def _cell(value: object) -> str:
    return harmless_in_csv("" if value is None else str(value))


def _written(rows: Iterable[Iterable[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()

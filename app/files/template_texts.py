"""What the spreadsheet to fill in says: the examples and the explanation."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from app.domain import names
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.files import words
from app.files.columns import COLUMNS

REQUIRED_TO_LIST: Final = ("uscc", "unit_name", "decision_no", "decided_by", "conduct", "tier", "listed_on")

_TARGET = "统一社会信用代码＋列入决定书文号（或只填记录编号）"
# Operation -> what it does, and the columns it needs beside those that name the listing.
_OPERATIONS: Final[Mapping[str, tuple[str, str]]] = {
    "list": (
        "把单位及有关人员列入名单。",
        (
            "统一社会信用代码、单位名称、列入决定书文号、作出列入决定机关、列入原因、惩戒等级、列入日期；"
            "有人员时填人员姓名、身份号码、职务身份。一个单位有几名人员时各占一行，"
            "第二行起只须重复统一社会信用代码和文号。"
        ),
    ),
    "amend": ("补充记录中原先没有的内容。", f"{_TARGET}；以及要补充的失信事实、列入依据、失信行为代码、公示截止日期。"),
    "correct": ("更正记录中写错的内容。", f"{_TARGET}、更正说明；以及各列中更正后的内容，不改的列留空。"),
    "rename": ("单位名称变更。", "统一社会信用代码（该单位的全部记录；加文号则只改一条）、变更后名称、变更日期。"),
    "remove": ("移出名单。", f"{_TARGET}、移出日期、移出原因。"),
    "restore": ("撤销移出，恢复列入。", f"{_TARGET}、恢复日期、恢复原因。"),
    "add_person": ("给已列入的记录增加一名人员。", f"{_TARGET}、人员姓名、身份号码、职务身份。"),
    "end_person": ("人员不再任职，或本不应记入。", f"{_TARGET}、身份号码、任职结束日期、任职结束原因。"),
    "file_objection": (
        "登记单位或有关人员提出的异议；记录仍有效，标为有异议。",
        f"{_TARGET}、异议编号、异议提出日期、异议事项；由人员提出的，加填其身份号码。",
    ),
    "decide_objection": (
        "登记异议的处理结果；异议成立的，在同一文件中另起一行更正或移出。",
        f"{_TARGET}、异议编号、异议处理结果、异议处理日期。",
    ),
    "ban": ("给已记入的人员加任职限制。", f"{_TARGET}、身份号码、任职限制截止日期（或“终身”）。"),
}

_COMMON_ERRORS: Final = (
    ("身份号码变成 4.418E+17", "Excel 已把号码当作数字，末几位已经丢失。请把该列设为“文本”，再重新填写完整号码。"),
    ("日期看似正确却报错", "请写成 2026-03-01、2026/3/1、2026.3.1、2026年3月1日 或 20260301；不写“长期”。"),
    ("单元格是公式", "请复制后“粘贴为数值”，或在 Excel 中打开并保存一次。"),
    ("多出的列", "请删除模板中没有的列；双公示表的各列可以保留。"),
    ("事实中写了身份证号", "身份号码只能写在“身份号码”列。"),
    ("有内容的单元格不属于该操作", "一行只做一项操作：例如“移出”行不填列入原因。"),
)


def _example(**cells: object) -> Mapping[str, object]:
    return cells


EXAMPLES: Final[Sequence[Mapping[str, object]]] = (
    _example(
        op=names.OPERATIONS["list"],
        uscc=synthetic_uscc(100),
        unit_name="示例铸造（虚构）有限公司",
        decision_no="示例列〔2026〕77号",
        decided_by="清远市应急管理局（演示）",
        conduct="重大事故隐患逾期不整改（虚构）",
        tier="严重失信主体",
        facts="经复查，隐患仍未整改（虚构）。",
        listed_on=date(2026, 3, 1),
        valid_until=date(2029, 2, 28),
        person_name="虚构丁",
        id_number=synthetic_resident_id(100),
        roles="法定代表人、主要负责人",
        ban_until=date(2031, 2, 28),
    ),
    _example(
        op=names.OPERATIONS["list"],
        uscc=synthetic_uscc(100),
        decision_no="示例列〔2026〕77号",
        person_name="虚构戊",
        id_number=synthetic_resident_id(101),
        roles="分管安全的负责人",
    ),
    _example(
        op=names.OPERATIONS["remove"],
        uscc=synthetic_uscc(101),
        decision_no="示例列〔2025〕12号",
        removed_on=date(2026, 3, 2),
        removal_reason="信用修复",
        removal_decision_no="示例移〔2026〕5号",
    ),
)
"""Rows of the sheet 示例, by column; all units and persons are invented."""


def explanation(tiers: Sequence[str], conducts: Sequence[tuple[str, str]]) -> Iterator[Sequence[str]]:
    """Yield the lines of the sheet 填写说明; a line of one cell is a heading."""
    yield ("怎样填写",)
    yield ("只填“名单”表", "“示例”和“填写说明”两个表不会被读取。黄色表头的列，“列入”时必填。")
    yield ("一次推送", "全部成功或全部不成功；有错误时会退回一份标红的表格，改好后再推送即可。")
    yield ()
    yield ("操作",)
    for code, name in names.OPERATIONS.items():
        yield (name, *_OPERATIONS[code])
    yield ()
    yield ("各列",)
    for column in COLUMNS:
        choices = words.CHOICES.get(column.key)
        yield (column.header, column.explained, f"可填：{'、'.join(choices.values())}" if choices else "")
    yield ()
    if tiers:
        yield ("惩戒等级",)
        yield from (("", tier) for tier in tiers)
        yield ()
    if conducts:
        yield ("失信行为",)
        yield from conducts
        yield ()
    yield ("常见错误",)
    yield from _COMMON_ERRORS

"""The columns of a table: what each is called, here and elsewhere, and what stands in its cells.

The names that begin with ``CF_`` are those of the double-publicity exchange of administrative penalties (双公示), from
which clerks copy. A column of theirs that the list does not keep is known and skipped.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final


class Kind(Enum):
    """How the cells of a column are read."""

    TEXT = auto()
    CODE = auto()
    """A code in which no digit may be lost."""
    DATE = auto()
    UNTIL = auto()
    """A date, or 终身."""
    CHOICE = auto()
    """One of the words in `app.files.words`."""
    ROLES = auto()
    FLAG = auto()
    """是 or 否."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: ``key`` names it in the code, ``header`` in our template; ``explained`` is told to clerks."""

    key: str
    header: str
    kind: Kind
    explained: str
    aliases: tuple[str, ...] = ()


COLUMNS: Final = (
    Column("op", "操作", Kind.CHOICE, "要做什么；留空为“列入”。", ("操作类型", "业务类型", "op")),
    Column(
        "listing_id",
        "记录编号",
        Kind.TEXT,
        "系统给该条列入记录的编号；除“列入”外，可用它代替“统一社会信用代码＋列入决定书文号”指明记录。",
        ("列入记录编号", "listing_id"),
    ),
    Column(
        "uscc",
        "统一社会信用代码",
        Kind.CODE,
        "单位的 18 位统一社会信用代码。该列须为文本格式。",
        (
            "信用代码",
            "社会信用代码",
            "统一信用代码",
            "单位统一社会信用代码",
            "企业统一社会信用代码",
            "统一社会信用代码(18位)",
            "行政相对人代码_1(统一社会信用代码)",
            "CF_XDR_SHXYM",
            "uscc",
            "unit.uscc",
        ),
    ),
    Column(
        "unit_name",
        "单位名称",
        Kind.TEXT,
        "决定书上的单位全称。",
        (
            "名称",
            "企业名称",
            "单位全称",
            "企业全称",
            "生产经营单位名称",
            "失信主体名称",
            "主体名称",
            "行政相对人名称",
            "CF_XDR_MC",
            "unit_name",
            "unit.name",
        ),
    ),
    Column(
        "decision_no",
        "列入决定书文号",
        Kind.TEXT,
        "列入决定书的文号，如“示例列〔2026〕1号”。",
        (
            "决定书文号",
            "文号",
            "列入文号",
            "列入决定文号",
            "决定文书号",
            "行政处罚决定书文号",
            "行政处罚决定文书号",
            "CF_WSH",
            "decision_no",
        ),
    ),
    Column(
        "decided_by",
        "作出列入决定机关",
        Kind.TEXT,
        "作出列入决定的机关全称。",
        ("列入决定机关", "决定机关", "列入机关", "作出决定机关", "认定机关", "处罚机关", "CF_CFJG", "decided_by"),
    ),
    Column(
        "conduct",
        "列入原因",
        Kind.TEXT,
        "失信行为，用规则目录中的表述。",
        ("失信行为", "列入事由", "列入情形", "违法行为类型", "CF_WFXW", "conduct"),
    ),
    Column("conduct_code", "失信行为代码", Kind.TEXT, "失信行为在规则目录中的代码。", ("行为代码", "conduct_code")),
    Column("tier", "惩戒等级", Kind.TEXT, "决定书认定的等级。", ("失信等级", "严重程度", "等级", "tier")),
    Column(
        "facts",
        "失信事实",
        Kind.TEXT,
        "事实的简要叙述；不得写身份证号。",
        ("失信事实描述", "违法事实", "主要事实", "事实", "CF_SY", "facts"),
    ),
    Column("basis", "列入依据", Kind.TEXT, "法律法规依据。", ("依据", "法律依据", "处罚依据", "CF_YJ", "basis")),
    Column(
        "listed_on",
        "列入日期",
        Kind.DATE,
        "列入的第一天，不得晚于今天。",
        ("列入时间", "决定日期", "列入决定日期", "处罚决定日期", "CF_JDRQ", "listed_on"),
    ),
    Column(
        "valid_until",
        "有效期至",
        Kind.DATE,
        "有效的最后一天；留空则按等级的规则计算。",
        ("有效期截止", "截止日期", "有效期", "有效期截止日期", "处罚有效期", "CF_YXQ", "valid_until"),
    ),
    Column(
        "published_until",
        "公示截止日期",
        Kind.DATE,
        "公示的最后一天。",
        ("公示截止期", "公示期至", "CF_GSJZQ", "published_until"),
    ),
    Column(
        "nonconforming_reason",
        "代码不合规说明",
        Kind.TEXT,
        "只在代码确属该单位而校验位不符时填写：说明如何核实。",
        ("代码不合规原因", "nonconforming_reason"),
    ),
    Column(
        "person_name",
        "人员姓名",
        Kind.TEXT,
        "应承担责任的人员；一个单位有几名人员时，在下面各占一行，重复填写统一社会信用代码和文号。",
        ("姓名", "有关人员姓名", "责任人姓名", "责任人员姓名", "person_name", "person.name", "persons.name"),
    ),
    Column(
        "id_number",
        "身份号码",
        Kind.CODE,
        "该人员的 18 位公民身份号码。该列须为文本格式，否则 Excel 会丢失末几位。",
        (
            "公民身份号码",
            "身份证号",
            "身份证号码",
            "身份证件号码",
            "居民身份证号码",
            "证件号码",
            "责任人身份证号",
            "id_number",
            "person.id_number",
            "persons.id_number",
        ),
    ),
    Column(
        "roles",
        "职务身份",
        Kind.ROLES,
        "该人员在单位中的身份；有几种时用顿号隔开。",
        ("人员身份", "职务", "身份", "责任人类别", "roles", "person.roles", "persons.roles"),
    ),
    Column("since", "任职起始日期", Kind.DATE, "该人员任职或负责的第一天。", ("任职日期", "任职起始", "since")),
    Column(
        "ban_until",
        "任职限制截止日期",
        Kind.UNTIL,
        "不得担任主要负责人等职务的最后一天，或“终身”。",
        ("任职限制截止", "任职限制期至", "ban_until", "position_ban.until"),
    ),
    Column(
        "ban_since",
        "任职限制起始日期",
        Kind.DATE,
        "任职限制的第一天；留空为列入日期。",
        ("任职限制起始", "ban_since", "position_ban.since"),
    ),
    Column("ended_on", "任职结束日期", Kind.DATE, "该人员不再任职的第一天。", ("离任日期", "离职日期", "ended_on")),
    Column(
        "end_reason",
        "任职结束原因",
        Kind.CHOICE,
        "离任，或更正（本不应记入）。",
        ("离任原因", "离职原因", "end_reason"),
    ),
    Column("removed_on", "移出日期", Kind.DATE, "不再有效的第一天，不得晚于今天。", ("移出时间", "removed_on")),
    Column("removal_reason", "移出原因", Kind.CHOICE, "为何移出。", ("移出事由", "removal_reason")),
    Column(
        "removal_decision_no",
        "移出决定书文号",
        Kind.TEXT,
        "移出决定书的文号。",
        ("移出文号", "移出决定文号", "removal_decision_no"),
    ),
    Column("restored_on", "恢复日期", Kind.DATE, "恢复有效的第一天。", ("恢复时间", "restored_on")),
    Column("restore_reason", "恢复原因", Kind.CHOICE, "为何恢复。", ("恢复事由", "restore_reason")),
    Column("objection_no", "异议编号", Kind.TEXT, "本单位给该异议的编号。", ("异议受理编号", "objection_no")),
    Column("filed_on", "异议提出日期", Kind.DATE, "收到异议的日期。", ("异议日期", "异议受理日期", "filed_on")),
    Column("matter", "异议事项", Kind.TEXT, "对什么有异议；不得写身份证号。", ("异议内容", "异议事由", "matter")),
    Column("outcome", "异议处理结果", Kind.CHOICE, "异议是否成立。", ("异议结果", "处理结果", "outcome")),
    Column("decided_on", "异议处理日期", Kind.DATE, "作出处理的日期。", ("异议答复日期", "decided_on")),
    Column("new_name", "变更后名称", Kind.TEXT, "单位变更后的全称。", ("新名称", "变更后单位名称", "new_name")),
    Column("renamed_on", "变更日期", Kind.DATE, "名称变更登记的日期。", ("名称变更日期", "更名日期", "renamed_on")),
    Column("reason", "更正说明", Kind.TEXT, "为何更正。", ("更正原因", "更正理由", "reason")),
    Column("document", "依据文件", Kind.TEXT, "本项操作所依据的文件文号。", ("依据文号", "文件依据", "document")),
)

OTHER_COLUMNS: Final = (
    Column(
        "legal_name",
        "法定代表人",
        Kind.TEXT,
        "",
        ("法定代表人姓名", "法人代表", "法人姓名", "法人", "CF_FRDB", "CF_FR"),
    ),
    Column(
        "legal_id_number",
        "法定代表人身份证号",
        Kind.CODE,
        "",
        (
            "法定代表人身份证号码",
            "法定代表人身份号码",
            "法定代表人公民身份号码",
            "法定代表人证件号码",
            "法人身份证号",
            "法人身份证号码",
            "CF_FRDB_SFZH",
            "CF_FRDB_ZJHM",
            "CF_FR_SFZH",
            "CF_FR_ZJHM",
        ),
    ),
    Column("nonconforming_code", "代码不合规", Kind.FLAG, "", ("nonconforming_code",)),
    Column("for_life", "终身限制", Kind.FLAG, "", ("for_life", "position_ban.for_life")),
)
"""Columns that are read and that our template does without."""

ERRORS_HEADER: Final = "错误说明"
ROW_HEADER: Final = "原行号"

# Our own marks on a returned spreadsheet: skipped without a word.
MARKS: Final = frozenset({ERRORS_HEADER, ROW_HEADER})
# Columns that the list does not keep: skipped, and told. To these come all others that begin with CF_.
NOT_KEPT: Final = frozenset({"序号", "编号", "备注", "处罚类别", "处罚内容", "罚款金额", "处罚机关代码", "数据来源"})
NOT_KEPT_PREFIX: Final = "CF_"

"""What the workbook of an effect summary says in Chinese: its columns, and what each figure counts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.domain.effect import Dimension, Figures

COUNT, SHARE, DAYS = "#,##0", "0.0%", "0.0"
Number = int | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """A figure: its header, how it is shown, how it is taken, and what it counts."""

    header: str
    shown: str
    value: Callable[[Figures], Number]
    explained: str


def _share(count: int | None, of: int | None) -> float | None:
    return count / of if count is not None and of else None


FIGURES: Final = (
    Column("惩戒单位", COUNT, lambda one: one.units, "期内产生任务的失信单位数，按统一社会信用代码去重。"),
    Column(
        "惩戒人员", COUNT, lambda one: one.persons, "期内产生任务的有关人员数，按身份号码去重，姓名不同也只计一人。"
    ),
    Column(
        "任务",
        COUNT,
        lambda one: one.obligations,
        "期内产生的惩戒任务数：一个部门、一次列入、一个对象、一项措施为一件。等于以下六种状态之和。",
    ),
    Column("待办", COUNT, lambda one: one.open, "截至期末没有反馈，或停止后又恢复列入的任务。"),
    Column("办理中", COUNT, lambda one: one.in_progress, "截至期末最近一次反馈为“处理中”的任务。"),
    Column("已落实", COUNT, lambda one: one.done, "截至期末依据有效、最近一次反馈为“已惩戒”的任务。"),
    Column("不适用", COUNT, lambda one: one.not_applicable, "截至期末最近一次反馈为“不适用”的任务。"),
    Column("待解除", COUNT, lambda one: one.to_lift, "截至期末依据已终止、部门尚未确认停止的任务。"),
    Column("已解除", COUNT, lambda one: one.lifted, "截至期末依据已终止、部门已确认停止的任务。"),
    Column("落实", COUNT, lambda one: one.carried_out, "已惩戒的任务，依据其后终止、已解除或待解除的也计入。"),
    Column("应落实", COUNT, lambda one: one.applicable, "任务减去“不适用”，是落实率的分母。"),
    Column("落实率", SHARE, lambda one: _share(one.carried_out, one.applicable), "落实 ÷ 应落实。"),
    Column("逾期后落实", COUNT, lambda one: one.carried_out_late, "办理日期晚于应办结日期的落实数，分母为落实。"),
    Column("逾期未办", COUNT, lambda one: one.overdue, "应办结日期早于期末日、期末仍为待办或办理中的任务。"),
    Column("未办结", COUNT, lambda one: one.pending, "待办与办理中之和，是逾期率的分母。"),
    Column("逾期率", SHARE, lambda one: _share(one.overdue, one.pending), "逾期未办 ÷ 未办结。"),
    Column(
        "办理天数中位数",
        DAYS,
        lambda one: one.median_days,
        "从任务产生日期到办理日期的天数的中位数；在产生之前就已办理的按 0 天计。",
    ),
    Column("中位数样本", COUNT, lambda one: one.carried_out, "办理天数中位数取自多少件，即落实数。"),
    Column("结转：期内落实", COUNT, lambda one: one.brought_forward.carried_out, "期前产生、办理日期在期内的落实数。"),
    Column("结转：未办结", COUNT, lambda one: one.brought_forward.pending, "期前产生、期末仍为待办或办理中的任务。"),
    Column("结转：逾期", COUNT, lambda one: one.brought_forward.overdue, "结转未办结之中，应办结日期早于期末日的。"),
    Column("结转：待解除", COUNT, lambda one: one.brought_forward.to_lift, "期前产生、期末仍未确认停止的任务。"),
    Column("核查", COUNT, lambda one: one.checks, "期内作出结论的核查次数，批量核查中每个对象计一次。不分措施。"),
    Column("命中", COUNT, lambda one: one.hits, "结论为“在名单上”的核查次数，分母为核查。"),
    Column("命中率", SHARE, lambda one: _share(one.hits, one.checks), "命中 ÷ 核查。"),
)
LIST_FIGURES: Final = (
    ("listed", "期内列入（条）", "列入日期在期内的列入决定数，其后移出的也计入。"),
    ("units_listed", "期内列入单位", "上述决定所列单位数，按统一社会信用代码去重。"),
    ("in_force", "期末在列（条）", "期末日有效的列入决定数。"),
    ("units_in_force", "期末在列单位", "上述决定所列单位数，按统一社会信用代码去重。"),
)
SHEETS: Final = {
    Dimension.DEPARTMENT: ("按部门", ("部门",)),
    Dimension.MEASURE: ("按措施", ("措施", "措施名称")),
    Dimension.DISTRICT: ("按地区", ("地区", "行政区划代码")),
    Dimension.MONTH: ("按月份", ("月份",)),
}
KEY_SHEET, EXPLANATION_SHEET, TOTAL, OF_PERSONS = "关键指标", "说明", "合计（去重）", "人员核查"
RULES: Final = (
    ("期间", "起止两日都包括在内，按北京时间。期末日尚未过完的，统计到获知时点为止。"),
    ("归属", "任务归入其产生日期（列入生效并为本系统所知之日，恢复列入的为恢复之日）所在的期间和月份，每件只归一期。"),
    ("状态", "任务状态是期末日的状态，依据获知时点已知的名单与反馈：期后才补报的期内办理计入，期后的办理不计入。"),
    ("结转", "期前产生的任务不计入“任务”，另列四项结转；按月份的表中列在其产生的月份。"),
    ("地区", "取单位统一社会信用代码第 3 至 8 位，是登记机关的行政区划，不一定是经营所在地；人员随其单位。"),
    ("人员核查", "对人员的核查没有登记机关，在按地区的表中单列一行。"),
    ("去重", "惩戒单位、惩戒人员是去重后的数目，各行之和可以大于合计。其余各数，各行之和等于合计。"),
    (
        "更正",
        "更正后的反馈取代先前的反馈，办理天数按最近一次为准。同一期间以后重新统计，数目可能因此不同，请注意获知时点。",
    ),
    ("核对", "任务各数与 /v1/obligations（on=期末日，since=起始日）逐条相符，核查各数与审计记录逐条相符。"),
)

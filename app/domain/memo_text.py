"""The memo's part two and its appendix, written out again from the data: the proof that the data is the memo."""

from app.domain.catalogue import Catalogue, LegalBasis, Measure

_DIGITS = "一二三四五六七八九"


def render_part_two(catalogue: Catalogue) -> str:
    """Return part two (二、惩戒措施) as the memo prints it, up to white space."""
    lines = ["二、惩戒措施"]
    for measure in catalogue.measures:
        lines.append(_heading(measure))
        if measure.lead_in:
            lines.append(measure.lead_in)
        lines += _sub_measures(measure)
    return "\n".join(lines)


def render_appendix(catalogue: Catalogue) -> str:
    """Return the appendix (附录) as the memo prints it, up to white space."""
    lines = ["附录", "惩戒措施", "法律及政策依据", "实施单位"]
    for measure in catalogue.measures:
        lines += [_heading(measure), *_sub_measures(measure)]
        for basis in measure.legal_bases:
            lines += _legal_basis(basis)
        lines.append(measure.implementers.printed)
    return "\n".join(lines)


def first_difference(catalogue: Catalogue, memo: str) -> str | None:
    """Return where the data first departs from the memo's text, white space apart, in Chinese; ``None`` if nowhere."""
    part_two = memo[memo.index("二、惩戒措施\n") : memo.index("三、联合惩戒的实施方式")]
    appendix = memo[memo.index("\n附录\n") :]
    pairs = (("正文第二部分", render_part_two(catalogue), part_two), ("附录", render_appendix(catalogue), appendix))
    for name, rendered, printed in pairs:
        ours, theirs = "".join(rendered.split()), "".join(printed.split())
        if ours != theirs:
            at = next((n for n, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]), len(theirs))
            before = ours[max(0, at - 15) : at]
            return f"{name}“{before}”之后，原文是“{theirs[at : at + 15]}”，数据是“{ours[at : at + 15]}”。"
    return None


def _heading(measure: Measure) -> str:
    return f"（{chinese_number(measure.no)}）{measure.title}"


def _sub_measures(measure: Measure) -> list[str]:
    return [f"{part.no}.{part.text}" for part in measure.sub_measures]


def _legal_basis(basis: LegalBasis) -> list[str]:
    number = basis.document.number if not basis.printed_without_number else None
    lines = [f"《{basis.document.title}》" + (f"（{number}）" if number else "")]
    for provision in basis.provisions:
        lines += [provision.heading or "", (provision.label or "") + provision.text]
    return lines


def chinese_number(number: int) -> str:
    """Return 1 to 99 as the memo numbers its measures: 一, 十, 十五, 二十四."""
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else _DIGITS[tens - 1] + "十"
    return head + (_DIGITS[ones - 1] if ones else "")

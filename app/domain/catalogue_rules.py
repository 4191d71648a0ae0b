"""What must be true of the memo as data beyond its form: the parts agree with each other and with the printed words.

Each rule says where in the data its complaint belongs; ``catalogue_file.py`` knows the line.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.domain.catalogue import ActsOn, Catalogue, Measure
from app.domain.subjects import SubjectKind

# What joins the names in the appendix's third column, and is nobody's name.
_JOINTS = ("共同采取措施", "等", "、")


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong, and where: a list of the file, the key of the entry in it, and one of its fields."""

    section: str
    key: object
    field: str | None
    code: str
    message: str


def complaints(catalogue: Catalogue) -> Iterator[Complaint]:
    """Go through everything in the catalogue that does not agree."""
    yield from _documents(catalogue)
    used = {measure.implementers.open_class for measure in catalogue.measures}
    for open_class in catalogue.open_classes:
        if open_class not in used:
            message = f"没有措施用到“{open_class.printed}”。"
            yield Complaint("open_classes", open_class.printed, None, "never_cited", message)
    bans = [measure for measure in catalogue.measures if measure.position_ban]
    if len(bans) != 1 and catalogue.measures:
        last = bans[-1].no if bans else catalogue.measures[-1].no
        message = f"应有且只有一项措施写明 position_ban: true，现有 {len(bans)} 项。"
        yield Complaint("measures", last, None, "position_ban", message)
    for measure in catalogue.measures:
        yield from _measure(measure)


def _documents(catalogue: Catalogue) -> Iterator[Complaint]:
    numbers: dict[str, str] = {}
    for document in catalogue.documents:
        number = document.number
        if number and numbers.setdefault(number, document.key) != document.key:
            message = f"文号与 {numbers[number]} 相同。"
            yield Complaint("documents", document.key, "number", "duplicate", message)


def _measure(measure: Measure) -> Iterator[Complaint]:
    parts = {
        "legal_bases": _legal_bases(measure),
        "acts_on": _words(measure.acts_on, measure.title + (measure.lead_in or "")),
        "position_ban": _position_ban(measure),
        "sub_measures": _sub_measures(measure),
        "departments": _departments(measure),
    }
    for field, found in parts.items():
        for code, message in found:
            yield Complaint("measures", measure.no, field, code, message)


def _legal_bases(measure: Measure) -> Iterator[tuple[str, str]]:
    if not measure.legal_bases:
        yield "empty_list", "至少要有一份依据文件。"
    for key in _repeated(basis.document.key for basis in measure.legal_bases):
        yield "duplicate", f"{key} 引用了两次，请并为一处。"
    for basis in measure.legal_bases:
        for key in _repeated(provision.key for provision in basis.provisions):
            yield "duplicate", f"{basis.document.key} 的 {key} 引用了两次。"
        if basis.printed_without_number and basis.document.number is None:
            yield "not_printed", f"{basis.document.key} 没有文号，不需要 printed_without_number。"


def _position_ban(measure: Measure) -> Iterator[tuple[str, str]]:
    if measure.position_ban and SubjectKind.PERSON not in measure.acts_on.subjects:
        yield "position_ban", "任职限制须作用于人员（person）。"


def _sub_measures(measure: Measure) -> Iterator[tuple[str, str]]:
    if [part.no for part in measure.sub_measures] != list(range(1, len(measure.sub_measures) + 1)):
        yield "numbering", "小项应从 1 起依次编号。"
    for part in measure.sub_measures:
        yield from _words(part.acts_on, part.text)
        if not part.acts_on.subjects <= measure.acts_on.subjects:
            yield "wider_than_measure", f"第 {part.no} 小项作用的对象超出本项措施。"


def _words(acts_on: ActsOn, printed: str) -> Iterator[tuple[str, str]]:
    deciding: Sequence[str] = [*acts_on.words, *([acts_on.done_to_unit] if acts_on.done_to_unit else [])]
    for words in deciding:
        if words not in printed:
            yield "not_printed", f"“{words}”不是本项措施印出的原话。"


def _departments(measure: Measure) -> Iterator[tuple[str, str]]:
    who = measure.implementers
    for name in _repeated(department.name for department in who.named):
        yield "duplicate", f"{name} 写了两次。"
    names = [name for one in who.named for name in (one.name, *one.printed_aliases)]
    left = who.printed
    # Longest first: 市财政局 before its alias 财政局.
    for name in sorted(
        [*names, *([who.open_class.printed] if who.open_class else []), *_JOINTS], key=len, reverse=True
    ):
        left = left.replace(name, "")
    if left.strip():
        yield "not_accounted_for", f"printed 中的“{left.strip()}”既不在 named，也不是 open_class。"


def _repeated(keys: Iterable[str]) -> list[str]:
    return [key for key, times in Counter(keys).items() if times > 1]

"""From the file of the list's rules to the rules, or to every problem that the file has, each with its line."""

import hashlib
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar, cast

from app.domain.catalogue import Confidence
from app.domain.list_rules import Conduct, ListRules, Period, PublicationPeriod, Repair, Rule, Source, Tier, folded
from app.domain.yaml_reader import Fields, InvalidDataFile, Place, Reader

_CODE = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_CONFIDENCE = ("seen", "recalled")
_COMMON = ("code", "name", "in_force_from", "in_force_until", "source", "confidence")
_COMMON_OPTIONAL = ("aliases", "note")
# Stands in for days that are wrong: an overlap with them would be the same mistake, told in other words.
_NEVER = (date.max, date.min)

_AnyRule = TypeVar("_AnyRule", bound=Rule)


class ListRulesError(InvalidDataFile):
    """The rules cannot be used."""

    code = "list_rules_invalid"
    called = "名单规则文件"


def parse_list_rules(source: bytes) -> ListRules:
    """Read a file of rules; raise :class:`ListRulesError` with every problem that could be found."""
    reader = Reader()
    root = reader.root(source)
    rules = None if root is None else _File(reader).rules(root, source)
    if rules is None or reader.problems:
        raise ListRulesError(reader.problems)
    return rules


@dataclass(frozen=True, slots=True)
class _Document:
    title: str
    number: str | None


class _File:
    """One reading of one file: which documents it names, and which of them it cites."""

    def __init__(self, reader: Reader) -> None:
        self._read = reader
        self._documents: dict[str, _Document] = {}
        self._cited: set[str] = set()

    def rules(self, root: Place, source: bytes) -> ListRules:
        read = self._read
        parts = read.fields(root, ("documents", "tiers", "conducts", "publication_periods"))
        places = [(self._document(item), item) for item in read.items(parts.get("documents"))]
        rules = ListRules(
            version=f"sha256:{hashlib.sha256(source).hexdigest()}",
            tiers=self._section(parts.get("tiers"), self._tier),
            conducts=self._section(parts.get("conducts"), self._conduct),
            publication_periods=self._section(parts.get("publication_periods"), self._publication_period),
        )
        for key, place in places:
            if key and key not in self._cited:
                read.report(place, "never_cited", f"没有条目引用 {key}。")
        return rules

    def _document(self, place: Place) -> str:
        read = self._read
        fields = read.fields(place, ("key", "title"), ("number", "note"))
        key, title = self._text(fields.get("key")), self._text(fields.get("title"))
        number = read.optional_text(fields.get("number"))
        read.optional_text(fields.get("note"))
        if key and key in self._documents:
            read.report(fields["key"], "duplicate", f"{key} 写了两次。")
        if title and any(title == one.title for one in self._documents.values()):
            read.report(fields["title"], "duplicate", "这份文件写了两次。")
        if number and any(number == one.number for one in self._documents.values()):
            read.report(fields["number"], "duplicate", "文号与另一份文件相同。")
        self._documents.setdefault(key, _Document(title, number))
        return key

    def _section(self, place: Place | None, entry: Callable[[Place], tuple[_AnyRule, Fields]]) -> tuple[_AnyRule, ...]:
        read = self._read
        before = len(read.problems)
        earlier: list[tuple[_AnyRule, Place]] = []
        for item in read.items(place):
            rule, fields = entry(item)
            self._beside_earlier(rule, fields, item, earlier)
            earlier.append((rule, item))
        if place is not None and not earlier and len(read.problems) == before:
            read.report(place, "empty_list", "至少要有一项。")
        return tuple(rule for rule, _ in earlier)

    def _beside_earlier(self, rule: Rule, fields: Fields, place: Place, earlier: Sequence[tuple[Rule, Place]]) -> None:
        """Report what makes it unclear, on some day, which of two entries is meant."""
        for other, other_place in earlier:
            if not _meet(rule, other):
                continue
            if rule.code and rule.folded_code == other.folded_code:
                told = f"与第 {other_place.line} 行同为 {rule.code}，施行期间重叠；旧条目应写 in_force_until。"
                self._read.report(fields.get("in_force_from", place), "overlapping", told)
                continue
            for shared in sorted((rule.folded_names & other.folded_names) - {""}):
                told = f"“{shared}”同时指第 {other_place.line} 行的 {other.code} 和 {rule.code}。"
                self._read.report(place, "ambiguous_name", told)

    def _tier(self, place: Place) -> tuple[Tier, Fields]:
        read = self._read
        fields = self._entry_fields(place, ("longest",), ("repair", "restored_after_fraud"))
        return Tier(
            **self._common(fields),
            longest=self._period(fields.get("longest")),
            repair=self._repair(fields.get("repair")),
            restored_after_fraud=read.flag(fields.get("restored_after_fraud")),
        ), fields

    def _conduct(self, place: Place) -> tuple[Conduct, Fields]:
        fields = self._entry_fields(place, (), ())
        return Conduct(**self._common(fields)), fields

    def _publication_period(self, place: Place) -> tuple[PublicationPeriod, Fields]:
        fields = self._entry_fields(place, ("longest",), ("shortest",))
        longest = self._period(fields.get("longest"))
        shortest = self._period(fields["shortest"]) if "shortest" in fields else None
        if shortest is not None and 0 < longest.in_months < shortest.in_months:
            self._read.report(fields["shortest"], "period_order", "最短公示期长于最长公示期。")
        return PublicationPeriod(**self._common(fields), shortest=shortest, longest=longest), fields

    def _entry_fields(self, place: Place, required: Collection[str], optional: Collection[str]) -> Fields:
        return self._read.fields(place, (*_COMMON, *required), (*_COMMON_OPTIONAL, *optional))

    def _common(self, fields: Fields) -> dict[str, Any]:
        """Read what every entry has, by the names of :class:`Rule`'s fields."""
        read = self._read
        code = self._text(fields.get("code"))
        if code and not _CODE.fullmatch(code):
            read.report(fields["code"], "code_form", "代码只能由字母、数字组成，用 - 连接。")
        name = self._text(fields.get("name"))
        taken = {folded(code), folded(name)}
        aliases = []
        for item in read.items(fields.get("aliases")):
            alias = self._text(item)
            if alias and folded(alias) in taken:
                read.report(item, "duplicate", "与本条的代码、名称或另一个别名相同（全角半角、空格、大小写不论）。")
            taken.add(folded(alias))
            aliases.append(alias)
        since, until = self._range(fields)
        return {
            "code": code,
            "name": name,
            "aliases": tuple(aliases),
            "in_force_from": since,
            "in_force_until": until,
            "source": self._source(fields.get("source")),
            "confidence": cast("Confidence", read.choice(fields.get("confidence"), _CONFIDENCE)),
            "note": read.optional_text(fields.get("note")),
        }

    def _text(self, place: Place | None) -> str:
        """Read a text; an empty one stands in for ``null`` too, which would otherwise be taken for a name."""
        text = self._read.text(place)
        return "" if place is None or self._read.is_null(place) else text

    def _range(self, fields: Fields) -> tuple[date, date | None]:
        read = self._read
        before = len(read.problems)
        since, until = read.day(fields.get("in_force_from")), read.day(fields.get("in_force_until"))
        if "in_force_from" in fields and read.is_null(fields["in_force_from"]):
            read.report(fields["in_force_from"], "missing_date", "必须写明施行之日。")
        if since is not None and until is not None and until < since:
            read.report(fields["in_force_until"], "date_order", "最后有效之日早于施行之日。")
        if since is None or "in_force_until" not in fields or len(read.problems) > before:
            return _NEVER
        return since, until

    def _source(self, place: Place | None) -> Source:
        read = self._read
        fields = read.fields(place, ("document", "article")) if place else {}
        key = self._text(fields.get("document"))
        document = self._documents.get(key, _Document("", None))
        if key and key not in self._documents:
            read.report(fields["document"], "unknown_document", f"documents 中没有 {key}。")
        self._cited.add(key)
        return Source(document.title, document.number, read.optional_text(fields.get("article")))

    def _period(self, place: Place | None) -> Period:
        """Read ``{years: 3}``; the empty period stands in for one that is wrong or missing."""
        if place is None:
            return Period()
        before = len(self._read.problems)
        fields = self._read.fields(place, (), ("years", "months"))
        period = Period(self._read.number(fields.get("years")), self._read.number(fields.get("months")))
        if not fields and len(self._read.problems) == before:
            self._read.report(place, "empty_period", "应写明 years（年）或 months（月）。")
        return period

    def _repair(self, place: Place | None) -> Repair | None:
        if place is None or self._read.is_null(place):
            return None
        before = len(self._read.problems)
        fields = self._read.fields(place, (), ("after", "last_days"))
        after = self._period(fields["after"]) if "after" in fields else None
        last_days = self._read.number(fields["last_days"]) if "last_days" in fields else None
        if len(fields) != 1 and len(self._read.problems) == before:
            self._read.report(place, "repair_form", "after 与 last_days 应写且只写一个。")
        return Repair(after, last_days)


def _meet(one: Rule, other: Rule) -> bool:
    """Whether there is a day on which both are in force."""
    return one.in_force_from <= (other.in_force_until or date.max) and other.in_force_from <= (
        one.in_force_until or date.max
    )

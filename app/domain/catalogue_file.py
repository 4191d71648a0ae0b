"""From the catalogue's file to the catalogue, or to every problem that the file has, each with its line."""

import hashlib
from typing import cast

from app.domain.catalogue import (
    ActsOn,
    Catalogue,
    Confidence,
    Department,
    Implementers,
    LaterLaw,
    LaterName,
    LegalBasis,
    LegalDocument,
    Measure,
    OpenClass,
    Provision,
    SubMeasure,
)
from app.domain.catalogue_rules import complaints
from app.domain.subjects import SubjectKind
from app.domain.yaml_reader import Fields, InvalidDataFile, Place, Reader

MEASURES = 24
_CONFIDENCE = ("seen", "recalled")


class CatalogueError(InvalidDataFile):
    """The catalogue cannot be served."""

    code = "catalogue_invalid"
    called = "措施目录文件"


def parse_catalogue(source: bytes) -> Catalogue:
    """Read a catalogue file; raise :class:`CatalogueError` with every problem that could be found."""
    reader = Reader()
    root = reader.root(source)
    catalogue = None if root is None else _File(reader).catalogue(root, source)
    if catalogue is None or reader.problems:
        raise CatalogueError(reader.problems)
    return catalogue


class _File:
    """One reading of one file: what was defined where, and what was referred to."""

    def __init__(self, reader: Reader) -> None:
        self._read = reader
        self._departments: dict[str, Department] = {}
        self._named: dict[str, str] = {}
        self._open_classes: dict[str, OpenClass] = {}
        self._documents: dict[str, LegalDocument] = {}
        self._defined: dict[tuple[str, str], Place] = {}
        self._cited: set[tuple[str, str]] = set()
        self._places: dict[tuple[str, object, str | None], Place] = {}

    def catalogue(self, root: Place, source: bytes) -> Catalogue:
        read = self._read
        parts = read.fields(root, ("memo", "signatories", "open_classes", "documents", "measures"))
        memo = read.fields(parts["memo"], ("title", "status_note")) if "memo" in parts else {}
        for place in read.items(parts.get("signatories")):
            self._department(place)
        for place in read.items(parts.get("open_classes")):
            printed = read.text(place)
            self._once(place, printed in self._open_classes, printed)
            self._open_classes[printed] = OpenClass(printed)
            self._places["open_classes", printed, None] = place
        for place in read.items(parts.get("documents")):
            self._document(place)
        measures = self._measures(parts["measures"]) if "measures" in parts else ()
        self._every_provision_cited()
        catalogue = Catalogue(
            version=f"sha256:{hashlib.sha256(source).hexdigest()}",
            source=source,
            title=read.text(memo.get("title")),
            status_note=read.text(memo.get("status_note")),
            departments=tuple(self._departments.values()),
            open_classes=tuple(self._open_classes.values()),
            documents=tuple(self._documents.values()),
            measures=measures,
        )
        # Of a file that does not hold together by itself, the rules would only say the same again in other words.
        if not read.problems:
            for one in complaints(catalogue):
                place = self._places.get((one.section, one.key, one.field)) or self._places[one.section, one.key, None]
                read.report(place, one.code, one.message)
        return catalogue

    def _once(self, place: Place, already: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence where it is used
        if already:
            self._read.report(place, "duplicate", f"{what} 写了两次。")

    def _keep(self, section: str, key: object, place: Place, fields: Fields) -> None:
        """Remember where an entry and its fields stand, for what is found wrong with it later."""
        self._places[section, key, None] = place
        for name, at in fields.items():
            self._places[section, key, name] = at

    def _department(self, place: Place) -> None:
        read = self._read
        fields = read.fields(place, ("name",), ("printed_aliases", "later_names"))
        name = read.text(fields.get("name"))
        self._once(fields.get("name", place), name in self._departments, name)
        aliases = read.texts(fields.get("printed_aliases"))
        later: list[LaterName] = []
        for item in read.items(fields.get("later_names")):
            given = read.fields(item, ("name", "since", "confidence", "source"))
            taken = read.text(given.get("name"))
            since, confidence = read.day(given.get("since")), self._confidence(given)
            later.append(LaterName(taken, since, confidence, read.text(given.get("source"))))
        for alias in (name, *aliases, *(one.name for one in later)):
            if self._named.setdefault(alias, name) != name:
                read.report(place, "ambiguous_name", f"“{alias}”同时指 {self._named[alias]} 和 {name}。")
        self._departments[name] = Department(name, aliases, tuple(later))

    def _confidence(self, fields: Fields) -> Confidence:
        return cast("Confidence", self._read.choice(fields.get("confidence"), _CONFIDENCE))

    def _later_law(self, place: Place | None) -> tuple[LaterLaw, ...]:
        read = self._read
        notes = []
        for item in read.items(place):
            fields = read.fields(item, ("since", "note", "confidence"), ("source",))
            source = read.optional_text(fields.get("source"))
            note = read.text(fields.get("note"))
            notes.append(LaterLaw(read.day(fields.get("since")), note, self._confidence(fields), source))
        return tuple(notes)

    def _document(self, place: Place) -> None:
        read = self._read
        fields = read.fields(place, ("key", "title", "provisions"), ("number", "later_law_checked", "later_law"))
        key = read.text(fields.get("key"))
        title = read.text(fields.get("title"))
        self._once(fields.get("key", place), key in self._documents, key)
        self._once(fields.get("title", place), any(one.title == title for one in self._documents.values()), title)
        self._keep("documents", key, place, fields)
        provisions = tuple(self._provision(item, key) for item in read.items(fields.get("provisions")))
        if "provisions" in fields and not provisions:
            read.report(fields["provisions"], "empty_list", "至少要有一条条款。")
        self._documents[key] = LegalDocument(
            key=key,
            title=title,
            number=read.optional_text(fields.get("number")),
            later_law_checked=read.flag(fields.get("later_law_checked")),
            later_law=self._later_law(fields.get("later_law")),
            provisions=provisions,
        )

    def _provision(self, place: Place, document: str) -> Provision:
        read = self._read
        fields = read.fields(place, ("key", "text"), ("heading", "label", "later_law"))
        key = read.text(fields.get("key"))
        self._once(fields.get("key", place), (document, key) in self._defined, f"{document} 的 {key}")
        self._defined[document, key] = place
        return Provision(
            key=key,
            heading=read.optional_text(fields.get("heading")),
            label=read.optional_text(fields.get("label")),
            text=read.text(fields.get("text")),
            later_law=self._later_law(fields.get("later_law")),
        )

    def _measures(self, place: Place) -> tuple[Measure, ...]:
        read = self._read
        found: dict[int, Measure] = {}
        for item in read.items(place):
            measure = self._measure(item)
            self._once(item, measure.no in found, f"第 {measure.no} 项措施")
            found[measure.no] = measure
        missing = [str(no) for no in range(1, MEASURES + 1) if no not in found]
        if missing:
            read.report(place, "missing_measure", f"缺少第 {'、'.join(missing)} 项措施。")
        beyond = [str(no) for no in found if no > MEASURES]
        if beyond:
            read.report(place, "unknown_measure", f"备忘录没有第 {'、'.join(beyond)} 项措施。")
        return tuple(found[no] for no in sorted(found))

    def _measure(self, place: Place) -> Measure:
        read = self._read
        required = ("no", "title", "acts_on", "legal_bases", "departments")
        fields = read.fields(place, required, ("lead_in", "position_ban", "sub_measures"))
        no = read.number(fields.get("no"))
        self._keep("measures", no, place, fields)
        parts: dict[int, SubMeasure] = {}
        for item in read.items(fields.get("sub_measures")):
            given = read.fields(item, ("no", "text", "acts_on"))
            part = SubMeasure(
                read.number(given.get("no")), read.text(given.get("text")), self._acts_on(given.get("acts_on"))
            )
            self._once(item, part.no in parts, f"第 {part.no} 小项")
            parts[part.no] = part
        return Measure(
            no=no,
            title=read.text(fields.get("title")),
            lead_in=read.optional_text(fields.get("lead_in")),
            acts_on=self._acts_on(fields.get("acts_on")),
            position_ban=read.flag(fields.get("position_ban")),
            sub_measures=tuple(parts.values()),
            legal_bases=tuple(self._legal_basis(item) for item in read.items(fields.get("legal_bases"))),
            implementers=self._implementers(fields.get("departments")),
        )

    def _acts_on(self, place: Place | None) -> ActsOn:
        read = self._read
        fields = read.fields(place, ("subjects", "words"), ("done_to_unit",)) if place else {}
        kinds = [read.choice(item, list(SubjectKind)) for item in read.items(fields.get("subjects"))]
        words = read.texts(fields.get("words"))
        for name, values in (("subjects", kinds), ("words", words)):
            if name in fields and not values:
                read.report(fields[name], "empty_list", "至少要有一项。")
        known = frozenset(SubjectKind(kind) for kind in kinds if kind in set(SubjectKind))
        return ActsOn(known, words, read.optional_text(fields.get("done_to_unit")))

    def _legal_basis(self, place: Place) -> LegalBasis:
        read = self._read
        fields = read.fields(place, ("document", "provisions"), ("printed_without_number",))
        key = read.text(fields.get("document"))
        document = self._documents.get(key)
        if document is None:
            read.report(fields.get("document", place), "unknown_document", f"documents 中没有 {key}。")
            document = LegalDocument(key, "", None, later_law_checked=False, later_law=(), provisions=())
            return LegalBasis(document, (), printed_without_number=False)
        by_key = {provision.key: provision for provision in document.provisions}
        cited = []
        for item in read.items(fields.get("provisions")):
            name = read.text(item)
            self._cited.add((key, name))
            if name in by_key:
                cited.append(by_key[name])
            else:
                read.report(item, "unknown_provision", f"{key} 没有 key 为 {name} 的条款。")
        if "provisions" in fields and not cited:
            read.report(fields["provisions"], "empty_list", "至少要引用一条条款。")
        return LegalBasis(document, tuple(cited), read.flag(fields.get("printed_without_number")))

    def _implementers(self, place: Place | None) -> Implementers:
        read = self._read
        fields = read.fields(place, ("printed", "named"), ("open_class",)) if place else {}
        printed = read.text(fields.get("printed"))
        named = []
        for item in read.items(fields.get("named")):
            department = self._departments.get(read.text(item))
            if department is None:
                read.report(item, "unknown_department", "signatories 中没有这个部门（须用规范名称 name）。")
                continue
            named.append(department)
            if not any(name in printed for name in (department.name, *department.printed_aliases)):
                read.report(item, "not_printed", f"{department.name} 及其别名都不在 printed 的原文中。")
        open_class = None
        if "open_class" in fields:
            chosen = read.text(fields["open_class"])
            open_class = self._open_classes.get(chosen)
            if open_class is None:
                read.report(fields["open_class"], "unknown_open_class", f"open_classes 中没有“{chosen}”。")
            elif chosen not in printed:
                read.report(fields["open_class"], "not_printed", f"“{chosen}”不在 printed 的原文中。")
        if "named" in fields and not named and open_class is None:
            read.report(fields["named"], "empty_list", "既没有点名的部门，也没有 open_class。")
        return Implementers(printed, tuple(named), open_class)

    def _every_provision_cited(self) -> None:
        for (document, key), place in self._defined.items():
            if (document, key) not in self._cited:
                self._read.report(place, "never_cited", f"没有措施引用 {document} 的 {key}。")

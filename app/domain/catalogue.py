"""The memo as data: measures, whom each acts on, the law it rests on and who carries it out.

What the memo prints is immutable here; later law stands beside it as dated notes (the memo, part four: where law
changes, the law prevails). References are resolved: a measure holds its provisions, not their keys.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from app.domain.subjects import SubjectKind

Confidence = Literal["seen", "recalled"]


@dataclass(frozen=True, slots=True)
class LaterLaw:
    """What has become of a document or provision: from when (``None`` if unknown), and how sure we are of it."""

    since: date | None
    note: str
    confidence: Confidence
    source: str | None


@dataclass(frozen=True, slots=True)
class LaterName:
    """A name that a department has taken since the memo."""

    name: str
    since: date | None
    confidence: Confidence
    source: str


@dataclass(frozen=True, slots=True)
class Department:
    """A signatory (the memo's preface), and the other ways in which its appendix prints it."""

    name: str
    printed_aliases: tuple[str, ...]
    later_names: tuple[LaterName, ...]


@dataclass(frozen=True, slots=True)
class OpenClass:
    """A class of departments that the appendix does not list (各部门…). It is never expanded."""

    printed: str


@dataclass(frozen=True, slots=True)
class Provision:
    """One provision (appendix, second column): ``heading`` is printed above its ``label``, both may be missing."""

    key: str
    heading: str | None
    label: str | None
    text: str
    later_law: tuple[LaterLaw, ...]


@dataclass(frozen=True, slots=True)
class LegalDocument:
    """A law or policy document with those of its provisions that the appendix prints."""

    key: str
    title: str
    number: str | None
    later_law_checked: bool
    later_law: tuple[LaterLaw, ...]
    provisions: tuple[Provision, ...]


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A measure's citation of a document."""

    document: LegalDocument
    provisions: tuple[Provision, ...]
    printed_without_number: bool


@dataclass(frozen=True, slots=True)
class ActsOn:
    """Whom a measure acts on, by which words of the memo; ``done_to_unit`` is what it then does to the unit."""

    subjects: frozenset[SubjectKind]
    words: tuple[str, ...]
    done_to_unit: str | None


@dataclass(frozen=True, slots=True)
class SubMeasure:
    """One of the six parts of measure 1."""

    no: int
    text: str
    acts_on: ActsOn


@dataclass(frozen=True, slots=True)
class Implementers:
    """Who carries a measure out (appendix, third column), as printed and as understood."""

    printed: str
    named: tuple[Department, ...]
    open_class: OpenClass | None


@dataclass(frozen=True, slots=True)
class Measure:
    """One of the 24 measures (the memo, part two). ``position_ban`` marks the one that a person's ban carries out."""

    no: int
    title: str
    lead_in: str | None
    acts_on: ActsOn
    position_ban: bool
    sub_measures: tuple[SubMeasure, ...]
    legal_bases: tuple[LegalBasis, ...]
    implementers: Implementers


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole memo as served. ``version`` is ``sha256:`` and the hex digest of ``source``, the file's bytes."""

    version: str
    source: bytes
    title: str
    status_note: str
    departments: tuple[Department, ...]
    open_classes: tuple[OpenClass, ...]
    documents: tuple[LegalDocument, ...]
    measures: tuple[Measure, ...]

    @property
    def provisions(self) -> tuple[Provision, ...]:
        """Every provision, once, in the order of the documents."""
        return tuple(provision for document in self.documents for provision in document.provisions)

    def department_named(self, name: str) -> Department | None:
        """Return the signatory of this name, or of one the memo prints for it, or of one it has taken since."""
        for one in self.departments:
            if name in {one.name, *one.printed_aliases, *(later.name for later in one.later_names)}:
                return one
        return None

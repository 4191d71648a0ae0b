"""The wire shapes of the memo as data."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from app.api.schemas.lookups import (
    DepartmentsOut,
    LaterLawOut,
    LegalBasisOut,
    departments_out,
    later_law_out,
    legal_basis_out,
)
from app.domain.catalogue import ActsOn, Catalogue, Department, LegalDocument, Measure
from app.domain.subjects import SubjectKind


class ActsOnOut(BaseModel):
    """Whom a measure acts on, and the memo's words that decide it."""

    subjects: list[SubjectKind]
    words: list[str]
    done_to_unit: Annotated[str | None, Field(description="What the measure then does to the unit, in its words.")]

    @classmethod
    def of(cls, acts_on: ActsOn) -> "ActsOnOut":
        """Shape it, units first."""
        return cls(
            subjects=sorted(acts_on.subjects, reverse=True),
            words=list(acts_on.words),
            done_to_unit=acts_on.done_to_unit,
        )


class CatalogueSubMeasure(BaseModel):
    """A sub-measure of measure 1."""

    no: int
    text: str
    acts_on: ActsOnOut


class MeasureSummary(BaseModel):
    """A measure without its legal bases."""

    no: int
    title: str
    acts_on: ActsOnOut
    departments: DepartmentsOut


class MeasureFull(MeasureSummary):
    """A measure whole, its provisions with their text."""

    lead_in: str | None
    sub_measures: list[CatalogueSubMeasure]
    legal_bases: list[LegalBasisOut]

    @classmethod
    def of(cls, measure: Measure) -> "MeasureFull":
        """Shape a measure."""
        return cls(
            no=measure.no,
            title=measure.title,
            acts_on=ActsOnOut.of(measure.acts_on),
            departments=departments_out(measure),
            lead_in=measure.lead_in,
            sub_measures=[
                CatalogueSubMeasure(no=part.no, text=part.text, acts_on=ActsOnOut.of(part.acts_on))
                for part in measure.sub_measures
            ],
            legal_bases=[legal_basis_out(basis, with_text=True) for basis in measure.legal_bases],
        )


class CatalogueOut(BaseModel):
    """The memo at a glance."""

    catalogue_version: str
    title: str
    status_note: str
    measures: list[MeasureSummary]

    @classmethod
    def of(cls, catalogue: Catalogue) -> "CatalogueOut":
        """Shape a catalogue."""
        return cls(
            catalogue_version=catalogue.version,
            title=catalogue.title,
            status_note=catalogue.status_note,
            measures=[
                MeasureSummary(
                    no=measure.no,
                    title=measure.title,
                    acts_on=ActsOnOut.of(measure.acts_on),
                    departments=departments_out(measure),
                )
                for measure in catalogue.measures
            ],
        )


class DocumentOut(BaseModel):
    """A document that measures rest on."""

    title: str
    number: str | None
    later_law_checked: bool
    later_law: list[LaterLawOut]
    cited_by: list[int]

    @classmethod
    def of(cls, document: LegalDocument, catalogue: Catalogue) -> "DocumentOut":
        """Shape a document, with the measures that cite it."""
        return cls(
            title=document.title,
            number=document.number,
            later_law_checked=document.later_law_checked,
            later_law=[later_law_out(note) for note in document.later_law],
            cited_by=[
                measure.no
                for measure in catalogue.measures
                if any(basis.document == document for basis in measure.legal_bases)
            ],
        )


class LaterNameOut(BaseModel):
    """A name that a department has taken since."""

    name: str
    since: date | None
    confidence: str
    source: str


class DepartmentOut(BaseModel):
    """A signatory, and the measures that name it."""

    name: str
    printed_aliases: list[str]
    later_names: list[LaterNameOut]
    named_in: list[int]

    @classmethod
    def of(cls, department: Department, catalogue: Catalogue) -> "DepartmentOut":
        """Shape a department."""
        return cls(
            name=department.name,
            printed_aliases=list(department.printed_aliases),
            later_names=[
                LaterNameOut(name=later.name, since=later.since, confidence=later.confidence, source=later.source)
                for later in department.later_names
            ],
            named_in=[measure.no for measure in catalogue.measures if department in measure.implementers.named],
        )

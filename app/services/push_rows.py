"""The rows of a push as they are sent, one model for each thing that can happen to a listing.

Which of a row's fields go together is checked apart from them, by ``whole_rows.py``.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, TypeAdapter

from app.domain.listing import PersonEndReason, RemovalReason, Role
from app.domain.objections import ObjectionOutcome
from app.domain.operations import RestoreReason, Target
from app.services.fields import (
    Day,
    FactsText,
    LongText,
    NameText,
    ResidentIdField,
    ShortText,
    UsccField,
    WrittenUsccField,
)

MOST_PERSONS = 50

Document = Annotated[ShortText | None, Field(description="依据文件: the document that this carries out.")]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PositionBanRow(_Row):
    """A ban from leading a unit (measure 9): until a day, or for life."""

    until: Annotated[Day | None, Field(description="Last day of the ban.")] = None
    for_life: Annotated[StrictBool, Field(description="终身不得担任.")] = False
    since: Annotated[Day | None, Field(description="First day of the ban; default: the listing's.")] = None


class PersonRow(_Row):
    """A person who answers for the unit."""

    name: Annotated[ShortText, Field(description="姓名.")]
    id_number: Annotated[ResidentIdField, Field(description="公民身份号码, 18 characters; stored encrypted only.")]
    roles: Annotated[list[Role], Field(min_length=1, max_length=len(Role), description="All roles in the unit.")]
    since: Annotated[Day | None, Field(description="任职起始日期; default: the listing's first day.")] = None
    position_ban: PositionBanRow | None = None


class UnitRow(_Row):
    """The unit that the decision lists."""

    uscc: Annotated[WrittenUsccField, Field(description="统一社会信用代码 (GB 32100).")]
    name: Annotated[NameText, Field(description="Name as in the decision.")]


class ListRow(_Row):
    """列入: put a unit and its persons on the list by a decision. In a snapshot: the listing as it should be."""

    op: Literal["list"]
    unit: UnitRow
    nonconforming_code: Annotated[
        StrictBool, Field(description="The code fails its check character and is listed knowingly.")
    ] = False
    nonconforming_reason: Annotated[
        LongText | None, Field(description="Why it is; required with `nonconforming_code`.")
    ] = None
    decision_no: Annotated[ShortText, Field(description="列入决定书文号.")]
    decided_by: Annotated[ShortText, Field(description="作出列入决定机关.")]
    conduct: Annotated[LongText, Field(description="列入原因.")]
    conduct_code: Annotated[ShortText | None, Field(description="失信行为代码, one of the rules of the list.")] = None
    tier: Annotated[ShortText, Field(description="Severity: one of the tiers of the rules on the day of listing.")]
    facts: Annotated[FactsText | None, Field(description="失信事实; may be of several lines.")] = None
    basis: Annotated[LongText | None, Field(description="列入依据.")] = None
    listed_on: Annotated[Day, Field(description="列入日期: the first day in force; not after today.")]
    valid_until: Annotated[
        Day | None,
        Field(description="The last day in force; default: as recorded (snapshot), else the longest the tier allows."),
    ] = None
    published_until: Annotated[Day | None, Field(description="公示截止日期.")] = None
    # ``None`` in a snapshot leaves the persons as they are; an array is everybody who belongs in the listing.
    persons: Annotated[
        list[PersonRow] | None,
        Field(
            max_length=MOST_PERSONS,
            description="In a snapshot: everybody, or absent to leave them as they are; a ban not given again stays.",
        ),
    ] = None


class RuledPart(BaseModel):
    """What the rules of the list are about in a ``list`` row, to be read by itself where the rest cannot be."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    tier: ShortText
    conduct_code: ShortText | None = None
    listed_on: Day
    valid_until: Day | None = None


class _Targeted(_Row):
    listing_id: UUID | None = None
    uscc: Annotated[UsccField | None, Field(description="With `decision_no`, in place of `listing_id`.")] = None
    decision_no: Annotated[ShortText | None, Field(description="列入决定书文号 of the listing.")] = None

    @property
    def target(self) -> Target:
        """The listing that is meant."""
        if self.uscc is not None and self.decision_no is not None:
            return (self.uscc.value, self.decision_no)
        assert self.listing_id is not None  # noqa: S101 - the row was checked as a whole
        return self.listing_id


class AmendRow(_Targeted):
    """补充: add facts to a listing; `facts` is put after those that are there, the others fill what is empty."""

    op: Literal["amend"]
    facts: Annotated[FactsText | None, Field(description="失信事实 to add.")] = None
    basis: Annotated[LongText | None, Field(description="列入依据.")] = None
    conduct_code: Annotated[ShortText | None, Field(description="失信行为代码.")] = None
    published_until: Annotated[Day | None, Field(description="公示截止日期.")] = None
    document: Document = None


class CorrectedValues(_Row):
    """What is right, for each field that was recorded wrongly."""

    unit_name: NameText | None = None
    uscc: WrittenUsccField | None = None
    decision_no: ShortText | None = None
    decided_by: ShortText | None = None
    conduct: LongText | None = None
    conduct_code: ShortText | None = None
    tier: ShortText | None = None
    facts: FactsText | None = None
    basis: LongText | None = None
    listed_on: Day | None = None
    valid_until: Day | None = None
    published_until: Day | None = None
    removed_on: Day | None = None
    removal_decision_no: ShortText | None = None


class CorrectRow(_Targeted):
    """更正: put right what was recorded wrongly; before and after both stay in the history."""

    op: Literal["correct"]
    set: Annotated[CorrectedValues, Field(description="The right values of the fields that were wrong.")]
    reason: Annotated[LongText, Field(description="更正说明: what was wrong.")]
    document: Document = None


class RenameRow(_Row):
    """更名: the unit changed its name. By `uscc` alone, in all its listings that have not been removed."""

    op: Literal["rename"]
    listing_id: UUID | None = None
    uscc: Annotated[UsccField | None, Field(description="The unit; with `decision_no` one of its listings only.")] = (
        None
    )
    decision_no: Annotated[ShortText | None, Field(description="列入决定书文号 of the listing.")] = None
    new_name: Annotated[NameText, Field(description="变更后名称.")]
    renamed_on: Annotated[Day, Field(description="变更日期.")]
    document: Document = None


class RemoveRow(_Targeted):
    """移出: end a listing, named by `listing_id` or by `uscc` and `decision_no`."""

    op: Literal["remove"]
    removed_on: Annotated[Day, Field(description="移出日期: the first day no longer in force; not after today.")]
    reason: RemovalReason
    removal_decision_no: Annotated[ShortText | None, Field(description="移出决定书文号.")] = None


class RestoreRow(_Targeted):
    """恢复: take a removal back."""

    op: Literal["restore"]
    restored_on: Annotated[Day, Field(description="恢复日期: the first day in force again.")]
    reason: RestoreReason
    valid_until: Annotated[Day | None, Field(description="The last day in force, where it is to change.")] = None
    document: Document = None


class AddPersonRow(_Targeted):
    """增加人员: somebody answers for the unit from a day on."""

    op: Literal["add_person"]
    person: PersonRow


class _OfPerson(_Targeted):
    id_number: Annotated[ResidentIdField | None, Field(description="公民身份号码 of the person; or `person_id`.")] = (
        None
    )
    person_id: UUID | None = None


class EndPersonRow(_OfPerson):
    """人员离任: somebody no longer answers for the unit (`left`), or never did (`corrected`)."""

    op: Literal["end_person"]
    ended_on: Annotated[Day, Field(description="任职结束日期: the first day on which they no longer do.")]
    reason: PersonEndReason


class BanRow(_OfPerson):
    """任职限制: a ban from leading a unit, which may outlive the listing."""

    op: Literal["ban"]
    position_ban: PositionBanRow
    document: Document = None


class FileObjectionRow(_Targeted):
    """异议提出: the unit or one of its persons contests the listing, which stays in force and is marked so."""

    op: Literal["file_objection"]
    objection_no: Annotated[ShortText, Field(description="异议编号, your own; one listing has each once.")]
    filed_on: Annotated[Day, Field(description="异议提出日期; not after today.")]
    matter: Annotated[LongText, Field(description="异议事项: what is contested.")]
    id_number: Annotated[
        ResidentIdField | None, Field(description="公民身份号码 of the person who filed it, if not the unit.")
    ] = None
    person_id: Annotated[UUID | None, Field(description="In place of `id_number`.")] = None
    document: Document = None


class DecideObjectionRow(_Targeted):
    """异议处理: the objection is decided. Correct or remove the listing in the same push where that follows from it."""

    op: Literal["decide_objection"]
    objection_no: Annotated[ShortText, Field(description="异议编号.")]
    outcome: Annotated[ObjectionOutcome, Field(description="异议处理结果.")]
    decided_on: Annotated[Day, Field(description="异议处理日期: from this day on it no longer contests the listing.")]
    document: Document = None


AnyRow = (
    ListRow
    | AmendRow
    | CorrectRow
    | RenameRow
    | RemoveRow
    | RestoreRow
    | AddPersonRow
    | EndPersonRow
    | BanRow
    | FileObjectionRow
    | DecideObjectionRow
)
ROW_MODELS: tuple[type[BaseModel], ...] = (
    ListRow,
    AmendRow,
    CorrectRow,
    RenameRow,
    RemoveRow,
    RestoreRow,
    AddPersonRow,
    EndPersonRow,
    BanRow,
    FileObjectionRow,
    DecideObjectionRow,
)
ROW_TAGS = {model.model_fields["op"].annotation.__args__[0]: model for model in ROW_MODELS}  # type: ignore[union-attr]
ADAPTER: TypeAdapter[AnyRow] = TypeAdapter(Annotated[AnyRow, Field(discriminator="op")])

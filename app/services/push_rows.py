"""The rows of a push as they are sent, and reading them: every error of every row, none of them stopping the others."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, TypeAdapter, ValidationError, model_validator

from app.domain.listing import PositionBan, RemovalReason, Role
from app.domain.operations import ListOperation, Operation, PersonGiven, RemoveOperation, Target
from app.errors import FieldError
from app.services.fields import Day, LongText, NameText, ResidentIdField, ShortText, UsccField, refuse, told

MOST_PERSONS = 50


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PositionBanRow(_Row):
    """A ban from leading a unit (measure 9): until a day, or for life."""

    until: Annotated[Day | None, Field(description="Last day of the ban.")] = None
    for_life: Annotated[StrictBool, Field(description="终身不得担任.")] = False

    @model_validator(mode="after")
    def _either_way(self) -> "PositionBanRow":
        if self.for_life == (self.until is not None):
            raise refuse("ban_either_way", "任职限制须且只须写明 until（截止日）或 for_life: true（终身）之一。")
        return self


class PersonRow(_Row):
    """A person who answers for the unit."""

    name: Annotated[ShortText, Field(description="姓名.")]
    id_number: Annotated[ResidentIdField, Field(description="公民身份号码, 18 characters; stored encrypted only.")]
    roles: Annotated[list[Role], Field(min_length=1, max_length=len(Role), description="All roles in the unit.")]
    position_ban: PositionBanRow | None = None


class UnitRow(_Row):
    """The unit that the decision lists."""

    uscc: Annotated[UsccField, Field(description="统一社会信用代码 (GB 32100).")]
    name: Annotated[NameText, Field(description="Name as in the decision.")]


class ListRow(_Row):
    """列入: put a unit and its persons on the list by a decision."""

    op: Literal["list"]
    unit: UnitRow
    decision_no: Annotated[ShortText, Field(description="列入决定书文号.")]
    decided_by: Annotated[ShortText, Field(description="作出列入决定机关.")]
    conduct: Annotated[LongText, Field(description="列入原因.")]
    tier: Annotated[ShortText, Field(description="Severity, as the decision has it.")]
    listed_on: Annotated[Day, Field(description="列入日期: the first day in force; not after today.")]
    valid_until: Annotated[Day, Field(description="The last day in force.")]
    persons: Annotated[list[PersonRow], Field(max_length=MOST_PERSONS)] = []


class RemoveRow(_Row):
    """移出: end a listing, named by `listing_id` or by `uscc` and `decision_no`."""

    op: Literal["remove"]
    listing_id: UUID | None = None
    uscc: UsccField | None = None
    decision_no: Annotated[ShortText | None, Field(description="列入决定书文号 of the listing to end.")] = None
    removed_on: Annotated[Day, Field(description="移出日期: the first day no longer in force; not after today.")]
    reason: RemovalReason
    removal_decision_no: Annotated[ShortText | None, Field(description="移出决定书文号.")] = None

    @model_validator(mode="after")
    def _names_one_listing(self) -> "RemoveRow":
        by_decision = self.uscc is not None and self.decision_no is not None
        parts_given = self.uscc is not None or self.decision_no is not None
        if (self.listing_id is not None) == parts_given or parts_given != by_decision:
            raise refuse("target", "请用 listing_id，或同时用 uscc 与 decision_no 指明一条列入记录（只用一种）。")
        return self

    @property
    def target(self) -> Target:
        """The listing that is meant."""
        if self.uscc is not None and self.decision_no is not None:
            return (self.uscc.value, self.decision_no)
        assert self.listing_id is not None  # noqa: S101 - the validator above has seen to it
        return self.listing_id


OperationRow = Annotated[ListRow | RemoveRow, Field(discriminator="op")]
_ADAPTER: TypeAdapter[ListRow | RemoveRow] = TypeAdapter(OperationRow)
_TAGS = frozenset({"list", "remove"})


def read_rows(raw: Sequence[object], today: date) -> tuple[list[Operation], list[FieldError]]:
    """Read each row into an operation; return the operations and every error, with rows counted from 1."""
    operations: list[Operation] = []
    errors: list[FieldError] = []
    for row, value in enumerate(raw, start=1):
        try:
            operations.append(_operation(_ADAPTER.validate_python(value, context={"today": today}), row))
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            for one in found:
                # The first step names the kind of operation, which is no field of the row.
                if one["loc"] and one["loc"][0] in _TAGS:
                    one["loc"] = one["loc"][1:]
            errors.extend(told(found, row=row))
    return operations, errors


def _operation(row: ListRow | RemoveRow, number: int) -> Operation:
    if isinstance(row, RemoveRow):
        return RemoveOperation(number, row.target, row.removed_on, row.reason, row.removal_decision_no)
    return ListOperation(
        row=number,
        uscc=row.unit.uscc,
        unit_name=row.unit.name,
        decision_no=row.decision_no,
        decided_by=row.decided_by,
        conduct=row.conduct,
        tier=row.tier,
        listed_on=row.listed_on,
        valid_until=row.valid_until,
        persons=tuple(
            PersonGiven(
                name=person.name,
                number=person.id_number,
                roles=tuple(person.roles),
                position_ban=PositionBan(person.position_ban.until) if person.position_ban else None,
            )
            for person in row.persons
        ),
    )

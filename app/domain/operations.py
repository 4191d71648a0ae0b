"""What a push asks for: one operation a row, each about one listing.

An operation names its listing by the unit's code and the decision number or by its id. What may be done when is
decided by ``domain/transitions.py``.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from app.domain.codes import ResidentId, Uscc
from app.domain.listing import PersonEndReason, PositionBan, RemovalReason, Role
from app.domain.objections import ObjectionOutcome

DecisionKey = tuple[str, str]
"""USCC and decision number: what names a listing to people."""
Target = DecisionKey | UUID
PersonNamed = ResidentId | UUID
"""A person of a listing, by number or by ``person_id``."""


class Op(StrEnum):
    """What can happen to a listing."""

    LIST = "list"
    """列入"""
    AMEND = "amend"
    """补充: facts are added"""
    CORRECT = "correct"
    """更正: what was recorded was wrong"""
    RENAME = "rename"
    """更名: the unit changed its name"""
    REMOVE = "remove"
    """移出"""
    RESTORE = "restore"
    """恢复: a removal is taken back"""
    ADD_PERSON = "add_person"
    """增加人员"""
    END_PERSON = "end_person"
    """人员离任"""
    BAN = "ban"
    """任职限制"""
    FILE_OBJECTION = "file_objection"
    """异议提出"""
    DECIDE_OBJECTION = "decide_objection"
    """异议处理"""
    ERASE = "erase"
    """抹除身份: a person's identity is erased by order; no push asks for it, a command does"""


PERSON_OPS = frozenset({Op.ADD_PERSON, Op.END_PERSON, Op.BAN})
"""Operations on a person of a listing, of which one push may hold several for the same listing."""
OBJECTION_OPS = frozenset({Op.FILE_OBJECTION, Op.DECIDE_OBJECTION})
"""Operations on objections, which one push may hold beside any other for the same listing: what was decided is carried
out in the same push."""


class RestoreReason(StrEnum):
    """Why a removal is taken back."""

    REPAIR_REVOKED = "repair_revoked"
    """the repair was obtained by fraud and has been revoked (应急管理部令第11号)"""
    RECORDED_BY_MISTAKE = "recorded_by_mistake"
    """there was no removal, the record of it was a mistake"""


@dataclass(frozen=True, slots=True)
class PersonGiven:
    """A person as the bureau gives one: with the number in clear, which goes no further than the vault."""

    name: str
    number: ResidentId
    roles: tuple[Role, ...]
    position_ban: PositionBan | None
    since: date | None = None


@dataclass(frozen=True, slots=True)
class ListOperation:
    """列入: put a unit and its persons on the list by a decision."""

    op: ClassVar = Op.LIST
    row: int
    uscc: Uscc
    unit_name: str
    decision_no: str
    decided_by: str
    conduct: str
    tier: str
    listed_on: date
    valid_until: date
    persons: tuple[PersonGiven, ...]
    conduct_code: str | None = None
    facts: str | None = None
    basis: str | None = None
    published_until: date | None = None
    nonconforming_reason: str | None = None

    @property
    def target(self) -> DecisionKey:
        """The listing that will come to be."""
        return (self.uscc.value, self.decision_no)


@dataclass(frozen=True, slots=True)
class AmendOperation:
    """补充: add facts, and fill in what was not recorded; ``facts`` is put after those that are there."""

    op: ClassVar = Op.AMEND
    row: int
    target: Target
    facts: str | None = None
    basis: str | None = None
    conduct_code: str | None = None
    published_until: date | None = None
    document: str | None = None


@dataclass(frozen=True, slots=True)
class CorrectOperation:
    """更正: put right what was recorded wrongly; ``values`` by the listing's field names, for a stated reason."""

    op: ClassVar = Op.CORRECT
    row: int
    target: Target
    values: dict[str, str | date]
    reason: str | None
    document: str | None = None
    persons: tuple[PersonGiven, ...] | None = None
    """In a snapshot, everybody who belongs in the listing; ``None`` leaves the persons as they are."""


@dataclass(frozen=True, slots=True)
class RenameOperation:
    """更名: the unit has a new name from a day on, and its old one stays findable (the memo's measure 10)."""

    op: ClassVar = Op.RENAME
    row: int
    target: Target
    new_name: str
    renamed_on: date
    document: str | None = None


@dataclass(frozen=True, slots=True)
class RemoveOperation:
    """移出: end a listing, for a reason."""

    op: ClassVar = Op.REMOVE
    row: int | None
    target: Target
    removed_on: date
    reason: RemovalReason
    decision_no: str | None


@dataclass(frozen=True, slots=True)
class RestoreOperation:
    """恢复: take a removal back; the listing is in force again from ``restored_on``."""

    op: ClassVar = Op.RESTORE
    row: int
    target: Target
    restored_on: date
    reason: RestoreReason
    document: str | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class AddPersonOperation:
    """增加人员: somebody answers for the unit from a day on."""

    op: ClassVar = Op.ADD_PERSON
    row: int
    target: Target
    person: PersonGiven


@dataclass(frozen=True, slots=True)
class EndPersonOperation:
    """人员离任: somebody no longer answers for the unit, or never did."""

    op: ClassVar = Op.END_PERSON
    row: int
    target: Target
    person: PersonNamed = field(repr=False)
    ended_on: date
    reason: PersonEndReason


@dataclass(frozen=True, slots=True)
class BanOperation:
    """任职限制: somebody is banned from leading a unit, until a day or for life."""

    op: ClassVar = Op.BAN
    row: int
    target: Target
    person: PersonNamed = field(repr=False)
    position_ban: PositionBan
    document: str | None = None


@dataclass(frozen=True, slots=True)
class FileObjectionOperation:
    """异议提出: somebody contests a listing; ``filed_by`` is one of its persons, ``None`` the unit."""

    op: ClassVar = Op.FILE_OBJECTION
    row: int
    target: Target
    objection_no: str
    filed_on: date
    matter: str
    filed_by: PersonNamed | None = field(default=None, repr=False)
    document: str | None = None


@dataclass(frozen=True, slots=True)
class DecideObjectionOperation:
    """异议处理: the bureau decides an objection; what follows from it (更正, 移出) is an operation of its own."""

    op: ClassVar = Op.DECIDE_OBJECTION
    row: int
    target: Target
    objection_no: str
    outcome: ObjectionOutcome
    decided_on: date
    document: str | None = None


Operation = (
    ListOperation
    | AmendOperation
    | CorrectOperation
    | RenameOperation
    | RemoveOperation
    | RestoreOperation
    | AddPersonOperation
    | EndPersonOperation
    | BanOperation
    | FileObjectionOperation
    | DecideObjectionOperation
)

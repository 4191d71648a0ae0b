"""What a push asks for, and the pure decision whether the list as it is allows it.

Operations name a listing by its unit and decision number or by its id. Within one push a listing occurs once, so that
the order of rows never matters to the result.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from app.domain.codes import ResidentId, Uscc
from app.domain.listing import Listing, ListingState, PositionBan, RemovalReason, Role
from app.errors import FieldError


@dataclass(frozen=True, slots=True)
class PersonGiven:
    """A person as the bureau gives one: with the number in clear, which goes no further than the vault."""

    name: str
    number: ResidentId
    roles: tuple[Role, ...]
    position_ban: PositionBan | None


@dataclass(frozen=True, slots=True)
class ListOperation:
    """列入: put a unit and its persons on the list by a decision."""

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
    op: Literal["list"] = "list"

    @property
    def target(self) -> "DecisionKey":
        """The listing that will come to be."""
        return (self.uscc.value, self.decision_no)


@dataclass(frozen=True, slots=True)
class RemoveOperation:
    """移出: end a listing, for a reason."""

    row: int
    target: "Target"
    removed_on: date
    reason: RemovalReason
    decision_no: str | None
    op: Literal["remove"] = "remove"


DecisionKey = tuple[str, str]
"""USCC and decision number: what names a listing to people."""
Target = DecisionKey | UUID
Operation = ListOperation | RemoveOperation


def allowed(operations: Sequence[Operation], existing: Mapping[Target, Listing], today: date) -> tuple[FieldError, ...]:
    """Return everything that stands against the operations, each with its row and field; empty if they may proceed.

    ``existing`` holds each listing that the operations name, under its decision key and under its id.
    """
    errors: list[FieldError] = []
    first_rows: dict[Target, int] = {}
    for operation in operations:
        found = existing.get(operation.target)
        identity: Target = found.listing_id if found else operation.target
        first = first_rows.setdefault(identity, operation.row)
        if first != operation.row:
            told = f"与第 {first} 行是同一条列入记录；一次推送中每条记录只能出现一次。"
            errors.append(FieldError(_target_field(operation), "duplicate_in_push", told, operation.row))
        if isinstance(operation, ListOperation):
            errors.extend(_against_listing(operation, found, today))
        else:
            errors.extend(_against_removal(operation, found, today))
    return tuple(errors)


def _target_field(operation: Operation) -> str:
    return "listing_id" if isinstance(operation.target, UUID) else "decision_no"


def _against_listing(operation: ListOperation, found: Listing | None, today: date) -> Iterable[FieldError]:
    def error(field: str, code: str, detail: str) -> FieldError:
        return FieldError(field, code, detail, operation.row)

    if found is not None:
        state = found.state(today)
        now = {
            ListingState.REMOVED: "且已移出；如移出有误，不能重新列入同一决定书",
            ListingState.EXPIRED: "且期限已满",
        }.get(state, "现仍有效")
        yield error("decision_no", "already_listed", f"该单位已按此决定书列入（{found.listed_on}），{now}。")
    if operation.listed_on > today:
        yield error("listed_on", "date_in_future", "列入日期不能晚于今天。")
    if operation.valid_until < operation.listed_on:
        yield error("valid_until", "date_order", "有效期截止日不能早于列入日期。")
    numbers: dict[ResidentId, int] = {}
    for position, person in enumerate(operation.persons):
        field = f"persons[{position}]"
        first = numbers.setdefault(person.number, position)
        if first != position:
            told = f"与本条第 {first + 1} 名人员号码相同；同一人的多个身份请写在同一人的 roles 中。"
            yield error(f"{field}.id_number", "duplicate_person", told)
        if len(set(person.roles)) != len(person.roles):
            yield error(f"{field}.roles", "duplicate_role", "同一身份写了两次。")
        ban = person.position_ban
        if ban is not None and ban.until is not None and ban.until < operation.listed_on:
            yield error(f"{field}.position_ban.until", "date_order", "任职限制截止日不能早于列入日期。")


def _against_removal(operation: RemoveOperation, found: Listing | None, today: date) -> Iterable[FieldError]:
    def error(field: str, code: str, detail: str) -> FieldError:
        return FieldError(field, code, detail, operation.row)

    if found is None:
        told = "名单中没有这条列入记录，请核对统一社会信用代码与决定书文号，或 listing_id。"
        yield error(_target_field(operation), "listing_not_found", told)
        return
    if found.removal is not None:
        yield error(_target_field(operation), "already_removed", f"该记录已于 {found.removal.on} 移出。")
    if operation.removed_on > today:
        yield error("removed_on", "date_in_future", "移出日期不能晚于今天。")
    if operation.removed_on < found.listed_on:
        yield error("removed_on", "date_order", f"移出日期不能早于列入日期（{found.listed_on}）。")
    if operation.reason is RemovalReason.EXPIRED and operation.removed_on <= found.valid_until:
        told = f"期限至 {found.valid_until} 才满，不能以期满为由提前移出。"
        yield error("reason", "not_yet_expired", told)

"""What tests of transitions decide about: listings, persons and operations, and somebody who knows the numbers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from app.domain.codes import ResidentId, Uscc
from app.domain.listing import (
    Entry,
    ListedUnit,
    Listing,
    PersonEnd,
    PersonEndReason,
    PositionBan,
    RelatedPerson,
    Removal,
    RemovalReason,
    Role,
)
from app.domain.operations import ListOperation, Operation, PersonGiven, RemoveOperation, Target
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.domain.transitions import Identity, Refused, decide
from app.errors import FieldError

DAY = timedelta(days=1)
TODAY = date(2026, 11, 24)
FIRST, LAST = date(2026, 3, 1), date(2027, 2, 28)
Told = tuple[int | None, str | None, str]
"""Row, field and code of an refusal."""


class Register:
    """Who the numbers belong to: each name with each number is one identity, always the same."""

    def __init__(self) -> None:
        """Know nobody yet."""
        self._ids: dict[tuple[str, str], UUID] = {}

    def identity(self, person: PersonGiven) -> Identity:
        """Return the identity of a name and number, new if it is not known."""
        found = self._ids.setdefault((person.number.reveal(), person.name), UUID(int=1000 + len(self._ids)))
        return Identity(found, f"{found.int:064x}")

    def ids_of(self, number: ResidentId) -> frozenset[UUID]:
        """Return every id that the number is known under."""
        return frozenset(found for (known, _), found in self._ids.items() if known == number.reveal())


def number(n: int = 1) -> ResidentId:
    """Return the n-th invented identity number."""
    return ResidentId(synthetic_resident_id(n))


def person(
    n: int = 1, *roles: Role, ban: PositionBan | None = None, name: str = "虚构", since: date | None = None
) -> PersonGiven:
    """Return a person as a row gives one."""
    return PersonGiven(name, number(n), roles or (Role.PRINCIPAL,), ban, since)


def recorded_as(
    given: PersonGiven, register: Register, ended_on: date | None = None, reason: str = "left"
) -> RelatedPerson:
    """Return a given person as a listing records them, who may have ended."""
    identity = register.identity(given)
    return RelatedPerson(
        identity.person_id,
        given.name,
        given.number.masked,
        given.roles,
        given.position_ban,
        since=given.since,
        end=PersonEnd(ended_on, PersonEndReason(reason)) if ended_on else None,
        commitment=identity.commitment,
    )


def key(n: int = 1) -> Target:
    """Return what names the n-th listing to people."""
    return (synthetic_uscc(n), f"虚构列〔2026〕{n}号")


def listing_of(row: int = 1, n: int = 1, *persons: PersonGiven) -> ListOperation:
    """Return the operation that makes the n-th listing."""
    return ListOperation(
        row=row,
        uscc=Uscc(synthetic_uscc(n)),
        unit_name="示例（虚构）有限公司",
        decision_no=f"虚构列〔2026〕{n}号",
        decided_by="清远市应急管理局（测试）",
        conduct="虚构行为",
        tier="严重失信主体",
        listed_on=FIRST,
        valid_until=LAST,
        persons=persons,
    )


def removal_of(target: Target, row: int = 1, on: date = TODAY, reason: str = "repaired") -> RemoveOperation:
    """Return the operation that removes a listing."""
    return RemoveOperation(row, target, on, RemovalReason(reason), None)


def recorded(n: int = 1, removed_on: date | None = None, reason: str = "repaired") -> Listing:
    """Return the n-th listing as it is on the list, which may have been removed."""
    return Listing(
        listing_id=UUID(int=n),
        revision=1,
        unit=ListedUnit(synthetic_uscc(n), "示例（虚构）有限公司", ()),
        decision_no=f"虚构列〔2026〕{n}号",
        decided_by="清远市应急管理局（测试）",
        conduct="虚构行为",
        tier="严重失信主体",
        listed_on=FIRST,
        valid_until=LAST,
        removal=Removal(removed_on, RemovalReason(reason), None) if removed_on else None,
    )


def entry(*persons: RelatedPerson, listing: Listing | None = None) -> Entry:
    """Return a listing with these persons."""
    return Entry(listing or recorded(), persons)


def against(
    operation: Operation, before: Entry | None, register: Register | None = None, today: date = TODAY
) -> tuple[FieldError, ...]:
    """Return everything that stands against an operation."""
    try:
        decide(operation, before, register or Register(), today)
    except Refused as refused:
        return refused.errors
    return ()


def told(
    operation: Operation, before: Entry | None, register: Register | None = None, today: date = TODAY
) -> list[Told]:
    """Return row, field and code of everything that stands against an operation."""
    return [(one.row, one.field, one.code) for one in against(operation, before, register, today)]


def days(change: Callable[[date], object], first: int = -3, last: int = 400) -> list[object]:
    """Return what something is on each day around the period of the listings."""
    return [change(FIRST + n * DAY) for n in range(first, last)]


def with_listing(before: Entry, **values: object) -> Entry:
    """Return a listing with other values."""
    return replace(before, listing=replace(before.listing, **values))  # type: ignore[arg-type]  # each test knows

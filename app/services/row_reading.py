"""Reading a row of a push into an operation: every error of every row, none of them stopping the others."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

from pydantic import ValidationError

from app.domain.code_rules import CodeFault
from app.domain.codes import CodeError, parse_irregular_uscc, parse_uscc
from app.domain.list_rules import ListRules
from app.domain.listing import PositionBan, RemovalReason
from app.domain.operations import (
    AddPersonOperation,
    AmendOperation,
    BanOperation,
    CorrectOperation,
    DecideObjectionOperation,
    EndPersonOperation,
    FileObjectionOperation,
    ListOperation,
    Operation,
    PersonGiven,
    RemoveOperation,
    RenameOperation,
    RestoreOperation,
)
from app.errors import FieldError
from app.files.row_types import FileRow
from app.services.fields import told
from app.services.push_rows import (
    ADAPTER,
    ROW_TAGS,
    AddPersonRow,
    AmendRow,
    AnyRow,
    BanRow,
    CorrectedValues,
    CorrectRow,
    DecideObjectionRow,
    EndPersonRow,
    FileObjectionRow,
    ListRow,
    PersonRow,
    PositionBanRow,
    RemoveRow,
    RenameRow,
    RestoreRow,
    RuledPart,
)
from app.services.whole_rows import errors_in


@dataclass(frozen=True, slots=True)
class RenamesOfUnit:
    """更名 by the unit's code alone: in all its listings, which only the list can name."""

    row: int
    uscc: str
    new_name: str
    renamed_on: date
    document: str | None


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row as it was read: the operation, or what is wrong with it.

    ``persons_given`` tells, of a `list`, whether it named any persons or left them open; ``period_given`` likewise of
    its last day, which for a new listing is then the longest that its tier allows.
    """

    source: FileRow
    operation: Operation | RenamesOfUnit | None
    errors: tuple[FieldError, ...]
    persons_given: bool = False
    period_given: bool = False


def read_row(source: FileRow, rules: ListRules, today: date) -> ReadRow:
    """Read a row; its errors name its number, and where it is a table's the column and the person's own row."""
    errors = list(source.errors)
    operation: Operation | RenamesOfUnit | None = None
    persons_given = period_given = False
    if not (source.value is None and errors):
        whole = tuple(_wrong_as_a_whole(source.value))
        try:
            row = ADAPTER.validate_python(source.value, context={"today": today})
        except ValidationError as error:
            errors.extend((*_told(error), *whole, *_code_fault(source.value), *_against_rules(source.value, rules)))
        else:
            if isinstance(row, ListRow):
                persons_given, period_given = row.persons is not None, row.valid_until is not None
            errors.extend(whole)
            if whole and not isinstance(row, ListRow):
                # What names no listing makes no operation.
                errors.extend(_code_fault(source.value))
            else:
                operation, refusals = _READERS[type(row)](row, source.number, rules)
                errors.extend(refusals)
    if errors:
        return ReadRow(source, None, _distinct(source, errors))
    return ReadRow(source, operation, (), persons_given, period_given)


def _told(error: ValidationError) -> tuple[FieldError, ...]:
    found: list[Any] = error.errors(include_url=False, include_input=False)
    for one in found:
        # The first step names the kind of operation, which is no field of the row.
        if one["loc"] and one["loc"][0] in ROW_TAGS:
            one["loc"] = one["loc"][1:]
    return told(found)


def _wrong_as_a_whole(value: object) -> Iterable[FieldError]:
    if isinstance(value, dict):
        for field, (code, detail) in errors_in(value, str(value.get("op"))):
            yield FieldError(field or None, code, detail)


def _against_rules(value: object, rules: ListRules) -> Iterable[FieldError]:
    """Hold tier and period of a row that fails for other reasons against the rules, if these can be read."""
    if not isinstance(value, dict) or value.get("op") != "list":
        return ()
    try:
        part = RuledPart.model_validate(value)
    except ValidationError:
        return ()
    return rules.check(part.tier, part.conduct_code, part.listed_on, part.valid_until)


def _code_fault(value: object) -> Iterable[FieldError]:
    """Tell of a row that fails for other reasons as well what is wrong with the check characters of the unit's code."""
    if not isinstance(value, dict) or value.get("nonconforming_code"):
        return
    name = "set" if value.get("op") == "correct" else "unit"
    unit = value.get(name)
    written = unit.get("uscc") if isinstance(unit, dict) else None
    if isinstance(written, str):
        try:
            parse_irregular_uscc(written)
            parse_uscc(written)
        except CodeError as error:
            if error.fault is CodeFault.CHECK_CHARACTER:
                yield error.at(f"{name}.uscc")


def _distinct(source: FileRow, errors: Iterable[FieldError]) -> tuple[FieldError, ...]:
    """Place the errors of a row; what the reader could not read of a table is not told a second time as missing."""
    unread = {(one.row or source.number, one.column) for one in source.errors if one.column is not None}
    told = list(source.errors)
    for error in errors:
        where = placed(error, source)
        if error not in source.errors and (where.row, where.column) not in unread and not _follows(error, source):
            told.append(where)
    return tuple(dict.fromkeys(placed(one, source) for one in told))


def _follows(error: FieldError, source: FileRow) -> bool:
    """Whether an error about several fields together only says that one of them could not be read."""
    about = _ABOUT.get(error.code, frozenset())
    inside = f"{error.field}." if error.field else ""
    return any(one.field is not None and one.field in {inside + name for name in about} for one in source.errors)


def placed(error: FieldError, source: FileRow) -> FieldError:
    """Say where in the file a row's error stands."""
    row, column = error.row or source.number, error.column
    field = error.field or ""
    if source.columns and column is None:
        column = source.columns.get(field) or source.columns.get(field.rpartition(".")[0])
    # The rules know an operation's first row only; of a person, it is the own row that has to be marked.
    if source.person_rows and field.startswith("persons[") and row == source.number:
        position = int(field[len("persons[") : field.index("]")])
        row = source.person_rows[position] if position < len(source.person_rows) else row
    return replace(error, row=row, column=column)


# What each error of several fields together is about.
_ABOUT: Mapping[str, frozenset[str]] = {
    "target": frozenset({"listing_id", "uscc", "decision_no"}),
    "person_target": frozenset({"id_number", "person_id"}),
    "ban_either_way": frozenset({"until", "for_life"}),
    "nothing_given": frozenset(
        {"facts", "basis", "conduct_code", "published_until", *(f"set.{name}" for name in CorrectedValues.model_fields)}
    ),
}

Reading = tuple[Operation | RenamesOfUnit, list[FieldError]]


def _ban(row: PositionBanRow | None) -> PositionBan | None:
    return PositionBan(row.until, row.since) if row is not None else None


def _person(row: PersonRow) -> PersonGiven:
    return PersonGiven(row.name, row.id_number, tuple(row.roles), _ban(row.position_ban), row.since)


def _list(row: ListRow, number: int, rules: ListRules) -> Reading:
    written, errors = row.unit.uscc, []
    if written.fault is not None and not row.nonconforming_code:
        errors.append(replace(written.fault, field="unit.uscc"))
    if row.nonconforming_code and written.fault is None:
        told = "该代码校验无误，不应标为不合规代码（nonconforming_code）。"
        errors.append(FieldError("nonconforming_code", "code_is_conforming", told))
    errors.extend(rules.check(row.tier, row.conduct_code, row.listed_on, row.valid_until))
    valid_until = row.valid_until or rules.last_day(row.tier, row.listed_on)
    operation = ListOperation(
        row=number,
        uscc=written.code,
        unit_name=row.unit.name,
        decision_no=row.decision_no,
        decided_by=row.decided_by,
        conduct=row.conduct,
        tier=row.tier,
        listed_on=row.listed_on,
        valid_until=valid_until,
        persons=tuple(_person(person) for person in row.persons or ()),
        conduct_code=row.conduct_code,
        facts=row.facts,
        basis=row.basis,
        published_until=row.published_until,
        nonconforming_reason=row.nonconforming_reason,
    )
    return operation, errors


def _amend(row: AmendRow, number: int, _: ListRules) -> Reading:
    operation = AmendOperation(
        number, row.target, row.facts, row.basis, row.conduct_code, row.published_until, row.document
    )
    return operation, []


def _correct(row: CorrectRow, number: int, _: ListRules) -> Reading:
    values = {name: value for name, value in row.set if value is not None}
    errors: list[FieldError] = []
    written = row.set.uscc
    if written is not None:
        values["uscc"] = written.code.value
        # Only a `list` says why a code that fails its check character is right all the same; here it is a slip.
        errors += [replace(written.fault, field="set.uscc")] if written.fault is not None else []
    return CorrectOperation(number, row.target, values, row.reason, row.document), errors


def _rename(row: RenameRow, number: int, _: ListRules) -> Reading:
    if row.listing_id is not None:
        return RenameOperation(number, row.listing_id, row.new_name, row.renamed_on, row.document), []
    uscc = row.uscc.value if row.uscc else ""
    if row.decision_no is None:
        return RenamesOfUnit(number, uscc, row.new_name, row.renamed_on, row.document), []
    return RenameOperation(number, (uscc, row.decision_no), row.new_name, row.renamed_on, row.document), []


def _remove(row: RemoveRow, number: int, _: ListRules) -> Reading:
    reason = RemovalReason(row.reason)
    return RemoveOperation(number, row.target, row.removed_on, reason, row.removal_decision_no), []


def _restore(row: RestoreRow, number: int, _: ListRules) -> Reading:
    operation = RestoreOperation(number, row.target, row.restored_on, row.reason, row.document, row.valid_until)
    return operation, []


def _add_person(row: AddPersonRow, number: int, _: ListRules) -> Reading:
    return AddPersonOperation(number, row.target, _person(row.person)), []


def _end_person(row: EndPersonRow, number: int, _: ListRules) -> Reading:
    named = row.id_number or row.person_id
    assert named is not None  # noqa: S101 - the row was checked as a whole
    return EndPersonOperation(number, row.target, named, row.ended_on, row.reason), []


def _ban_person(row: BanRow, number: int, _: ListRules) -> Reading:
    named, ban = row.id_number or row.person_id, _ban(row.position_ban)
    assert named is not None  # noqa: S101 - the row was checked as a whole
    assert ban is not None  # noqa: S101 - the field is required
    return BanOperation(number, row.target, named, ban, row.document), []


def _file_objection(row: FileObjectionRow, number: int, _: ListRules) -> Reading:
    filed_by = row.id_number or row.person_id
    operation = FileObjectionOperation(
        number, row.target, row.objection_no, row.filed_on, row.matter, filed_by, row.document
    )
    return operation, []


def _decide_objection(row: DecideObjectionRow, number: int, _: ListRules) -> Reading:
    operation = DecideObjectionOperation(
        number, row.target, row.objection_no, row.outcome, row.decided_on, row.document
    )
    return operation, []


_READERS: Mapping[type[AnyRow], Callable[[Any, int, ListRules], Reading]] = cast(
    "Mapping[type[AnyRow], Callable[[Any, int, ListRules], Reading]]",
    {
        ListRow: _list,
        AmendRow: _amend,
        CorrectRow: _correct,
        RenameRow: _rename,
        RemoveRow: _remove,
        RestoreRow: _restore,
        AddPersonRow: _add_person,
        EndPersonRow: _end_person,
        BanRow: _ban_person,
        FileObjectionRow: _file_objection,
        DecideObjectionRow: _decide_objection,
    },
)

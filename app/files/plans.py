"""For each operation: which columns of a table it is made of, and the path in the operation that each fills."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Final

from app.files import words
from app.files.cells import Days, Words, read_code, read_flag
from app.files.columns import Column, Kind
from app.files.headers import Header, letter

_TARGET = {"listing_id": "listing_id", "uscc": "uscc", "decision_no": "decision_no"}
_SAME = ("decided_by", "conduct", "conduct_code", "tier", "facts", "basis", "listed_on", "valid_until")

FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "list": {
        "uscc": "unit.uscc",
        "unit_name": "unit.name",
        "decision_no": "decision_no",
        **{key: key for key in _SAME},
        "published_until": "published_until",
        "nonconforming_reason": "nonconforming_reason",
        "nonconforming_code": "nonconforming_code",
    },
    "amend": {**_TARGET, **{key: key for key in ("facts", "basis", "conduct_code", "published_until", "document")}},
    "correct": {
        **_TARGET,
        "unit_name": "set.unit_name",
        **{key: f"set.{key}" for key in _SAME},
        "published_until": "set.published_until",
        "removed_on": "set.removed_on",
        "removal_decision_no": "set.removal_decision_no",
        "reason": "reason",
        "document": "document",
    },
    "rename": {**_TARGET, "new_name": "new_name", "renamed_on": "renamed_on", "document": "document"},
    "remove": {
        **_TARGET,
        "removed_on": "removed_on",
        "removal_reason": "reason",
        "removal_decision_no": "removal_decision_no",
    },
    "restore": {
        **_TARGET,
        "restored_on": "restored_on",
        "restore_reason": "reason",
        "document": "document",
        "valid_until": "valid_until",
    },
    "add_person": {
        **_TARGET,
        "person_name": "person.name",
        "id_number": "person.id_number",
        "roles": "person.roles",
        "since": "person.since",
        "ban_until": "person.position_ban.until",
        "for_life": "person.position_ban.for_life",
        "ban_since": "person.position_ban.since",
    },
    "end_person": {**_TARGET, "id_number": "id_number", "ended_on": "ended_on", "end_reason": "reason"},
    "ban": {
        **_TARGET,
        "id_number": "id_number",
        "ban_until": "position_ban.until",
        "for_life": "position_ban.for_life",
        "ban_since": "position_ban.since",
        "document": "document",
    },
    "file_objection": {
        **_TARGET,
        "objection_no": "objection_no",
        "filed_on": "filed_on",
        "matter": "matter",
        "id_number": "id_number",
        "document": "document",
    },
    "decide_objection": {
        **_TARGET,
        "objection_no": "objection_no",
        "outcome": "outcome",
        "decided_on": "decided_on",
        "document": "document",
    },
}
"""Operation -> column -> path. The persons of a `list` come from `PERSON_FIELDS` and `REPRESENTATIVE_FIELDS`."""

PERSON_FIELDS: Final[Mapping[str, str]] = {
    "person_name": "name",
    "id_number": "id_number",
    "roles": "roles",
    "since": "since",
    "ban_until": "position_ban.until",
    "for_life": "position_ban.for_life",
    "ban_since": "position_ban.since",
}
REPRESENTATIVE_FIELDS: Final[Mapping[str, str]] = {"legal_name": "name", "legal_id_number": "id_number"}

# Objects that an operation always has, so that the validator asks for each missing part of them.
_ALWAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "list": ("unit",),
    "correct": ("set",),
    "add_person": ("person",),
    "ban": ("position_ban",),
}
# Names beside what an operation is about help whoever reads the table, and change nothing.
_FOR_THE_READER: Final = frozenset({"op", "unit_name", "person_name", "legal_name"})
_REASONS: Final = frozenset({"removal_reason", "restore_reason", "end_reason"})

Read = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Step:
    """One column's part in an operation. ``read`` is ``None`` where the text itself is the value."""

    index: int
    name: str
    path: str
    read: Read | None


@dataclass(frozen=True, slots=True)
class Part:
    """One object of an operation: where it stands (``()``: the operation itself), and what is put into it.

    The texts (index, name) are apart from the steps that read, because most cells are texts and there are many.
    """

    path: tuple[str, ...]
    always: bool
    texts: tuple[tuple[int, str], ...]
    readings: tuple[tuple[int, str, str, Read], ...]

    @classmethod
    def of(cls, path: tuple[str, ...], steps: Iterable[Step], *, always: bool) -> "Part":
        """Sort the steps."""
        texts = tuple((step.index, step.name) for step in steps if step.read is None)
        readings = tuple((step.index, step.name, step.path, step.read) for step in steps if step.read is not None)
        return cls(path, always, texts, readings)


@dataclass(frozen=True, slots=True)
class Plan:
    """How the cells of a row become an operation, and which columns it has no use for."""

    op: str
    parts: tuple[Part, ...]
    steps: tuple[Step, ...]
    unused: tuple[int, ...]
    unused_cells: Callable[[Sequence[str]], Sequence[str]] | None
    """Takes them out of a row, fast: almost every row has nothing there."""

    @property
    def paths(self) -> dict[int, str]:
        """Return what each column becomes."""
        return {step.index: step.path for step in self.steps}


class Readers:
    """What reads the cells of each kind of column."""

    def __init__(self, today: date) -> None:
        """Take the day that says which years are plausible."""
        days = Days(today)
        self._of_kind: Mapping[Kind, Read] = {
            Kind.CODE: read_code,
            Kind.DATE: days.read,
            Kind.UNTIL: days.read_until,
            Kind.FLAG: read_flag,
        }
        self._words = {key: Words(key) for key in words.CHOICES}

    def of(self, column: Column, meaning: str) -> Read | None:
        """Return the reader of a column's cells; ``meaning`` is the key that says which words a choice has."""
        if column.kind is Kind.TEXT and meaning == column.key:
            return None
        if column.kind is Kind.ROLES:
            return self._words[meaning].read_several
        return self._of_kind.get(column.kind) or self._words[meaning].read


def plan_for(op: str, header: Header, readers: Readers) -> Plan:
    """Work out how the rows of this table become operations of this kind."""
    steps = steps_of(FIELDS[op], header, readers)
    objects: dict[tuple[str, ...], list[Step]] = {(): []}
    for name in _ALWAYS.get(op, ()):
        objects[name,] = []
    for step in steps:
        objects.setdefault(tuple(step.path.split(".")[:-1]), []).append(step)
    always = {(), *((name,) for name in _ALWAYS.get(op, ()))}
    used = _FOR_THE_READER.union(PERSON_FIELDS, REPRESENTATIVE_FIELDS) if op == "list" else _FOR_THE_READER
    taken = {step.index for step in steps}
    unused = tuple(
        index
        for index, column in enumerate(header.columns)
        if index not in taken and (is_blank(header, index) if column is None else column.key not in used)
    )
    parts = tuple(Part.of(path, inside, always=path in always) for path, inside in sorted(objects.items()))
    return Plan(op, parts, steps, unused, itemgetter(*unused) if unused else None)


def steps_of(fields: Mapping[str, str], header: Header, readers: Readers) -> tuple[Step, ...]:
    """Return the steps for those of the fields that the table has a column for."""
    steps = []
    for key, path in fields.items():
        index = header.index(key)
        if index is None and key in _REASONS:
            # Tables with the interface's own names have one column for the reasons of every operation.
            index = header.index("reason")
        if index is None:
            continue
        column = header.columns[index]
        assert column is not None  # noqa: S101 - the header found it
        steps.append(Step(index, path.rpartition(".")[2], path, readers.of(column, key)))
    return tuple(steps)


def is_blank(header: Header, index: int) -> bool:
    """Whether a column has no header at all."""
    return header.labels[index] == letter(index)

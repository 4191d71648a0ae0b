"""Putting a row's cells into an operation, and noting what is wrong with them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from app.domain import names
from app.errors import FieldError
from app.files import words
from app.files.cells import Fault
from app.files.headers import Header, letter
from app.files.plans import Part, Plan, is_blank

_WITHOUT_HEADER: Final = Fault("too_many_cells", "该单元格在表头之外：其所在的列没有列名。请补上列名，或清空该单元格。")


class RowErrors:
    """What the reader finds wrong in one row."""

    __slots__ = ("_header", "found", "number")

    def __init__(self, header: Header, number: int) -> None:
        """Begin with nothing wrong."""
        self._header = header
        self.number = number
        self.found: tuple[FieldError, ...] = ()

    def add(self, path: str | None, fault: Fault, index: int | None) -> None:
        """Note a fault of the cell in a column, which would have become the field at a path."""
        column = None if index is None else self._header.labels[index]
        self.found += (FieldError(path, fault.code, fault.detail, self.number, column),)

    def check_row(self, plan: Plan, cells: Sequence[str]) -> None:
        """Note filled cells that the operation does not take, and those that are outside the header."""
        header = self._header
        if len(cells) == header.width and not (plan.unused_cells and any(plan.unused_cells(cells))):
            return
        for index in plan.unused:
            if cells[index]:
                self.add(None, _WITHOUT_HEADER if is_blank(header, index) else _not_taken(plan.op), index)
        if len(cells) > header.width and any(cells[header.width :]):
            outside = next(i for i in range(header.width, len(cells)) if cells[i])
            error = FieldError(None, _WITHOUT_HEADER.code, _WITHOUT_HEADER.detail, self.number, letter(outside))
            self.found += (error,)

    def add_unreadable(self, faults: Mapping[int, Fault], paths: Mapping[int, str]) -> None:
        """Note the cells that could not be read; ``paths`` says what each column would have become."""
        header = self._header
        for index, fault in faults.items():
            if index < header.width and header.columns[index] is not None:
                self.add(paths.get(index), fault, index)


def fill(value: dict[str, object], plan: Plan, cells: Sequence[str], errors: RowErrors) -> None:
    """Put the cells of a row into an operation."""
    for part in plan.parts:
        if not part.path:
            take(value, part, cells, errors)
            continue
        inner: dict[str, object] = {}
        take(inner, part, cells, errors)
        if inner or part.always:
            parent = value
            for name in part.path[:-1]:
                parent = parent[name]  # type: ignore[assignment]  # every object but the innermost is always there
            parent[part.path[-1]] = inner


def take(value: dict[str, object], part: Part, cells: Sequence[str], errors: RowErrors, at: str = "") -> None:
    """Put cells into one object; an empty cell is an absent key. ``at`` precedes the paths of errors."""
    for index, name in part.texts:
        if text := cells[index]:
            value[name] = text
    for index, name, path, read in part.readings:
        if text := cells[index]:
            result = read(text)
            if type(result) is Fault:
                errors.add(at + path, result, index)
            elif result is words.FOR_LIFE:
                value["for_life"] = True
            else:
                value[name] = result


def column_paths(header: Header, paths: Iterable[tuple[int, str]]) -> dict[str, str]:
    """Return the column of each path, and of each object on the way: the first of its columns."""
    columns: dict[str, str] = {}
    for index, path in paths:
        columns.setdefault(path, header.labels[index])
    for path, column in list(columns.items()):
        names = path.split(".")
        for depth in range(1, len(names)):
            columns.setdefault(".".join(names[:depth]), column)
    op = header.index("op")
    if op is not None:
        columns["op"] = header.labels[op]
    return columns


def _not_taken(op: str) -> Fault:
    told = f"“{names.OPERATIONS[op]}”不使用该列：请清空该单元格，或改用其他操作。"
    return Fault("not_for_this_operation", told)

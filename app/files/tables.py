"""From the rows of a table to operations: one row each, or several adjacent rows with the persons of one listing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from app.files import words
from app.files.cells import Fault, Words
from app.files.headers import Header
from app.files.listing_rows import Listing, ListingRows
from app.files.plans import Plan, Readers, plan_for
from app.files.row_building import RowErrors, column_paths, fill
from app.files.row_types import FileRow, Notice, RowSource

RawRow = tuple[int, list[str], Mapping[int, Fault]]
"""A row's number, the texts of its cells, and what is wrong with those that have no text, by their index."""

NO_FAULTS: Final[Mapping[int, Fault]] = {}
_NO_OPERATION = "请填写操作：{}。"


def open_table(
    header: Header,
    rows: Iterable[RawRow],
    *,
    today: date,
    default_op: str | None,
    most_rows: int,
    notices: list[Notice],
) -> RowSource:
    """Return the operations of a table whose rows below the header are given; ``notices`` may grow with the rows."""
    operations = _Table(header, today, default_op).operations(rows)
    return RowSource(operations, most_rows=most_rows, notices=notices)


class _Table:
    """One reading of one table."""

    def __init__(self, header: Header, today: date, default_op: str | None) -> None:
        self._header = header
        self._readers = Readers(today)
        self._default_op = default_op
        self._op_index = header.index("op")
        self._ops = Words("op")
        self._plans: dict[str, Plan] = {}
        self._columns: dict[str, Mapping[str, str]] = {}
        self._listings = ListingRows(header, self._readers, self._plan("list"))

    def operations(self, rows: Iterable[RawRow]) -> Iterator[FileRow]:
        """Yield the operations; a listing is yielded once the row after its last is seen."""
        listings = self._listings
        current: Listing | None = None
        for number, raw, faults in rows:
            cells = self._cleaned(raw)
            if not faults and not any(cells):
                continue
            op = self._op(cells, faults)
            if current is not None:
                if op == "list" and listings.goes_on(current, cells, faults):
                    listings.add(current, number, cells, faults)
                    continue
                yield listings.finished(current)
                current = None
            if op == "list":
                current = listings.begin(number, cells, faults)
            else:
                yield self._operation(op, number, cells, faults)
        if current is not None:
            yield listings.finished(current)

    def _cleaned(self, raw: Sequence[str]) -> list[str]:
        cells = list(map(str.strip, raw))
        if not words.EMPTY.isdisjoint(cells):
            cells = ["" if cell in words.EMPTY else cell for cell in cells]
        missing = self._header.width - len(cells)
        if missing > 0:
            cells += [""] * missing
        return cells

    def _op(self, cells: Sequence[str], faults: Mapping[int, Fault]) -> str | Fault:
        """Return the operation of a row, or why there is none."""
        index = self._op_index
        text = "" if index is None else cells[index]
        if text:
            return self._ops.read(text)
        if index is not None and index in faults:
            return faults[index]
        return self._default_op or Fault("missing", _NO_OPERATION.format(words.offered("op")))

    def _operation(self, op: str | Fault, number: int, cells: Sequence[str], faults: Mapping[int, Fault]) -> FileRow:
        errors = RowErrors(self._header, number)
        if isinstance(op, Fault):
            errors.add("op", op, self._op_index)
            return FileRow(number, None, {}, errors.found)
        plan = self._plan(op)
        errors.check_row(plan, cells)
        errors.add_unreadable(faults, plan.paths)
        value: dict[str, object] = {"op": op}
        fill(value, plan, cells, errors)
        return FileRow(number, value, self._columns_of(op), errors.found)

    def _plan(self, op: str) -> Plan:
        plan = self._plans.get(op)
        if plan is None:
            plan = self._plans[op] = plan_for(op, self._header, self._readers)
        return plan

    def _columns_of(self, op: str) -> Mapping[str, str]:
        columns = self._columns.get(op)
        if columns is None:
            columns = self._columns[op] = column_paths(self._header, self._plan(op).paths.items())
        return columns

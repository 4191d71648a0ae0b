"""Finding a table's header and what each of its columns is."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.errors import FieldError, MalformedRequest
from app.files.columns import COLUMNS, MARKS, NOT_KEPT, NOT_KEPT_PREFIX, OTHER_COLUMNS, Column
from app.files.row_types import Notice, unreadable

MOST_ROWS_ABOVE = 5
"""Rows with a title and the like that may stand above the header."""
MOST_COLUMNS = 200
_IDENTIFYING = frozenset({"uscc", "listing_id"})
_REMARK = re.compile(r"\([^()]*\)$")
# A header with this many digits in a row could be somebody's number, if the header row was taken wrongly.
_TELLING_DIGITS = re.compile(r"[0-9]{6}")
_LONGEST_TOLD = 30
_LEAST_SIMILAR = 0.5


@dataclass(frozen=True, slots=True)
class Header:
    """A header row: for each column, from 0, what it is (``None``: skipped) and what it is called in errors.

    ``named_representative`` says that the column of the person's name is called 法定代表人.
    """

    row: int
    columns: tuple[Column | None, ...]
    labels: tuple[str, ...]
    notices: tuple[Notice, ...]
    named_representative: bool
    width: int

    def index(self, key: str) -> int | None:
        """Return where a column stands."""
        return next((i for i, column in enumerate(self.columns) if column is not None and column.key == key), None)


def letter(index: int) -> str:
    """Return the letters that a spreadsheet program gives a column, counted from 0: A, B, …, Z, AA."""
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def find_header(rows: Iterable[tuple[int, Sequence[str]]]) -> Header | None:
    """Return the header among a table's first rows (number, cells); `None` if there is none.

    It is the first row that has a column naming the listing's unit and another that is known. Raises
    `MalformedRequest` with everything that is wrong in it.
    """
    seen = 0
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        known = {column.key for column in map(_known, cells) if column is not None}
        if known & _IDENTIFYING and len(known) > 1:
            return _header(number, cells)
        seen += 1
        if seen > MOST_ROWS_ABOVE:
            break
    return None


def header_missing(remark: str = "") -> MalformedRequest:
    """Return the error for a table without a header."""
    told = (
        f"没有找到表头：前 {MOST_ROWS_ABOVE + 1} 行中应有一行写明各列名称，至少包括“统一社会信用代码”和另一列"
        f"（可先取模板对照）。{remark}"
    )
    return unreadable("header_missing", told)


def _header(number: int, cells: Sequence[str]) -> Header:
    names = list(cells)
    while names and not names[-1].strip():
        names.pop()
    if len(names) > MOST_COLUMNS:
        raise unreadable("too_many_columns", f"表头超过 {MOST_COLUMNS} 列，请删除多余的列。", row=number)
    columns: list[Column | None] = []
    skipped: list[str] = []
    errors: list[FieldError] = []
    for index, name in enumerate(names):
        column = _known(name)
        columns.append(column)
        if column is not None or not name.strip() or _normal(name) in _MARKS:
            continue
        if _is_not_kept(name):
            skipped.append(f"{letter(index)} 列“{safely_named(name)}”")
        else:
            errors.append(_unknown(number, index, name))
    labels = tuple(f"{letter(index)} {safely_named(name)}".rstrip() for index, name in enumerate(names))
    errors += _duplicates(number, columns, labels)
    if errors:
        told = errors[0].detail if len(errors) == 1 else f"表头有 {len(errors)} 处问题。"
        raise MalformedRequest(told, errors=tuple(errors))
    left_out = f"以下各列不属于名单内容，未读取：{'、'.join(skipped)}。"
    notices = (Notice("column_not_kept", left_out),) if skipped else ()
    keys = {column.key for column in columns if column is not None}
    # A number that is not said to be the representative's can still only be his, if he is the only one named.
    alone = {"legal_name", "id_number"} <= keys and not keys & {"legal_id_number", "person_name"}
    if alone:
        columns = [_PERSON_NAME if column is not None and column.key == "legal_name" else column for column in columns]
    return Header(number, tuple(columns), labels, notices, named_representative=alone, width=len(columns))


def _duplicates(number: int, columns: Sequence[Column | None], labels: Sequence[str]) -> Iterable[FieldError]:
    first: dict[str, int] = {}
    for index, column in enumerate(columns):
        if column is None:
            continue
        earlier = first.setdefault(column.key, index)
        if earlier != index:
            told = f"{letter(index)} 列与 {letter(earlier)} 列都是“{column.header}”，请只保留一列。"
            yield FieldError(None, "duplicate_column", told, number, labels[index])


def _unknown(number: int, index: int, name: str) -> FieldError:
    told = f"不认识 {letter(index)} 列的表头"
    safe = safely_named(name)
    told += f"“{safe}”" if safe else ""
    near = difflib.get_close_matches(_normal(name), _KNOWN, n=1, cutoff=_LEAST_SIMILAR)
    hint = f"是否应为“{_KNOWN[near[0]].header}”？" if near else "请改用模板中的列名，或删除该列。"
    column = f"{letter(index)} {safe}".rstrip()
    return FieldError(None, "unknown_column", f"{told}。{hint}", number, column)


def _known(name: str) -> Column | None:
    normal = _normal(name)
    found = _KNOWN.get(normal)
    return found if found is not None else _KNOWN.get(_REMARK.sub("", normal))


def _is_not_kept(name: str) -> bool:
    normal = _normal(name)
    return normal.startswith(_NOT_KEPT_PREFIX) or normal in _NOT_KEPT or _REMARK.sub("", normal) in _NOT_KEPT


def safely_named(name: str) -> str:
    """Return a name out of a file for a sentence; empty if it may be something else than a header."""
    shown = "".join(name.split())
    return "" if _TELLING_DIGITS.search(unicodedata.normalize("NFKC", shown)) else shown[:_LONGEST_TOLD]


def _normal(name: str) -> str:
    """Return a header without what makes no difference: white space, marks of what is required, case and width."""
    return "".join(unicodedata.normalize("NFKC", name).split()).strip("*:").lower()


_KNOWN = {_normal(name): column for column in (*COLUMNS, *OTHER_COLUMNS) for name in (column.header, *column.aliases)}
_MARKS = frozenset(map(_normal, MARKS))
_NOT_KEPT = frozenset(map(_normal, NOT_KEPT))
_NOT_KEPT_PREFIX = _normal(NOT_KEPT_PREFIX)
_PERSON_NAME = next(column for column in COLUMNS if column.key == "person_name")

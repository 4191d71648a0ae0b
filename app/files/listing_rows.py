"""Adjacent rows of one listing: one `list` operation with the persons of all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from app.errors import FieldError
from app.files.cells import Fault
from app.files.headers import Header
from app.files.plans import PERSON_FIELDS, REPRESENTATIVE_FIELDS, Part, Plan, Readers, Step, steps_of
from app.files.row_building import RowErrors, column_paths, fill, take
from app.files.row_types import FileRow

MOST_PERSONS = 200
"""Persons after which a listing is not gone on with; the validator refuses it well before."""
_FEW_PERSONS = 5
# The representative and the person of the row that reaches the bound come on top.
_PERSON_PATHS = tuple(f"persons[{n}]." for n in range(MOST_PERSONS + 2))
_REPRESENTATIVE = ("legal_representative",)
_DIFFERS = Fault("differs_from_first_row", "与同一单位、同一文号的第一行不一致：请改成与第一行相同，或留空。")
_NUMBER_MISSING = Fault("missing", "写了姓名而没有写身份号码：请补上号码，或清空姓名。")


@dataclass(slots=True)
class Listing:
    """A listing of which further rows may follow."""

    number: int
    first: Sequence[str]
    value: dict[str, object]
    persons: list[dict[str, object]] = field(default_factory=list)
    person_rows: list[int] = field(default_factory=list)
    errors: tuple[FieldError, ...] = ()
    represented: bool = False


class ListingRows:
    """Makes listings of the rows of one table."""

    def __init__(self, header: Header, readers: Readers, plan: Plan) -> None:
        """Find the columns of the unit and those of the persons."""
        self._header = header
        self._plan = plan
        self._key = (header.index("uscc"), header.index("decision_no"))
        default_roles = _REPRESENTATIVE if header.named_representative else ()
        self._person = _PersonColumns(steps_of(PERSON_FIELDS, header, readers), default_roles)
        self._representative = _PersonColumns(steps_of(REPRESENTATIVE_FIELDS, header, readers), _REPRESENTATIVE)
        self._same_for_all = plan.steps + self._representative.steps
        self._columns: dict[tuple[bool, int], Mapping[str, str]] = {}

    def begin(self, number: int, cells: Sequence[str], faults: Mapping[int, Fault]) -> Listing:
        """Return the listing whose first row this is."""
        errors = RowErrors(self._header, number)
        value: dict[str, object] = {"op": "list"}
        fill(value, self._plan, cells, errors)
        if "nonconforming_reason" in value:
            value.setdefault("nonconforming_code", True)
        listing = Listing(number, cells, value)
        if self._representative.any_in(cells, faults):
            listing.represented = True
            self._add_person(self._representative, listing, cells, faults, errors)
        self._add_rest(listing, cells, faults, errors)
        return listing

    def goes_on(self, listing: Listing, cells: Sequence[str], faults: Mapping[int, Fault]) -> bool:
        """Whether a row belongs to the listing: the same unit and decision, and a person in it."""
        uscc, decision_no = self._key
        if uscc is None or decision_no is None or not (cells[uscc] and cells[decision_no]):
            return False
        return (
            cells[uscc] == listing.first[uscc]
            and cells[decision_no] == listing.first[decision_no]
            and len(listing.persons) < MOST_PERSONS
            and self._person.any_in(cells, faults)
        )

    def add(self, listing: Listing, number: int, cells: Sequence[str], faults: Mapping[int, Fault]) -> None:
        """Add the person of a further row."""
        errors = RowErrors(self._header, number)
        for step in self._same_for_all:
            text, first = cells[step.index], listing.first[step.index]
            if text and text != first and not _means_the_same(step, text, first):
                errors.add(step.path, _DIFFERS, step.index)
        self._add_rest(listing, cells, faults, errors)

    def finished(self, listing: Listing) -> FileRow:
        """Return the operation."""
        if listing.persons:
            listing.value["persons"] = listing.persons
        columns = self._columns_of(listing.represented, len(listing.persons))
        return FileRow(listing.number, listing.value, columns, listing.errors, tuple(listing.person_rows))

    def _add_rest(
        self,
        listing: Listing,
        cells: Sequence[str],
        faults: Mapping[int, Fault],
        errors: RowErrors,
    ) -> None:
        if faults:
            paths = {**self._plan.paths, **self._representative.paths(0), **self._person.paths(len(listing.persons))}
            errors.add_unreadable(faults, paths)
        if self._person.any_in(cells, faults):
            self._add_person(self._person, listing, cells, faults, errors)
        errors.check_row(self._plan, cells)
        if errors.found:
            listing.errors += errors.found

    @staticmethod
    def _add_person(
        columns: "_PersonColumns",
        listing: Listing,
        cells: Sequence[str],
        faults: Mapping[int, Fault],
        errors: RowErrors,
    ) -> None:
        at = _PERSON_PATHS[len(listing.persons)]
        listing.persons.append(columns.person(cells, faults, errors, at))
        listing.person_rows.append(errors.number)

    def _columns_of(self, represented: bool, persons: int) -> Mapping[str, str]:  # noqa: FBT001 - half of a key
        key = (represented, persons)
        columns = self._columns.get(key)
        if columns is None:
            paths = list(self._plan.paths.items())
            for n in range(persons):
                of_person = self._representative if represented and n == 0 else self._person
                paths += of_person.paths(n).items()
            columns = column_paths(self._header, paths)
            if persons <= _FEW_PERSONS:
                self._columns[key] = columns
        return columns


class _PersonColumns:
    """The columns that one person of a row stands in."""

    def __init__(self, steps: tuple[Step, ...], default_roles: Sequence[str]) -> None:
        self.steps = steps
        self._indexes = frozenset(step.index for step in steps)
        # Much faster than a loop, and asked for every row. Of a single index it is the text, whose letters will do.
        self._cells_of = itemgetter(*self._indexes) if steps else None
        self._plain = Part.of((), [step for step in steps if "." not in step.path], always=True)
        self._of_ban = Part.of(("position_ban",), [step for step in steps if "." in step.path], always=False)
        self._name = next((step.index for step in steps if step.name == "name"), None)
        self._number = next((step.index for step in steps if step.name == "id_number"), None)
        self._default_roles = default_roles

    def any_in(self, cells: Sequence[str], faults: Mapping[int, Fault]) -> bool:
        """Whether a row has anything of the person."""
        if self._cells_of is None:
            return False
        return any(self._cells_of(cells)) or not self._indexes.isdisjoint(faults)

    def paths(self, n: int) -> dict[int, str]:
        """Return the path that each column fills for the n-th person."""
        return {step.index: f"persons[{n}].{step.path}" for step in self.steps}

    def person(
        self, cells: Sequence[str], faults: Mapping[int, Fault], errors: RowErrors, at: str
    ) -> dict[str, object]:
        """Return the person of a row; ``at`` precedes the paths of errors."""
        person: dict[str, object] = {}
        take(person, self._plain, cells, errors, at)
        ban: dict[str, object] = {}
        take(ban, self._of_ban, cells, errors, at)
        if ban:
            person["position_ban"] = ban
        if self._default_roles and "roles" not in person:
            person["roles"] = list(self._default_roles)
        number = self._number
        if self._name is not None and cells[self._name] and (number is None or not (cells[number] or number in faults)):
            errors.add(f"{at}id_number", _NUMBER_MISSING, self._name if number is None else number)
        return person


def _means_the_same(step: Step, text: str, first: str) -> bool:
    if step.read is None or not first:
        return False
    read = step.read(text)
    return not isinstance(read, Fault) and read == step.read(first)

"""The codes that name a subject, as values: a unit's unified social credit code and a person's identity number.

What makes them valid is in `code_rules`. Positions in faults count from 1 in the normalised code, in which white space
and hyphens have no place.
"""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Never, final

from app.domain import code_rules
from app.domain.code_rules import (
    CodeFault,
    normalise,
    organisation_code_check_character,
    resident_id_check_character,
    uscc_check_character,
)
from app.domain.subjects import SubjectKind
from app.errors import FieldError, InvalidField

__all__ = [
    "CodeError",
    "CodeFault",
    "ResidentId",
    "Uscc",
    "looks_like_identity_number",
    "normalise",
    "organisation_code_check_character",
    "parse_code",
    "parse_irregular_uscc",
    "parse_resident_id",
    "parse_uscc",
    "resident_id_check_character",
    "uscc_check_character",
]

# Fewer digits in a row than this are no identity number, not even the old one of 15 digits.
_SHORTEST_IDENTITY_NUMBER = 15

_LOOK_ALIKES = str.maketrans("OILZSB", "011258")


class CodeError(InvalidField):
    """A code that cannot be used; never a verdict."""

    def __init__(self, fault: CodeFault, detail: str, position: int | None = None) -> None:
        """Keep the fault, its Chinese detail and, where one character is to blame, its position from 1."""
        super().__init__(FieldError(field=None, code=fault.value, detail=detail))
        self.fault = fault
        self.position = position

    def at(self, field: str, row: int | None = None) -> FieldError:
        """Give the same fault with the place where the code stood in what was sent."""
        return FieldError(field=field, code=self.fault.value, detail=self.detail, row=row)


@final
@dataclass(frozen=True, slots=True)
class Uscc:
    """A normalised unified social credit code. It is public."""

    kind: ClassVar[SubjectKind] = SubjectKind.UNIT
    value: str

    @property
    def masked(self) -> str:
        """The code itself: a unit's code needs no mask. It stands here so that both kinds print alike."""
        return self.value

    def __str__(self) -> str:
        """Return the code itself."""
        return self.value


@final
class ResidentId:
    """A normalised identity number that does not show itself.

    Not a dataclass on purpose: whatever walks over the fields of a dataclass (`asdict`, JSON encoders, assertion
    reports) would print the number. For the same reason it cannot be pickled.
    """

    __slots__ = ("_number",)
    kind: ClassVar[SubjectKind] = SubjectKind.PERSON
    _number: str

    def __init__(self, number: str) -> None:
        """Take a number that is normalised and checked already, as `parse_resident_id` does."""
        object.__setattr__(self, "_number", number)

    @property
    def masked(self) -> str:
        """The number as it may be shown to the clients of the list: 2 characters, 14 asterisks, 2 characters.

        The check character gives back one digit at most, so what is hidden must be far more than one: here division,
        birth date and two digits of the sequence. Public pages show no character of it at all.
        """
        return f"{self._number[:2]}{'*' * 14}{self._number[-2:]}"

    @property
    def may_be_rounded(self) -> bool:
        """Whether it ends as a spreadsheet leaves a number, of which it keeps fifteen digits.

        One such remainder in eleven has a fitting check character: a valid number, and perhaps somebody else's.
        """
        return self._number.endswith("000")

    def reveal(self) -> str:
        """Return the number in clear, for the blind index and for encryption only."""
        return self._number

    def __repr__(self) -> str:
        """Return the mask."""
        return f"ResidentId({self.masked})"

    def __str__(self) -> str:
        """Return the mask."""
        return self.masked

    def __format__(self, spec: str) -> str:
        """Format the mask."""
        return format(self.masked, spec)

    def __eq__(self, other: object) -> bool:
        """Compare by number."""
        return self._number == other._number if isinstance(other, ResidentId) else NotImplemented

    def __hash__(self) -> int:
        """Hash by number."""
        return hash((ResidentId, self._number))

    def __setattr__(self, name: str, value: object) -> Never:
        """Refuse: the value is frozen."""
        msg = "ResidentId is immutable"
        raise AttributeError(msg)

    def __delattr__(self, name: str) -> Never:
        """Refuse: the value is frozen."""
        msg = "ResidentId is immutable"
        raise AttributeError(msg)

    def __copy__(self) -> "ResidentId":
        """Return itself, being immutable."""
        return self

    def __deepcopy__(self, memo: object) -> "ResidentId":
        """Return itself, being immutable."""
        return self

    def __reduce__(self) -> Never:
        """Refuse to be pickled: a pickle would hold the number in clear."""
        msg = "ResidentId cannot be pickled"
        raise TypeError(msg)


def parse_uscc(raw: str) -> Uscc:
    """Return the unified social credit code, or raise `CodeError`."""
    text = normalise(raw)
    if fault := code_rules.uscc_fault(text):
        raise CodeError(*fault)
    return Uscc(text)


def parse_irregular_uscc(raw: str) -> Uscc:
    """Return the code though its check characters may be wrong, or raise `CodeError`.

    Some codes issued in early pilot areas are like that and are real. This is for a unit that is listed knowingly, and
    for finding it again. What may be an identity number is refused all the same: it must never pass for a public code.
    """
    text = normalise(raw)
    fault = code_rules.uscc_form_fault(text) or (
        code_rules.uscc_check_fault(text) if code_rules.is_more_like_person(text) else None
    )
    if fault:
        raise CodeError(*fault)
    return Uscc(text)


def parse_resident_id(raw: str, *, today: date) -> ResidentId:
    """Return the identity number of somebody born by `today`, or raise `CodeError`."""
    text = normalise(raw)
    if fault := code_rules.resident_id_fault(text, today):
        raise CodeError(*fault)
    return ResidentId(text)


def parse_code(raw: str, *, today: date, expected: SubjectKind | None = None) -> Uscc | ResidentId:
    """Return the code of a unit or a person, or raise `CodeError`.

    With `expected`, only that kind is tried. Without, a code that can be both is refused as ambiguous: one identity
    number in 340 also fits both check characters of a unit's code. So is a unit's code that reads like an identity
    number with a slip in it, because to answer for a unit that nobody asked about is a false "not listed".
    """
    if expected is SubjectKind.UNIT:
        return parse_uscc(raw)
    if expected is SubjectKind.PERSON:
        return parse_resident_id(raw, today=today)
    text = normalise(raw)
    unit_fault = code_rules.uscc_fault(text)
    if unit_fault is None and not code_rules.may_be_person(text):
        return Uscc(text)
    if unit_fault is None and code_rules.has_assigned_kind(text):
        detail = "该号码可能是统一社会信用代码，也可能是公民身份号码，请注明对象是单位（unit）还是人员（person）。"
        raise CodeError(CodeFault.AMBIGUOUS, detail)
    person_fault = code_rules.resident_id_fault(text, today)
    if person_fault is None:
        return ResidentId(text)
    raise CodeError(*(person_fault if unit_fault is None or code_rules.is_more_like_person(text) else unit_fault))


def looks_like_identity_number(raw: str) -> bool:
    """Tell whether this is, contains, or was meant to be an identity number, so that it must not stand in a URL.

    It errs on the side of yes: 15 digits in a row (letters that look like digits counted in) are enough, except in a
    valid unified social credit code that cannot be a person's number too.
    """
    text = normalise(raw)
    if code_rules.uscc_fault(text) is None:
        return code_rules.may_be_person(text)
    run = 0
    for character in text.translate(_LOOK_ALIKES):
        if character.isdigit():
            run += 1
            if run == _SHORTEST_IDENTITY_NUMBER:
                return True
        elif character.isalnum():
            run = 0
    return False

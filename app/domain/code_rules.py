"""What makes a code valid, on normalised text: the tables, the check characters, and the fault that a text has.

Sources: GB 32100-2015 with its first amendment (unified social credit code), GB 11714-1997 (organisation code within
it), GB 11643-1999 (identity number, check character by ISO 7064 MOD 11-2). The residence permits of Hong Kong, Macao
and Taiwan residents (81, 82, 83) and the 18-digit permanent residence card (9) have the identity number's form.

Nothing is refused by its division: divisions are dissolved and founded, and old numbers stay valid. A detail never
holds anything of what was sent, because what was sent as a unit's code may be a mistyped identity number; the one
exception is the check character that would have been right. Positions count from 1 in the normalised text.
"""

from datetime import date
from enum import StrEnum
from typing import NamedTuple

from app.domain.subjects import SubjectKind

CODE_LENGTH = 18
_OLD_IDENTITY_LENGTH = 15
_DATE_LENGTH = 8
_ORGANISATION_CODE_LENGTH = 9

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_CHARACTERS = frozenset(USCC_ALPHABET)
# The standard's weights are the powers of 3 modulo 31, the first the lowest: read backwards as a number to the base 34,
# which is 3 modulo 31, the characters are weighted so. What is not of the alphabet becomes no digit.
_USCC_BASE = 34
_USCC_DIGITS = bytes(
    b"0123456789ABCDEFGHIJKLMNOPQRSTU!"[USCC_ALPHABET.find(chr(character))] for character in range(256)
)

# The kinds that the standard and its amendment give to each registering authority (the keys). A kind outside the table
# is not refused: it only tells a person's number from a unit's where the check characters leave it open.
_USCC_KINDS = {
    "1": "1239",
    "2": "19",
    "3": "123459",
    "4": "19",
    "5": "1239",
    "6": "129",
    "7": "129",
    "8": "19",
    "9": "1239",
    "A": "19",
    "N": "1239",
    "Y": "1",
}

# Unlike the code around it, the organisation code knows all letters: I is 18 and Z 35. The standard's weights (3, 7, 9,
# 10, 5, 8, 4, 2) are the powers of 2 modulo 11, the last character's the first: those of a number to the base 35. In it
# there is no digit for Z, whose 35 is the same as 2 modulo 11.
_ORGANISATION_BASE = 35
_ORGANISATION_DIGITS = bytes(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXY2!"["0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".find(chr(character))]
    for character in range(256)
)

_DIGIT_VALUES = {str(digit): digit for digit in range(10)}
# The standard's weights are the powers of 2 modulo 11, the last digit's the first: those of a number to the base 13.
_IDENTITY_BASE = 13
_IDENTITY_CHECK = "10X98765432"

# Nobody who can be met was born before; the year's only use is to refuse evident slips without doubting the very old.
_EARLIEST_BIRTH_YEAR = 1850
_LATEST_PLAUSIBLE_YEAR = 2099


def _normalisation() -> dict[int, int | None]:
    """Characters to put in another's place, and those to drop.

    Not NFKC: that also makes digits of superscripts, circled numbers and mathematical letters, which nobody means as
    such. The full-width forms are those that a Chinese input method gives.
    """
    table: dict[int, int | None] = {0xFF01 + i: 0x21 + i for i in range(94)}
    table |= {ord(small): ord(small.upper()) for small in "abcdefghijklmnopqrstuvwxyz"}
    table |= {ord(small) + 0xFEE0: ord(small.upper()) for small in "abcdefghijklmnopqrstuvwxyz"}
    spaces = [i for i in range(0x3001) if chr(i).isspace()]
    # Zero-width and direction marks come along when a code is copied from a document, unseen.
    unseen = [0xAD, 0x180E, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A)]
    dashes = [0x2D, *range(0x2010, 0x2016), 0x2043, 0x2212, 0x2E3A, 0x2E3B, 0xFE58, 0xFE63, 0xFF0D]
    return table | dict.fromkeys([*spaces, *unseen, *dashes])


_NORMALISATION = _normalisation()


class CodeFault(StrEnum):
    """Why a code cannot be used. The values are part of the interface: they never change."""

    EMPTY = "code_empty"
    LENGTH = "code_length"
    CHARACTER = "code_character"
    AUTHORITY = "code_authority"
    CHECK_CHARACTER = "code_check_character"
    DATE = "code_date"
    DATE_FUTURE = "code_date_future"
    AMBIGUOUS = "code_ambiguous"
    SCIENTIFIC_NOTATION = "code_scientific_notation"
    IDENTITY_NUMBER_15 = "code_identity_number_15"
    KIND_UNSUPPORTED = "code_kind_unsupported"


class Fault(NamedTuple):
    """What is wrong with a text: a Chinese detail and, where one character is to blame, its position from 1."""

    fault: CodeFault
    detail: str
    position: int | None = None


_SCIENTIFIC_NOTATION = Fault(
    CodeFault.SCIENTIFIC_NOTATION,
    "号码被电子表格改成了科学计数法，末尾的数字已经丢失，无法还原。请把该列设为文本格式后重新填写完整号码。",
)


_ROUNDED = Fault(
    CodeFault.CHECK_CHARACTER,
    "号码校验不符，且末三位都是 0：很可能被电子表格当作数字改写过，末尾的数字已经丢失。请把该列设为文本格式，"
    "照原件重新填写，不要只改末位。",
    CODE_LENGTH,
)


def normalise(raw: str) -> str:
    """Return the code in half-width upper case without white space, hyphens and unseen marks; nothing is checked."""
    if raw.isascii() and raw.isalnum():
        return raw.upper()
    return raw.translate(_NORMALISATION)


def uscc_check_character(first17: str) -> str:
    """Return the 18th character that belongs to 17 characters of `USCC_ALPHABET`."""
    _require_length(first17, CODE_LENGTH - 1)
    return USCC_ALPHABET[-int(first17[::-1].encode().translate(_USCC_DIGITS), _USCC_BASE) % 31]


def organisation_code_check_character(first8: str) -> str:
    """Return the 9th character that belongs to 8 digits or upper-case letters."""
    _require_length(first8, _ORGANISATION_CODE_LENGTH - 1)
    return "0123456789X"[-2 * int(first8.encode().translate(_ORGANISATION_DIGITS), _ORGANISATION_BASE) % 11]


def resident_id_check_character(first17: str) -> str:
    """Return the 18th character that belongs to 17 digits."""
    _require_length(first17, CODE_LENGTH - 1)
    if not first17.isdigit():
        msg = "digits belong here"
        raise ValueError(msg)
    return _IDENTITY_CHECK[2 * int(first17, _IDENTITY_BASE) % 11]


def _require_length(text: str, length: int) -> None:
    if len(text) != length:
        msg = f"{length} characters belong here, not {len(text)}"
        raise ValueError(msg)


def uscc_fault(text: str) -> Fault | None:
    """Return what is wrong with a unified social credit code."""
    return uscc_form_fault(text) or uscc_check_fault(text)


def uscc_form_fault(text: str) -> Fault | None:
    """Return what is wrong with it apart from the check characters."""
    if len(text) != CODE_LENGTH:
        return _length_fault(text, "统一社会信用代码", SubjectKind.UNIT)
    if not _USCC_CHARACTERS.issuperset(text):
        if _is_scientific_notation(text):
            return _SCIENTIFIC_NOTATION
        position = next(i for i, character in enumerate(text, start=1) if character not in _USCC_CHARACTERS)
        detail = f"统一社会信用代码第{position}位不是有效字符：只使用数字和大写字母，且不使用字母 I、O、S、V、Z。"
        return Fault(CodeFault.CHARACTER, detail, position)
    if text[0] not in _USCC_KINDS:
        detail = "统一社会信用代码第1位（登记管理部门代码）无效：应为 1 至 9 或 A、N、Y 之一。"
        return Fault(CodeFault.AUTHORITY, detail, 1)
    if not text[2:8].isdecimal():
        position = next(i for i, character in enumerate(text[2:8], start=3) if not character.isdecimal())
        detail = f"统一社会信用代码第{position}位应为数字：第3至8位是登记管理机关行政区划码。"
        return Fault(CodeFault.CHARACTER, detail, position)
    return None


def uscc_check_fault(text: str) -> Fault | None:
    """Return which check character of a well-formed unified social credit code is wrong.

    The organisation code's own is held to as well: without it one in 31 slips of more than one character would pass
    for another code, and the answer to that is "not listed". Real codes that fail the last character, from early
    pilot areas, were seen to have this one right.
    """
    expected = uscc_check_character(text[:17])
    if text[17] != expected:
        return _last_character_fault(text, "统一社会信用代码", expected)
    expected = organisation_code_check_character(text[8:16])
    if text[16] != expected:
        detail = f"统一社会信用代码中的组织机构代码校验不符：按第9至16位计算，第17位应为 {expected}。请逐位核对。"
        return Fault(CodeFault.CHECK_CHARACTER, detail, 17)
    return None


def resident_id_fault(text: str, today: date) -> Fault | None:
    """Return what is wrong with an identity number."""
    if len(text) != CODE_LENGTH:
        return _length_fault(text, "公民身份号码", SubjectKind.PERSON)
    if not has_identity_form(text):
        if _is_scientific_notation(text):
            return _SCIENTIFIC_NOTATION
        position = next((i for i, c in enumerate(text[:17], start=1) if c not in _DIGIT_VALUES), CODE_LENGTH)
        allowed = "数字或 X" if position == CODE_LENGTH else "数字"
        return Fault(CodeFault.CHARACTER, f"公民身份号码第{position}位不是有效字符：应为{allowed}。", position)
    if fault := _birth_fault(text, today):
        return fault
    expected = resident_id_check_character(text[:17])
    if text[17] != expected:
        return _last_character_fault(text, "公民身份号码", expected)
    return None


def _birth_fault(text: str, today: date) -> Fault | None:
    born = _date_of(text[6:14])
    if born is None or born.year < _EARLIEST_BIRTH_YEAR:
        return Fault(CodeFault.DATE, "公民身份号码第7至14位不是真实的出生日期。", 7)
    if born > today:
        return Fault(CodeFault.DATE_FUTURE, "公民身份号码第7至14位的出生日期晚于今天。", 7)
    return None


def has_identity_form(text: str) -> bool:
    """Tell whether this is 17 digits and a digit or X."""
    return len(text) == CODE_LENGTH and text.isascii() and text[:17].isdigit() and text[17] in _IDENTITY_CHECK


def may_be_person(text: str) -> bool:
    """Tell whether a valid unified social credit code is, or was meant to be, an identity number.

    It is, if no unit is of the kind that the second character says. Otherwise it needs a birth date; and as that alone
    says little of a code that starts with 9, which almost every enterprise's does and only the permanent residence
    card's among the identity numbers, there the check character has to fit too.
    """
    if not has_identity_form(text):
        return False
    if not has_assigned_kind(text):
        return True
    return _has_plausible_date(text) and (text[0] != "9" or text[17] == resident_id_check_character(text[:17]))


def is_more_like_person(text: str) -> bool:
    """Tell which of two faults to report, when a text is neither a unit's code nor a person's."""
    if not (text.isascii() and text[:14].isdigit()):
        return False
    if len(text) == _OLD_IDENTITY_LENGTH and text.isdigit():
        return _date_of(f"19{text[6:12]}") is not None
    return _has_plausible_date(text) or (has_identity_form(text) and not has_assigned_kind(text))


def could_begin_identity_number(first17: str) -> bool:
    """Tell whether 17 characters are digits with a birth date in its place: all of a number but its check character."""
    return len(first17) == CODE_LENGTH - 1 and first17.isascii() and first17.isdigit() and _has_plausible_date(first17)


def has_assigned_kind(text: str) -> bool:
    """Tell whether the standard gives this kind (second character) to this registering authority (first)."""
    return text[1] in _USCC_KINDS.get(text[0], "")


def _has_plausible_date(text: str) -> bool:
    born = _date_of(text[6:14])
    return born is not None and _EARLIEST_BIRTH_YEAR <= born.year <= _LATEST_PLAUSIBLE_YEAR


def _date_of(digits: str) -> date | None:
    """Return the day that YYYYMMDD names, if there is such a day."""
    if len(digits) != _DATE_LENGTH:
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def _length_fault(text: str, name: str, kind: SubjectKind) -> Fault:
    """Say what a text is instead, if its length is not 18 and it can be told."""
    if not text:
        return Fault(CodeFault.EMPTY, f"{name}为空。")
    if _is_scientific_notation(text):
        return _SCIENTIFIC_NOTATION
    if kind is SubjectKind.PERSON and len(text) == _OLD_IDENTITY_LENGTH and text.isascii() and text.isdigit():
        detail = "15位居民身份证号码已停止使用，请提供18位公民身份号码。"
        return Fault(CodeFault.IDENTITY_NUMBER_15, detail)
    if other := _other_kind(text):
        return Fault(CodeFault.KIND_UNSUPPORTED, f"这像是{other}，不能用于核查。请提供18位{name}。")
    return Fault(CodeFault.LENGTH, f"{name}应为18位，实际为{len(text)}位（不计空格和连字符）。")


def _is_scientific_notation(text: str) -> bool:
    mantissa, _, exponent = text.partition("E")
    digits = mantissa.replace(".", "", 1) + exponent.removeprefix("+")
    return bool(exponent) and digits.isascii() and digits.isdigit() and ("." in mantissa or exponent[0] == "+")


def _last_character_fault(text: str, name: str, expected: str) -> Fault:
    # A spreadsheet keeps fifteen of 18 digits that it took for a number. Who was told the check character then would
    # make a number of it that is valid, and somebody else's.
    if text.isdecimal() and text.endswith("000"):
        return _ROUNDED
    detail = f"{name}校验不符：按前17位计算，第18位校验码应为 {expected}。请逐位核对。"
    return Fault(CodeFault.CHECK_CHARACTER, detail, CODE_LENGTH)


def _other_kind(text: str) -> str | None:
    """Name the kind of number that this looks like."""
    if not (text.isascii() and text.isalnum()):
        return None
    if len(text) == _ORGANISATION_CODE_LENGTH and (
        text[:8].isdigit() or text[8] == organisation_code_check_character(text[:8])
    ):
        return "9位组织机构代码"
    rest = text.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    match len(text) - len(rest), len(rest) if rest.isdigit() else 0:
        case 0, 15:
            return "15位工商注册号或已停用的15位身份证号码"
        case 3, 12:
            return "旧版外国人永久居留身份证号码"
        case 1 | 2, 7 | 8 | 9 | 10:
            return "护照或通行证号码"
    return None

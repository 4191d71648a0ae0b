"""Whom the memo punishes (惩戒对象)."""

from enum import StrEnum


class SubjectKind(StrEnum):
    """The two kinds of subject: a unit (生产经营单位), or a person who answers for one (有关人员)."""

    UNIT = "unit"
    PERSON = "person"

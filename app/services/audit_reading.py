"""Reading the audit: who looked up whom and why; and the record of who read it, for which filter, about whom."""

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.catalogue import Catalogue
from app.domain.code_rules import CodeFault
from app.domain.codes import CodeError, ResidentId, Uscc, parse_code, parse_irregular_uscc
from app.domain.identity import BlindIndex, IdentityVault
from app.domain.moment import CITY, Moment
from app.domain.subjects import SubjectKind
from app.domain.text import contains_identity_number
from app.errors import FieldError, InvalidField
from app.services.access import Caller
from app.store import audit, audit_readings, persons
from app.store.audit import AuditFilter, AuditRecord
from app.store.audit_readings import Reading
from app.store.database import WriteSession

DEFAULT_DAYS = 31
FIRST_DAY = date(2000, 1, 1)
"""Long before there was anything to record."""
_TYPED = ("client", "department", "purpose")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: a client by its key, or an operator of the command line by their name on the machine."""

    client_id: UUID | None
    key_id: str | None
    operator: str | None
    request_id: str | None

    @classmethod
    def of(cls, caller: Caller, request_id: str) -> "Reader":
        """Return the reader behind a request."""
        return cls(caller.client_id, caller.key_id, None, request_id)

    @classmethod
    def at_the_machine(cls) -> "Reader":
        """Return the operator who runs the command line."""
        return cls(None, None, getpass.getuser(), None)


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``since`` to ``until``, both included, in the city."""

    since: date
    until: date

    @classmethod
    def given(cls, since: date | None, until: date | None, moment: Moment) -> "Period":
        """Return the period asked for, by default the last :data:`DEFAULT_DAYS` days; raise for one that cannot be."""
        for field, day in (("since", since), ("until", until)):
            if day is not None and not FIRST_DAY <= day <= moment.today:
                told = f"日期应在 {FIRST_DAY} 与今天之间。"
                raise InvalidField(FieldError(field, "out_of_range", told))
        last = until or moment.today
        first = since or last - timedelta(days=DEFAULT_DAYS - 1)
        if first > last:
            raise InvalidField(FieldError("since", "date_order", "起始日期不能晚于截止日期。"))
        return cls(first, last)

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """The moment at which it begins, and the one at which it is over."""
        return _midnight(self.since), _midnight(self.until + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CITY)


@dataclass(frozen=True, slots=True)
class Search:
    """Which records an auditor wants; what is ``None`` does not narrow."""

    period: Period
    subject: Uscc | ResidentId | None = None
    client: str | None = None
    department: str | None = None
    purpose: str | None = None
    verdict: str | None = None
    before: UUID | None = None

    def told(self) -> dict[str, Any]:
        """Return it as it is kept of the reading: of a person nothing, who stands beside it by blind index."""
        return {
            "since": self.period.since.isoformat(),
            "until": self.period.until.isoformat(),
            "uscc": self.subject.value if isinstance(self.subject, Uscc) else None,
            "client": self.client,
            "department": self.department,
            "purpose": self.purpose,
            "verdict": self.verdict,
            "before": str(self.before) if self.before else None,
        }


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Records, the newest first, and the lookup to go on before; ``None`` at the end.

    Under ``keys_missing``, records of the person may exist that cannot be found, for the keys are not configured.
    """

    records: list[AuditRecord]
    next: UUID | None
    keys_missing: list[str]


class AuditReadingService:
    """Reads the audit for auditors, with one catalogue and one set of identity keys."""

    def __init__(self, catalogue: Catalogue, vault: IdentityVault) -> None:
        """Find persons with these keys."""
        self._catalogue = catalogue
        self._vault = vault

    async def search(
        self, session: WriteSession, reader: Reader, wanted: Search, moment: Moment, limit: int
    ) -> AuditPage:
        """Return a page of records, and record that it was read.

        Raises :class:`InvalidField` for a department that the memo does not know.
        """
        since, until = wanted.period.moments
        indexes = self._vault.blind_indexes(wanted.subject) if isinstance(wanted.subject, ResidentId) else ()
        chosen = AuditFilter(
            since=since,
            until=until,
            client=wanted.client,
            uscc=wanted.subject.value if isinstance(wanted.subject, Uscc) else None,
            blind_indexes=[index.value for index in indexes] or None,
            department=self._department(wanted.department),
            purpose=wanted.purpose,
            verdict=wanted.verdict,
        )
        # One more than asked for tells whether there is more.
        found = await audit.page(session, chosen, wanted.before, limit + 1)
        records = found[:limit]
        index = indexes[0] if indexes else None
        await record(session, reader, "search", wanted.told(), moment, len(records), index)
        missing = await self.keys_missing(session) if indexes else []
        return AuditPage(records, records[-1].lookup_id if len(found) > limit else None, missing)

    async def keys_missing(self, session: WriteSession) -> list[str]:
        """Return the index keys that were configured here once and are not in this process."""
        return sorted(await persons.index_keys_ever(session) - set(self._vault.index_key_ids))

    def _department(self, name: str | None) -> str | None:
        if name is None:
            return None
        known = self._catalogue.department_named(name)
        if known is None:
            raise InvalidField(FieldError("department", "unknown_department", "备忘录没有这个部门。"))
        return known.name


async def record(
    session: WriteSession,
    reader: Reader,
    kind: str,
    filters: Mapping[str, Any],
    moment: Moment,
    records: int,
    index: BlindIndex | None = None,
) -> None:
    """Keep that the audit was read: by whom, when, with which filter, about whom.

    Raises :class:`InvalidField` for a filter with an identity number in it, which would be kept in clear.
    """
    for name in _TYPED:
        if contains_identity_number(filters.get(name) or ""):
            raise InvalidField(FieldError(name, "identity_number_in_text", "查询条件中不得含有身份号码。"))
    await audit_readings.add(
        session,
        Reading(
            reading_id=uuid7(),
            read_at=moment.now,
            kind=kind,
            client_id=reader.client_id,
            key_id=reader.key_id,
            operator=reader.operator,
            request_id=reader.request_id,
            filters={name: value for name, value in filters.items() if value is not None},
            blind_index=index.value if index else None,
            index_key_id=index.key_id if index else None,
            records=records,
        ),
    )


def subject_of(code: str, kind: SubjectKind | None, today: date) -> Uscc | ResidentId:
    """Read the code of somebody who may have been asked about; raise :class:`InvalidField`.

    A unit's code that fails its check character may have been listed, and asked about, all the same.
    """
    try:
        return parse_code(code, today=today, expected=kind)
    except CodeError as error:
        fault = InvalidField(error.at("code"))
        if kind is SubjectKind.PERSON or error.fault is not CodeFault.CHECK_CHARACTER:
            raise fault from None
    try:
        return parse_irregular_uscc(code)
    except CodeError:
        raise fault from None

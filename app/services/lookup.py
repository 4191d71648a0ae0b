"""THE ANSWER: is this subject on the list on that day, and what follows from it.

A lookup takes three hops: the route, this file, and one statement of ``store/lookups.py`` that finds and records; what
applies is decided by ``domain/applicability.py``, which touches nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.applicability import Grounds, applicable
from app.domain.catalogue import Catalogue
from app.domain.code_rules import CodeFault
from app.domain.codes import CodeError, ResidentId, Uscc, parse_code, parse_irregular_uscc
from app.domain.identity import IdentityVault
from app.domain.listing import Listing, ListingState, RelatedPerson
from app.domain.moment import Moment
from app.domain.scenes import ChosenScene
from app.domain.subjects import SubjectKind
from app.errors import FieldError, IdentityKeysMissing, InvalidField, LianchengError, ListVersionNotReached
from app.services.access import Caller
from app.services.answered_measures import AnsweredMeasure, AnsweredScene, in_no_scene, in_scene
from app.services.identity_keys import KEYS_MISSING
from app.store.database import WriteSession
from app.store.lookups import AskedSubject, Asking, Found, Hit, Verdict, find_and_record
from app.store.past_lookups import find_as_known


class View(StrEnum):
    """How much of the measures an answer holds."""

    SUMMARY = "summary"
    """every measure that applies, the provisions by label"""
    MINE = "mine"
    """only those that are, or may be, the caller's to carry out"""
    FULL = "full"
    """every measure, the provisions with their text"""


@dataclass(frozen=True, slots=True)
class Subject:
    """One code as it was sent; ``kind`` where the caller says what it is."""

    code: str
    kind: SubjectKind | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a whole call: why, for which day, how much of it, and how new the list has to be.

    ``known_at`` asks what the list was known to be at that moment; ``None`` is what is known now. ``scene`` is the
    procedure that is asked in; ``None`` asks for all measures.
    """

    purpose: str | None
    on: date
    view: View
    min_list_version: int
    request_id: str
    moment: Moment
    known_at: datetime | None = None
    scene: ChosenScene | None = None


@dataclass(frozen=True, slots=True)
class AnsweredListing:
    """A listing that concerns the subject; ``person`` where the subject is one of its persons."""

    listing: Listing
    state: ListingState
    person: RelatedPerson | None
    position_ban_in_force: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict with everything that follows from it; ``code`` is masked for a person."""

    lookup_id: UUID
    answered_at: datetime
    on: date
    known_at: datetime | None
    view: View
    list_version: int
    catalogue_version: str
    code: str
    subject_kind: SubjectKind
    verdict: Verdict
    listings: tuple[AnsweredListing, ...]
    measures: tuple[AnsweredMeasure, ...]
    scene: AnsweredScene | None


class LookupService:
    """Answers lookups with one catalogue and one set of identity keys."""

    def __init__(self, catalogue: Catalogue, vault: IdentityVault) -> None:
        """Answer with this catalogue."""
        self.catalogue = catalogue
        self._vault = vault

    async def answer(self, session: WriteSession, caller: Caller, subject: Subject, terms: Terms) -> Answer:
        """Answer for one subject; raise the error that keeps it from being decided."""
        result = (await self.answer_all(session, caller, [subject], terms))[0]
        if isinstance(result, LianchengError):
            raise result
        return result

    async def answer_all(
        self, session: WriteSession, caller: Caller, subjects: Sequence[Subject], terms: Terms
    ) -> list[Answer | LianchengError]:
        """Answer for each subject, in order; a subject that cannot be decided gets its error and spoils no other.

        Raises :class:`InvalidField` for a day in the future and :class:`ListVersionNotReached` for the whole call.
        """
        if terms.known_at is not None and terms.known_at > terms.moment.now:
            raise InvalidField(FieldError("known_at", "date_in_future", "获知时点（known_at）不能晚于现在。"))
        if terms.on > terms.moment.today:
            told = "查询日期不能晚于今天：未来某日是否在名单上，现在无法回答。"
            raise InvalidField(FieldError("on", "date_in_future", told))
        results: list[_Asked | LianchengError] = []
        for subject in subjects:
            try:
                results.append(self._asked(subject, terms))
            except LianchengError as error:
                results.append(error)
        asked = [one for one in results if isinstance(one, _Asked)]
        found = await self._found(session, caller, asked, terms)
        if found.keys_missing:
            raise IdentityKeysMissing(KEYS_MISSING)
        if not found.recorded:
            raise ListVersionNotReached(
                f"本库名单版本为 {found.list_version}，尚未达到所要求的 {terms.min_list_version}，"
                "不能用较旧的名单作答。请稍后重试。"
            )
        answers = iter(self._answers(caller, terms, asked, found))
        return [next(answers) if isinstance(result, _Asked) else result for result in results]

    async def _found(self, session: WriteSession, caller: Caller, asked: Sequence["_Asked"], terms: Terms) -> Found:
        subjects = [one.subject for one in asked]
        if terms.known_at is None:
            return await find_and_record(session, subjects, self._asking(caller, terms))
        return await find_as_known(session, subjects, self._asking(caller, terms), terms.known_at)

    def _asked(self, subject: Subject, terms: Terms) -> "_Asked":
        fault = None
        try:
            code = parse_code(subject.code, today=terms.moment.today, expected=subject.kind)
        except CodeError as error:
            fault = InvalidField(error.at("code"))
            code = _irregular(subject, fault)
        if isinstance(code, ResidentId) and terms.purpose is None:
            told = "查询个人必须写明用途（purpose）。"
            raise InvalidField(FieldError("purpose", "purpose_required", told))
        asked = AskedSubject(
            lookup_id=uuid7(),
            kind=code.kind,
            uscc=None if isinstance(code, ResidentId) else code.value,
            blind_indexes=self._vault.blind_indexes(code) if isinstance(code, ResidentId) else (),
            masked_number=code.masked if isinstance(code, ResidentId) else None,
            reference=subject.reference,
            only_if_listed=fault is not None,
        )
        return _Asked(code, asked, fault)

    def _asking(self, caller: Caller, terms: Terms) -> Asking:
        return Asking(
            answered_at=terms.moment.now,
            request_id=terms.request_id,
            client_id=caller.client_id,
            key_id=caller.key_id,
            department=caller.department,
            purpose=terms.purpose,
            on=terms.on,
            view=terms.view.value,
            min_list_version=terms.min_list_version,
            catalogue_version=self.catalogue.version,
            index_key_ids=self._vault.index_key_ids,
            scene=terms.scene.scene.code if terms.scene else None,
            scenes_version=terms.scene.version if terms.scene else None,
        )

    def _answers(
        self, caller: Caller, terms: Terms, asked: Sequence["_Asked"], found: Found
    ) -> list[Answer | LianchengError]:
        return [
            one.fault
            if one.fault is not None and not hits
            else compose(
                self.catalogue,
                Recorded(
                    one.subject.lookup_id,
                    terms.moment.now,
                    terms.on,
                    terms.known_at,
                    terms.view,
                    found.list_version,
                    caller.department,
                    terms.scene,
                ),
                one.code.masked,
                one.subject.kind,
                hits,
            )
            for one, hits in zip(asked, found.hits, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A subject as it is asked about; the ``fault`` of its code is its answer unless it is listed all the same."""

    code: Uscc | ResidentId
    subject: AskedSubject
    fault: InvalidField | None


def _irregular(subject: Subject, fault: InvalidField) -> Uscc:
    """Return a unit's code that fails its check character only: the bureau may have listed it knowingly."""
    if subject.kind is SubjectKind.PERSON or fault.field_error.code != CodeFault.CHECK_CHARACTER:
        raise fault
    try:
        return parse_irregular_uscc(subject.code)
    except CodeError:
        raise fault from None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What of a lookup its record keeps, and its answer therefore can be made from again."""

    lookup_id: UUID
    answered_at: datetime
    on: date
    known_at: datetime | None
    view: View
    list_version: int
    department: str
    scene: ChosenScene | None


def compose(catalogue: Catalogue, recorded: Recorded, code: str, kind: SubjectKind, hits: Sequence[Hit]) -> Answer:
    """Make the answer from what was found: the same from the live list and, years later, from the record."""
    listings = tuple(_answered(hit, recorded.on) for hit in hits)
    grounds = Grounds(
        listed=any(hit.listing.lists(hit.person, recorded.on) for hit in hits),
        banned=any(one.position_ban_in_force for one in listings),
    )
    if not all(hit.listing.concerns(hit.person, recorded.on) for hit in hits):
        # The statement and the domain disagree about what is in force: no verdict is better than one of the two.
        raise LianchengError("名单数据与规则不一致，无法作出结论。请联系系统管理员。")
    applied, mine = applicable(catalogue, kind, grounds), recorded.view is View.MINE
    scene = None
    if recorded.scene is None:
        measures = in_no_scene(applied, recorded.department, mine=mine)
    else:
        measures, scene = in_scene(recorded.scene, kind, applied, recorded.department, mine=mine)
    return Answer(
        lookup_id=recorded.lookup_id,
        answered_at=recorded.answered_at,
        on=recorded.on,
        known_at=recorded.known_at,
        view=recorded.view,
        list_version=recorded.list_version,
        catalogue_version=catalogue.version,
        code=code,
        subject_kind=kind,
        verdict="listed" if hits else "not_listed",
        listings=listings,
        measures=measures,
        scene=scene,
    )


def _answered(hit: Hit, on: date) -> AnsweredListing:
    return AnsweredListing(
        listing=hit.listing,
        state=hit.listing.state(on),
        person=hit.person,
        position_ban_in_force=hit.person is not None and hit.listing.ban_in_force(hit.person, on),
    )

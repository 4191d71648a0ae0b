"""THE ANSWER: is this subject on the list on that day, and what follows from it.

A lookup takes three hops: the route, this file, and one statement of ``store/lookups.py`` that finds and records; what
applies is decided by ``domain/applicability.py``, which touches nothing.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from app.domain.applicability import Grounds, applicable
from app.domain.catalogue import Catalogue
from app.domain.code_rules import CodeFault
from app.domain.codes import CodeError, ResidentId, Uscc, parse_code, parse_irregular_uscc
from app.domain.identity import IdentityVault
from app.domain.listing import Listing, ListingState, RelatedPerson
from app.domain.moment import Moment
from app.domain.objections import Objection
from app.domain.scenes import ChosenScene
from app.domain.subjects import SubjectKind
from app.errors import FieldError, IdentityKeysMissing, InvalidField, LianchengError, ListVersionNotReached
from app.services.access import Caller, NamedKey, refused
from app.services.answered_measures import AnsweredMeasure, AnsweredScene, in_no_scene, in_scene
from app.services.identity_keys import KEYS_MISSING
from app.store.database import WriteSession
from app.store.lookups import (
    Asker,
    CallTerms,
    FoundRows,
    Hit,
    Outcome,
    Question,
    Reply,
    Serving,
    Verdict,
    find_and_record,
    new_lookup_id,
)
from app.store.past_lookups import find_as_known


class View(StrEnum):
    """How much of the measures an answer holds."""

    SUMMARY = "summary"
    """every measure that applies, the provisions by label"""
    MINE = "mine"
    """only those that are, or may be, the caller's to carry out"""
    FULL = "full"
    """every measure, the provisions with their text"""


class Subject(NamedTuple):
    """One code as it was sent; ``kind`` where the caller says what it is."""

    code: str
    kind: SubjectKind | None = None
    reference: str | None = None


class Terms(NamedTuple):
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


class AnsweredListing(NamedTuple):
    """A listing that concerns the subject; ``person`` where the subject is one of its persons.

    ``open_objections`` are those that contest it on the day.
    """

    listing: Listing
    state: ListingState
    person: RelatedPerson | None
    position_ban_in_force: bool
    open_objections: tuple[Objection, ...]


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


Put = Callable[[Sequence[Question]], Awaitable[list[Reply]]]


class LookupService:
    """Answers lookups with one catalogue and one set of identity keys."""

    def __init__(self, catalogue: Catalogue, vault: IdentityVault) -> None:
        """Answer with this catalogue."""
        self.catalogue = catalogue
        self.serving = Serving(catalogue.version, vault.index_key_ids)
        self._vault = vault

    async def answer(self, session: WriteSession, caller: Caller, subject: Subject, terms: Terms) -> Answer:
        """Answer for one subject; raise the error that keeps it from being decided."""
        put = self._putting(session, caller, terms.known_at)
        (result,) = await self.decide_all(put, caller, [subject], terms)
        if isinstance(result, LianchengError):
            raise result
        (code, question, _), reply, _, _ = result
        recorded = Recorded(
            question.lookup_id,
            question.answered_at,
            terms.on,
            terms.known_at,
            terms.view,
            reply.list_version,
            reply.asker.department,
            terms.scene,
        )
        return compose(self.catalogue, recorded, code.masked, question.kind, reply.hits)

    async def decide_all(
        self, put: Put, caller: Caller, subjects: Sequence[Subject], terms: Terms
    ) -> "list[Decided | LianchengError]":
        """Decide about each subject, in order; one that cannot be decided gets its error and spoils no other.

        ``put`` is how questions are put, and puts them for ``terms.known_at`` where that is given.

        Raises for the whole call :class:`InvalidField` for a day in the future, :class:`ListVersionNotReached`, and
        :class:`Unauthenticated` for a key that has ended meanwhile.
        """
        if terms.known_at is not None and terms.known_at > terms.moment.now:
            raise InvalidField(FieldError("known_at", "date_in_future", "获知时点（known_at）不能晚于现在。"))
        if terms.on > terms.moment.today:
            told = "查询日期不能晚于今天：未来某日是否在名单上，现在无法回答。"
            raise InvalidField(FieldError("on", "date_in_future", told))
        call = call_terms(NamedKey(caller.key_id, caller.key_digest), terms)
        results: list[Asked | LianchengError] = []
        for subject in subjects:
            try:
                results.append(self.asked(call, subject, terms))
            except LianchengError as error:
                results.append(error)
        asked = [one for one in results if isinstance(one, Asked)]
        replies = iter(_required(await put([one.question for one in asked]), terms) if asked else ())
        return [decided(one, next(replies), terms.on) if isinstance(one, Asked) else one for one in results]

    def _putting(self, session: WriteSession, caller: Caller, known_at: datetime | None) -> Put:
        """Return the way to put questions in a session, of what is known now or was at a moment."""
        if known_at is None:
            return lambda questions: find_and_record(session, questions, self.serving)
        asker = Asker(caller.client_id, caller.name, caller.department)
        return lambda questions: find_as_known(session, questions, self.serving, asker, known_at)

    def asked(self, call: CallTerms, subject: Subject, terms: Terms) -> "Asked":
        """Put a question about a subject; ``call`` is what :func:`call_terms` makes of the terms.

        Raises the error that keeps it from being asked.
        """
        fault = None
        try:
            code = parse_code(subject.code, today=terms.moment.today, expected=subject.kind)
        except CodeError as error:
            fault = InvalidField(error.at("code"))
            code = _irregular(subject, fault)
        person = code if isinstance(code, ResidentId) else None
        if person is not None and terms.purpose is None:
            told = "查询个人必须写明用途（purpose）。"
            raise InvalidField(FieldError("purpose", "purpose_required", told))
        question = Question(
            new_lookup_id(),
            terms.moment.now,
            terms.request_id,
            call if fault is None else call._replace(only_if_listed=True),
            code.value if isinstance(code, Uscc) else None,
            subject.reference,
            self._vault.blind_indexes(person) if person is not None else (),
            person.masked if person is not None else None,
        )
        return Asked(code, question, fault)


def call_terms(key: NamedKey, terms: Terms) -> CallTerms:
    """Return what all questions of a call by this key have in common."""
    scene = terms.scene
    return CallTerms(
        key.key_id,
        key.digest,
        terms.purpose,
        terms.on,
        terms.view.value,
        terms.min_list_version,
        only_if_listed=False,
        scene=scene.scene.code if scene else None,
        scenes_version=scene.version if scene else None,
    )


def _required(replies: list[Reply], terms: Terms) -> list[Reply]:
    """Return the replies, or raise what keeps a whole call from being answered."""
    for reply in replies:
        if reply.outcome is Outcome.KEY_REFUSED:
            raise refused()
        if reply.outcome is Outcome.VERSION_NOT_REACHED:
            raise ListVersionNotReached(
                f"本库名单版本为 {reply.list_version}，尚未达到所要求的 {terms.min_list_version}，"
                "不能用较旧的名单作答。请稍后重试。"
            )
    return replies


class Asked(NamedTuple):
    """A subject as it is asked about; the ``fault`` of its code is its answer unless it is listed all the same."""

    code: Uscc | ResidentId
    question: Question
    fault: InvalidField | None


class Decided(NamedTuple):
    """A verdict that is on record; which measures follow depends on the ``grounds`` alone."""

    asked: Asked
    reply: Reply
    listings: tuple[AnsweredListing, ...] | FoundRows
    """as found where there is nothing to decide about them"""
    grounds: Grounds


def decided(asked: Asked, reply: Reply, on: date) -> Decided | LianchengError:
    """Return what a reply decides, or the error that keeps it from deciding."""
    if reply.outcome is Outcome.KEYS_MISSING:
        return IdentityKeysMissing(KEYS_MISSING)
    if asked.fault is not None and not reply.hits:
        return asked.fault
    if isinstance(reply.hits, FoundRows) and reply.hits.plain(on):
        return Decided(asked, reply, reply.hits, _LISTED if reply.hits else _NOT_LISTED)
    return Decided(asked, reply, *what_concerns(reply.hits, on))


_LISTED, _NOT_LISTED = Grounds(listed=True, banned=False), Grounds(listed=False, banned=False)


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
    listings, grounds = what_concerns(hits, recorded.on)
    measures, scene = what_follows(catalogue, kind, grounds, recorded.view, recorded.department, recorded.scene)
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


def what_concerns(hits: Sequence[Hit], on: date) -> tuple[tuple[AnsweredListing, ...], Grounds]:
    """Return the listings as an answer has them, and on what grounds measures follow from them."""
    listings = []
    listed = banned = False
    for listing, person in hits:
        state = listing.state(on)
        lists = state is ListingState.IN_FORCE and (person is None or person.answers_for_unit(on))
        bans = person is not None and listing.ban_in_force(person, on)
        if not (lists or bans):
            # The statement and the domain disagree about what is in force: no verdict is better than one of the two.
            raise LianchengError("名单数据与规则不一致，无法作出结论。请联系系统管理员。")
        listed, banned = listed or lists, banned or bans
        listings.append(AnsweredListing(listing, state, person, bans, listing.open_objections(on)))
    return tuple(listings), Grounds(listed=listed, banned=banned)


def what_follows(
    catalogue: Catalogue,
    kind: SubjectKind,
    grounds: Grounds,
    view: View,
    department: str,
    scene: ChosenScene | None,
) -> tuple[tuple[AnsweredMeasure, ...], AnsweredScene | None]:
    """Return the measures that an answer shows, and what it says of the scene: all that does not depend on the day."""
    applied, mine = applicable(catalogue, kind, grounds), view is View.MINE
    if scene is None:
        return in_no_scene(applied, department, mine=mine), None
    return in_scene(scene, kind, applied, department, mine=mine)

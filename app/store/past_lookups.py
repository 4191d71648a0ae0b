"""A lookup of what was known at an earlier moment: read from the history, and recorded like any other."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from app.domain.listing import Entry
from app.domain.subjects import SubjectKind
from app.store import audit, persons, pushes, revisions
from app.store.audit import AuditRecord
from app.store.database import WriteSession
from app.store.lookups import Asker, Hit, Outcome, Question, Reply, Serving


async def find_as_known(
    session: WriteSession, questions: Sequence[Question], serving: Serving, asker: Asker, known_at: datetime
) -> list[Reply]:
    """Find what concerned each subject on its day as the list was known at ``known_at``, and record each.

    A database that is behind may lack what was known then, so it is its newest version that has to have reached
    ``min_list_version``; where it has not, that version is in the reply, and otherwise the one of then.
    """
    # First: what is pushed in between is then either seen by both or asked for by nobody.
    newest = await pushes.current_version(session)
    version = await revisions.version_known_at(session, known_at)
    keys_missing = bool(await persons.index_keys_used(session) - set(serving.index_key_ids))
    replies, records = [], []
    for question in questions:
        if keys_missing and question.kind is SubjectKind.PERSON:
            replies.append(Reply(Outcome.KEYS_MISSING, newest, asker, ()))
        elif newest < question.terms.min_list_version:
            replies.append(Reply(Outcome.VERSION_NOT_REACHED, newest, asker, ()))
        else:
            reply = Reply(Outcome.ANSWERED, version, asker, await _hits(session, question, version))
            replies.append(reply)
            if reply.hits or not question.terms.only_if_listed:
                records.append(_record(question, reply, serving, known_at))
    if records:
        await audit.add(session, records)
    return replies


async def _hits(session: WriteSession, question: Question, version: int) -> tuple[Hit, ...]:
    if question.uscc is not None:
        candidates = await revisions.ever_of_unit(session, question.uscc)
        entries = await revisions.entries_from(session, await revisions.some_at_version(session, version, candidates))
        return tuple(
            Hit(entry.listing, None)
            for entry in entries
            if entry.listing.unit.uscc == question.uscc and entry.listing.concerns(None, question.terms.on)
        )
    known = await persons.found_by(session, question.blind_indexes)
    ids = frozenset(one.person_id for one in known)
    candidates = await persons.listings_with(session, ids)
    entries = await revisions.entries_from(session, await revisions.some_at_version(session, version, candidates))
    return tuple(_of_persons(entries, ids, question))


def _of_persons(entries: Iterable[Entry], ids: frozenset[UUID], question: Question) -> Iterable[Hit]:
    for entry in entries:
        for person in entry.persons:
            if person.person_id in ids and entry.listing.concerns(person, question.terms.on):
                yield Hit(entry.listing, person)


def _record(question: Question, reply: Reply, serving: Serving, known_at: datetime) -> AuditRecord:
    index = question.blind_indexes[0] if question.blind_indexes else None
    return AuditRecord(
        lookup_id=question.lookup_id,
        answered_at=question.answered_at,
        request_id=question.request_id,
        client_id=reply.asker.client_id,
        key_id=question.terms.key_id,
        department=reply.asker.department,
        purpose=question.terms.purpose,
        reference=question.reference,
        subject_kind=question.kind,
        uscc=question.uscc,
        blind_index=index.value if index else None,
        index_key_id=index.key_id if index else None,
        masked_number=question.masked_number,
        on_day=question.terms.on,
        known_at=known_at,
        view=question.terms.view,
        verdict="listed" if reply.hits else "not_listed",
        list_version=reply.list_version,
        catalogue_version=serving.catalogue_version,
        listing_ids=tuple(hit.listing.listing_id for hit in reply.hits),
        revisions=tuple(hit.listing.revision for hit in reply.hits),
        person_ids=tuple(hit.person.person_id for hit in reply.hits if hit.person),
        client_name=reply.asker.name,
        scene=question.terms.scene,
        scenes_version=question.terms.scenes_version,
    )

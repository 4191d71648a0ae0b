"""A lookup of what was known at an earlier moment: read from the history, and recorded like any other."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from app.domain.listing import Entry
from app.domain.subjects import SubjectKind
from app.store import audit, persons, revisions
from app.store.audit import AuditRecord
from app.store.database import WriteSession
from app.store.lookups import AskedSubject, Asking, Found, Hit


async def find_as_known(
    session: WriteSession, subjects: Sequence[AskedSubject], asking: Asking, known_at: datetime
) -> Found:
    """Find what concerned each subject on the day as the list was known at ``known_at``, and record each."""
    version = await revisions.version_known_at(session, known_at)
    used = await persons.index_keys_used(session)
    asks_for_persons = any(one.kind is SubjectKind.PERSON for one in subjects)
    keys_missing = asks_for_persons and bool(used - set(asking.index_key_ids))
    if keys_missing or version < asking.min_list_version:
        return Found(version, keys_missing, recorded=False, hits=tuple(() for _ in subjects))
    hits = [await _hits(session, subject, asking, version) for subject in subjects]
    records = [
        _record(subject, asking, known_at, version, found)
        for subject, found in zip(subjects, hits, strict=True)
        if found or not subject.only_if_listed
    ]
    if records:
        await audit.add(session, records)
    return Found(version, keys_missing=False, recorded=True, hits=tuple(hits))


async def _hits(session: WriteSession, subject: AskedSubject, asking: Asking, version: int) -> tuple[Hit, ...]:
    if subject.uscc is not None:
        candidates = await revisions.ever_of_unit(session, subject.uscc)
        entries = await revisions.entries_from(session, await revisions.some_at_version(session, version, candidates))
        return tuple(
            Hit(entry.listing, None)
            for entry in entries
            if entry.listing.unit.uscc == subject.uscc and entry.listing.concerns(None, asking.on)
        )
    known = await persons.found_by(session, subject.blind_indexes)
    ids = frozenset(one.person_id for one in known)
    candidates = await persons.listings_with(session, ids)
    entries = await revisions.entries_from(session, await revisions.some_at_version(session, version, candidates))
    return tuple(_of_persons(entries, ids, asking))


def _of_persons(entries: Iterable[Entry], ids: frozenset[UUID], asking: Asking) -> Iterable[Hit]:
    for entry in entries:
        for person in entry.persons:
            if person.person_id in ids and entry.listing.concerns(person, asking.on):
                yield Hit(entry.listing, person)


def _record(
    subject: AskedSubject, asking: Asking, known_at: datetime, version: int, hits: Sequence[Hit]
) -> AuditRecord:
    index = subject.blind_indexes[0] if subject.blind_indexes else None
    return AuditRecord(
        lookup_id=subject.lookup_id,
        answered_at=asking.answered_at,
        request_id=asking.request_id,
        client_id=asking.client_id,
        key_id=asking.key_id,
        department=asking.department,
        purpose=asking.purpose,
        reference=subject.reference,
        subject_kind=subject.kind,
        uscc=subject.uscc,
        blind_index=index.value if index else None,
        index_key_id=index.key_id if index else None,
        masked_number=subject.masked_number,
        on_day=asking.on,
        known_at=known_at,
        view=asking.view,
        verdict="listed" if hits else "not_listed",
        list_version=version,
        catalogue_version=asking.catalogue_version,
        listing_ids=tuple(hit.listing.listing_id for hit in hits),
        revisions=tuple(hit.listing.revision for hit in hits),
        person_ids=tuple(hit.person.person_id for hit in hits if hit.person),
        client_name="",
        scene=asking.scene,
        scenes_version=asking.scenes_version,
    )

"""An old answer, made again from its record: the listings as they were then, with the memo's text of then."""

from uuid import UUID

from app.errors import NotFound
from app.services.catalogue import served
from app.services.lookup import Answer, Recorded, View, compose
from app.services.scenes import as_served
from app.store import audit, revisions
from app.store.audit import TOKEN_ISSUED, AuditRecord
from app.store.database import Session
from app.store.lookups import Hit


async def reproduce(session: Session, lookup_id: UUID) -> tuple[AuditRecord, Answer]:
    """Return the record of a lookup and the answer that was given; raise :class:`NotFound` if there is none."""
    record = await audit.by_lookup(session, lookup_id)
    if record is None:
        raise NotFound("没有这次查询的记录。")
    if record.verdict == TOKEN_ISSUED:
        raise NotFound("该记录是发放比对标识，没有结论可以重现。")
    told = list(zip(record.listing_ids, record.revisions, strict=True))
    then = await revisions.at_revisions(session, told)
    people: list[UUID | None] = list(record.person_ids) or [None] * len(told)
    hits = []
    for (listing_id, _), person_id in zip(told, people, strict=True):
        entry = then[listing_id]
        hits.append(Hit(entry.listing, entry.person(frozenset({person_id})) if person_id else None))
    catalogue = await served(session, record.catalogue_version)
    scene = None
    if record.scene is not None and record.scenes_version is not None:
        scene = await as_served(session, record.scenes_version, record.scene, catalogue)
    recorded = Recorded(
        record.lookup_id,
        record.answered_at,
        record.on_day,
        record.known_at,
        View(record.view),
        record.list_version,
        record.department,
        scene,
    )
    code = record.uscc or record.masked_number or ""
    return record, compose(catalogue, recorded, code, record.subject_kind, hits)

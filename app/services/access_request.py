"""Who queried me (PIPL, article 45): everything on record about one person, for a document to hand over to them.

Found under every index key that is configured. Where the record holds persons under a key that is not, the answer could
be incomplete without anybody seeing it, and none is given. Of somebody whose identity was erased, the record of before
no longer says whom it was about, so that nothing of it can be told; what was asked since is told like anything else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.codes import ResidentId
from app.domain.identity import IdentityVault
from app.domain.moment import Moment
from app.errors import IdentityKeysMissing
from app.services.audit_reading import Reader, record
from app.services.identity_keys import note_keys
from app.store import audit, audit_readings, revisions
from app.store.audit import AuditFilter, AuditRecord
from app.store.audit_readings import ReadingShown
from app.store.database import WriteSession

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class AccessAnswer:
    """All that is on record about a person, the oldest first; ``states`` are the listings they were told to be in."""

    masked_number: str
    made_at: datetime
    records: Sequence[AuditRecord]
    states: Mapping[tuple[UUID, int], Mapping[str, Any]]
    readings: Sequence[ReadingShown]


async def about(
    session: WriteSession, vault: IdentityVault, number: ResidentId, reader: Reader, moment: Moment
) -> AccessAnswer:
    """Return who asked about the person and who read the audit for them, and record this reading too.

    Raises :class:`IdentityKeysMissing` if persons were asked about under a key that is not configured, and
    :class:`Misconfigured` if a key is another than the one that they were asked about under.
    """
    await note_keys(session, vault)
    missing = await audit.index_keys(session) - set(vault.index_key_ids)
    if missing:
        raise IdentityKeysMissing(
            f"查询记录中有以索引密钥 {'、'.join(sorted(missing))} 保存的，本机没有这些密钥，答复可能不完整，故不出具。"
            "请把它们加回 LIANCHENG_IDENTITY_INDEX_KEYS（排在当前密钥之后）再试。"
        )
    indexes = vault.blind_indexes(number)
    wanted = AuditFilter(blind_indexes=[index.value for index in indexes])
    records: list[AuditRecord] = []
    while True:
        page = await audit.page(session, wanted, records[-1].lookup_id if records else None, _PAGE)
        records += page
        if len(page) < _PAGE:
            break
    records.reverse()
    told = [pair for one in records for pair in zip(one.listing_ids, one.revisions, strict=True)]
    states = await revisions.raw_at_revisions(session, told)
    readings = await audit_readings.newest(session, _PAGE, [index.value for index in indexes])
    await record(session, reader, "about", {}, moment, len(records), indexes[0])
    return AccessAnswer(number.masked, moment.now, records, states, readings[::-1])

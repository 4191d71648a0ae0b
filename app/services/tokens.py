"""Tokens: how a department recognises its own persons in its copy of the list, and learns of nobody else.

Each is asked for by its number, for a purpose, and is on record like a lookup: who was asked about can find out by
whom. The answer says nothing of the list, and a number that nobody has is answered like any other.
"""

from collections.abc import Sequence

from uuid_utils.compat import uuid7

from app.domain.codes import CodeError, parse_resident_id
from app.domain.identity import IdentityVault
from app.domain.moment import Moment
from app.domain.subjects import SubjectKind
from app.errors import InvalidField, LianchengError
from app.services.access import Caller
from app.services.identity_keys import require_index_keys
from app.store import audit, pushes
from app.store.audit import TOKEN_ISSUED, AuditRecord
from app.store.database import WriteSession


class TokenService:
    """Makes tokens, with one set of identity keys and one catalogue version for the record."""

    def __init__(self, vault: IdentityVault, catalogue_version: str) -> None:
        """Make tokens with these keys."""
        self._vault = vault
        self._catalogue_version = catalogue_version

    async def issue(
        self, session: WriteSession, caller: Caller, numbers: Sequence[str], *, purpose: str, request_id: str
    ) -> list[tuple[str, ...] | LianchengError]:
        """Return the tokens that each number may have in the caller's copy, one for each key in use, or its error."""
        await require_index_keys(session, self._vault)
        moment = Moment.current()
        version = await pushes.current_version(session)
        results: list[tuple[str, ...] | LianchengError] = []
        records = []
        for raw in numbers:
            try:
                number = parse_resident_id(raw, today=moment.today)
            except CodeError as error:
                results.append(InvalidField(error.at("id_number")))
                continue
            indexes = self._vault.blind_indexes(number)
            results.append(tuple(self._vault.feed_token(caller.client_id, index) for index in indexes))
            records.append(
                AuditRecord(
                    lookup_id=uuid7(),
                    answered_at=moment.now,
                    request_id=request_id,
                    client_id=caller.client_id,
                    key_id=caller.key_id,
                    department=caller.department,
                    purpose=purpose,
                    reference=None,
                    subject_kind=SubjectKind.PERSON,
                    uscc=None,
                    blind_index=indexes[0].value,
                    index_key_id=indexes[0].key_id,
                    masked_number=number.masked,
                    on_day=moment.today,
                    known_at=None,
                    view="token",
                    verdict=TOKEN_ISSUED,
                    list_version=version,
                    catalogue_version=self._catalogue_version,
                    listing_ids=(),
                    revisions=(),
                    person_ids=(),
                    client_name=caller.name,
                )
            )
        if records:
            await audit.add(session, records)
        return results

"""The statement behind every answer: it finds what concerns the subjects and records that it was asked, in one.

Any number of subjects travel together. What was found feeds both the record and the answer from the same rows, and the
list's version is of the same snapshot, so that the three can never differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Dialect, text
from sqlalchemy.dialects.postgresql import dialect

from app.domain.identity import BlindIndex
from app.domain.listing import Listing, RelatedPerson
from app.domain.subjects import SubjectKind
from app.store.database import WriteSession
from app.store.listings import listing_of, person_of
from app.store.tables import listings, related_persons

Verdict = Literal["listed", "not_listed"]


@dataclass(frozen=True, slots=True)
class AskedSubject:
    """One subject asked about: a unit by its code, a person by every index that the number may be stored under.

    With ``only_if_listed`` (a code that fails its check character) "not listed" is no answer, and is not recorded.
    """

    lookup_id: UUID
    kind: SubjectKind
    uscc: str | None
    blind_indexes: tuple[BlindIndex, ...]
    masked_number: str | None
    reference: str | None
    only_if_listed: bool = False


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, why, and for which day: the same for all subjects that travel together."""

    answered_at: datetime
    request_id: str
    client_id: UUID
    key_id: str
    department: str
    purpose: str | None
    on: date
    view: str
    min_list_version: int
    catalogue_version: str
    index_key_ids: tuple[str, ...]
    scene: str | None = None
    scenes_version: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A listing that concerns the subject; for a person, as which of the listing's persons."""

    listing: Listing
    person: RelatedPerson | None


@dataclass(frozen=True, slots=True)
class Found:
    """The list's version, and the hits of each subject in the order they were asked.

    ``recorded`` is false, and nothing was recorded, where the list has not reached the version that was asked for, or
    a person was asked about and persons are recorded under a key that is not among ours (``keys_missing``).
    """

    list_version: int
    keys_missing: bool
    recorded: bool
    hits: tuple[tuple[Hit, ...], ...]


# A listing concerns a unit while it is in force; a person while they answer for the unit, or while a position ban from
# it is in force (Listing.concerns says the same in Python, and a test holds the two together).
_DIALECT: Dialect = dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy has not typed it
_LISTING = ", ".join(f"listings.{column.name}" for column in listings.columns)
_RELATED = ", ".join(
    f"related_persons.{column.name}" for column in related_persons.columns if column.name != "listing_id"
)
_NOBODY = ", ".join(
    f"CAST(NULL AS {column.type.compile(_DIALECT)}) AS {column.name}"
    for column in related_persons.columns
    if column.name != "listing_id"
)
_IN_FORCE = """(
        :on BETWEEN listed_on AND valid_until AND (removed_on IS NULL OR :on < removed_on)
        AND NOT suspensions @> CAST(:on AS date)
    )"""
_FIND_AND_RECORD = text(f"""
WITH state AS (
    SELECT list_version, :persons_asked AND EXISTS (
        SELECT FROM index_keys_in_use WHERE key_id <> ALL (CAST(:our_index_keys AS text[]))
    ) AS keys_missing
    FROM list_state
),
asked AS (
    SELECT * FROM unnest(
        CAST(:lookup_ids AS uuid[]), CAST(:kinds AS text[]), CAST(:usccs AS text[]), CAST(:indexes AS bytea[]),
        CAST(:index_key_ids AS text[]), CAST(:masked AS text[]), CAST(:refs AS text[]),
        CAST(:only_if_listed AS boolean[])
    ) WITH ORDINALITY AS asked (
        lookup_id, kind, uscc, blind_index, index_key_id, masked_number, reference, only_if_listed, n
    )
),
person_asked AS (
    SELECT * FROM unnest(CAST(:person_ns AS bigint[]), CAST(:all_indexes AS bytea[])) AS person_asked (n, blind_index)
),
hit AS (
    SELECT asked.n, {_LISTING}, {_NOBODY}, NULL::text AS person_name, NULL::text AS masked_number,
        NULL::text AS commitment
    FROM asked JOIN listings USING (uscc)
    WHERE {_IN_FORCE}
    UNION ALL
    SELECT person_asked.n, {_LISTING}, {_RELATED}, persons.name, persons.masked_number, persons.commitment
    FROM person_asked JOIN persons USING (blind_index) JOIN related_persons USING (person_id)
        JOIN listings USING (listing_id)
    WHERE end_reason IS DISTINCT FROM 'corrected' AND (
        (
            {_IN_FORCE} AND (since IS NULL OR :on >= since) AND (ended_on IS NULL OR :on < ended_on)
            AND NOT absences @> CAST(:on AS date)
        ) OR (
            :on >= listed_on AND (ban_since IS NULL OR :on >= ban_since) AND (ban_for_life OR :on <= ban_until)
            AND NOT (removed_on IS NOT NULL AND :on >= removed_on AND removal_reason IN ('revoked', 'corrected'))
        )
    )
),
answered AS (
    SELECT n, array_agg(listing_id ORDER BY listing_id, person_id) AS listing_ids,
        array_agg(revision ORDER BY listing_id, person_id) AS revisions,
        coalesce(
            array_agg(person_id ORDER BY listing_id, person_id) FILTER (WHERE person_id IS NOT NULL), '{{}}'
        ) AS person_ids
    FROM hit GROUP BY n
),
recorded AS (
    INSERT INTO audit (
        lookup_id, answered_at, request_id, client_id, key_id, department, purpose, reference, subject_kind, uscc,
        blind_index, index_key_id, masked_number, on_day, view, verdict, list_version, catalogue_version, listing_ids,
        revisions, person_ids, scene, scenes_version
    )
    SELECT lookup_id, :answered_at, :request_id, :client_id, :key_id, :department, :purpose, reference, kind, uscc,
        blind_index, index_key_id, masked_number, :on, :view,
        CASE WHEN listing_ids IS NULL THEN 'not_listed' ELSE 'listed' END, list_version, :catalogue_version,
        coalesce(listing_ids, '{{}}'), coalesce(revisions, '{{}}'), coalesce(person_ids, '{{}}'),
        :scene, :scenes_version
    FROM asked LEFT JOIN answered USING (n) CROSS JOIN state
    WHERE list_version >= :min_list_version AND NOT keys_missing AND (listing_ids IS NOT NULL OR NOT only_if_listed)
    RETURNING 1
)
SELECT state.list_version AS current_version, state.keys_missing, (SELECT count(*) FROM recorded) AS recorded, hit.*
FROM state LEFT JOIN hit ON true
ORDER BY hit.n, hit.listing_id, hit.person_id
""")  # noqa: S608 - the names of our own columns


async def find_and_record(session: WriteSession, subjects: Sequence[AskedSubject], asking: Asking) -> Found:
    """Find what concerns each subject on the day, and record each as asked and answered; one round trip."""
    people = [(n, index.value) for n, one in enumerate(subjects, start=1) for index in one.blind_indexes]
    parameters = {
        "lookup_ids": [one.lookup_id for one in subjects],
        "kinds": [one.kind.value for one in subjects],
        "usccs": [one.uscc for one in subjects],
        "indexes": [one.blind_indexes[0].value if one.blind_indexes else None for one in subjects],
        "index_key_ids": [one.blind_indexes[0].key_id if one.blind_indexes else None for one in subjects],
        "masked": [one.masked_number for one in subjects],
        "refs": [one.reference for one in subjects],
        "only_if_listed": [one.only_if_listed for one in subjects],
        "persons_asked": any(one.kind is SubjectKind.PERSON for one in subjects),
        "our_index_keys": list(asking.index_key_ids),
        "person_ns": [n for n, _ in people],
        "all_indexes": [value for _, value in people],
        "answered_at": asking.answered_at,
        "request_id": asking.request_id,
        "client_id": asking.client_id,
        "key_id": asking.key_id,
        "department": asking.department,
        "purpose": asking.purpose,
        "on": asking.on,
        "view": asking.view,
        "min_list_version": asking.min_list_version,
        "catalogue_version": asking.catalogue_version,
        "scene": asking.scene,
        "scenes_version": asking.scenes_version,
    }
    rows = (await session.execute(_FIND_AND_RECORD, parameters)).mappings().all()
    hits: list[list[Hit]] = [[] for _ in subjects]
    for row in rows:
        if row["n"] is not None:
            person = person_of(row) if row["person_id"] is not None else None
            hits[row["n"] - 1].append(Hit(listing_of(row), person))
    answered = sum(1 for one, found in zip(subjects, hits, strict=True) if found or not one.only_if_listed)
    recorded = rows[0]["recorded"] == answered
    return Found(rows[0]["current_version"], rows[0]["keys_missing"], recorded, tuple(tuple(one) for one in hits))

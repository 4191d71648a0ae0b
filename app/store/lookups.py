"""The statement behind every answer: it checks the key, finds what concerns the subject and records that it was asked.

Any number of questions travel together, each of a caller, a day and terms of its own. What was found feeds both the
record and the answer from the same rows, and the list's version and the key are of the same snapshot, so that they can
never differ. The text is the same on SQLAlchemy's connections (the documented route) and on those of the driver's own
kind that carry coalesced lookups and batches (``store/lookup_connection.py``).
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple, overload
from uuid import UUID

from asyncpg.pgproto import pgproto
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import dialect
from uuid_utils import uuid7

from app.domain.identity import BlindIndex
from app.domain.listing import Listing, RelatedPerson
from app.domain.subjects import SubjectKind
from app.errors import LianchengError
from app.store.database import WriteSession
from app.store.listings import LISTING_COLUMNS, LISTING_SELECTED, listing_of, person_of
from app.store.tables import related_persons

Verdict = Literal["listed", "not_listed"]


class CallTerms(NamedTuple):
    """What all questions of one call have in common, and those of like calls too: who asks, why and for which day.

    The key is named by its id and the digest of its secret. With ``only_if_listed`` (a code that fails its check
    character) "not listed" is no answer, and is not recorded.
    """

    key_id: str
    key_digest: bytes
    purpose: str | None
    on: date
    view: str
    min_list_version: int
    only_if_listed: bool
    scene: str | None
    scenes_version: str | None


class Question(NamedTuple):
    """One subject asked about.

    The subject is a unit by its code, or a person by every index that the number may be stored under.
    """

    lookup_id: UUID
    answered_at: datetime
    request_id: str
    terms: CallTerms
    uscc: str | None
    reference: str | None = None
    blind_indexes: tuple[BlindIndex, ...] = ()
    masked_number: str | None = None

    @property
    def kind(self) -> SubjectKind:
        """What is asked about."""
        return SubjectKind.PERSON if self.uscc is None else SubjectKind.UNIT


class Serving(NamedTuple):
    """What a process answers with: its catalogue's version, and the index keys that it can find persons with."""

    catalogue_version: str
    index_key_ids: tuple[str, ...]


class Outcome(StrEnum):
    """Whether a question was answered and recorded, or why not; then nothing was."""

    ANSWERED = "answered"
    KEY_REFUSED = "key_refused"
    """there is no such key, or it has ended, or it does not carry the scope"""
    VERSION_NOT_REACHED = "version_not_reached"
    KEYS_MISSING = "keys_missing"
    """a person was asked about, and persons are recorded under a key that is not among ours"""


class Hit(NamedTuple):
    """A listing that concerns the subject; for a person, as which of the listing's persons."""

    listing: Listing
    person: RelatedPerson | None


class Asker(NamedTuple):
    """The client that a key belongs to."""

    client_id: UUID
    name: str
    department: str


class Reply(NamedTuple):
    """What came of one question; nothing is known of who asked where the key was refused."""

    outcome: Outcome
    list_version: int
    asker: Asker
    hits: Sequence[Hit]


class FoundRows(Sequence[Hit]):
    """Hits as the driver gave them, read when somebody looks: most answers need a few of their columns only."""

    __slots__ = ("_hits", "rows")

    def __init__(self) -> None:
        """Begin without any."""
        self.rows: list[Any] = []
        self._hits: list[Hit] | None = None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.rows)

    def plain(self, on: date) -> bool:
        """Whether all are a unit's, in their period on the day, and were never removed, suspended or contested.

        Then they are in force, and nothing else about them depends on the day.
        """
        for row in self.rows:
            if (
                row["person_id"] is not None
                or row["removed_on"] is not None
                or row["suspensions"]
                or row["objections"] != _NO_OBJECTIONS
                or not row["listed_on"] <= on <= row["valid_until"]
            ):
                return False
        return True

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> list[Hit]: ...
    def __getitem__(self, index: int | slice) -> Hit | list[Hit]:
        """Return one of them, or some."""
        if self._hits is None:
            self._hits = [
                Hit(listing_of(row), person_of(row) if row["person_id"] is not None else None) for row in self.rows
            ]
        return self._hits[index]


_NO_OBJECTIONS = "[]"
# A listing concerns a unit while it is in force; a person while they answer for the unit, or while a position ban from
# it is in force (Listing.concerns says the same in Python, and a test holds the two together).
_DIALECT: Dialect = dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy has not typed it
_RELATED = ", ".join(
    f"related_persons.{column.name}" for column in related_persons.columns if column.name != "listing_id"
)
_NOBODY = ", ".join(
    f"CAST(NULL AS {column.type.compile(_DIALECT)}) AS {column.name}"
    for column in related_persons.columns
    if column.name != "listing_id"
)
_IN_FORCE = """(
        asked.on_day BETWEEN listed_on AND valid_until AND (removed_on IS NULL OR asked.on_day < removed_on)
        AND NOT suspensions @> asked.on_day
    )"""
# One row per question and listing that concerns it, or one without a listing: the record and the answer are both made
# of these rows. LATERAL, so that the way is one look into an index per question however many travel together: joined
# to each other as a whole, the questions and what was found cost the square of their number. OFFSET 0 keeps the planner
# from going through everybody related to any listing, which it did from a large push to the next ANALYZE.
_FIND_AND_RECORD = f"""
WITH state AS MATERIALIZED (
    SELECT list_version AS current_version, EXISTS (
        SELECT FROM index_keys_in_use WHERE key_id <> ALL ($2::text[])
    ) AS keys_missing
    FROM list_state
),
calls AS MATERIALIZED (
    SELECT call.*, current_version, keys_missing, caller.*
    FROM unnest(
        $3::text[], $4::bytea[], $5::text[], $6::date[], $7::text[], $8::bigint[], $9::boolean[], $10::text[],
        $11::text[]
    ) WITH ORDINALITY AS call (
        key_id, key_digest, purpose, on_day, view, min_list_version, only_if_listed, scene, scenes_version, call_no
    )
    CROSS JOIN state LEFT JOIN LATERAL (
        SELECT clients.client_id, clients.name AS client_name, clients.department, expires_at
        FROM api_keys JOIN clients USING (client_id)
        WHERE api_keys.key_id = call.key_id AND secret_digest = key_digest AND 'lookup' = ANY (scopes)
            AND revoked_at IS NULL
    ) AS caller ON true
),
judged AS (
    SELECT asked.*, CASE WHEN uscc IS NULL THEN 'person' ELSE 'unit' END AS subject_kind, calls.*, CASE
        WHEN client_id IS NULL OR expires_at <= answered_at THEN 'key_refused'
        WHEN keys_missing AND uscc IS NULL THEN 'keys_missing'
        WHEN current_version < min_list_version THEN 'version_not_reached'
        ELSE 'answered' END AS outcome
    FROM unnest(
        $12::uuid[], $13::timestamptz[], $14::text[], $15::bigint[], $16::text[], $17::text[], $18::text[],
        $19::bytea[], $20::text[], $21::text[]
    ) WITH ORDINALITY AS asked (
        lookup_id, answered_at, request_id, call_no, uscc, reference, indexes, blind_index, index_key_id, masked_number,
        n
    ) JOIN calls USING (call_no)
),
found AS MATERIALIZED (
    SELECT asked.n, asked.lookup_id, asked.answered_at, asked.request_id, asked.key_id, asked.purpose, asked.reference,
        asked.subject_kind, asked.uscc AS asked_uscc, asked.blind_index, asked.index_key_id,
        asked.masked_number AS asked_mask, asked.on_day, asked.view, asked.only_if_listed, asked.scene,
        asked.scenes_version, asked.current_version, asked.client_id, asked.client_name, asked.department,
        asked.outcome, hit.*
    FROM judged AS asked LEFT JOIN LATERAL (
        SELECT {LISTING_SELECTED}, {_NOBODY}, NULL::text AS person_name, NULL::text AS masked_number,
            NULL::text AS commitment
        FROM listings
        WHERE listings.uscc = asked.uscc AND {_IN_FORCE}
        UNION ALL
        SELECT {LISTING_SELECTED}, {_RELATED}, persons.name, persons.masked_number, persons.commitment
        FROM unnest(CAST(asked.indexes AS bytea[])) AS own (blind_index) CROSS JOIN LATERAL (
            SELECT person_id, name, masked_number, commitment FROM persons
            WHERE persons.blind_index = own.blind_index OFFSET 0
        ) AS persons CROSS JOIN LATERAL (
            SELECT * FROM related_persons WHERE related_persons.person_id = persons.person_id OFFSET 0
        ) AS related_persons CROSS JOIN LATERAL (
            SELECT * FROM listings WHERE listings.listing_id = related_persons.listing_id OFFSET 0
        ) AS listings
        WHERE end_reason IS DISTINCT FROM 'corrected'
            AND ((
                {_IN_FORCE} AND (since IS NULL OR asked.on_day >= since)
                AND (ended_on IS NULL OR asked.on_day < ended_on) AND NOT absences @> asked.on_day
            ) OR (
                asked.on_day >= listed_on AND (ban_since IS NULL OR asked.on_day >= ban_since)
                AND (ban_for_life OR asked.on_day <= ban_until) AND NOT (
                    removed_on IS NOT NULL AND asked.on_day >= removed_on AND removal_reason IN ('revoked', 'corrected')
                )
            ))
    ) AS hit ON asked.outcome = 'answered'
),
recorded AS (
    INSERT INTO audit (
        lookup_id, answered_at, request_id, client_id, key_id, department, purpose, reference, subject_kind, uscc,
        blind_index, index_key_id, masked_number, on_day, view, verdict, list_version, catalogue_version, listing_ids,
        revisions, person_ids, scene, scenes_version
    )
    SELECT lookup_id, answered_at, request_id, client_id, key_id, department, purpose, reference, subject_kind,
        asked_uscc, blind_index, index_key_id, asked_mask, on_day, view,
        CASE WHEN count(listing_id) = 0 THEN 'not_listed' ELSE 'listed' END, current_version, $1,
        coalesce(array_agg(listing_id ORDER BY listing_id, person_id) FILTER (WHERE listing_id IS NOT NULL), '{{}}'),
        coalesce(array_agg(revision ORDER BY listing_id, person_id) FILTER (WHERE listing_id IS NOT NULL), '{{}}'),
        coalesce(array_agg(person_id ORDER BY listing_id, person_id) FILTER (WHERE person_id IS NOT NULL), '{{}}'),
        scene, scenes_version
    FROM found
    WHERE outcome = 'answered' AND (listing_id IS NOT NULL OR NOT only_if_listed)
    GROUP BY n, lookup_id, answered_at, request_id, client_id, key_id, department, purpose, reference, subject_kind,
        asked_uscc, blind_index, index_key_id, asked_mask, on_day, view, current_version, scene, scenes_version
    RETURNING 1
)
SELECT (SELECT count(*) FROM recorded) AS recorded, n, outcome, current_version, client_id, client_name, department,
    {", ".join(LISTING_COLUMNS)},
    {", ".join(column.name for column in related_persons.columns if column.name != "listing_id")},
    person_name, masked_number, commitment
FROM found ORDER BY n, listing_id, person_id
"""  # noqa: S608 - the names of our own columns
STATEMENT = _FIND_AND_RECORD
"""As a driver takes it; :func:`parameters` makes what goes with it, :func:`replies` reads what comes of it."""


def new_lookup_id() -> UUID:
    """Return an id for a question, of the moment (RFC 9562, version 7).

    It is a UUID of the driver's kind, which is written into statements and answers in a tenth of the time of Python's.
    """
    return pgproto.UUID(uuid7().bytes)


async def find_and_record(session: WriteSession, questions: Sequence[Question], serving: Serving) -> list[Reply]:
    """Answer questions, in their order, and record each as asked and answered; one round trip in the session."""
    rows = await session.exec_driver_sql(STATEMENT, tuple(parameters(questions, serving)))
    return replies(questions, rows.mappings().all())


def parameters(questions: Sequence[Question], serving: Serving) -> list[Any]:
    """Return the statement's parameters: an array for each column of the calls' terms and of the questions.

    Terms that are alike travel once: to encode them, and to check their key, is much of what a question costs.
    """
    numbers: dict[CallTerms, int] = {}
    ids, moments, request_ids, terms, usccs, references, indexes, masks = zip(*questions, strict=True)
    call_numbers = [numbers.setdefault(one, len(numbers) + 1) for one in terms]
    return [
        serving.catalogue_version,
        serving.index_key_ids,
        *zip(*numbers, strict=True),
        ids,
        moments,
        request_ids,
        call_numbers,
        _column(usccs),
        _column(references),
        _column([_array(one) if one else None for one in indexes]),
        _column([one[0].value if one else None for one in indexes]),
        _column([one[0].key_id if one else None for one in indexes]),
        _column(masks),
    ]


def _column(values: Sequence[Any]) -> Sequence[Any] | None:
    """Return a column; where nothing is in it, none at all, which reads as the same and need not be encoded."""
    return values if any(value is not None for value in values) else None


def _array(indexes: Iterable[BlindIndex]) -> str:
    """Return indexes as PostgreSQL writes an array of them: arrays of different lengths travel in no other way."""
    return "{" + ",".join(f'"\\\\x{one.value.hex()}"' for one in indexes) + "}"


_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


def replies(questions: Sequence[Question], rows: Sequence[Any]) -> list[Reply]:
    """Read what came of questions from the driver's rows; raise if fewer were recorded than answered."""
    told: list[Reply] = []
    hits = FoundRows()
    n, recorded = 0, 0
    for row in rows:
        if row["n"] != n:
            n += 1
            hits = FoundRows()
            asker = Asker(row["client_id"], row["client_name"], row["department"])
            told.append(Reply(_OUTCOMES[row["outcome"]], row["current_version"], asker, hits))
        if row["listing_id"] is not None:
            hits.rows.append(row)
    for question, reply in zip(questions, told, strict=True):
        recorded += reply.outcome is Outcome.ANSWERED and (not question.terms.only_if_listed or bool(reply.hits))
    if rows[0]["recorded"] != recorded:
        raise LianchengError("核查未能留痕，无法作出结论。请联系系统管理员。")
    return told

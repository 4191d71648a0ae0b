"""The shapes of what the service answers, as they are on the wire: days are ``YYYY-MM-DD``, times RFC 3339, UTC.

Where a key is not `NotRequired` it is always there, and what is not is ``None``. The service may add keys; a program
should read past those it does not know.
"""

from typing import Any, Literal, NotRequired, TypedDict

Mode = Literal["delta", "snapshot"]
Operation = dict[str, Any]
"""One row of a push: ``{"op": "list", …}``."""


class FieldProblem(TypedDict):
    """One thing that is wrong with what was sent; it holds nothing of the value."""

    row: int | None
    field: str | None
    code: str
    detail: str
    column: NotRequired[str | None]


class Problem(TypedDict):
    """Why a call has no result (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: list[FieldProblem]


class Unit(TypedDict):
    """A listed unit (生产经营单位)."""

    name: str
    uscc: str
    former_names: list[str]


class Removal(TypedDict):
    """How a listing was ended: from ``removed_on`` on it is not in force."""

    removed_on: str
    reason: Literal["repaired", "expired", "revoked", "corrected"]
    decision_no: str | None


class Objection(TypedDict):
    """An objection (异议) to a listing: it is open until ``decided_on``, and keeps nothing from being in force."""

    objection_no: str
    filed_on: str
    matter: str
    filed_by_person: str | None
    outcome: Literal["upheld", "upheld_in_part", "rejected", "withdrawn"] | None
    decided_on: str | None
    decision_document: str | None


class FieldChange(TypedDict):
    """What one field was, and what it is now."""

    field: str
    before: Any
    after: Any


class PushedRow(TypedDict):
    """What one operation did; ``row`` is ``None`` for what a snapshot push did about a listing that it lacks.

    ``change_no`` counts the changes of the push from 1; ``read_push`` goes on after one.
    """

    change_no: int
    row: int | None
    op: str
    listing_id: str | None
    revision: int
    uscc: str
    unit_name: str
    decision_no: str
    changes: list[FieldChange]


class PushResult(TypedDict):
    """What a push did, would do, or waits to do; ``rows`` holds the first 1,000 (more: ``read_push``).

    ``replayed`` is the client's own: the push had been carried out before, under the same key.
    """

    push_id: str | None
    status: Literal["committed", "dry_run", "awaiting_approval", "rejected"]
    dry_run: bool
    mode: Literal["delta", "snapshot", "maintenance"]
    list_version: int
    committed_at: str | None
    source_document: str | None
    counts: dict[str, int]
    rows_total: int
    rows: list[PushedRow]
    warnings: list[FieldProblem]
    errors: list[FieldProblem]
    errors_total: int
    replayed: bool


class PositionBan(TypedDict):
    """A ban from leading a unit (measure 9); ``until`` is its last day, ``None`` is for life."""

    since: str | None
    until: str | None
    for_life: bool


Gap = TypedDict("Gap", {"from": str, "until": str})
"""Days that do not count: ``from`` is the first of them, ``until`` the first that counts again."""


class FeedPerson(TypedDict):
    """A person of a listing. ``token`` is made for your client only; compare it with those of `Client.tokens`.

    They answer for the unit from ``since`` up to ``ended_on``, but for ``absences`` between two terms.
    """

    person_id: str
    name_masked: str | None
    token: str | None
    index_key_id: str | None
    roles: list[str]
    since: str | None
    ended_on: str | None
    end_reason: Literal["left", "corrected"] | None
    position_ban: PositionBan | None
    erased: bool
    absences: NotRequired[list[Gap]]


class FeedListing(TypedDict):
    """A listing as it stands after ``revision`` changes; during ``suspensions`` it was removed, and restored then."""

    listing_id: str
    revision: int
    unit: Unit
    decision_no: str
    decided_by: str
    conduct: str
    conduct_code: str | None
    tier: str
    facts: str | None
    basis: str | None
    listed_on: str
    valid_until: str
    published_until: str | None
    nonconforming_reason: str | None
    removal: Removal | None
    suspensions: list[Gap]
    persons: list[FeedPerson]
    objections: NotRequired[list[Objection]]


class Change(TypedDict):
    """One change of the list, with the whole listing as it is after it."""

    cursor: str
    list_version: int
    change_no: int
    op: str
    committed_at: str
    push_id: str
    listing: FeedListing
    hash: str


class ChangesPage(TypedDict):
    """Changes after a cursor; ``cursor`` is where to go on, ``more`` says whether there are more already."""

    changes: list[Change]
    cursor: str
    list_version: int
    more: bool


class SnapshotHead(TypedDict):
    """What a snapshot holds: the list at ``list_version``; ``cursor`` is where to follow the changes from."""

    list_version: int
    cursor: str
    head: str


Listing = dict[str, Any]
"""A listing as ``/v1/listings`` shows it: see the interface's own description for its keys."""


class ListingsPage(TypedDict):
    """One page of listings."""

    on: str | None
    known_at: str | None
    list_version: int
    listings: list[Listing]
    next: str | None


class History(TypedDict):
    """Everything that was ever done to a listing."""

    listing_id: str
    revisions: list[dict[str, Any]]


class ChainHead(TypedDict):
    """The hash that stands for the whole list up to a version."""

    list_version: int
    head: str
    committed_at: str | None

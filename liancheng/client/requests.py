"""Every request that the client makes, as a value: pure, so that it can be read and tested without a server."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NotRequired, TypedDict, Unpack
from urllib.parse import quote

from liancheng.client.lookup_types import LookupItem, SubjectKind, View
from liancheng.client.types import Mode
from liancheng.client.upload import Upload

Query = Mapping[str, str]
Day = date | str
"""A day, or one written ``YYYY-MM-DD``."""
Time = datetime | str
"""A point in time with its zone, or one written by RFC 3339."""

JSON = "application/json"
_EVENTS = "text/event-stream"
_LINES = "application/x-ndjson"
_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")
_SEPARATORS = re.compile(r"[\s\-]")
_MONTH_AND_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_NUMBER_OF_18 = re.compile(rf"(?<!\d)\d{{6}}(?:18|19|20)\d{{2}}{_MONTH_AND_DAY}\d{{3}}[\dXx](?!\d)")
_NUMBER_OF_15 = re.compile(rf"(?<!\d)\d{{8}}{_MONTH_AND_DAY}\d{{3}}(?!\d)")
# A random one may read like a number of 15 digits; it is made by a machine, of nobody's number.
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_WEIGHTS = tuple(pow(2, 17 - i, 11) for i in range(17))


@dataclass(frozen=True, slots=True)
class Request:
    """One request. What could hold an identity number is not shown."""

    method: str
    path: str
    query: Query = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | Upload | None = field(default=None, repr=False)
    read_timeout: float | None = None
    """Seconds of silence after which there is no answer; ``None``: the client's own."""


class LookupTerms(TypedDict):
    """What a lookup may say besides its code.

    ``purpose`` is required for a person; it and ``reference`` are kept with the record of the answer. ``on``: the day
    to answer for. ``known_at``: answer from what the list was at that time. ``min_list_version``: the newest version
    you have seen; without it the client sends the newest that it has. ``scene``: the code of the
    procedure you ask in (see `scenes`), for just the measures that matter in it and what they ask for.
    """

    purpose: NotRequired[str | None]
    subject_kind: NotRequired[SubjectKind | None]
    on: NotRequired[Day | None]
    known_at: NotRequired[Time | None]
    view: NotRequired[View]
    reference: NotRequired[str | None]
    min_list_version: NotRequired[int | None]
    scene: NotRequired[str | None]


class BatchTerms(TypedDict):
    """What is said once for a whole batch; see `LookupTerms`."""

    purpose: NotRequired[str | None]
    on: NotRequired[Day | None]
    view: NotRequired[View]
    min_list_version: NotRequired[int | None]
    scene: NotRequired[str | None]


class PushTerms(TypedDict):
    """What a push says besides its operations.

    ``expected_list_version``: refuse if the list has moved on. ``source_document``: the document it carries out.
    ``removal_reason``, ``confirm_removals``: for ``mode="snapshot"``, why what it lacks is removed, and how many.
    """

    mode: NotRequired[Mode]
    dry_run: NotRequired[bool]
    expected_list_version: NotRequired[int | None]
    source_document: NotRequired[str | None]
    removal_reason: NotRequired[str | None]
    confirm_removals: NotRequired[int | None]


class ListingFilters(TypedDict):
    """Which listings: each given one narrows the choice; ``limit`` is the size of a page."""

    state: NotRequired[str]
    tier: NotRequired[str]
    conduct: NotRequired[str]
    conduct_code: NotRequired[str]
    decided_by: NotRequired[str]
    uscc: NotRequired[str]
    name: NotRequired[str]
    listed_from: NotRequired[Day]
    listed_to: NotRequired[Day]
    valid_from: NotRequired[Day]
    valid_to: NotRequired[Day]
    on: NotRequired[Day]
    known_at: NotRequired[Time]
    limit: NotRequired[int]


def look_up(code: str, **terms: Unpack[LookupTerms]) -> Request:
    """Ask about one subject: in a body, because others log URLs."""
    return _post("/v1/lookups", {"code": code, **_given(terms)})


def look_up_batch(items: Sequence[LookupItem], **terms: Unpack[BatchTerms]) -> Request:
    """Ask about several subjects."""
    return _post("/v1/lookups/batch", {"items": [dict(item) for item in items], **_given(terms)})


def push(upload: Upload, media_type: str, query: Query, *, idempotency_key: str | None, read_timeout: float) -> Request:
    """Send operations; a dry run has no key."""
    headers = {"Content-Type": media_type}
    if idempotency_key is not None:
        if not _VISIBLE.fullmatch(idempotency_key) or may_hold_identity_number(idempotency_key):
            raise ValueError("an idempotency key is 1 to 255 visible ASCII characters, and no identity number")
        headers["Idempotency-Key"] = idempotency_key
    return Request("POST", "/v1/pushes", query, headers, upload, read_timeout)


def push_query(**terms: Unpack[PushTerms]) -> Query:
    """Return a push's terms as query parameters; what is the default is left out."""
    return _typed({name: value for name, value in terms.items() if value is not False and value != "delta"})


def read_push(push_id: str, *, after: int | None = None, limit: int | None = None) -> Request:
    """Ask what a push did."""
    return Request("GET", f"/v1/pushes/{_segment(push_id)}", _query({"after": after, "limit": limit}))


def approve(push_id: str, *, approve: bool) -> Request:
    """Approve or reject a push that waits for it."""
    return _post(f"/v1/pushes/{_segment(push_id)}/approval", {"approve": approve})


def listings(*, after: str | None = None, **filters: Unpack[ListingFilters]) -> Request:
    """Ask for a page of listings."""
    return Request("GET", "/v1/listings", {**_typed(filters), **_query({"after": after})})


def listing(listing_id: str, *, on: Day | None = None, known_at: Time | None = None) -> Request:
    """Ask for one listing."""
    return Request("GET", f"/v1/listings/{_segment(listing_id)}", _query({"on": on, "known_at": known_at}))


def history(listing_id: str) -> Request:
    """Ask for everything that was done to a listing."""
    return Request("GET", f"/v1/listings/{_segment(listing_id)}/history")


def changes(after: str, *, limit: int | None = None, wait: int | None = None, patience: float) -> Request:
    """Ask for a page of changes; the service may hold the answer back for ``wait`` seconds, then ``patience``."""
    query = _query({"after": after, "limit": limit, "wait": wait})
    return Request("GET", "/v1/changes", query, {"Accept": JSON}, read_timeout=patience + (wait or 0))


def change_stream(after: str, *, silence: float) -> Request:
    """Ask for changes as they happen; the cursor stands where the standard has it, and in the query too."""
    headers = {"Accept": _EVENTS, "Cache-Control": "no-store", "Last-Event-ID": after}
    return Request("GET", "/v1/changes", {"after": after}, headers, read_timeout=silence)


def snapshot(*, at: int | None = None, after: str | None = None, silence: float) -> Request:
    """Ask for every listing as it is at a version, from a listing on."""
    query = _query({"at": at, "after": after})
    return Request("GET", "/v1/listings/snapshot", query, {"Accept": _LINES}, read_timeout=silence)


def tokens(id_numbers: Sequence[str], purpose: str) -> Request:
    """Ask which tokens persons have in our feed."""
    return _post("/v1/persons/tokens", {"id_numbers": list(id_numbers), "purpose": purpose})


def chain(version: int | None = None) -> Request:
    """Ask for the head of the chain, now or at a version."""
    return Request("GET", "/v1/chain" if version is None else f"/v1/chain/{version}")


def scenes() -> Request:
    """Ask for the scenes."""
    return Request("GET", "/v1/scenes")


def may_hold_identity_number(text: str) -> bool:
    """Whether an identity number stands in the text, so that it must not go into a URL.

    18 digits are one only with a birth date and the right check character: a unit's code may be all digits too.
    """
    if _UUID.fullmatch(text):
        return False
    joined = _SEPARATORS.sub("", text)
    return _NUMBER_OF_15.search(joined) is not None or any(
        _checks(found.group()) for found in _NUMBER_OF_18.finditer(joined)
    )


def to_json(value: object) -> bytes:
    """Return compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _post(path: str, body: Mapping[str, Any]) -> Request:
    return Request("POST", path, {}, {"Content-Type": JSON}, to_json(body))


def _checks(number: str) -> bool:
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number[:17], strict=True))
    return "10X98765432"[total % 11] == number[17].upper()


def _segment(identifier: str) -> str:
    if may_hold_identity_number(identifier):
        raise ValueError("an identity number must not stand in a URL")
    return quote(str(identifier), safe="")


def _query(parameters: Mapping[str, object]) -> Query:
    return {name: "true" if value is True else str(value) for name, value in _given(parameters).items()}


def _typed(parameters: Mapping[str, object]) -> Query:
    """Return a query of what somebody typed, who may have typed a number where a name belongs."""
    query = _query(parameters)
    for name, value in query.items():
        if may_hold_identity_number(value):
            raise ValueError(f"an identity number must not stand in a URL; it was given as {name}")
    return query


def _given(parameters: Mapping[str, object]) -> dict[str, Any]:
    return {name: _written(value) for name, value in parameters.items() if value is not None}


def _written(value: object) -> object:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a point in time needs its zone")
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value

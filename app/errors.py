"""The tree of errors that a caller can meet.

Each class carries its stable ``code``, its HTTP ``status`` and an English ``title`` (RFC 9457); the ``detail`` is given
where it is raised, in Chinese, says what is wrong and what to do, and never repeats an identity number::

    LianchengError
    ├── InvalidInput (422)            what was sent cannot be used
    │   ├── InvalidField              one field of it
    │   ├── PushRejected              one or more rows of a push
    │   ├── ReportsRejected           one or more of the reports of an enforcement
    │   └── IdempotencyKeyReused      the key was used for another body
    ├── MalformedRequest (400)        it cannot even be read
    │   ├── IdempotencyKeyMissing
    │   └── IdentityNumberInUrl       an identity number where it would be logged by others
    ├── Unauthenticated (401)
    ├── Forbidden (403)
    ├── NotFound (404)
    ├── NoLongerPublished (410)       the public does not see it any more
    ├── ContentTooLarge (413)
    ├── UnsupportedMediaType (415)
    ├── Conflict (409)
    │   ├── ListVersionNotReached     the caller has seen a newer list than this database
    │   ├── ListVersionMoved          the push was made against another version of the list
    │   ├── TooManyRemovals           a snapshot lacks too much of the list to be taken without confirmation
    │   └── AlreadyDecided            the push that waited for approval has been decided
    ├── Unavailable (503)             nothing was decided; ask again
    │   ├── DatabaseUnavailable
    │   │   └── ConnectionsBusy       every connection is in use
    │   ├── Overloaded                more wait already than can be answered in time
    │   ├── IdentityKeysMissing
    │   ├── NoRoom                    the disk is full that bodies are received on
    │   └── PushInProgress
    └── Misconfigured (500)           the installation is wrong: start-up and commands end with it
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with what was sent.

    ``field`` is a dotted path (``operations.unit.uscc``) or ``None`` for the whole; ``row`` counts from 1 within the
    rows of a push or, for a table, as the spreadsheet numbers its rows; ``column`` is the table's column as its reader
    knows it: letter and header (``C 统一社会信用代码``). ``detail`` is Chinese and holds nothing of the value itself.
    """

    field: str | None
    code: str
    detail: str
    row: int | None = None
    column: str | None = None


class LianchengError(Exception):
    """Anything that ends a call without its result; see the tree above."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "The service failed"

    def __init__(self, detail: str, *, errors: tuple[FieldError, ...] = ()) -> None:
        """Keep the Chinese detail and, where there are several things wrong, each of them."""
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


class InvalidInput(LianchengError):
    """What was sent cannot be used; nothing was done."""

    code = "invalid_input"
    status = 422
    title = "The request is not valid"


class InvalidField(InvalidInput):
    """One field cannot be used; the field error's own code is the problem's code."""

    def __init__(self, error: FieldError) -> None:
        """Say the one thing that is wrong."""
        super().__init__(error.detail, errors=(error,))
        self.field_error = error


class PushRejected(InvalidInput):
    """At least one row of a push is wrong, so nothing of the push was kept."""

    code = "push_rejected"
    title = "The push was rejected as a whole"


class ReportsRejected(InvalidInput):
    """At least one enforcement report is wrong, so none of them was kept."""

    code = "reports_rejected"
    title = "The reports were rejected as a whole"


class IdempotencyKeyReused(InvalidInput):
    """The Idempotency-Key belongs to an earlier push with another body."""

    code = "idempotency_key_reused"
    title = "The idempotency key was used for a different request"


class MalformedRequest(LianchengError):
    """The request cannot be read at all."""

    code = "malformed_request"
    status = 400
    title = "The request cannot be read"


class ClientGone(MalformedRequest):
    """Whoever asked for a dry run has left; nobody reads this but the log."""

    code = "client_gone"
    title = "The client left before the answer"


class IdempotencyKeyMissing(MalformedRequest):
    """A push without Idempotency-Key could be carried out twice by a retry."""

    code = "idempotency_key_missing"
    title = "The Idempotency-Key header is missing or malformed"


class IdentityNumberInUrl(MalformedRequest):
    """Others (proxies, browsers) log URLs, so an identity number must not stand in one."""

    code = "identity_number_in_url"
    title = "An identity number must not be sent in a URL"


class Unauthenticated(LianchengError):
    """No key, or none that is valid now; which of these is not told."""

    code = "unauthenticated"
    status = 401
    title = "A valid API key is required"


class Forbidden(LianchengError):
    """The key is valid and does not carry the scope of this call."""

    code = "forbidden"
    status = 403
    title = "The API key does not permit this call"


class NotFound(LianchengError):
    """There is no such thing here."""

    code = "not_found"
    status = 404
    title = "Not found"


class NoLongerPublished(LianchengError):
    """What stood there was published and has been withdrawn; why is not told."""

    code = "no_longer_published"
    status = 410
    title = "No longer published"


class ContentTooLarge(LianchengError):
    """The body is larger than this call takes."""

    code = "content_too_large"
    status = 413
    title = "The request body is too large"


class UnsupportedMediaType(LianchengError):
    """The body is of a type that this call does not read."""

    code = "unsupported_media_type"
    status = 415
    title = "The request body is of an unsupported type"


class Conflict(LianchengError):
    """The call does not fit the state of the list."""

    code = "conflict"
    status = 409
    title = "The request conflicts with the current state"


class ListVersionNotReached(Conflict):
    """The caller has seen a newer list than this database holds: an older answer would be worse than none."""

    code = "list_version_not_reached"
    title = "The list has not reached the requested version"


class ListVersionMoved(Conflict):
    """The push expected another version of the list: somebody else pushed in between."""

    code = "list_version_moved"
    title = "The list has moved on since the expected version"


class TooManyRemovals(Conflict):
    """A snapshot lacks so much of the list that it may be cut off: the number of removals has to be confirmed."""

    code = "too_many_removals"
    title = "The snapshot would remove too much of the list"


class AlreadyDecided(Conflict):
    """A push that waited for a second client has been approved or refused already."""

    code = "already_decided"
    title = "The push has been decided already"


class Unavailable(LianchengError):
    """Nothing was decided. Not a verdict: the caller must treat the subject as undetermined and ask again."""

    code = "unavailable"
    status = 503
    title = "The service is temporarily unavailable"


class DatabaseUnavailable(Unavailable):
    """The database did not answer."""

    code = "database_unavailable"


class ConnectionsBusy(DatabaseUnavailable):
    """No connection became free in time."""


class Overloaded(Unavailable):
    """More wait already than can be answered in time."""

    code = "overloaded"


class IdentityKeysMissing(Unavailable):
    """A key that persons are recorded under is not configured here: whether somebody is listed cannot be told."""

    code = "identity_keys_missing"


class NoRoom(Unavailable):
    """A body could not be received because the disk that it is put on is full."""

    code = "no_room"


class PushInProgress(Unavailable):
    """Pushes are serialised and another one did not finish in time."""

    code = "push_in_progress"
    title = "Another push is being committed"


class Misconfigured(LianchengError):
    """The installation is wrong; start-up and commands end with it."""

    code = "misconfigured"
    title = "The installation is not configured correctly"

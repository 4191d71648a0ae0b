"""The tree of errors that a caller of the client can meet.

::

    LianchengClientError
    ├── Undetermined              nobody knows; for a lookup: neither listed nor not listed
    │   ├── Unreachable           no answer: no connection, a broken one, or too slow
    │   ├── Unavailable           429, 502, 503, 504, after every try that was allowed
    │   ├── ServiceFailed         500 and the rest of the 5xx
    │   ├── MalformedAnswer       an answer that is not what the service sends (a proxy's page, half a body, a redirect)
    │   │   └── BrokenFeed        changes or listings that do not follow on each other
    │   └── SnapshotIncomplete    a snapshot without its end
    ├── Rejected                  4xx: the request cannot be answered as it is; repeating it does not help
    │   ├── Unauthorised (401)
    │   ├── Forbidden (403)
    │   ├── NotFound (404)
    │   ├── Conflict (409)
    │   │   ├── ListVersionNotReached   we have seen a newer list than the service's database holds
    │   │   ├── ListVersionMoved        somebody else pushed in between
    │   │   └── TooManyRemovals         a snapshot push would remove more than is done unasked
    │   └── PushRejected (422)          rows of a push are wrong; ``errors`` says which
    ├── SourceChanged             the file of a push is not the one that was sent before
    ├── CopyOutOfStep             a local copy does not belong to the service's list (any more): rebuild it
    └── CopyBusy                  another process has begun a snapshot of the same copy

For a lookup every one of them means *undetermined*: only a returned answer is a verdict. No message holds an identity
number or an API key, and none is chained to an error of the HTTP library, which holds the whole request.
"""

import re
from collections.abc import Sequence
from http import HTTPStatus

from liancheng.client.types import FieldProblem

# The service's own details never hold a number or a key. Something between it and us might put them in.
_SECRETS = re.compile(r"lc_[0-9a-f]{12}_[0-9a-f]{64}|(?<!\d)(?:\d[ -]?){14,17}[\dXx](?!\d)")


class LianchengClientError(Exception):
    """Anything that ends a call without its result; see the tree above.

    Attributes, ``None`` or empty where the service did not tell: ``status`` (HTTP), ``code`` (stable, to branch on),
    ``detail`` (Chinese, for the person at the desk), ``errors`` (each thing that is wrong with its row, column and
    field), ``request_id`` (to quote when you ask the operator), ``retry_after`` (seconds). ``idempotency_key`` is that
    of the push that ended so: where it is open whether it was carried out, push the same source again with it.
    """

    idempotency_key: str | None = None

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        detail: str | None = None,
        errors: Sequence[FieldProblem] = (),
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Keep what is known of it."""
        super().__init__(without_secrets(message))
        self.status = status
        self.code = without_secrets(code) if code is not None else None
        self.detail = without_secrets(detail) if detail is not None else None
        self.errors = tuple(errors)
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        """Return the message, with what to quote of it."""
        return super().__str__() + (f" (request {self.request_id})" if self.request_id else "")


class Undetermined(LianchengClientError):
    """Nobody knows. A lookup has no verdict; whether a push was carried out is open until it is repeated."""


class Unreachable(Undetermined):
    """There is no answer: no connection, one that broke, or none in time."""


class Unavailable(Undetermined):
    """The service, or something before it, could not answer now (429, 502, 503, 504)."""


class ServiceFailed(Undetermined):
    """The service failed (500 and the like); tell its operator the ``request_id``."""


class MalformedAnswer(Undetermined):
    """What came back is not what the service sends, so it is taken for nothing."""


class BrokenFeed(MalformedAnswer):
    """Changes or listings came again or out of order."""


class SnapshotIncomplete(Undetermined):
    """A snapshot broke off and could not be continued, or does not hold as many listings as it says."""


class Rejected(LianchengClientError):
    """The request cannot be answered as it is (4xx). For a lookup: undetermined, until the request is mended."""


class Unauthorised(Rejected):
    """The API key is missing, has ended, or was never one (401)."""


class Forbidden(Rejected):
    """The API key does not carry the scope of this call (403)."""


class NotFound(Rejected):
    """There is no such thing at the service (404)."""


class Conflict(Rejected):
    """The call does not fit the state of the list (409)."""


class ListVersionNotReached(Conflict):
    """We have seen a newer list than the service's database holds: it is behind, or was restored from a backup."""


class ListVersionMoved(Conflict):
    """The push was prepared against another version: look at what changed and prepare it again."""


class TooManyRemovals(Conflict):
    """A snapshot push would remove more than is done unasked: confirm with the exact number, or mend the snapshot."""


class PushRejected(Rejected):
    """Rows of the push are wrong, nothing of it was kept; ``errors`` holds up to 1,000 of them."""


class SourceChanged(LianchengClientError):
    """The file of a push changed its length while it was being sent, so it is not repeated under the same key."""


class CopyOutOfStep(LianchengClientError):
    """A local copy is ahead of the service's list, or of another list: `LocalCopy.rebuild` makes it anew."""


class CopyBusy(LianchengClientError):
    """Another process has begun a snapshot of the same local copy: let it finish, then update."""


_BY_CODE: dict[str, type[Rejected]] = {
    "list_version_not_reached": ListVersionNotReached,
    "list_version_moved": ListVersionMoved,
    "too_many_removals": TooManyRemovals,
    "push_rejected": PushRejected,
}
_BY_STATUS: dict[int, type[Rejected]] = {
    HTTPStatus.UNAUTHORIZED: Unauthorised,
    HTTPStatus.FORBIDDEN: Forbidden,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Conflict,
}
PASSING = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Statuses that may be another one when the same is asked again."""


def kind_of(status: int, code: str | None) -> type[LianchengClientError]:
    """Return the class of error that a status and a problem's code mean; a redirect is no answer of the service."""
    if status in PASSING:
        return Unavailable
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServiceFailed
    if status < HTTPStatus.BAD_REQUEST:
        return MalformedAnswer
    return _BY_CODE.get(code or "") or _BY_STATUS.get(status, Rejected)


def without_secrets(text: str) -> str:
    """Return the text with stars in place of whatever could be an identity number or an API key."""
    return _SECRETS.sub("***", text)

"""The one line in the log that every request leaves behind."""

import logging
from collections.abc import Iterable
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

from app.domain.text import runs_over_identity_number
from app.observability import Event, trace_id

_UNROUTED = "(none)"


def write_line(
    log: Any,  # noqa: ANN401 - a logger of structlog's, which has no one type
    scope: Scope,
    *,
    request_id: str,
    status: int,
    seconds: float,
    client: str | None,
) -> None:
    """Write it, ``request_id`` being ours or the caller's, ``client`` who they are by their key."""
    if not log.is_enabled_for(logging.INFO):
        return
    fields: dict[str, Any] = {
        "request_id": request_id,
        "method": scope["method"],
        # The route as the code names it; the path itself may hold what must not be logged.
        "route": getattr(scope.get("route"), "path", _UNROUTED),
        "status": status,
        "ms": round(seconds * 1000, 2),
    }
    if client is not None:
        fields["client"] = client
    trace = _trace_id(scope["headers"])
    if trace:
        fields["trace_id"] = trace
    log.info(Event.REQUEST, **fields)


def _trace_id(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    if not any(name == b"traceparent" for name, _ in headers):
        return None
    found = trace_id(dict(Headers(raw=list(headers))))
    # It is the caller's to choose, so it could be made of somebody's number.
    return None if found is None or runs_over_identity_number(found) else found

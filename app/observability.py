"""Structured logs: one JSON object per line, events by constant name, and nothing of what a person sent.

URLs, bodies and messages of unexpected errors are never logged: an identity number may stand in any of them. What is
logged of a request is its route as the code names it; what is logged of an error is its type and where it arose.
"""

import json
import logging
import re
import sys
import traceback
from contextvars import ContextVar
from enum import StrEnum
from pathlib import Path

import structlog
from opentelemetry.propagators.textmap import CarrierT
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from uuid_utils import uuid4

request_id_var: ContextVar[str] = ContextVar("request_id", default="-")

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
# A caller's request id could be somebody's identity number, however divided: long runs of digits are not taken over.
_LONG_DIGITS = re.compile(r"[0-9]{12,}")
_DIVIDERS = re.compile(r"[._:-]")
_OURS = str(Path(__file__).resolve().parent)
_LAST_FRAMES = 4
_PROPAGATOR = TraceContextTextMapPropagator()


class Event(StrEnum):
    """Every kind of line that the service logs."""

    STARTED = "service.started"
    REFUSED = "service.refused"
    STOPPED = "service.stopped"
    REQUEST = "request.finished"
    FAILED = "request.failed"
    WEBHOOK_DELIVERED = "webhook.delivered"
    WEBHOOK_ATTEMPT_FAILED = "webhook.attempt_failed"
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_TROUBLE = "webhook.trouble"
    WORKER_STARTED = "worker.started"
    WORKER_STOPPED = "worker.stopped"
    NO_ROOM = "service.no_room"
    LIBRARY = "library.message"


def configure(level: str) -> None:
    """Send everything, the libraries' own lines included, to standard output as JSON."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(_as_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
    root = logging.getLogger()
    root.handlers = [_LibraryLines()]
    root.setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True


# Made once: to make an encoder anew for every line costs more than to encode with it.
_ENCODER = json.JSONEncoder(ensure_ascii=False, default=repr)


def _as_json(event: object, **_: object) -> str:
    return _ENCODER.encode(event)


class _LibraryLines(logging.Handler):
    """Passes on that a library said something, and where; not what, for its words may quote the data it choked on."""

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, object] = {"logger": record.name, "where": f"{record.module}:{record.lineno}"}
        if record.exc_info and record.exc_info[1] is not None:
            fields |= described(record.exc_info[1])
        structlog.get_logger().log(max(record.levelno, logging.WARNING), Event.LIBRARY, **fields)


def described(error: BaseException) -> dict[str, object]:
    """Return what may be told of an unexpected error: its type, SQLSTATE, and the frames it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    # Libraries stack dozens of frames on ours: of theirs only the last are told, of ours all.
    told = [frame for frame in frames[:-_LAST_FRAMES] if frame.filename.startswith(_OURS)] + frames[-_LAST_FRAMES:]
    fields: dict[str, object] = {
        "error": f"{type(error).__module__}.{type(error).__qualname__}",
        "frames": [f"{frame.filename}:{frame.lineno}:{frame.name}" for frame in told],
    }
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    if state:
        fields["sqlstate"] = state
    if error.__cause__ is not None:
        fields["cause"] = described(error.__cause__)
    return fields


def accepted_request_id(given: str | None) -> str:
    """Take over the caller's request id if it is one, or make a new one."""
    if given and _REQUEST_ID.fullmatch(given) and not _LONG_DIGITS.search(_DIVIDERS.sub("", given)):
        return given
    return uuid4().hex


def trace_id(headers: CarrierT) -> str | None:
    """Return the trace id of a W3C ``traceparent`` header, if there is a valid one."""
    context = get_current_span(_PROPAGATOR.extract(headers)).get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None

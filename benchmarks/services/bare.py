"""The limits: what uvicorn, and what FastAPI on it, do with the bytes of an answer that is ready.

``uvicorn benchmarks.services.bare:asgi`` and ``:fastapi``; BENCH_ANSWERS is a folder with ``listed`` and
``not_listed``, which are what a POST to the path of that name is answered with.
"""

import os
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response

ANSWERS = {name: (Path(os.environ["BENCH_ANSWERS"]) / name).read_bytes() for name in ("listed", "not_listed")}
_HEADERS = {
    name: [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
    for name, answer in ANSWERS.items()
}

fastapi = FastAPI(
    telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False}
)


@fastapi.post("/listed")
async def listed() -> Response:
    """Return the bytes."""
    return Response(ANSWERS["listed"], media_type="application/json")


@fastapi.post("/not_listed")
async def not_listed() -> Response:
    """Return the bytes."""
    return Response(ANSWERS["not_listed"], media_type="application/json")


async def asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's own types say no more
    """Read the request and return the bytes."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    name = scope["path"].strip("/") or "not_listed"
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS[name]})
    await send({"type": "http.response.body", "body": ANSWERS[name]})

"""What may be kept by whoever reads it: data that changes with the service's files, told apart by their digests."""

from typing import Annotated, TypeVar

from fastapi import Header, Response, status

from app.api.openapi import Responses

IfNoneMatch = Annotated[str | None, Header(description="ETag of the copy you have; if it is the newest, 304.")]
NOT_MODIFIED: Responses = {status.HTTP_304_NOT_MODIFIED: {"description": "The copy you have is the newest"}}

Body = TypeVar("Body")
_CACHED = "public, max-age=300"


def fresh(response: Response, version: str, if_none_match: str | None, body: Body) -> Body | Response:
    """Mark the answer with the version of what it shows, or say that the caller has it (RFC 9110, 13.1.2)."""
    etag = f'"{version}"'
    headers = {"ETag": etag, "Cache-Control": _CACHED}
    known = {part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")}
    if etag in known or "*" in known:
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    response.headers.update(headers)
    return body

"""HEAD: whatever is answered to GET, without what follows its head (RFC 9110, 9.3.2); for all routes in one place.

The framework takes HEAD only where a route names it, as an operation of its own. Here the layers within are asked GET,
so that they judge, answer and record as they do for GET; and once they have told the head of their answer, nothing more
of it is made (docs/decisions/0032-head.md).
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEAD = "HEAD"
_ASKED = "liancheng.head_alone"


class HeadRequests:
    """The layer that knows HEAD; those around it, which log and add headers, see the request as it came."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["method"] != _HEAD:
            await self._app(scope, receive, send)
            return

        async def head_alone(message: Message) -> None:
            # The server asks it too, and before it lets anything out: a body is due to GET only.
            scope["method"] = _HEAD
            await send(message)
            await send({"type": "http.response.body", "body": b""})
            raise _Told

        # Not a copy: what is found out on the way, the route and the caller, stands in it for the log.
        scope["method"] = "GET"
        scope[_ASKED] = True
        try:
            await self._app(scope, receive, head_alone)
        except _Told:
            return
        finally:
            scope["method"] = _HEAD


class _Told(Exception):
    """No error: it ends the work on an answer whose head has been told."""


def head_alone(scope: Scope) -> bool:
    """Whether nothing but the head of the answer was asked for: what takes time to make need not be."""
    return _ASKED in scope

"""The two clients behind one face, so that a test holds both to the same."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from liancheng.client import AsyncClient, Client, Retries

KEY = "lc_0123456789ab_" + "ab" * 32
QUICK = Retries(attempts=4, seconds=10, first=0.01, longest=0.05)

Action = Callable[[Any], Any]
Shell = Callable[..., Any]


def waiting(url: str, action: Action, **options: Any) -> Any:
    """Carry an action out with the client that waits; an iterator comes back as a list."""
    with Client(url, KEY, **{"retries": QUICK, "push_retries": QUICK} | options) as client:
        result = action(client)
        return list(result) if hasattr(result, "__next__") else result


def awaited(url: str, action: Action, **options: Any) -> Any:
    """Carry the same action out with the client that is awaited."""

    async def go() -> Any:
        async with AsyncClient(url, KEY, **{"retries": QUICK, "push_retries": QUICK} | options) as client:
            result = action(client)
            if inspect.isawaitable(result):
                return await result
            return [item async for item in result]

    return asyncio.run(go())


SHELLS: tuple[Shell, ...] = (waiting, awaited)

"""The service with settings of a test's own, and its log lines."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import structlog

from app.main import create_app
from app.settings import Settings
from tests.support import JSON


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Serve with these settings.

    Afterwards logs go where they went before: what pytest captures a test's output with is closed when the test ends,
    and the services of its fixtures stop later.
    """
    before = structlog.get_config()
    app = create_app(settings)
    try:
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://service.test") as http:
                yield http
    finally:
        structlog.configure(**before)


def logged(capsys: pytest.CaptureFixture[str]) -> list[JSON]:
    """Return the lines logged since the last time."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

"""A second service beside the one under test: on the same database, with settings of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx

from app.main import create_app
from tests.support import Api


@asynccontextmanager
async def also_serving(api: Api, **changed: Any) -> AsyncIterator[Api]:
    """Start another service on the same database, with these of its settings changed."""
    settings = api.settings.model_copy(update=changed)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://other.test") as http:
            yield replace(api, http=http, settings=settings)

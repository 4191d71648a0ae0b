"""Every route of the application, found by asking the application: one that is added later is found as well."""

import re
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from app.main import create_app
from app.settings import Settings

# Methods that the framework answers by itself wherever it answers GET.
_IMPLIED = frozenset({"HEAD", "OPTIONS"})
_PARAMETER = re.compile(r"\{([a-z_]+)[^}]*\}")


@dataclass(frozen=True)
class Route:
    """One method of one path; a mounted application has the method ``MOUNT``."""

    method: str
    path: str
    dependencies: tuple[object, ...] = ()
    """What its handler is given, in the order it is made."""
    takes_body: bool = False

    def __str__(self) -> str:
        """Return ``POST /v1/lookups``."""
        return f"{self.method} {self.path}"

    def url(self, values: dict[str, str]) -> str:
        """Return the path with its parameters filled in; a parameter without a value is a KeyError."""
        return _PARAMETER.sub(lambda found: values[found.group(1)], self.path)


def unstarted() -> FastAPI:
    """Return the application as it is before it starts: enough to read its routes and its document."""
    return create_app(Settings())


def every_route() -> list[Route]:
    """Return every route that the application answers on, those hidden from its document too."""
    found = []
    for context in iter_route_contexts(unstarted().routes):
        assert context.path is not None, "a kind of route that this test cannot see into"
        methods = sorted((context.methods or {"MOUNT"}) - _IMPLIED)
        route: Any = context.original_route
        if isinstance(route, APIRoute):
            calls = tuple(one.call for one in route.dependant.dependencies)
            takes_body = route.body_field is not None or "requestBody" in (route.openapi_extra or {})
            found += [Route(method, context.path, calls, takes_body) for method in methods]
        else:
            found += [Route(method, context.path) for method in methods]
    return found

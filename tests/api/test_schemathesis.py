"""Schemathesis reads the OpenAPI document and tries to catch the service doing anything else."""

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from app.domain.synthetic import synthetic_resident_id
from app.files.rows import XLSX
from app.main import create_app
from app.services.access import Scope
from app.store.database import Database
from tests.api.routes import unstarted
from tests.conftest import settings_for
from tests.databases import on_database, run_on
from tests.support import BUREAU, make_key

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    missing_required_header,
    unsupported_method,
    allow_header_conformance,
    # Left out, each for its reason:
    # positive_data_acceptance - whether a code has the right check character, or a day is not after today, no schema
    #   can say; a document that fits the schema may therefore be answered 422, and mostly is.
    # ignored_auth - tests/api/test_authorisation.py asks every route with every kind of bad key, which is more.
    # use_after_free, ensure_resource_availability - there is nothing to delete here.
]
# By design, an item of a batch that fits no schema gets a problem in its place, and the batch is answered.
UNFIT = {"POST /v1/lookups/batch": {negative_data_rejection}}
CONFIG = SchemathesisConfig.from_dict({"generation": {"max-examples": 25, "deterministic": True}})
DOCUMENT = unstarted().openapi()


@schemathesis.serializer("application/x-ndjson", "text/csv", XLSX)
def _as_it_is(_: object, value: Any) -> bytes:
    """Send a text as a file."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


class _Server(uvicorn.Server):
    """A server in a thread, which must leave the process's signals alone."""

    def install_signal_handlers(self) -> None:
        """Do nothing."""


@pytest.fixture(scope="module")
def service(server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Return the address of a real service on the network, on a database of its own, and a key with every scope."""
    name = f"liancheng_schemathesis_{os.getpid()}"
    run_on(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    url = on_database(server_url, name)

    async def key() -> str:
        database = Database(url, pool_size=1, timeout=30)
        made = await make_key(database, *Scope, department=BUREAU)
        await database.close()
        return made

    folder: Path = tmp_path_factory.mktemp("schemathesis")
    app = create_app(settings_for(url, folder))
    server = _Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the service did not start"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", asyncio.run(key())
    finally:
        server.should_exit = True
        thread.join(30)
        run_on(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_the_service_does_what_its_document_says(path: str, service: tuple[str, str]) -> None:
    # Thousands of cases are made of the whole document, and by the library's own `parametrize` in every process that
    # only collects tests. Here those of one path are, when it is that path's turn.
    schema = schemathesis.openapi.from_dict(DOCUMENT | {"paths": {path: DOCUMENT["paths"][path]}}, config=CONFIG)
    feedback = FeedbackSources(constants_value_source=make_constants_value_source(schema))
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        test = build_operation_test(
            config=schema.config, operation=found.ok(), test_func=_tried, given_kwargs={}, feedback=feedback
        )
        test(service=service)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
def _tried(case: schemathesis.Case[Any], service: tuple[str, str]) -> None:
    address, key = service
    headers = {"Authorization": f"Bearer {key}"}
    if case.operation.label == "GET /v1/changes":
        # An event stream never ends, and a long poll takes its time: tests/api/test_changes.py looks at those.
        headers["Accept"] = "application/json"
        case.query = {name: value for name, value in (case.query or {}).items() if name != "wait"}
    response = case.call(base_url=address, headers=headers)
    checks = [check for check in CHECKS if check not in UNFIT.get(case.operation.label, ())]
    case.validate_response(response, checks=checks)
    assert response.headers["x-request-id"]
    assert synthetic_resident_id(1)[:17].encode() not in response.content

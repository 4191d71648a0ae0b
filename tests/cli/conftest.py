"""A running service for the commands that speak to one."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.serving import Process, serving
from tests.support import Api


@pytest.fixture
def service(api: Api) -> Iterator[Process]:
    """Return a service process on the test's database."""
    with serving(api.settings) as process:
        yield process

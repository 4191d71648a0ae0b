"""A feed to copy from, and a copy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from liancheng.client import Client, LocalCopy
from tests.client.feed_service import FeedService, feed_service
from tests.client.shells import KEY, QUICK


@pytest.fixture
def service() -> Iterator[FeedService]:
    with feed_service() as running:
        yield running


@pytest.fixture
def client(service: FeedService) -> Iterator[Client]:
    with Client(service.url, KEY, retries=QUICK) as opened:
        yield opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.sqlite"


@pytest.fixture
def copy(path: Path) -> Iterator[LocalCopy]:
    with LocalCopy(path) as opened:
        yield opened

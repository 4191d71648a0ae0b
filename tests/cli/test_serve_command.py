"""How many connections the processes of one `serve` may hold."""

import pytest

from app.cli.serve import fitting_pool
from app.errors import Misconfigured


@pytest.mark.parametrize(("workers", "pool"), [(1, 10), (4, 10), (11, 8), (16, 2), (18, 1)])
def test_the_pools_of_all_processes_fit_into_the_databases_connections(workers: int, pool: int) -> None:
    assert fitting_pool(10, workers, 197, public=3) == pool


def test_more_processes_than_the_database_has_connections_for_are_refused_with_the_most_there_may_be() -> None:
    with pytest.raises(Misconfigured, match="不多于 18"):
        fitting_pool(10, 19, 197, public=3)

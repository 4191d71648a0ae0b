"""What the tests of identity numbers share: a list that holds two persons, and a service that logs all it can."""

import pytest

from app.settings import Settings
from tests.support import Api, list_operation, person


@pytest.fixture
async def quiet(api: Api) -> Api:
    """Return the service with a unit on its list that has both persons."""
    await api.pushed(list_operation(1, persons=[person(4711), person(4712, name="虚构乙")]))
    return api


@pytest.fixture
def settings_at_debug(settings: Settings) -> Settings:
    """Return settings of a service that logs as much as it can."""
    return settings.model_copy(update={"log_level": "debug"})

"""What is told to whoever sends requests here: not to, while what day it is is in doubt."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.moment import Moment
from tests.support import Api


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_a_process_whose_clock_is_not_the_databases_is_not_ready(
    api: Api, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    right = (await api.http.get("/readyz")).json()
    assert {one["name"]: one["ok"] for one in right["checks"]}["clock"] is True
    apart = timedelta(minutes=minutes)
    monkeypatch.setattr(Moment, "current", classmethod(lambda cls: cls.at(datetime.now(UTC) + apart)))
    wrong = await api.http.get("/readyz")
    assert (wrong.status_code, wrong.json()["ready"]) == (503, False)
    (told,) = [one for one in wrong.json()["checks"] if not one["ok"]]
    assert told["name"] == "clock"
    assert "相差 600 秒" in told["detail"]

"""The effect summary at the command line, and in the client that it goes through."""

import asyncio
from pathlib import Path

import openpyxl
import pytest

from app.services.access import Scope
from liancheng.client import AsyncClient, Client, Forbidden, Rejected
from tests.cli.clerk import at_service
from tests.cli.commands import liancheng, printed, refused
from tests.end_to_end.serving import serving
from tests.support import Api, list_operation, make_key, today

pytestmark = pytest.mark.processes


async def test_the_workbook_is_fetched_and_nothing_is_written_over_unasked(api: Api, tmp_path: Path) -> None:
    await api.pushed(list_operation(1))
    day = today().isoformat()
    file = tmp_path / "通报.xlsx"
    command = ("effect", str(file), "--from", day, "--to", day)
    other = await make_key(api.database, Scope.LOOKUP)
    with serving(api.settings) as process:
        here = at_service(api, process.url)
        assert str(file) in printed(api.settings, *command, **here)
        sheet = openpyxl.load_workbook(file)["关键指标"]
        shown = {row[0]: row[1] for row in sheet.iter_rows(values_only=True)}
        assert shown["惩戒单位"] == 1
        before = file.read_bytes()
        assert liancheng(api.settings, *command, **here).returncode == 2
        assert file.read_bytes() == before
        assert "不能晚于" in refused(
            api.settings, "effect", str(tmp_path / "a.xlsx"), "--from", "2026-02-01", "--to", "2026-01-01", **here
        )
        assert not (tmp_path / "a.xlsx").exists()
        assert liancheng(api.settings, "effect", "a.csv", "--from", day, "--to", day, **here).returncode == 2
        with Client(process.url, api.key) as client:
            found = client.effect_summary(day, day, by="department")
            assert found["totals"]["subjects"]["units"] == 1
            assert len(found["groups"]) == 14
            with pytest.raises(Rejected):
                client.effect_book("2026-02-01", "2026-01-01")

        async def asynchronously() -> None:
            async with AsyncClient(process.url, other) as client:
                with pytest.raises(Forbidden):
                    await client.effect_book(day, day)
            async with AsyncClient(process.url, api.key) as client:
                assert (await client.effect_book(day, day)).startswith(b"PK")
                assert (await client.effect_summary(day, day))["groups"] == []

        await asyncio.wait_for(asynchronously(), 60)

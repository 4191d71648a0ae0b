"""Measuring a real service from the command line."""

import json
from pathlib import Path

import pytest

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from tests.cli.clerk import at_service
from tests.cli.commands import liancheng, printed, refused
from tests.end_to_end.serving import Process
from tests.support import Api, list_operation, person

pytestmark = pytest.mark.processes
_SHORT = ("--duration", "0.5", "--warm-up", "0.1", "--rate", "40")


async def test_what_it_counts_is_what_the_audit_holds(api: Api, service: Process, tmp_path: Path) -> None:
    await api.pushed(*(list_operation(n, persons=[person(n)]) for n in range(1, 4)))
    variables = at_service(api, service.url)
    codes = tmp_path / "代码.txt"
    codes.write_text("\n".join(f(n) for n in range(1, 4) for f in (synthetic_uscc, synthetic_resident_id)))
    mix = ("--misses", "0.3", "--persons", "0.4", "--batches", "0.3", "--batch-size", "5", "--codes", str(codes))
    found = json.loads(printed(api.settings, "bench", *_SHORT, *mix, "--warm-up", "0", "--json", **variables))
    rows = await api.rows("SELECT verdict, count(*) AS n FROM audit GROUP BY verdict")
    assert {row["verdict"]: row["n"] for row in rows} == {
        name: count for name, count in found["verdicts"].items() if name != "undetermined"
    }
    assert (found["requests"], found["errors"], found["verdicts"]["undetermined"]) == (20, {}, 0)
    assert set(found["kinds"]) == {"unit", "person", "batch"}
    assert found["latency_ms"]["p99"] >= found["latency_ms"]["p50"] > 0
    saturate = ("--saturate", "--misses", "0", "--from-listings", "--connections", "2", "--count", "20")
    shown = printed(api.settings, "bench", *saturate, **variables)
    assert "在名单上 20，不在名单上 0" in shown
    assert "p99.9" in shown


async def test_it_asks_nobody_elses_machine_and_nothing_that_it_has_no_codes_for(api: Api, tmp_path: Path) -> None:
    variables = at_service(api, "https://192.0.2.1")
    assert "--not-loopback-i-may" in refused(api.settings, "bench", **variables)
    variables = at_service(api, "http://127.0.0.1:9")
    nobody = liancheng(api.settings, "bench", **variables)
    assert (nobody.returncode, "错误：连接不上" in nobody.stderr) == (1, True)
    empty = tmp_path / "空.txt"
    empty.write_text("\n")
    assert "没有" in refused(api.settings, "bench", "--codes", str(empty), **variables)
    both = liancheng(api.settings, "bench", "--codes", str(empty), "--from-listings", **variables)
    assert both.returncode == 2


async def test_refused_lookups_are_no_answers(api: Api, service: Process) -> None:
    variables = at_service(api, service.url) | {"LIANCHENG_API_KEY": "lc_wrong"}
    finished = liancheng(api.settings, "bench", *_SHORT, **variables)
    assert finished.returncode == 3
    assert "http_401" in finished.stdout

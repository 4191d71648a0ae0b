"""Percentiles are values that occurred, and none is better than it was."""

from array import array
from collections import Counter

from app.workload.figures import Measured, Tally, milliseconds, quantile


def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed() -> None:
    ordered = [float(n) for n in range(1, 101)]
    assert [quantile(ordered, share) for share in (0.0, 0.5, 0.501, 0.99, 0.991, 1.0)] == [1, 50, 51, 99, 100, 100]
    assert milliseconds([0.002]) == {"p50": 2.0, "p90": 2.0, "p99": 2.0, "p99.9": 2.0, "max": 2.0}
    assert milliseconds([]) is None


def test_the_whole_is_the_sum_of_its_kinds() -> None:
    one = Tally(array("d", [0.1]), answered=1, listed=1)
    two = Tally(array("d", [0.3, 9.0]), answered=1, not_listed=3, undetermined=2, errors=Counter(timeout=1))
    shown = Measured(2.0, {"unit": one, "batch": two, "person": Tally()}, array("d"), 0, interrupted=False).as_json()
    assert (shown["requests"], shown["answered"], shown["per_second"], shown["codes_per_second"]) == (3, 2, 1.0, 2.0)
    assert shown["verdicts"] == {"listed": 1, "not_listed": 3, "undetermined": 2}
    assert shown["latency_ms"]["max"] == 9000.0
    assert set(shown["kinds"]) == {"unit", "batch"}

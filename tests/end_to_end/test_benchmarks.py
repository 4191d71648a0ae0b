"""What `make bench` compares, in the smallest form: that it starts, and answers what the service answers."""

import pytest

from benchmarks.contenders import CASES, started
from benchmarks.installation import place
from benchmarks.run import push_list

pytestmark = pytest.mark.processes


def test_what_is_compared_answers_what_the_service_answers() -> None:
    with place() as here, here.serving(*here.prepared()) as served:
        push_list(served, 20)
        with started(served, 20, others=False) as field:
            assert len(field.contenders) == 5
            for contender in field.contenders:
                for case in CASES:
                    # An answer that is none, or says otherwise, ends the benchmark.
                    assert contender.cases[case](2, 0.1).per_second > 0

"""Tests of the measurement itself, with workloads whose cost is made up: no clock is read."""

from collections.abc import Callable

import pytest

from experiments.benchmarks.chip.sizes import exponent
from experiments.benchmarks.timing import Cost, Sample, Stopwatch, interleave, ratio


def sample(*cpu_s: float) -> Sample:
    return Sample([Cost(cpu, 2 * cpu) for cpu in cpu_s])


def test_workloads_take_turns_and_the_first_round_is_thrown_away() -> None:
    called: list[str] = []

    def workload(name: str) -> Callable[[], Cost]:
        def run() -> Cost:
            called.append(name)
            return Cost(float(len(called)), 0.0)

        return run

    samples = interleave({name: workload(name) for name in "abc"}, rounds=3)
    assert [len(one.costs) for one in samples.values()] == [3, 3, 3]
    assert called == ["c", "a", "b", "a", "b", "c", "b", "c", "a", "c", "a", "b"]
    assert samples["a"].costs[0] == Cost(4.0, 0.0)


def test_a_ratio_is_that_of_the_medians_with_the_quartiles_of_each_rounds_ratio() -> None:
    found = ratio(sample(2.0, 40.0, 6.0), sample(1.0, 10.0, 2.0))
    assert found.value == 3.0
    assert (found.low, found.high) == (2.5, 3.5)
    assert found.wall == 3.0


def test_the_spread_is_the_interquartile_range_over_the_median() -> None:
    assert sample(1.0, 2.0, 3.0, 4.0, 5.0).spread == pytest.approx(2 / 3)


def test_a_stopwatch_can_be_used_again() -> None:
    watch = Stopwatch()
    for _ in range(2):
        with watch:
            sum(range(1000))
        assert 0.0 <= watch.per(10).wall_s == watch.wall_s / 10


def test_an_exact_power_law_gives_its_exponent() -> None:
    assert exponent((8, 16, 32, 64), [3.0 * n**1.5 for n in (8, 16, 32, 64)]) == pytest.approx(1.5)

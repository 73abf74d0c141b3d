"""The three ways to ask the physics make the same kind of queries, and count them."""

import pytest

from experiments.benchmarks.chip.physics import physics_workloads
from experiments.benchmarks.chip.plant import benchmark_study, square_plant


@pytest.mark.parametrize("way", ["steps", "probes", "sequences"])
def test_a_round_makes_queries_and_the_next_one_goes_on(way: str) -> None:
    workload = physics_workloads(square_plant(benchmark_study(), 8), 2)[way]
    for _ in range(2):
        cost = workload()
        assert cost.cpu_s > 0
        assert cost.wall_s > 0

"""Tests that what is measured is what it is called: same matrices, same queries, same replies."""

import math
from pathlib import Path

import numpy as np
import pytest

from controllers.kind import Loop
from emulator.commands import Batch, Controller, Forward
from emulator.errors import CommandError
from emulator.physics.chip.mesh import decompose_matrix, reconstruct_matrix
from emulator.streams import stream
from emulator.trace.open import open_trace
from experiments.benchmarks.chip.breakdown import part_workloads, probe_ns_by_layer, take_notes
from experiments.benchmarks.chip.plant import Plant, benchmark_study, square_plant
from experiments.benchmarks.chip.sizes import measure_sizes
from experiments.benchmarks.chip.torch_rebuild import make_query, rebuild_layer
from experiments.benchmarks.chip.workloads import bare_timeouts, plain_queries, torch_queries
from experiments.benchmarks.paced import PacedRun


@pytest.fixture(scope="module")
def plant() -> Plant:
    return square_plant(benchmark_study(), 8)


def test_the_study_is_the_query_of_the_requirement() -> None:
    study = benchmark_study()
    assert (study.deployment.alpha, study.controller.batch_size) == (0.15, 32)
    assert study.chip.heaters.dynamics == "dynamic"
    assert study.chip.receiver.shot_noise
    assert study.chip.receiver.thermal_noise_a_per_sqrt_hz > 0
    assert study.trace.detail == "commands"


@pytest.mark.parametrize("shape", [(24, 64), (24, 24), (10, 24), (64, 24), (1, 5)])
def test_the_rebuild_in_torch_gives_the_matrix_of_the_phases(shape: tuple[int, int]) -> None:
    matrix = stream(shape[0], "tests/rebuild").standard_normal(shape)
    phases = decompose_matrix(matrix / np.linalg.norm(matrix, 2), 3.0)
    np.testing.assert_allclose(
        rebuild_layer(phases, 3.0), reconstruct_matrix(phases, 3.0), rtol=0, atol=1e-12
    )


def test_the_query_in_torch_gives_the_loss_of_the_ideal_network(plant: Plant) -> None:
    batch = plant.first_batch()
    first, second = (reconstruct_matrix(layer, 3.0) for layer in plant.deployment.layers)
    outputs = (batch.inputs @ first.T).clip(0.0, 4.0) @ second.T
    logs = np.log(np.exp(outputs).sum(axis=1)) - outputs[np.arange(len(outputs)), batch.labels]
    assert make_query(plant.deployment.layers, batch, 3.0, 4.0)() == pytest.approx(logs.mean(), abs=1e-12)


def test_every_slice_makes_its_queries_and_the_trace_is_whole(plant: Plant, tmp_path: Path) -> None:
    out = tmp_path / "run.h5"
    with PacedRun(plant, 30, out) as recorded, PacedRun(plant, 30) as bare:
        for number in (1, 2, 3):
            recorded()
            bare()
            assert recorded.bench.queries == bare.bench.queries == 30 * number
        assert recorded.emulated_s_per_query == bare.emulated_s_per_query
    with open_trace(out) as trace:
        assert trace.status == "aborted"
        assert 90 <= trace.queries <= 91


def test_a_run_that_fails_says_so_where_it_is_measured(plant: Plant) -> None:
    class Broken(Plant):
        def controller(self, queries: int, loop: Loop = "host") -> Controller:
            yield Forward(Batch(0, np.full((1, 8), np.nan), np.zeros(1, dtype=np.int64)))

    broken = Broken(plant.study, plant.deployment, plant.inputs, plant.labels)
    with pytest.raises(CommandError, match="Forward: batch 0"), PacedRun(broken, 10) as run:
        run()


def test_replayed_parts_cover_the_run(plant: Plant) -> None:
    notes = take_notes(plant, 60)
    assert notes.queries >= 60
    parts = part_workloads(notes)
    assert {"loss", "controller", "chip", "load", "probe"} <= parts.keys()
    for workload in parts.values():
        assert math.isfinite(workload().cpu_s)
    by_layer = probe_ns_by_layer(notes)
    assert [len(ns) > 0 for ns in by_layer] == [True, True]
    assert sum(map(len, by_layer)) < notes.queries


def test_rivals_and_sizes_can_be_measured(plant: Plant) -> None:
    for workload in (bare_timeouts(100), torch_queries(plant, 1), plain_queries(plant, 1)):
        assert workload().wall_s > 0
    (cost,) = measure_sizes(plant.study, rounds=1, sizes=(8,))
    assert (cost.size, cost.phases) == (8, 128)

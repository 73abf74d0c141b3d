"""Tests of what a task shows of a network when its training has ended."""

from pathlib import Path

import numpy as np

from emulator.trace.open import open_trace
from experiments.run.launch import open_study
from experiments.run.run import run_study

SMALL = ("task.hidden=[8]", "controller.epochs=1", "controller.batch_size=411")


def test_metrics_and_maps_are_in_the_trace_of_a_training_that_ended(tmp_path: Path) -> None:
    result = run_study(open_study("climate_na_odfa", SMALL), tmp_path / "a.h5")
    assert result.status == "complete"
    with open_trace(tmp_path / "a.h5") as trace:
        assert {"map_nrmse_s", "map_nrmse_g", "map_error_k", "ridge_rmse_k"} <= trace.metrics().keys()
        assert trace.state("map_truth").shape == trace.state("map_predicted").shape == (37, 49)


def test_a_network_that_gives_amplitudes_of_eofs_is_shown_and_judged_by_its_maps(tmp_path: Path) -> None:
    few = (
        "task.eofs=2",
        "task.model=vit",
        "controller.tail=1",
        "task.hidden=[8, 8]",
        "controller.sharing=shared",
    )
    result = run_study(open_study("climate_na_odfa", (*SMALL, *few)), tmp_path / "a.h5")
    assert result.status == "complete"
    with open_trace(tmp_path / "a.h5") as trace:
        truth, predicted = trace.state("map_truth"), trace.state("map_predicted")
        weights = np.cos(np.deg2rad(trace.state("map_lat")))[:, np.newaxis]
        last = np.sqrt((weights * (predicted - truth) ** 2).sum() / (weights.sum() * truth.shape[1]))
        assert predicted.shape == (37, 49)
        assert 0.3 < last / trace.metrics()["test_rmse_k"].value[-1] < 3.0


def test_a_training_that_a_budget_ended_shows_nothing(tmp_path: Path) -> None:
    study = open_study("climate_na_odfa", (*SMALL, "controller.batch_size=100", "budget.queries=200"))
    assert run_study(study, tmp_path / "a.h5").status == "budget"
    with open_trace(tmp_path / "a.h5") as trace:
        assert "map_nrmse_s" not in trace.metrics()

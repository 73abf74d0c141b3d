"""Tests of what is read from one training."""

from pathlib import Path

import numpy as np
import pytest

from emulator.errors import TraceError
from experiments.paper.odfa.learnt import read_learnt, stat_of
from experiments.run.launch import open_study
from experiments.run.run import run_study

SMALL = ("task.hidden=[4]", "controller.epochs=1", "controller.batch_size=411")


def test_a_training_is_read_with_its_maps_and_its_price(tmp_path: Path) -> None:
    result = run_study(open_study("climate_na_odfa", SMALL), tmp_path / "a.h5")
    found = read_learnt(tmp_path / "a.h5")
    assert found.seconds == result.elapsed_s
    assert found.hours == result.elapsed_s / 3600
    assert found.joules == pytest.approx(result.energy_j)
    assert found.states["map_truth"].shape == (37, 49)
    assert np.isfinite(found.value("test_rmse_k"))
    assert np.isnan(found.value("frechet"))
    assert stat_of([found, found], "test_rmse_k").n == 2


def test_a_trace_without_a_training_is_refused(tmp_path: Path) -> None:
    run_study(open_study("figure4", ("workload.depth=2", "workload.width=8")), tmp_path / "a.h5")
    with pytest.raises(TraceError, match="no training was recorded"):
        read_learnt(tmp_path / "a.h5")

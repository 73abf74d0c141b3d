"""Tests of what is shown of a climate emulator."""

import numpy as np
import pytest

from emulator.streams import stream
from experiments.models.fcnn import Fcnn
from experiments.tasks.climate.exhibit import map_exhibit
from experiments.tasks.climate.maps import MapRmse, quality_of
from experiments.tasks.climate.north_america import build_north_america
from experiments.tasks.task import TaskOptions


def test_metrics_stand_beside_those_of_ridge_and_the_last_maps_are_kept_in_kelvin() -> None:
    task = build_north_america(TaskOptions("climate_na", hidden=(8,)))
    model = Fcnn.drawn(task.layer_sizes, stream(0, "test/exhibit"))
    found = map_exhibit(task, model)
    assert isinstance(task.metric, MapRmse)
    own = quality_of(task.metric, model.answers(task.x_test), task.y_test)
    assert found.metrics["map_nrmse_s"] == own.nrmse_s
    assert found.metrics["map_error_k"] == own.error_k
    assert found.metrics["ridge_rmse_k"] == pytest.approx(0.722, abs=0.005)
    truth, unit = found.states["map_truth"]
    assert (truth.shape, unit) == ((37, 49), "K")
    assert np.allclose(truth.ravel(), task.y_test[-1] * task.metric.unit_k)
    assert found.states["map_predicted"][0].shape == truth.shape

"""Tests of the task of North American temperatures."""

import numpy as np
import pytest

from data.climate import load_north_america
from emulator.errors import TaskError
from experiments.tasks.climate.maps import MapRmse
from experiments.tasks.climate.north_america import build_north_america
from experiments.tasks.task import TaskOptions


def test_parts_follow_in_time_and_the_last_fifty_years_of_e1_are_tested() -> None:
    task, data = build_north_america(TaskOptions("climate_na")), load_north_america()
    assert [len(x) for _, x, _ in task.parts()] == [240 + 171, 19, 50]
    assert isinstance(task.metric, MapRmse)
    e1 = data.warming_k["E1"]
    assert np.allclose(task.y_test * task.metric.unit_k, e1[190:])
    assert np.allclose(task.y_val * task.metric.unit_k, e1[171:190])


def test_no_tested_year_is_among_the_learnt_ones() -> None:
    task = build_north_america(TaskOptions("climate_na"))
    learnt = {row.tobytes() for row in np.concatenate([task.y_train, task.y_val])}
    assert not learnt & {row.tobytes() for row in task.y_test}


def test_drivers_are_scaled_by_the_learnt_years_alone() -> None:
    task = build_north_america(TaskOptions("climate_na"))
    assert np.allclose(task.x_train.mean(axis=0), 0.0, atol=1e-12)
    assert np.allclose(task.x_train.std(axis=0), 1.0)
    assert abs(task.x_test.mean(axis=0)).max() > 0.3


def test_more_years_may_be_held_out_and_the_tested_ones_stay() -> None:
    few, many = (build_north_america(TaskOptions("climate_na", validation_fraction=f)) for f in (0.1, 0.3))
    assert (len(few.x_val), len(many.x_val)) == (19, 57)
    assert len(few.x_test) == len(many.x_test)


def test_held_out_years_are_not_learnt_from_the_scenario_that_shares_them() -> None:
    task = build_north_america(TaskOptions("climate_na", validation_fraction=0.5))
    held, learnt = ({row.tobytes() for row in part} for part in (task.y_val, task.y_train))
    assert not held & learnt
    assert len(task.x_train) == 240 - 45 + 95


def test_years_have_no_classes() -> None:
    with pytest.raises(TaskError, match=r"task.classes is refused: years have no classes"):
        build_north_america(TaskOptions("climate_na", classes=(0, 1)))


def test_a_random_split_is_refused() -> None:
    with pytest.raises(TaskError, match="must be one of chronological"):
        build_north_america(TaskOptions("climate_na", split="random"))


def test_the_map_can_be_cut_into_tiles() -> None:
    task = build_north_america(TaskOptions("climate_na"))
    assert task.tiles is not None
    assert (task.tiles.count, task.tiles.places) == (7, 259)


def test_eofs_are_found_in_the_learnt_years_and_targets_stay_maps() -> None:
    whole, few = (build_north_america(TaskOptions("climate_na", eofs=count)) for count in (None, 4))
    assert (whole.layer_sizes[-1], few.layer_sizes[-1]) == (1813, 7 * 4)
    assert np.array_equal(whole.y_test, few.y_test)
    assert isinstance(few.metric, MapRmse)
    modes = few.metric.places.modes
    assert modes is not None
    assert np.allclose((modes.amplitudes(few.y_train) ** 2).mean(axis=0), 1.0)
    assert 0.2 < few.metric.of_arrays(modes.amplitudes(few.y_test), few.y_test) < 0.4


def test_more_eofs_than_years_are_refused() -> None:
    with pytest.raises(TaskError, match=r"task.eofs = 600 is refused"):
        build_north_america(TaskOptions("climate_na", eofs=600))

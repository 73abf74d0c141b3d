"""Tests of the task of ClimateBench's shape."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from data.climate_bench import RUNS
from emulator.errors import TaskError
from emulator.streams import stream
from experiments.tasks.climate.bench import build_climate_bench
from experiments.tasks.task import FileOptions, Task, TaskOptions


@pytest.fixture(scope="module")
def stand_in() -> Task:
    return build_climate_bench(TaskOptions("climate_bench"))


def test_the_stand_in_says_in_name_title_and_source_what_it_is(stand_in: Task) -> None:
    assert stand_in.name == "climate_bench_synthetic"
    assert "SYNTHETIC" in stand_in.title
    assert stand_in.source.startswith("synthetic")


def test_sizes_are_those_of_the_paper_and_the_last_years_are_tested(stand_in: Task) -> None:
    assert (stand_in.layer_sizes[0], stand_in.layer_sizes[-1]) == (55_296, 13_824)
    assert [len(x) for _, x, _ in stand_in.parts()] == [165 + 3 * 86, 42, 21]
    assert stand_in.tiles is not None
    assert (stand_in.tiles.count, stand_in.tiles.places) == (96, 144)


def test_each_driver_is_scaled_by_the_learnt_years_alone(stand_in: Task) -> None:
    x = stand_in.x_train.reshape(-1, 4, 13_824)
    assert np.allclose(x.mean(axis=(0, 2)), 0.0, atol=1e-9)
    assert np.allclose(x.std(axis=(0, 2)), 1.0)


def write_bench(folder: Path, lat: int = 24, lon: int = 36) -> None:
    """Write a small ClimateBench into ``folder``."""
    rng = stream(0, "test/bench")
    for name in RUNS:
        years = 165 if name == "historical" else 86
        with h5py.File(folder / f"inputs_{name}.nc", "w") as file:
            file["CO2"], file["CH4"] = np.cumsum(rng.random(years)), rng.random(years)
            file["SO2"], file["BC"] = rng.random((2, years, lat, lon))
        with h5py.File(folder / f"outputs_{name}.nc", "w") as file:
            file["lat"], file["lon"] = np.linspace(-88, 88, lat), np.arange(lon) * 360.0 / lon
            file["tas"] = rng.random((2, years, lat, lon))


def test_a_folder_of_climatebench_makes_the_task_of_that_name(tmp_path: Path) -> None:
    write_bench(tmp_path)
    options = TaskOptions("climate_bench", own=FileOptions(str(tmp_path)))
    task = build_climate_bench(options)
    assert task.name == "climate_bench"
    assert "SYNTHETIC" not in task.title
    assert [len(x) for _, x, _ in task.parts()] == [423, 42, 21]
    digest = task.options.own.digest
    again = build_climate_bench(replace(options, own=FileOptions(str(tmp_path), digest)))
    assert again.digest() == task.digest()


def test_a_folder_that_lacks_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"lacks inputs_historical\.nc"):
        build_climate_bench(TaskOptions("climate_bench", own=FileOptions(str(tmp_path))))

"""Tests of the reader of ClimateBench's files, on small ones of the same layout."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from data.climate_bench import RUNS, load_climate_bench
from emulator.errors import TaskError
from emulator.streams import stream

LAT, LON = np.linspace(-80.0, 80.0, 4), np.arange(0.0, 360.0, 60.0)


def write(folder: Path, name: str, years: int = 3, members: int = 2) -> None:
    """Write inputs and outputs of the run ``name`` as ClimateBench has them."""
    rng = stream(0, f"test/{name}")
    with h5py.File(folder / f"inputs_{name}.nc", "w") as file:
        for each in ("CO2", "CH4"):
            file[each] = rng.random(years)
        for each in ("SO2", "BC"):
            file[each] = rng.random((years, len(LAT), len(LON)))
    with h5py.File(folder / f"outputs_{name}.nc", "w") as file:
        file["lat"], file["lon"] = LAT, LON
        file["tas"] = rng.random((members, years, len(LAT), len(LON)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for place in ("train_val", "test"):
        (tmp_path / place).mkdir()
    for name in RUNS:
        write(tmp_path / ("test" if name == "ssp245" else "train_val"), name)
    return tmp_path


def test_runs_are_means_over_members_with_a_number_a_year_spread_over_the_map(folder: Path) -> None:
    runs, _ = load_climate_bench(folder)
    assert set(runs) == set(RUNS)
    run = runs["ssp126"]
    assert run.year.tolist() == [2015, 2016, 2017]
    assert run.drivers.shape == (3, 4, 24)
    assert np.ptp(run.drivers[:, 0], axis=1).max() == 0.0
    with h5py.File(folder / "train_val" / "outputs_ssp126.nc") as file:
        assert np.allclose(run.warming_k, np.asarray(file["tas"]).mean(axis=0).reshape(3, -1))


def test_history_begins_in_1850(folder: Path) -> None:
    assert load_climate_bench(folder)[0]["historical"].year[0] == 1850


def test_other_numbers_than_a_study_was_made_with_are_refused(folder: Path) -> None:
    _, digest = load_climate_bench(folder)
    load_climate_bench(folder, digest)
    with pytest.raises(TaskError, match=r"holds other data than the study was made with"):
        load_climate_bench(folder, "0" * 64)


def test_a_folder_without_the_files_is_refused_by_the_first_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"lacks inputs_historical.nc.*without task.file the synthetic"):
        load_climate_bench(tmp_path)


def test_nan_and_other_layouts_are_refused(folder: Path) -> None:
    path = folder / "test" / "outputs_ssp245.nc"
    with h5py.File(path, "r+") as file:
        file["tas"][0, 0, 0, 0] = np.nan
    with pytest.raises(TaskError, match=r"outputs_ssp245.nc: tas: 1 of 2 rows hold NaN"):
        load_climate_bench(folder)
    with h5py.File(path, "r+") as file:
        del file["tas"]
    with pytest.raises(TaskError, match=r"no variable 'tas'"):
        load_climate_bench(folder)
    path.write_bytes(b"CDF\x01 is another format")
    with pytest.raises(TaskError, match=r"no netCDF-4 file"):
        load_climate_bench(folder)


def test_a_driver_of_another_shape_is_refused(folder: Path) -> None:
    with h5py.File(folder / "test" / "inputs_ssp245.nc", "r+") as file:
        del file["BC"]
        file["BC"] = np.zeros((3, 2))
    with pytest.raises(TaskError, match=r"BC has shape \(3, 2\)"):
        load_climate_bench(folder)

"""ClimateBench as its authors publish it, read from a folder of the user's; NOT shipped or fetched.

The folder holds, at its top or in train_val/ and test/, netCDF-4 files inputs_NAME.nc and outputs_NAME.nc of the
runs ``RUNS``. Inputs are CO2 and CH4 (time,) and SO2 and BC (time, latitude, longitude); of the outputs the annual
surface air temperature ``tas`` (member, time, latitude, longitude) is read, as the mean over members, in kelvin
above the run without forcing.

Source: D. Watson-Parris et al., ClimateBench v1.0 (2022), doi 10.1029/2021MS002954; data: doi
10.5281/zenodo.7064308.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
from numpy.typing import NDArray

from data.arrays import check_numbers
from data.sets import FloatArray, IntArray
from emulator.errors import TaskError

__all__ = ["DRIVERS", "FIRST_YEAR", "RUNS", "BenchRun", "load_climate_bench"]

DRIVERS: Final = ("CO2", "CH4", "SO2", "BC")
"""What drives a run, in the order of the inputs' channels."""

RUNS: Final = ("historical", "ssp126", "ssp370", "ssp585", "ssp245")
"""The runs that are read; the last one is the tested scenario."""

FIRST_YEAR: Final = {"historical": 1850}
"""The first year of a run; of scenarios it is 2015."""

_SCENARIO_YEAR: Final = 2015
_FOLDERS: Final = ("", "train_val", "test")


@dataclass(frozen=True, eq=False)
class BenchRun:
    """Hold one run: ``year`` (years,), ``drivers`` (years, 4, places), ``warming_k`` (years, places)."""

    year: IntArray
    drivers: FloatArray
    warming_k: FloatArray
    lat_deg: FloatArray
    lon_deg: FloatArray


def load_climate_bench(folder: Path, digest: str | None = None) -> tuple[dict[str, BenchRun], str]:
    """Return the runs by name, and the SHA-256 of all that was read.

    Raises ``TaskError`` when a file is missing or of another layout, holds NaN, or, with ``digest``, when all
    together have another SHA-256.
    """
    found = hashlib.sha256()
    runs = {name: _run(folder, name, found) for name in RUNS}
    if digest is not None and found.hexdigest() != digest:
        raise TaskError(
            f"task.file: {folder} holds other data than the study was made with: their SHA-256 is "
            f"{found.hexdigest()}, must be {digest}"
        )
    return runs, found.hexdigest()


def _run(folder: Path, name: str, digest: Any) -> BenchRun:
    inputs, outputs = _sought(folder, f"inputs_{name}.nc"), _sought(folder, f"outputs_{name}.nc")
    lat, lon = _array(outputs, "lat", 1), _array(outputs, "lon", 1)
    tas = _array(outputs, "tas", 4).mean(axis=0)
    maps = {each: _array(inputs, each, None) for each in DRIVERS}
    years, shape = len(tas), (len(lat), len(lon))
    drivers = np.empty((years, len(DRIVERS), lat.size * lon.size))
    for channel, (each, values) in enumerate(maps.items()):
        if values.shape not in {(years,), (years, *shape)}:
            raise TaskError(
                f"{inputs}: {each} has shape {values.shape}; allowed: {(years,)}, a number a year, or "
                f"{(years, *shape)}, a map a year of outputs_{name}.nc"
            )
        drivers[:, channel] = values.reshape(years, -1)
    if tas.shape != (years, *shape):
        raise TaskError(f"{outputs}: tas has shape {tas.shape} without members; allowed: {(years, *shape)}")
    for values in (drivers, tas, lat, lon):
        digest.update(np.ascontiguousarray(values).data)
    first = FIRST_YEAR.get(name, _SCENARIO_YEAR)
    return BenchRun(np.arange(first, first + years), drivers, tas.reshape(years, -1), lat, lon)


def _sought(folder: Path, name: str) -> Path:
    for place in _FOLDERS:
        if (path := folder / place / name).is_file():
            return path
    raise TaskError(
        f"task.file: {folder} lacks {name}, also in train_val and test; allowed: the folder of ClimateBench's "
        "files (doi 10.5281/zenodo.7064308); without task.file the synthetic stand-in is taken"
    )


def _array(path: Path, name: str, dimensions: int | None) -> FloatArray:
    """Return the variable ``name`` of the file at ``path``, finite, with so many ``dimensions``."""
    try:
        with h5py.File(path, "r") as file:
            if name not in file:
                raise TaskError(f"{path}: there is no variable {name!r}; it has {', '.join(file)}")
            values: NDArray[Any] = np.asarray(file[name])
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise TaskError(f"{path}: this is no netCDF-4 file that can be read ({str(error)[:100]})") from error
    if dimensions is not None and values.ndim != dimensions:
        raise TaskError(f"{path}: {name} has {values.ndim} dimensions; allowed: {dimensions}")
    return check_numbers(values, f"{path}: {name}")

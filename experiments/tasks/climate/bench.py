"""Maps of annual temperature from maps of four drivers, in ClimateBench's shape, 55,296 -> 13,824.

With ``task.file`` it is ClimateBench itself, from the user's folder. Without, it is ``climate_bench_synthetic``:
the same sizes, years and scenarios in an invented world, and it is called so.
"""

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from data.climate import FORCING_SOURCE, HADGEM2_SOURCE
from data.climate_bench import RUNS, BenchRun, load_climate_bench
from data.sets import FloatArray
from emulator.errors import TaskError
from experiments.models.tiles import Tiles
from experiments.tasks.climate.exhibit import map_exhibit
from experiments.tasks.climate.maps import MapRmse, Places
from experiments.tasks.climate.synthetic import world
from experiments.tasks.splits import in_time
from experiments.tasks.task import Task, TaskKind, TaskOptions

__all__ = ["BENCH", "KIND", "SYNTHETIC", "build_climate_bench"]

BENCH: Final = "climate_bench"
SYNTHETIC: Final = "climate_bench_synthetic"

_HIDDEN: Final = (256, 256, 256)
_TEST_FROM: Final = 2080
_TILE: Final = 12
_TESTED: Final = RUNS[-1]
_SOURCE: Final = (
    "ClimateBench v1.0, D. Watson-Parris et al. (2022), doi 10.5281/zenodo.7064308, from the user's folder"
)


def build_climate_bench(options: TaskOptions) -> Task:
    """Build the task: learnt are history, ssp126, ssp370 and ssp585; tested is ssp245 in 2080-2100.

    Held out are years of ssp245 before 2080, as many as ``validation_fraction`` of the learnt ones. Each driver has
    zero mean and unit variance over years and places, maps the root mean square 1. Raises ``TaskError`` when files
    are missing or the options do not fit.
    """
    split = in_time(options)
    own, synthetic = options.own, options.own.path is None
    if synthetic:
        runs, digest = world(), None
    else:
        runs, digest = load_climate_bench(Path(str(own.path)), own.digest)
    x, y = _parts(runs, options)
    lat, lon = runs[_TESTED].lat_deg, runs[_TESTED].lon_deg
    places = Places(lat, lon, Tiles(len(lat), len(lon), _TILE, _TILE))
    unit_k = float(np.sqrt((y[0] ** 2 @ places.weights).mean() / y[0].shape[1]))
    mean, spread = x[0].mean(axis=(0, 2), keepdims=True), x[0].std(axis=(0, 2), keepdims=True)
    inputs = [_scaled(part, mean, np.where(spread > 0.0, spread, 1.0)) for part in x]
    maps = [part / unit_k for part in y]
    hidden, places = options.hidden_or(_HIDDEN), places.with_modes(maps[0], options.eofs)
    stand_in = (
        "SYNTHETIC world of ClimateBench's shape: annual temperature on 96 x 144 places, tested on ssp245"
    )
    return Task(
        name=SYNTHETIC if synthetic else BENCH,
        title=stand_in if synthetic else "ClimateBench: annual temperature on 96 x 144 places, tested on ssp245",
        layer_sizes=(inputs[0].shape[1], *hidden, places.outputs),
        x_train=inputs[0], y_train=maps[0], x_val=inputs[1], y_val=maps[1], x_test=inputs[2], y_test=maps[2],
        options=replace(
            options, split=split, hidden=hidden,
            own=replace(own, digest=digest),
        ),
        source=f"synthetic, from {FORCING_SOURCE}; {HADGEM2_SOURCE}" if synthetic else _SOURCE,
        loss=places.loss(options.whitened),
        metric=MapRmse(places, unit_k),
        picture=(x[0].shape[1], len(lat), len(lon)),
        bounded=False,
        tiles=places.tiles,
        values=maps[0].shape[1],
        exhibit=map_exhibit,
    )  # fmt: skip


def _scaled(drivers: FloatArray, mean: FloatArray, spread: FloatArray) -> FloatArray:
    """Return ``drivers`` (years, 4, places) as rows of unit variance; in place, as they take 0.2 GB."""
    drivers -= mean
    drivers /= spread
    return drivers.reshape(len(drivers), -1)


def _parts(runs: dict[str, BenchRun], options: TaskOptions) -> tuple[list[FloatArray], list[FloatArray]]:
    """Return drivers (years, 4, places) and maps (years, places) of the learnt, held-out and tested years."""
    learnt, tested = [runs[name] for name in RUNS[:-1]], runs[_TESTED]
    before = int(np.searchsorted(tested.year, _TEST_FROM))
    held = min(before, max(1, round(options.validation_fraction * sum(len(run.year) for run in learnt))))
    rows = (slice(before - held, before), slice(before, None))
    if not 0 < before < len(tested.year):
        raise TaskError(f"task.file: {_TESTED} has no years before and after {_TEST_FROM}")
    return (
        [np.concatenate([run.drivers for run in learnt]), *(tested.drivers[part].copy() for part in rows)],
        [np.concatenate([run.warming_k for run in learnt]), *(tested.warming_k[part] for part in rows)],
    )


KIND = TaskKind(BENCH, build_climate_bench)

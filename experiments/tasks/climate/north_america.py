"""Annual temperature over North America from four drivers: HadGEM2's own projections, and NOT the whole globe.

430 years are there to learn from, of two scenarios, A1B (1860-2099) and E1 (until 2049), which are the same run
until 1999. Tested are E1's years 2050-2099, which come last and whose drivers no other run has.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from data.climate import FORCING_SOURCE, HADGEM2_SOURCE, load_north_america
from data.sets import FloatArray
from experiments.models.tiles import Tiles
from experiments.tasks.climate.exhibit import map_exhibit
from experiments.tasks.climate.maps import MapRmse, Places
from experiments.tasks.splits import in_time
from experiments.tasks.task import Task, TaskKind, TaskOptions

__all__ = ["KIND", "build_north_america"]

_HIDDEN: Final = (256, 256, 256)
_TEST_FROM: Final = 2050
_PARTING: Final = 2000
"""The first year in which the scenarios differ."""

_STRIPS: Final = 7
"""Columns of a tile: 37 latitudes cannot be divided, so that a tile is a strip from south to north."""


def build_north_america(options: TaskOptions) -> Task:
    """Build the task; E1's years before 2050 that are held out are the last ``validation_fraction`` of them.

    Drivers have zero mean and unit variance over the years to learn, maps the root mean square 1. Raises
    ``TaskError`` when the options do not fit.
    """
    split = in_time(options)
    data = load_north_america()
    before = int(np.searchsorted(data.year, _TEST_FROM))
    held = max(1, round(options.validation_fraction * before))
    later = np.arange(len(data.year))
    # Of what is held out of E1, the years that A1B shares with it are not learnt from A1B, either.
    shared = (later >= before - held) & (data.year < _PARTING)
    learnt = (("A1B", ~shared), ("E1", later < before - held))
    parts = (learnt, (("E1", (later >= before - held) & (later < before)),), (("E1", later >= before),))
    x = [np.concatenate([data.drivers[name][years] for name, years in part]) for part in parts]
    y = [np.concatenate([data.warming_k[name][years] for name, years in part]) for part in parts]
    places = Places(
        data.lat_deg, data.lon_deg, Tiles(len(data.lat_deg), len(data.lon_deg), len(data.lat_deg), _STRIPS)
    )
    unit_k = float(np.sqrt((y[0] ** 2 @ places.weights).mean() / y[0].shape[1]))
    mean, spread = x[0].mean(axis=0), x[0].std(axis=0)

    def scaled(part: int) -> tuple[FloatArray, FloatArray]:
        return np.ascontiguousarray((x[part] - mean) / spread), np.ascontiguousarray(y[part] / unit_k)

    (x_train, y_train), (x_val, y_val), (x_test, y_test) = map(scaled, range(3))
    hidden, places = options.hidden_or(_HIDDEN), places.with_modes(y_train, options.eofs)
    return Task(
        name=options.name,
        title="Annual temperature over North America (HadGEM2, tested on E1 2050-2099)",
        layer_sizes=(x_train.shape[1], *hidden, places.outputs),
        x_train=x_train, y_train=y_train, x_val=x_val, y_val=y_val, x_test=x_test, y_test=y_test,
        options=replace(options, split=split, hidden=hidden),
        source=f"{HADGEM2_SOURCE}; {FORCING_SOURCE}",
        loss=places.loss(options.whitened),
        metric=MapRmse(places, unit_k),
        bounded=False,
        tiles=places.tiles,
        values=y_train.shape[1],
        exhibit=map_exhibit,
    )  # fmt: skip


KIND = TaskKind("climate_na", build_north_america)

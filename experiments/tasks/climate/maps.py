"""Judges of maps: squares and root mean squares weighted by area, year by year, and ClimateBench's two metrics.

Source of the metrics: D. Watson-Parris et al., ClimateBench v1.0 (2022), Eqs. 1 to 3 (NRMSE_s, NRMSE_g).
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.sets import FloatArray
from experiments.models.tiles import Tiles
from experiments.tasks.climate.modes import Modes, ModeSquares
from experiments.tasks.judges import Loss, Targets

if TYPE_CHECKING:
    import torch

__all__ = ["MapRmse", "MapSquares", "Places", "Quality", "area_weights", "quality_of"]


def area_weights(lat_deg: FloatArray, columns: int) -> FloatArray:
    """Return the area of every place (latitudes * columns,) of a regular grid, as a share of the mean one."""
    weights = np.repeat(np.cos(np.deg2rad(lat_deg)), columns)
    return np.asarray(weights / weights.mean())


@dataclass(frozen=True, eq=False)
class Places:
    """Hold the grid of maps: latitudes and longitudes in degrees, and the tiles of a model with rows."""

    lat_deg: FloatArray
    lon_deg: FloatArray
    tiles: Tiles
    modes: Modes | None = None
    """The EOFs whose amplitudes a model gives in the place of maps; None: it gives maps."""

    @cached_property
    def weights(self) -> FloatArray:
        """Return each place's share of the mean area (places,)."""
        return area_weights(self.lat_deg, len(self.lon_deg))

    @property
    def outputs(self) -> int:
        """Return the values of a map that a model gives."""
        return self.weights.size if self.modes is None else self.modes.outputs

    def with_modes(self, maps: FloatArray, count: int | None) -> "Places":
        """Return the places with the ``count`` leading EOFs of ``maps`` (years, places); None is without any."""
        found = None if count is None else Modes.of(maps, self.tiles, self.weights, count)
        return replace(self, modes=found)

    def maps(self, outputs: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return maps (years, places) of what a model gives: (years, values) or (years, tiles, values)."""
        return self.tiles.joined(outputs) if self.modes is None else self.modes.maps(outputs)

    def loss(self, whitened: bool) -> Loss:
        """Return what a model is trained by; ``whitened`` is for amplitudes alone."""
        return MapSquares(self) if self.modes is None else ModeSquares(self.modes, whitened)


@dataclass(frozen=True, eq=False)
class MapSquares:
    """Mean over years of half the sum over places of squared differences, each weighted by its area.

    A sum, since Adam's epsilon would be felt in gradients of a mean over thousands of places.
    """

    places: Places

    def of_arrays(self, outputs: FloatArray, targets: Targets) -> float:
        """Return it for ``outputs`` (years, places) or (years, tiles, places of a tile)."""
        wrong = self.places.tiles.joined(outputs) - targets
        return float(0.5 * (wrong**2 @ self.places.weights).mean())

    def of_tensors(self, outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
        """Return it in torch."""
        import torch

        wrong = self.places.tiles.joined(outputs) - targets
        weights = torch.from_numpy(self.places.weights).to(wrong.dtype)
        return 0.5 * (wrong.square() @ weights).mean()


@dataclass(frozen=True, eq=False)
class MapRmse:
    """Root of the mean squared error of annual maps over years and places, weighted by area, in kelvin."""

    places: Places
    unit_k: float
    """What one unit of outputs and targets is in kelvin."""
    name: str = "rmse_k"

    def of_arrays(self, outputs: NDArray[np.floating], targets: Targets) -> float:
        """Return the error of ``outputs`` (years, values) or (years, tiles, values of a tile)."""
        return math.sqrt(float(self.by_year(outputs, targets).mean()))

    def by_year(self, outputs: NDArray[np.floating], targets: Targets) -> FloatArray:
        """Return each year's mean squared error (years,), in square kelvin."""
        wrong = self.unit_k * (self.places.maps(outputs) - targets)
        return np.asarray(wrong**2 @ self.places.weights / wrong.shape[1])

    def text(self, value: float) -> str:
        """Return ``value`` in kelvin."""
        return f"RMSE {value:.3f} K"

    def of_values_times(self, factor: float) -> "MapRmse":
        """Return the error in kelvin of outputs that are ``factor`` times as large."""
        return MapRmse(self.places, self.unit_k / factor)

    @property
    def of_maps(self) -> "MapRmse":
        """Return the error of maps as they are, whatever a model gives."""
        return MapRmse(replace(self.places, modes=None), self.unit_k)


class Quality(NamedTuple):
    """Hold how good predicted maps are over the tested years."""

    rmse_k: float
    """Area-weighted, over years and places, in kelvin."""
    error_k: float
    """Standard error of it over years, in kelvin, as if years were independent."""
    nrmse_s: float
    """ClimateBench's spatial metric: error of the mean map, over the mean warming."""
    nrmse_g: float
    """ClimateBench's global metric: error of each year's mean, over the mean warming."""


def quality_of(metric: MapRmse, outputs: NDArray[np.floating], targets: Targets) -> Quality:
    """Return the quality of ``outputs`` (years, ...) against ``targets``, both in the unit of ``metric``."""
    squares = metric.by_year(outputs, targets)
    weights = metric.places.weights / len(metric.places.weights)
    predicted, true = (metric.unit_k * maps for maps in (metric.places.maps(outputs), targets))
    warming = abs(float(true.mean(axis=0) @ weights))
    spatial = math.sqrt(float((predicted.mean(axis=0) - true.mean(axis=0)) ** 2 @ weights))
    yearly = math.sqrt(float(((predicted @ weights - true @ weights) ** 2).mean()))
    rmse = math.sqrt(float(squares.mean()))
    share = 1.0 / warming if warming > 0.0 else math.nan
    spread = float(squares.std(ddof=1)) / math.sqrt(len(squares)) if len(squares) > 1 else math.nan
    return Quality(rmse, spread / (2.0 * rmse), share * spatial, share * yearly)

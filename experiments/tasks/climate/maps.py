"""Judges of maps: squares and root mean squares weighted by area, year by year, and ClimateBench's two metrics.

Source of the metrics: D. Watson-Parris et al., ClimateBench v1.0 (2022), Eqs. 1 to 3 (NRMSE_s, NRMSE_g).
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.sets import FloatArray
from experiments.models.tiles import Tiles
from experiments.tasks.judges import Targets

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

    @cached_property
    def weights(self) -> FloatArray:
        """Return each place's share of the mean area (places,)."""
        return area_weights(self.lat_deg, len(self.lon_deg))


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
        """Return the error of ``outputs`` (years, places) or (years, tiles, places of a tile)."""
        return math.sqrt(float(self.by_year(outputs, targets).mean()))

    def by_year(self, outputs: NDArray[np.floating], targets: Targets) -> FloatArray:
        """Return each year's mean squared error (years,), in square kelvin."""
        wrong = self.unit_k * (self.places.tiles.joined(outputs) - targets)
        return np.asarray(wrong**2 @ self.places.weights / wrong.shape[1])

    def text(self, value: float) -> str:
        """Return ``value`` in kelvin."""
        return f"RMSE {value:.3f} K"

    def of_values_times(self, factor: float) -> "MapRmse":
        """Return the error in kelvin of outputs that are ``factor`` times as large."""
        return MapRmse(self.places, self.unit_k / factor)


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
    predicted, true = (metric.unit_k * maps for maps in (metric.places.tiles.joined(outputs), targets))
    warming = abs(float(true.mean(axis=0) @ weights))
    spatial = math.sqrt(float((predicted.mean(axis=0) - true.mean(axis=0)) ** 2 @ weights))
    yearly = math.sqrt(float(((predicted @ weights - true @ weights) ** 2).mean()))
    rmse = math.sqrt(float(squares.mean()))
    share = 1.0 / warming if warming > 0.0 else math.nan
    spread = float(squares.std(ddof=1)) / math.sqrt(len(squares)) if len(squares) > 1 else math.nan
    return Quality(rmse, spread / (2.0 * rmse), share * spatial, share * yearly)

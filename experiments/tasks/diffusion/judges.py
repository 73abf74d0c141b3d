"""The judge of a diffusion while it is trained: the squared error of v; NOT how good its pictures are."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.sets import FloatArray
from experiments.models.tiles import Tiles
from experiments.tasks.judges import Targets

if TYPE_CHECKING:
    import torch

__all__ = ["VError", "VLoss"]


@dataclass(frozen=True)
class VLoss:
    """Mean over samples and pixels of the squared error of v, given in tiles."""

    tiles: Tiles

    def of_arrays(self, outputs: FloatArray, targets: Targets) -> float:
        """Return it for ``outputs`` (samples, tiles, places)."""
        return float(((self.tiles.joined(outputs) - targets) ** 2).mean())

    def of_tensors(self, outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
        """Return it in torch."""
        return (self.tiles.joined(outputs) - targets).square().mean()


@dataclass(frozen=True)
class VError:
    """The same as a metric: 1 is what an answer of zeros has, about, and 0 is exact."""

    tiles: Tiles
    name: str = "v_error"

    def of_arrays(self, outputs: NDArray[np.floating], targets: Targets) -> float:
        """Return it for ``outputs`` (samples, tiles, places)."""
        return float(((self.tiles.joined(outputs) - targets) ** 2).mean())

    def text(self, value: float) -> str:
        """Return ``value`` with three digits."""
        return f"v error {value:.3f}"

    def of_values_times(self, factor: float) -> "VError":
        """Return itself: it is trained from scratch alone, in units of its own."""
        del factor
        return self

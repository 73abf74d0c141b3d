"""Maps as a few amplitudes: the leading empirical orthogonal functions (EOFs) of each tile, and a loss of these.

A year's map is mostly weather, which a random matrix passes on as if it were to be learnt; the leading EOFs hold
what years have in common. They are the singular vectors of the learnt years' anomalies, weighted by the root of the
area, tile by tile, since the rows of a model with rows are tiles.

Source: A. Hannachi, I. T. Jolliffe, D. B. Stephenson, Int. J. Climatol. 27 (2007) 1119, section 2.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from data.sets import FloatArray
from emulator.errors import TaskError
from experiments.models.tiles import Tiles
from experiments.tasks.judges import Targets

if TYPE_CHECKING:
    import torch

__all__ = ["ModeSquares", "Modes"]

_LEAST: Final = 1e-9
"""Deviation of an amplitude, as a share of the first one's, below which there is no such EOF."""


@dataclass(frozen=True, eq=False)
class Modes:
    """Hold EOFs of maps; an amplitude has the variance 1 over the years that they were found in."""

    tiles: Tiles
    mean: FloatArray
    """The mean map (places,)."""
    patterns: FloatArray
    """What an amplitude of 1 adds to a tile (tiles, count, places of a tile)."""
    duals: FloatArray
    """The amplitudes of a tile's anomaly: anomaly @ duals (tiles, places of a tile, count)."""
    variances: FloatArray
    """What an amplitude of 1 adds to the sum over places of squares, weighted by area (tiles, count)."""

    @classmethod
    def of(cls, maps: FloatArray, tiles: Tiles, weights: FloatArray, count: int) -> "Modes":
        """Find the ``count`` leading EOFs of every tile of ``maps`` (years, places), ``weights`` (places,) by area.

        Raises ``TaskError`` when there are not as many.
        """
        mean, roots = maps.mean(axis=0), tiles.cut(np.sqrt(weights)[np.newaxis])[0]
        anomalies = tiles.cut(maps - mean).swapaxes(0, 1) * roots[:, np.newaxis]
        _, strengths, vectors = np.linalg.svd(anomalies, full_matrices=False)
        deviations = strengths / np.sqrt(len(maps))
        most = int((deviations > _LEAST * deviations[:, :1]).sum(axis=1).min())
        if count > most:
            raise TaskError(
                f"task.eofs = {count} is refused: {len(maps)} years of tiles of {tiles.places} places have {most} "
                f"EOFs; allowed: 1..{most}"
            )
        axes, spread = vectors[:, :count], deviations[:, :count]
        # A singular vector has no sign of its own: fix it, so that another LAPACK gives the same amplitudes.
        peaks = np.take_along_axis(axes, np.abs(axes).argmax(axis=2, keepdims=True), axis=2)
        axes = axes * np.sign(peaks)
        return cls(
            tiles=tiles,
            mean=mean,
            patterns=spread[..., np.newaxis] * axes / roots[:, np.newaxis],
            duals=(roots[:, np.newaxis] * axes / spread[..., np.newaxis]).swapaxes(1, 2),
            variances=spread**2,
        )

    @property
    def outputs(self) -> int:
        """Return the amplitudes of a map, those of all tiles."""
        return self.variances.size

    def maps(self, amplitudes: NDArray[np.floating]) -> FloatArray:
        """Return maps (years, places) of ``amplitudes`` (years, outputs) or (years, tiles, count)."""
        each = amplitudes.reshape(len(amplitudes), *self.variances.shape)
        tiles = np.matmul(each.swapaxes(0, 1).astype(np.float64), self.patterns).swapaxes(0, 1)
        return np.asarray(self.mean + self.tiles.joined(tiles))

    def amplitudes(self, maps: FloatArray) -> FloatArray:
        """Return the amplitudes (years, tiles, count) of ``maps`` (years, places)."""
        return np.asarray(
            np.matmul(self.tiles.cut(maps - self.mean).swapaxes(0, 1), self.duals).swapaxes(0, 1)
        )


@dataclass(frozen=True, eq=False)
class ModeSquares:
    """Mean over years of half the sum over amplitudes of squared differences, each times its ``weights``.

    With the variances as weights it is that of maps, but for a constant: what the EOFs leave out. Without any,
    ``whitened``, the amplitudes of weak EOFs count as much as those of strong ones.
    """

    modes: Modes
    whitened: bool = False

    def of_arrays(self, outputs: FloatArray, targets: Targets) -> float:
        """Return it for ``outputs`` (years, amplitudes) or (years, tiles, count) against maps (years, places)."""
        wrong = outputs.reshape(len(outputs), *self.modes.variances.shape) - self.modes.amplitudes(targets)
        return float(0.5 * (self._weights * wrong**2).sum(axis=(1, 2)).mean())

    def of_tensors(self, outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
        """Return it in torch."""
        import torch

        wanted = torch.from_numpy(self.modes.amplitudes(targets.numpy().astype(np.float64))).to(outputs.dtype)
        wrong = outputs.reshape(wanted.shape) - wanted
        weights = torch.from_numpy(self._weights).to(outputs.dtype)
        return 0.5 * (weights * wrong.square()).sum(dim=(1, 2)).mean()

    @property
    def _weights(self) -> FloatArray:
        return np.ones_like(self.modes.variances) if self.whitened else self.modes.variances

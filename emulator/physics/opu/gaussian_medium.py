"""The Gaussian scattering medium: entries drawn from a counter-based stream, stored or drawn anew at each use.

Modelled: T with independent entries t = (g + i h) / sqrt 2, g and h standard normal. The entry of an output and
an input is a function of the key and of these two indices alone: both stores hold the same numbers, and a larger
medium contains the smaller one. ``DenseMedium`` keeps all entries; ``StreamedMedium`` keeps none and draws panels
of them that fit a cache. Not modelled: correlations between entries, as a thin or weak scatterer would show.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import kernel
from emulator.physics.gaussian import BLOCK, fill_block
from emulator.physics.opu.medium_interface import FieldTile, checked_outputs, checked_vectors, joined_fields
from emulator.physics.opu.row_products import add_products

__all__ = ["DenseMedium", "StreamedMedium", "dense_bytes"]

Singles = NDArray[np.float32]
Fields = NDArray[np.complex64]
Indices = NDArray[np.int64]

_PAIRS = BLOCK // 2
_SQRT_HALF = np.float32(0.7071067811865476)

_TILE_ROWS = 64
_TILE_OUTPUTS = 2048
"""A dense tile has two quadratures of 64 x 2048 numbers: 1 MB, which a second-level cache holds."""

_PANEL_INPUTS = 256
_PANEL_OUTPUTS = 8 * _PAIRS
"""A streamed panel has two quadratures of 256 x 1024 numbers: 2 MB."""


@kernel
def _draw_entries(
    real: Singles, imaginary: Singles, inputs: Indices, outputs: Indices, key_0: int, key_1: int
) -> None:
    """Write T's entries of ``inputs`` and increasing ``outputs`` into two arrays (inputs, outputs).

    Input i is draw number i of the stream, and a block of BLOCK normals serves BLOCK/2 outputs: the first half
    are real parts and the second half imaginary parts, so Box and Muller's two numbers make one circular entry.
    """
    scratch = np.empty(BLOCK, dtype=np.float32)
    for row in range(inputs.size):
        at = 0
        while at < outputs.size:
            block = outputs[at] // _PAIRS
            begin = block * _PAIRS
            fill_block(scratch, 0, block, inputs[row], key_0, key_1)
            if at + _PAIRS <= outputs.size and outputs[at + _PAIRS - 1] == begin + _PAIRS - 1:
                for lane in range(_PAIRS):  # the whole block is wanted: no index to look up
                    real[row, at + lane] = _SQRT_HALF * scratch[lane]
                    imaginary[row, at + lane] = _SQRT_HALF * scratch[_PAIRS + lane]
                at += _PAIRS
            while at < outputs.size and outputs[at] < begin + _PAIRS:
                lane = outputs[at] - begin
                real[row, at] = _SQRT_HALF * scratch[lane]
                imaginary[row, at] = _SQRT_HALF * scratch[_PAIRS + lane]
                at += 1


def dense_bytes(inputs: int, outputs: int) -> int:
    """Return the bytes that a dense medium stores."""
    return 2 * inputs * outputs * np.dtype(np.float32).itemsize


@final
@dataclass(frozen=True, slots=True)
class DenseMedium:
    """Keep T's real and imaginary parts, each (inputs, outputs), as products of rows want them."""

    real: Singles
    imaginary: Singles

    @classmethod
    def draw(cls, inputs: int, outputs: int, key: tuple[int, int]) -> "DenseMedium":
        """Return the medium of the stream ``key``."""
        real, imaginary = np.empty((2, inputs, outputs), dtype=np.float32)
        _draw_entries(real, imaginary, np.arange(inputs), np.arange(outputs), *key)
        return cls(real, imaginary)

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return int(self.real.shape[0])

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return int(self.real.shape[1])

    @property
    def stored_bytes(self) -> int:
        """Bytes of the stored matrix."""
        return self.real.nbytes + self.imaginary.nbytes

    def tiles(self, x: Singles) -> Iterator[FieldTile]:
        """Yield T x in tiles, all vectors of a strip of outputs first, so that its entries are read once."""
        x = checked_vectors(x, self.inputs)
        scratch = np.empty((2, _TILE_ROWS * min(_TILE_OUTPUTS, self.outputs)), dtype=np.float32)
        for first in range(0, self.outputs, _TILE_OUTPUTS):
            for row in range(0, x.shape[0], _TILE_ROWS):
                vectors = x[row : row + _TILE_ROWS]
                shape = vectors.shape[0], min(_TILE_OUTPUTS, self.outputs - first)
                real, imaginary = (part[: shape[0] * shape[1]].reshape(shape) for part in scratch)
                add_products(vectors, self.real, first, real, fresh=True)
                add_products(vectors, self.imaginary, first, imaginary, fresh=True)
                yield FieldTile(row, first, real, imaginary)

    def fields(self, x: Singles) -> Fields:
        """Return T x (batch, outputs)."""
        return joined_fields(self, x)

    def real_fields(self, x: Singles) -> Singles:
        """Return Re(T x) (batch, outputs), with half the multiplications of ``fields``."""
        x = checked_vectors(x, self.inputs)
        sums = np.empty((x.shape[0], self.outputs), dtype=np.float32)
        add_products(x, self.real, 0, sums, fresh=True)
        return sums

    def take(self, outputs: Indices) -> "DenseMedium":
        """Return the medium that has only these outputs, given as strictly increasing indices."""
        chosen = checked_outputs(outputs, self.outputs)
        return DenseMedium(self.real.take(chosen, axis=1), self.imaginary.take(chosen, axis=1))


@final
@dataclass(frozen=True, slots=True)
class StreamedMedium:
    """Draw T's entries anew at each use, for the inputs that are lit in at least one vector of the batch.

    Drawing takes some 1 ns an entry, whatever the batch: large batches are cheaper by the vector. ``chosen`` holds
    the outputs' indices in the whole medium.
    """

    inputs: int
    chosen: Indices
    key: tuple[int, int]

    @classmethod
    def draw(cls, inputs: int, outputs: int, key: tuple[int, int]) -> "StreamedMedium":
        """Return the medium of the stream ``key``."""
        return cls(inputs, np.arange(outputs), key)

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return self.chosen.size

    @property
    def stored_bytes(self) -> int:
        """Bytes of the list of outputs; no entry is kept."""
        return self.chosen.nbytes

    def tiles(self, x: Singles) -> Iterator[FieldTile]:
        """Yield T x in tiles of all vectors and a strip of outputs each."""
        x = checked_vectors(x, self.inputs)
        lit = np.flatnonzero(x.any(axis=0))
        x = np.ascontiguousarray(x[:, lit])
        width = min(_PANEL_OUTPUTS, self.outputs)
        panels = np.empty((2, min(_PANEL_INPUTS, lit.size) * width), dtype=np.float32)
        sums = np.empty((2, x.shape[0] * width), dtype=np.float32)
        for first in range(0, self.outputs, width):
            outputs = self.chosen[first : first + width]
            sums[:] = 0.0
            strip = sums[:, : x.shape[0] * outputs.size].reshape((2, x.shape[0], outputs.size))
            for top in range(0, lit.size, _PANEL_INPUTS):
                inputs = lit[top : top + _PANEL_INPUTS]
                shape = inputs.size, outputs.size
                real, imaginary = (part[: shape[0] * shape[1]].reshape(shape) for part in panels)
                _draw_entries(real, imaginary, inputs, outputs, *self.key)
                vectors = np.ascontiguousarray(x[:, top : top + _PANEL_INPUTS])
                add_products(vectors, real, 0, strip[0])
                add_products(vectors, imaginary, 0, strip[1])
            yield FieldTile(0, first, strip[0], strip[1])

    def fields(self, x: Singles) -> Fields:
        """Return T x (batch, outputs)."""
        return joined_fields(self, x)

    def real_fields(self, x: Singles) -> Singles:
        """Return Re(T x) (batch, outputs)."""
        x = checked_vectors(x, self.inputs)
        joined = np.empty((x.shape[0], self.outputs), dtype=np.float32)
        for _, first, real, _ in self.tiles(x):
            joined[:, first : first + real.shape[1]] = real
        return joined

    def take(self, outputs: Indices) -> "StreamedMedium":
        """Return the medium that has only these outputs, given as strictly increasing indices."""
        return StreamedMedium(self.inputs, self.chosen[checked_outputs(outputs, self.outputs)], self.key)

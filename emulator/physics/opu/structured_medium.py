"""The structured scattering medium: a random transform of n log n steps in place of a matrix that nobody can store.

Modelled: T = sqrt n F G F D2 F D1 of length n: F is the unitary Fourier transform, D1 and D2 are random diagonals
of quarter turns (1, i, -1, -i), G is a diagonal of circular Gaussian numbers, scaled to the mean square 1. Whatever
D1 and D2 are, E t = 0, E |t|^2 = 1 and E t^2 = 0, and (T x)_j, a sum of Gaussian numbers, is circular Gaussian of
variance |x|^2 up to the scaling's 1/n. G also gives the products of two columns the variance that a Gaussian matrix
gives them (with unit modulus the columns would be too orthogonal), and nearly its singular values. Inputs fill at
most half of the length, and outputs are half of the result; for more outputs G is drawn again, block by block. Not
modelled: independence of all entries, as inputs * outputs entries come from some n + outputs random numbers.

Sources, from memory: Q. Le, T. Sarlos and A. Smola, Fastfood, ICML 2013 (the Gaussian diagonal); F. Yu et al.,
Orthogonal Random Features, NIPS 2016 (products of three random diagonals); J. Dong et al., Reservoir Computing
meets Recurrent Kernels and Structured Transforms, NeurIPS 2020. Fourier transforms, quarter turns, the scaling,
half the length and the shortest length are choices made here, and tested.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from emulator.physics.gaussian import BLOCK, fill_normals, fill_words
from emulator.physics.opu.medium_interface import FieldTile, checked_outputs, checked_vectors

__all__ = ["StructuredMedium", "structured_bytes"]

Singles = NDArray[np.float32]
Fields = NDArray[np.complex64]
Indices = NDArray[np.int64]

_SHORTEST = 4096
_QUARTER_TURNS = np.array([1, 1j, -1, -1j], dtype=np.complex64)

_TILE_NUMBERS = 2**18
"""A tile has as many vectors as make 2 MB of light, and at least one."""


def _length(inputs: int) -> int:
    """Return the transform's length: fast, and at least twice the inputs."""
    return int(fft.next_fast_len(max(2 * inputs, _SHORTEST), real=False))


def _blocks(inputs: int, outputs: int) -> int:
    """Return how many blocks of half a length hold the outputs."""
    return -(-outputs // (_length(inputs) // 2))


def structured_bytes(inputs: int, outputs: int) -> int:
    """Return the bytes that a structured medium stores: three diagonals or more, and the outputs' indices."""
    turns = inputs + _length(inputs) * (1 + _blocks(inputs, outputs))
    return turns * _QUARTER_TURNS.itemsize + outputs * np.dtype(np.int64).itemsize


def _turns(count: int, draw: int, key: tuple[int, int]) -> Fields:
    """Return ``count`` random quarter turns, draw number ``draw`` of the stream ``key``."""
    words = np.empty(-(-count // BLOCK) * BLOCK, dtype=np.float32)
    for block in range(words.size // BLOCK):
        fill_words(words, block * BLOCK, block, draw, key[0], key[1])
    return np.asarray(_QUARTER_TURNS[words.view(np.uint32)[:count] >> 30])


def _gaussian(count: int, draw: int, key: tuple[int, int]) -> Fields:
    """Return ``count`` circular Gaussian numbers of mean square 1, draw number ``draw`` of the stream ``key``.

    In each block of normals the first half are real parts and the second half imaginary parts. The scaling keeps
    the medium's brightness from varying by 1/sqrt count from key to key, as no matrix of independent entries does.
    """
    pairs = np.empty((-(-2 * count // BLOCK), 2, BLOCK // 2), dtype=np.float32)
    fill_normals(pairs.reshape(-1), pairs.size, draw, key[0], key[1])
    numbers = (pairs[:, 0] + np.complex64(1j) * pairs[:, 1]).ravel()[:count]
    power = np.vdot(numbers, numbers).real / count
    return np.asarray(numbers / np.float32(np.sqrt(power)))


@final
@dataclass(frozen=True, slots=True)
class StructuredMedium:
    """Send light through three Fourier transforms with a random diagonal before each.

    ``first`` (inputs,) and ``second`` (n,) hold quarter turns, ``third`` (blocks, n) Gaussian numbers; ``second``
    also carries the factor 1/n that SciPy's transforms leave out. ``chosen`` holds the outputs' indices in the
    whole medium.
    """

    first: Fields
    second: Fields
    third: Fields
    chosen: Indices

    @classmethod
    def draw(cls, inputs: int, outputs: int, key: tuple[int, int]) -> "StructuredMedium":
        """Return the medium of the stream ``key``."""
        length, blocks = _length(inputs), _blocks(inputs, outputs)
        second = _turns(length, 1, key) * np.float32(1 / length)
        third = np.stack([_gaussian(length, 2 + block, key) for block in range(blocks)])
        return cls(_turns(inputs, 0, key), second, third, np.arange(outputs))

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return self.first.size

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return self.chosen.size

    @property
    def stored_bytes(self) -> int:
        """Bytes of the diagonals and of the list of outputs."""
        return self.first.nbytes + self.second.nbytes + self.third.nbytes + self.chosen.nbytes

    def _light_tiles(self, x: Singles) -> Iterator[tuple[int, int, Fields]]:
        """Yield (first vector, first output, fields) of the vectors ``x``, block by block of outputs."""
        length = self.second.size
        half, rows = length // 2, max(1, _TILE_NUMBERS // length)
        blocks = np.unique(self.chosen // half)
        bounds = np.searchsorted(self.chosen, [*(blocks * half), np.iinfo(np.int64).max])
        for row in range(0, x.shape[0], rows):
            vectors = x[row : row + rows]
            light = np.zeros((vectors.shape[0], length), dtype=np.complex64)
            np.multiply(vectors, self.first, out=light[:, : self.inputs])
            light = fft.fft(light, overwrite_x=True, workers=1)
            light *= self.second
            light = fft.fft(light, overwrite_x=True, workers=1)
            for block, begin, end in zip(blocks, bounds[:-1], bounds[1:], strict=True):
                speckle = fft.fft(light * self.third[block], overwrite_x=True, workers=1)
                chosen = self.chosen[begin:end] - block * half
                whole = chosen.size == chosen[-1] + 1
                yield row, int(begin), speckle[:, : chosen.size] if whole else speckle[:, chosen]

    def tiles(self, x: Singles) -> Iterator[FieldTile]:
        """Yield T x in tiles of some vectors and one block of outputs each."""
        for row, first, speckle in self._light_tiles(checked_vectors(x, self.inputs)):
            yield FieldTile(row, first, speckle.real.copy(), speckle.imag.copy())

    def fields(self, x: Singles) -> Fields:
        """Return T x (batch, outputs)."""
        x = checked_vectors(x, self.inputs)
        joined = np.empty((x.shape[0], self.outputs), dtype=np.complex64)
        for row, first, speckle in self._light_tiles(x):
            joined[row : row + speckle.shape[0], first : first + speckle.shape[1]] = speckle
        return joined

    def real_fields(self, x: Singles) -> Singles:
        """Return Re(T x) (batch, outputs)."""
        x = checked_vectors(x, self.inputs)
        joined = np.empty((x.shape[0], self.outputs), dtype=np.float32)
        for row, first, speckle in self._light_tiles(x):
            joined[row : row + speckle.shape[0], first : first + speckle.shape[1]] = speckle.real
        return joined

    def take(self, outputs: Indices) -> "StructuredMedium":
        """Return the medium that has only these outputs, given as strictly increasing indices."""
        return replace(self, chosen=self.chosen[checked_outputs(outputs, self.outputs)])
